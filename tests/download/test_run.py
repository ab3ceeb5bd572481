"""All downloads of a source, through the command, in a process of its own where it is killed."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from file_server import Served, serving
from filelock import FileLock
from raw_trees import stare

from cosmos_datasets import registry
from cosmos_datasets.cli import main
from cosmos_datasets.download.run import download
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.registry import get_source
from cosmos_datasets.source import Source


def _archive(folder: Path) -> bytes:
    """A tar as the publisher's: files only, no folder."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    return body.getvalue()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    stare.write(tmp_path / "publisher")
    with serving() as server:
        for name in ("stare-images", "labels-ah"):
            folder = next((tmp_path / "publisher").rglob(name))
            server.files[f"{name}.tar"] = _archive(folder)
        yield server


@pytest.fixture
def source(served: Served, monkeypatch: pytest.MonkeyPatch) -> Source:
    """STARE, with its own downloads, at another address."""
    real = get_source("stare")
    moved = tuple(replace(one, url=served.url(one.url.rsplit("/", 1)[1])) for one in real.downloads)
    one = replace(real, downloads=moved)
    monkeypatch.setattr(registry, "get_source", lambda _: one)
    return one


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def test_download_unpacks_into_the_layout_and_says_what_was_checked(source: Source, tmp_path: Path) -> None:
    done = _run("download", "stare", "--raw", tmp_path / "raw")
    assert done.exit_code == 0, done.output
    assert "neither size nor checksum is published: recorded, not checked" in done.stdout
    expected = len(source.cases(tmp_path / "publisher"))
    assert f"{expected} labelled cases in {tmp_path}/raw/stare" in done.stdout
    assert f"next: cosmos-datasets check stare --raw {tmp_path}/raw/stare" in done.stdout
    record = json.loads((tmp_path / "raw" / "stare" / "download.json").read_text())
    assert [file["checked"] for file in record["files"]] == ["unknown"] * len(source.downloads)
    assert all(len(file["sha256"]) == 64 and file["unpacked"] for file in record["files"])
    assert not list((tmp_path / "raw").rglob("*.tar"))


def test_the_record_names_other_hosts(source: Source, served: Served, tmp_path: Path) -> None:
    served.moved = {"stare-images.tar": served.url("there.tar").replace("127.0.0.1", "localhost")}
    served.files["there.tar"] = served.files["stare-images.tar"]
    found = {one.name: one.hosts for one in download(source, tmp_path / "raw")}
    assert found == {one: ["localhost"] if one == "stare-images.tar" else [] for one in found}
    assert json.loads((tmp_path / "raw" / "download.json").read_text())["files"][0]["hosts"] == ["localhost"]


def test_nothing_is_fetched_twice(source: Source, served: Served, tmp_path: Path) -> None:
    first = download(source, tmp_path / "raw")
    before = len(served.asked)
    assert download(source, tmp_path / "raw") == first
    assert len(served.asked) == before


def test_archives_stay_if_asked_for(source: Source, tmp_path: Path) -> None:
    download(source, tmp_path / "raw", keep=True)
    assert len(list((tmp_path / "raw").rglob("*.tar"))) == len(source.downloads)
    download(source, tmp_path / "raw", keep=True)


def test_an_archive_that_could_not_be_unpacked_is_not_fetched_again(
    source: Source, served: Served, tmp_path: Path
) -> None:
    name = source.downloads[0].url.rsplit("/", 1)[1]
    good = served.files[name]
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("../evil", b"")
    served.files[name] = body.getvalue()
    with pytest.raises(CosmosError, match="would leave the folder"):
        download(source, tmp_path / "raw")
    asked = len(served.asked)
    with pytest.raises(CosmosError, match="would leave the folder"):
        download(source, tmp_path / "raw")
    assert len(served.asked) == asked
    (path,) = (tmp_path / "raw").rglob(name)
    path.write_bytes(good)
    download(source, tmp_path / "raw")
    assert source.cases(tmp_path / "raw")


def test_two_at_once(source: Source, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with FileLock(tmp_path / "raw" / ".download.lock"), pytest.raises(CosmosError, match="is running"):
        download(source, tmp_path / "raw")


def test_a_damaged_record_names_itself(source: Source, tmp_path: Path) -> None:
    (tmp_path / "download.json").write_text("{")
    with pytest.raises(CosmosError, match=r"download\.json is damaged"):
        download(source, tmp_path)


def test_dry_run_only_tells(source: Source, served: Served, tmp_path: Path) -> None:
    done = _run("download", "stare", "--raw", tmp_path / "raw", "--dry-run")
    assert all(file.url in done.stdout for file in source.downloads)
    assert "size unknown, SHA-256 unknown" in done.stdout
    assert not served.asked
    assert not (tmp_path / "raw").exists()


def test_without_a_download_the_steps_end_in_the_check(tmp_path: Path) -> None:
    done = _run("download", "idrid", "--raw", tmp_path)
    assert done.exit_code == 0
    assert "Sign in" in done.stdout
    assert done.stdout.rstrip().endswith(f"3. cosmos-datasets check idrid --raw {tmp_path}/idrid")


_PROGRAM = """
import sys
from pathlib import Path
from dataclasses import replace
from cosmos_datasets.download.run import download
from cosmos_datasets.registry import get_source
from cosmos_datasets.source import Download
download(replace(get_source("stare"), downloads=(Download(sys.argv[1]),)), Path(sys.argv[2]))
"""


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_a_killed_download_goes_on(tmp_path: Path) -> None:
    body = os.urandom(30_000_000)
    with serving(large__bin=body) as served:
        served.pause = 0.002
        arguments = [sys.executable, "-c", _PROGRAM, served.url("large.bin"), str(tmp_path / "raw")]
        process = subprocess.Popen(arguments)
        part = tmp_path / "raw" / "large.bin.part"
        while not (part.is_file() and part.stat().st_size > 1_000_000):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        had = part.stat().st_size
        assert had < len(body)
        served.pause = 0
        subprocess.run(arguments, check=True)
        assert served.asked[-1] == ("large.bin", f"bytes={had}-")
    assert (tmp_path / "raw" / "large.bin").read_bytes() == body
