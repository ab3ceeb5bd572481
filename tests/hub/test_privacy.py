"""Nothing that tells who a patient is, or where the raw files lie, reaches any output."""

import json
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner
from hub.store import Hub
from planted import FOLDER, FORMATS, WORD, holds, occurrences, plant

from cosmos_datasets.cli import main

#: Between them they ship every format that is read; of each a file that lacks a part.
_SOURCES = {
    "livscar": "images/patient*.nii.gz",
    "chaos": "Train_Sets/CT/**/i*.dcm",
    "isic18": "*Training_Input/ISIC*.jpg",
    "cellseg_neurips22": "**/images/cell*.tif*",
    "drive": "**/training/images/2*.tif",
}
#: Whose pixels may be passed on.
_SHARED = "chaos,isic18"


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Raw trees with the word in every file and in the folder around them; of one file of each a part is missing."""
    raw = tmp_path_factory.mktemp("own") / FOLDER / "raw"
    raw.mkdir(parents=True)
    counts: dict[str, int] = {}
    for name, pattern in _SOURCES.items():
        import_module(f"raw_trees.{name}").write(raw / name)
        counts |= plant(raw / name)
        path = min((raw / name).glob(pattern))
        body, third = path.read_bytes(), path.stat().st_size // 3
        path.write_bytes(body[:-500] if path.suffix == ".dcm" else body[:third] + body[-third:])
    assert counts.keys() == FORMATS.keys()
    return raw


def test_the_word_is_found_where_it_was_planted(raw: Path) -> None:
    files = {path.relative_to(raw).as_posix() for path in raw.rglob("*") if path.is_file()}
    kept = {path for path in files if path.endswith(tuple(FORMATS)) and "/._" not in path}
    assert kept <= set(occurrences(raw))
    assert holds(f"a {WORD.upper()}")
    assert not holds("somebody else")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[..., str]:
    """Runs a command, and gives what it and the libraries under it have printed, warned of and logged."""

    def run(*arguments: object, status: int = 0) -> str:
        with warnings.catch_warnings(record=True) as warned:
            done = CliRunner().invoke(main, [str(one) for one in arguments])
        assert done.exit_code == status, done.output
        printed = capfd.readouterr()
        return "\n".join((done.output, printed.out, printed.err, caplog.text, *(str(one.message) for one in warned)))

    return run


def test_no_output_tells_who_it_was(
    raw: Path, here: Hub, tmp_path: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(raw.parent)  # `check` repeats the folder as the user names it
    out = tmp_path / "cosmos1050k"
    said = []
    for name in _SOURCES:
        said += [
            run("check", name, "--raw", "raw", "--workers", 1, *form, status=1) for form in ([], ["--all"], ["--json"])
        ]
    said.append(run("build", *_SOURCES, "--raw", raw, "--out", out, "--workers", 1, status=3))
    said.append(run("build", *_SOURCES, "--raw", raw, "--out", out, "--workers", 1, "--json", status=3))
    said.append(run("verify", out, "--deep", "--workers", 1))
    said += [run("stats", out, *form) for form in ([], ["--csv"], ["--json"])]
    said.append(run("push", out, "org/all", "--sources", _SHARED, "--card", tmp_path / "card.md", "--workers", 1))
    said.append(run("index-only", out, "org/index", "--workers", 1))
    assert not [text for text in said if holds(text)]
    assert occurrences(tmp_path) == []
    for repo in (here.dataset("org/all"), here.dataset("org/index")):
        for path in repo.files:
            (tmp_path / "sent").mkdir(exist_ok=True)
            (tmp_path / "sent" / path.replace("/", "_")).write_bytes(here.read(repo, path))
    assert occurrences(tmp_path / "sent") == []
    manifest = json.loads((out / "manifest.json").read_text())
    left_out = [
        reason for entry in manifest["sources"].values() for shard in entry["shards"] for reason in shard["broken"]
    ]
    assert len(left_out) >= len(_SOURCES)
