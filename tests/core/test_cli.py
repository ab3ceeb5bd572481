"""``cosmos-datasets``: what it prints, where, and its exit codes."""

import csv
import io
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from datasets import load_dataset
from raw_trees.phantom import Truth
from trees import copy

from cosmos_datasets import registry
from cosmos_datasets.build import run as run_module
from cosmos_datasets.cli import main
from cosmos_datasets.cli.printing import bytes_text
from cosmos_datasets.registry import source_ids

_COMMANDS = ("list", "info", "targets", "download", "check", "build", "verify", "stats", "push", "index-only")


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def _json(*arguments: object) -> Any:
    done = _run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def _error(*arguments: object) -> str:
    """The one message of a command that fails."""
    done = _run(*arguments)
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit)
    return done.stderr


@pytest.mark.parametrize("command", _COMMANDS)
def test_help_teaches_by_example(command: str) -> None:
    done = _run(command, "--help")
    assert done.exit_code == 0
    assert f"cosmos-datasets {command}" in done.stdout.split("Options:")[0].split("\n", 1)[1]


def test_the_group_lists_every_command_in_a_full_sentence() -> None:
    done = _run("--help")
    for command in _COMMANDS:
        assert f"\n  {command} " in done.stdout
    assert "..." not in done.stdout.split("Commands:")[1]
    assert _run("--version").stdout.strip().endswith("0.1.0")


def test_list_shows_every_source_in_one_line_each() -> None:
    lines = _run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(source_ids())
    (drive,) = (line for line in lines if line.startswith("drive "))
    for word in ("Fundus", "unknown", "no", "account"):
        assert f" {word}" in drive
    summary = {one["id"]: one for one in _json("list")}
    assert summary["drive"]["objects"] == ["retinal_vessel"]
    assert summary["msd"]["expected"]["cases"] == 3225


def test_list_survives_a_package_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    original = registry.get_source

    def broken(source_id: str) -> Any:
        return original("absent") if source_id == "chaos" else original(source_id)

    monkeypatch.setattr(registry, "get_source", broken)
    done = _run("list")
    assert done.exit_code == 0
    assert "warning: no source is called 'absent'" in done.stderr
    assert "msd" in done.stdout


def test_info_shows_everything() -> None:
    text = _run("info", "msd").stdout
    for words in (
        "CC-BY-SA-4.0 (redistributable: yes)",
        "Task04_Hippocampus    1        hippocampus_anterior",
        "https://msd-for-monai.s3-us-west-2.amazonaws.com/Task01_BrainTumour.tar\n",
        "imagesTr/BRATS_001.nii.gz",
        "@article{antonelli2022decathlon",
        "- Two cases of Task05 have no peripheral zone.",
        "- That Task03 has the numbers of LiTS.",
        "related:    abdomenct_1k, brats20 (share scans with it)",
        "cosmos-datasets download msd --raw downloads",
        "expected:   cases 3,225",
    ):
        assert words in text
    body = _json("info", "msd")
    assert body["labels"][0] == {
        "name": "brain_tumor_edema",
        "object": "brain_tumor_edema",
        "value": 1,
        "table": "Task01_BrainTumour",
        "excluded": "",
        "release": "",
        "modalities": ["T2-FLAIR MRI", "T1W MRI", "T1-GD MRI", "T2W MRI"],
    }
    assert body["citation"].strip().startswith("@article")
    assert "object" in _run("info", "drive").stdout
    assert "left out because" not in _run("info", "drive").stdout


@pytest.mark.parametrize("source", source_ids())
def test_info_of_every_source(source: str) -> None:
    assert _json("info", source)["id"] == source
    shown = _run("info", source).stdout
    assert f"cosmos-datasets check {source} --raw" in shown
    assert f"cosmos-datasets build {source} --raw" in shown


def test_an_unknown_source_gets_a_suggestion() -> None:
    assert _error("info", "drve") == (
        "error: no source is called 'drve'. Did you mean drive? See: cosmos-datasets list\n"
    )


def test_build_then_the_line_it_prints(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = _run("build", "drive", "msd", "--raw", raw, "--out", "cosmos1050k", "--workers", 1)
    assert done.exit_code == 0
    assert done.stderr == ""
    assert "drive: 7 cases, 6 images, 6 masks\n" in done.stdout
    assert "  dropped: 1 x mask of 50 pixels or fewer\n" in done.stdout
    assert "  written: cosmos1050k/data/msd (" in done.stdout
    line = '  next: load_dataset("cosmos1050k", "msd", split="train")\n'
    assert line in done.stdout
    assert len(load_dataset("cosmos1050k", "msd", split="train")) == 110
    again = _run("build", "drive", "--raw", raw, "--out", "cosmos1050k")
    assert "(up to date, nothing was done)" in again.stdout


def test_build_reports_as_json_and_names_what_was_left_out(raw: Path, tmp_path: Path) -> None:
    own = copy(raw / "drive", tmp_path / "drive")
    (own / "DRIVE" / "training" / "images" / "21_training.tif").write_bytes(b"II")
    arguments = ("build", "drive", "--raw", own, "--out", tmp_path / "out", "--workers", 1)
    done = _run(*arguments)
    assert done.exit_code == 3
    text = done.stdout
    assert "  left out: 1 case that cannot be read\n    drive/21_training: " in text
    (report,) = json.loads(_run(*arguments, "--json").stdout)
    assert report["images"] == 5
    assert report["published"]
    assert list(report["broken"]) == ["21_training"]
    assert report["splits"] == {"train": 3, "test": 2}
    assert _error(*arguments, "--strict").startswith("error: drive/21_training: ")


def test_a_part_says_what_is_missing(raw: Path, tmp_path: Path) -> None:
    arguments = ("build", "msd", "--raw", raw, "--out", tmp_path / "out", "--workers", 1)
    done = _run(*arguments, "--part", "2/3")
    assert done.exit_code == 0
    assert "  part 2/3: 2 of 7 shards finished; not published yet\n" in done.stdout
    assert "    missing: msd/adc-mri/train-00000-of-00001.parquet\n" in done.stdout
    assert "  next: run the same command with --part 1/3, --part 3/3\n" in done.stdout
    assert "load_dataset" not in done.stdout
    _run(*arguments, "--part", "1/3")
    assert "load_dataset" in _run(*arguments, "--part", "3/3").stdout


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "a/b", "1/0"])
def test_a_part_must_make_sense(raw: Path, tmp_path: Path, part: str) -> None:
    done = _run("build", "msd", "--raw", raw, "--out", tmp_path, "--part", part)
    assert done.exit_code == 2
    assert "1 <= I <= N" in done.stderr


def test_a_wrong_command_line_writes_nothing(raw: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "intensity 'bright' is not known; use minmax-volume" in _error(
        "build", "msd", "--raw", raw, "--out", out, "--intensity", "bright"
    )
    # The second source has no files there: found out before the first is built.
    assert "does not look like" in _error("build", "msd", "drive", "--raw", raw / "msd", "--out", out)
    assert _run("build", "msd", "--raw", tmp_path / "absent", "--out", out).exit_code == 2
    assert not out.exists()


def test_one_failing_source_does_not_stop_the_others(raw: Path, tmp_path: Path) -> None:
    own = copy(raw / "drive", tmp_path / "raw" / "drive")
    for path in own.rglob("images/*.tif"):
        path.write_bytes(b"")
    copy(raw / "msd" / "Task03_Liver", tmp_path / "raw" / "msd" / "Task03_Liver")
    done = _run(
        "build", "drive", "msd", "--raw", tmp_path / "raw", "--out", tmp_path / "out", "--workers", 1, "--json"
    )
    assert done.exit_code == 1
    assert "error: drive: no image is left; 7 cases could not be read" in done.stderr
    first, second = json.loads(done.stdout)
    assert "no image is left" in first["error"]
    assert second["images"] == 10


def test_ctrl_c_exits_with_130(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "seal", interrupt)
    done = _run("build", "drive", "--raw", raw, "--out", tmp_path / "out", "--workers", 1)
    assert done.exit_code == 130
    assert done.stderr.startswith("interrupted")


def test_verify_lists_what_is_wrong_and_exits_with_1(built: Path, own: Path) -> None:
    done = _run("verify", built, "--deep", "--workers", 1)
    assert done.exit_code == 0
    assert done.stdout.endswith("checked, pixels included\nall is well\n")
    shard = own / "data" / "msd" / "ct" / "train-00000-of-00001.parquet"
    shard.unlink()
    done = _run("verify", own)
    assert done.exit_code == 1
    assert "  data/msd/ct/train-00000-of-00001.parquet: is missing\n1 problem found\n" in done.stdout
    assert "cosmos-datasets build msd --raw FOLDER" in done.stderr
    done = _run("verify", own, "--json")
    assert done.exit_code == 1
    body = json.loads(done.stdout)
    assert not body["ok"]
    assert [problem["message"] for problem in body["problems"]] == ["is missing"]
    (own / "manifest.json").unlink()
    assert "is not a built data set" in _error("verify", own)


def test_stats_in_three_forms(
    built: Path, truths: tuple[Path, dict[str, Truth]], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = _run("stats", built).stdout
    for heading in ("source ", "modality ", "object ", "split "):
        assert f"\n{heading}" in text
    body = _json("stats", built)
    assert body["total"]["images"] == sum(len(truth.masks) for truth in truths[1].values())
    assert {row["source"]: row["images"] for row in body["source"]}["drive"] == 6
    rows = list(csv.DictReader(io.StringIO(_run("stats", built, "--csv").stdout)))
    assert {row["grouping"] for row in rows} == {"source", "modality", "object", "target", "split"}
    (liver,) = (row for row in rows if row["grouping"] == "target" and row["object"] == "liver")
    assert (liver["modality"], liver["masks"], liver["source"]) == ("CT", "10", "")
    only = _run("stats", built, "--by", "split", "--csv").stdout
    assert only.splitlines()[1] == "split,,,,test,4,4,4,22"
    assert _run("stats", built, "--csv", "--json").exit_code == 2
    monkeypatch.setenv("COSMOS1050K", str(built))
    assert _json("stats") == body


def test_stats_of_what_is_not_there(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert _error("stats").startswith("error: no data set found")
    assert "is not a built data set" in _error("stats", raw)


def test_sizes_are_readable() -> None:
    assert [bytes_text(size) for size in (0, 999, 3_210_000, 5 * 10**15)] == ["0 B", "999 B", "3.2 MB", "5000.0 TB"]


def test_as_a_process_it_starts_fast_imports_little_and_survives_head() -> None:
    """The one test with the real command: module imports are what CliRunner cannot see."""
    heavy = ["pandas", "pyarrow", "datasets", "torch", "transformers", "SimpleITK"]
    script = f"""
import sys
from cosmos_datasets.cli import main
try:
    main(sys.argv[1:])
finally:
    print([name for name in {heavy} if name in sys.modules], file=sys.stderr)
"""
    for arguments in (["list"], ["info", "msd"], ["build", "--help"], ["stats", "--help"]):
        done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
        assert done.stderr == "[]\n", arguments
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = f"{Path(sys.executable).parent / 'cosmos-datasets'} info msd | head -n 1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout.startswith("msd: ")
    assert done.stderr == ""
    # Half a second on an idle machine; processor time, because tests share theirs.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.5
