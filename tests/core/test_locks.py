import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from cosmos_datasets import locks
from cosmos_datasets.locks import locked


@pytest.fixture(params=["flock", 37, 38, 95, 524])
def drive(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | str:
    """A drive with file locks, and those that answer so when asked for one."""
    if request.param != "flock":

        def refuse(descriptor: int, operation: int) -> None:
            raise OSError(request.param, os.strerror(request.param))

        monkeypatch.setattr(fcntl, "flock", refuse)
    return request.param


def test_one_at_a_time(drive: int | str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    locks._warn_once.cache_clear()
    path = tmp_path / "a.lock"
    with locked(path, wait=False), pytest.raises(Timeout), locked(path, wait=False):
        pass
    with locked(path, wait=True):
        pass
    assert ("no file locks" in caplog.text) == (drive != "flock")


def test_a_lock_file_of_a_dead_process_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.lock"
    died = "\n".join(
        [
            "import fcntl, os",
            "from pathlib import Path",
            "from cosmos_datasets.locks import locked",
            "def refuse(*_): raise OSError(37, 'No locks available')",
            "fcntl.flock = refuse",
            f"with locked(Path({str(path)!r}), wait=False): os._exit(1)",
        ]
    )
    subprocess.run([sys.executable, "-c", died], check=False)
    assert (tmp_path / "a.lock.held").exists()

    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(path, wait=False):
        pass
