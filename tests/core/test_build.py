"""Building a source: the same bytes whatever happens on the way, and nothing half-written."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import pytest
from raw_trees.phantom import Truth
from trees import copy, files, temporaries

from cosmos_datasets.build import run, workers
from cosmos_datasets.build.manifest import read_manifest
from cosmos_datasets.build.pool import worker_pool
from cosmos_datasets.build.run import build
from cosmos_datasets.build.verify import verify
from cosmos_datasets.errors import CaseError, CosmosError, LayoutError
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.registry import get_source

_MSD, _DRIVE = get_source("msd"), get_source("drive")


def test_counts_are_those_of_the_files(raw: Path, truths: tuple[Path, dict[str, Truth]], tmp_path: Path) -> None:
    for name, truth in truths[1].items():
        report = build(get_source(name), raw, tmp_path / "out")
        assert report.images == len(truth.masks) == sum(report.splits.values())
        unions = sum(len({key for key in masks if key[1] == 0}) for masks in truth.masks.values())
        instances = sum(len({key for key in masks if key[1] > 0}) for masks in truth.masks.values())
        assert (report.masks, report.instances) == (unions, instances)
        assert report.published
        assert not report.broken
    assert verify(tmp_path / "out", deep=True).problems == []


def test_two_workers_write_the_same_bytes(raw: Path, built: Path, tmp_path: Path, pool: Executor) -> None:
    for name in ("cellseg_neurips22", "drive", "msd"):
        build(get_source(name), raw, tmp_path / "out", executor=pool)
    assert files(tmp_path / "out") == files(built)


def test_parts_in_any_order_equal_the_whole(raw: Path, tmp_path: Path) -> None:
    build(_MSD, raw, tmp_path / "whole")
    second = build(_MSD, raw, tmp_path / "parts", part=(2, 2))
    assert not second.published
    assert (second.planned, len(second.missing), second.missing_parts) == (7, 4, [1])
    assert not (tmp_path / "parts" / "data").exists()
    first = build(_MSD, raw, tmp_path / "parts", part=(1, 2))
    assert first.published
    assert first.images + second.images == 110
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_more_parts_than_shards(raw: Path, tmp_path: Path) -> None:
    reports = [build(_DRIVE, raw, tmp_path, part=(number, 3)) for number in (1, 2, 3)]
    assert [report.images for report in reports] == [2, 4, 6]  # the third finds everything done
    assert reports[2].up_to_date


def test_nothing_is_done_when_nothing_changed(raw: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(own)
    monkeypatch.setattr(workers, "spool_study", lambda *_: pytest.fail("decoded again"))
    report = build(_MSD, raw, own)
    assert report.up_to_date
    assert report.images == 110
    assert files(own) == before
    assert not (own / ".build").exists()


def test_an_edited_file_is_built_again(raw: Path, tmp_path: Path) -> None:
    own_raw, out = copy(raw / "drive", tmp_path / "raw"), tmp_path / "out"
    build(_DRIVE, own_raw, out)
    first = read_manifest(out)
    os.utime(own_raw / "DRIVE" / "training" / "images" / "21_training.tif", (1, 1))
    assert not build(_DRIVE, own_raw, out).up_to_date
    assert read_manifest(out).revision == first.revision
    (own_raw / "DRIVE" / "training" / "images" / "21_training.tif").unlink()
    (own_raw / "DRIVE" / "training" / "1st_manual" / "21_manual1.gif").unlink()
    assert build(_DRIVE, own_raw, out).images == 5
    assert read_manifest(out).revision != first.revision


def test_another_intensity_replaces_every_shard(raw: Path, own: Path) -> None:
    before = read_manifest(own).sources["msd"]
    report = build(_MSD, raw, own, intensity=Intensity.parse("window=40,400"))
    after = read_manifest(own).sources["msd"]
    assert report.images == 110
    assert not report.up_to_date
    assert after.intensity == "window=40,400"
    assert not {shard.sha256 for shard in before.shards} & {shard.sha256 for shard in after.shards}
    assert len(list((own / "data" / "msd").rglob("*.parquet"))) == 7


def test_a_missing_or_shortened_shard_is_made_again_alone(
    raw: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(own)
    gone, short = (own / "data/msd" / name / "train-00000-of-00001.parquet" for name in ("ct", "mri"))
    gone.unlink()
    short.write_bytes(short.read_bytes()[:-1])
    made = []
    seal = run.seal
    monkeypatch.setattr(run, "seal", lambda shard, *rest: made.append(shard.modality) or seal(shard, *rest))
    build(_MSD, raw, own)
    assert sorted(made) == ["CT", "MRI"]
    assert files(own) == before


@contextmanager
def _damaged(raw: Path, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    own_raw = copy(raw / "drive", tmp_path / "raw")
    path = own_raw / "DRIVE" / "training" / "1st_manual" / "21_manual1.gif"
    path.write_bytes(path.read_bytes()[:20])
    yield own_raw, path


def test_a_broken_case_is_left_out_with_its_reason(raw: Path, tmp_path: Path) -> None:
    with _damaged(raw, tmp_path) as (own_raw, path):
        report = build(_DRIVE, own_raw, tmp_path / "out")
    assert report.images == 5
    assert list(report.broken) == ["21_training"]
    assert path.name in report.broken["21_training"]
    assert str(own_raw) not in report.broken["21_training"]
    assert read_manifest(tmp_path / "out").sources["drive"].broken == report.broken


def test_a_broken_case_is_tried_again_and_its_shard_alone(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _damaged(raw, tmp_path) as (own_raw, _):
        build(_DRIVE, own_raw, tmp_path / "out")
        made = []
        seal = run.seal
        monkeypatch.setattr(run, "seal", lambda shard, *rest: made.append(shard.split) or seal(shard, *rest))
        assert list(build(_DRIVE, own_raw, tmp_path / "out").broken) == ["21_training"]
    assert made == ["train"]


def test_strict_makes_a_broken_case_fatal_also_after_an_ordinary_build(raw: Path, tmp_path: Path) -> None:
    with _damaged(raw, tmp_path) as (own_raw, _):
        with pytest.raises(CaseError, match="21_manual1"):
            build(_DRIVE, own_raw, tmp_path / "out", strict=True)
        assert not (tmp_path / "out" / "data").exists()
        build(_DRIVE, own_raw, tmp_path / "out")
        before = files(tmp_path / "out")
        with pytest.raises(CaseError, match="21_manual1"):
            build(_DRIVE, own_raw, tmp_path / "out", strict=True)
    assert {name: digest for name, digest in files(tmp_path / "out").items() if ".build" not in name} == before


def test_nothing_readable_is_an_error_and_leaves_nothing(raw: Path, tmp_path: Path) -> None:
    own_raw = copy(raw / "drive", tmp_path / "raw")
    for path in own_raw.rglob("*_training.tif"):
        path.write_bytes(b"II*\0")
    for path in own_raw.rglob("*_test.tif"):
        path.write_bytes(b"")
    with pytest.raises(CosmosError, match=r"drive: no image is left; 7 cases could not be read\. The first: .*tif"):
        build(_DRIVE, own_raw, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_wrong_folder_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(LayoutError, match="does not look like DRIVE"):
        build(_DRIVE, tmp_path / "raw", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_one_clear_error(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CosmosError, match=r"drive: the build into .*file/out stopped: Not a directory"):
        build(_DRIVE, raw, tmp_path / "file" / "out")


def test_a_full_disk_is_one_clear_error_and_no_loss(raw: Path, built: Path, tmp_path: Path) -> None:
    script = "import sys; from cosmos_datasets.cli import main; main(sys.argv[1:])"
    arguments = ["build", "msd", "--raw", str(raw), "--out", str(tmp_path / "out"), "--workers", "1"]

    def limit() -> None:  # no file may grow beyond it, which stops a shard as a full disk would
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, preexec_fn=limit, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: msd: the build into ")
    assert "finished cases are kept" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out" / "data").exists()
    assert temporaries(tmp_path) == []
    build(_MSD, raw, tmp_path / "out")
    assert _of("msd", tmp_path / "out") == _of("msd", built)


def test_a_second_build_of_the_same_is_refused(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nested(*_: object) -> None:
        build(_DRIVE, raw, tmp_path)

    monkeypatch.setattr(workers, "spool_study", nested)
    with pytest.raises(CosmosError, match="drive: another process is building it"):
        build(_DRIVE, raw, tmp_path)


def _of(source: str, out: Path) -> dict[str, str]:
    return {name: digest for name, digest in files(out).items() if f"/{source}/" in name}


_KILLED = """
import os, signal, sys
from pathlib import Path
from cosmos_datasets.build import run, workers
from cosmos_datasets.registry import get_source

name, raw, out, after = sys.argv[1:]
module = workers if name == "spool_study" else run
original, left = getattr(module, name), int(after)

def counted(*args):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args)

setattr(module, name, counted)
run.build(get_source("msd"), Path(raw), Path(out))
"""


@pytest.mark.parametrize(("step", "after"), [("spool_study", 5), ("seal", 3), ("publish", 0)])
def test_killed_at_any_step_and_run_again_gives_the_same_bytes(
    raw: Path, built: Path, tmp_path: Path, step: str, after: int
) -> None:
    out = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", _KILLED, step, str(raw), str(out), str(after)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name for path in out.iterdir()] == [".build"]
    build(_MSD, raw, out)
    assert _of("msd", out) == _of("msd", built)
    assert not (out / ".build").exists()


_WAITING = """
import pathlib, time

opened = pathlib.Path.open

def waiting(self, *args, **kwargs):
    if self.name == "23_training.tif":
        time.sleep(600)
    return opened(self, *args, **kwargs)

pathlib.Path.open = waiting
"""


@contextmanager
def _hanging(raw: Path, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", Path, Path]]:
    """A build with two workers that waits in the middle: one photograph lies on a drive that does not answer."""
    own_raw, out = copy(raw / "drive", tmp_path / "drive"), tmp_path / "out"
    (tmp_path / "sitecustomize.py").write_text(_WAITING)
    command = [sys.executable, "-c", "from cosmos_datasets.cli import main; main()", "build", "drive", "--raw"]
    process = subprocess.Popen(
        [*command, str(own_raw), "--out", str(out), "--workers", "2"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    try:
        _wait(lambda: any(out.rglob("sealed/**/test-*.json")))  # the other shard is complete
        yield process, own_raw, out
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _wait(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def _alive(group: int) -> list[str]:
    """Processes of a group that still run (a zombie has ended)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, parent_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(parent_group) == group and state != "Z":
            found.append(stat.parent.name)
    return found


def test_ctrl_c_ends_every_process_and_leaves_no_temporary_file(raw: Path, built: Path, tmp_path: Path) -> None:
    with _hanging(raw, tmp_path) as (process, own_raw, out):
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 130
        assert errors == "interrupted; give the same command again to go on\n"
        _wait(lambda: not _alive(process.pid))
        assert temporaries(out) == []
        assert [path.name for path in out.iterdir()] == [".build"]
    build(_DRIVE, own_raw, out)
    assert _of("drive", out) == _of("drive", built)


def test_ctrl_c_that_reaches_a_worker_first_is_the_same() -> None:
    with pytest.raises(KeyboardInterrupt), worker_pool(2) as workers:
        assert workers is not None
        workers.submit(sys.exit, 130).result()


def test_workers_of_a_job_in_the_background_ignore_ctrl_c_as_it_does() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with worker_pool(2) as workers:
            assert workers is not None
            assert workers.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_workers_end_with_a_killed_parent_and_the_build_goes_on(raw: Path, built: Path, tmp_path: Path) -> None:
    with _hanging(raw, tmp_path) as (process, own_raw, out):
        process.kill()
        process.wait()
        _wait(lambda: not _alive(process.pid))
        assert not (out / "data").exists()
    build(_DRIVE, own_raw, out)
    assert _of("drive", out) == _of("drive", built)


_DYING = """
import os, pathlib, signal

opened = pathlib.Path.open

def dying(self, *args, **kwargs):
    if self.name == "23_training.tif":
        os.kill(os.getpid(), signal.SIGKILL)
    return opened(self, *args, **kwargs)

pathlib.Path.open = dying
"""


@pytest.mark.parametrize("processes", [1, 2])
def test_a_case_at_which_a_worker_dies_is_named_and_left_out(
    raw: Path, built: Path, tmp_path: Path, processes: int
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_DYING)
    command = [sys.executable, "-c", "from cosmos_datasets.cli import main; main()", "build", "drive", "--raw"]
    command += [str(raw / "drive"), "--out", str(tmp_path / "out"), "--workers", str(processes)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    def run_again() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    done = run_again()
    if processes == 1:  # the build itself was killed; the next one knows where
        assert done.returncode == -signal.SIGKILL
        done = run_again()
    assert done.returncode == 3, done.stderr
    assert "drive/23_training: the process that worked on it was killed" in done.stdout
    assert "Traceback" not in done.stderr
    entry = read_manifest(tmp_path / "out").sources["drive"]
    assert list(entry.broken) == ["23_training"]
    assert sum(shard.rows for shard in entry.shards) == 5
    build(_DRIVE, raw, tmp_path / "out")
    assert _of("drive", tmp_path / "out") == _of("drive", built)
