"""Commands in processes of their own: what they print, how they fail, how they are interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cosmos_datasets.evaluation.study.runner import run_module

#: A module that says that it works, and tidies up when it is interrupted.
_WORKER = """
import sys, time
from pathlib import Path

print("begun", flush=True)
try:
    Path(sys.argv[1], "working").touch()
    time.sleep(float(sys.argv[2]))
except KeyboardInterrupt:
    Path(sys.argv[1], "tidy").touch()
    sys.exit(130)
sys.exit(int(sys.argv[3]))
"""
#: What starts it, as the command `paper` does.
_STUDY = """
import signal, sys
from pathlib import Path
from cosmos_datasets.evaluation.study.runner import run_module

signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    sys.exit(run_module(["worker", sys.argv[1], "60", "0"], Path(sys.argv[1], "printed")))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "worker.py").write_text(_WORKER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_what_a_command_prints_is_kept_if_it_succeeds(folder: Path) -> None:
    output = folder / "deep" / "printed"
    assert run_module(["worker", str(folder), "0", "0"], output) == 0
    assert output.read_text() == "begun\n"
    assert run_module(["worker", str(folder), "0", "3"], output) == 3
    assert output.read_text() == "begun\n"
    assert run_module(["worker", str(folder), "0", "3"], folder / "other") == 3
    assert not (folder / "other").exists()
    assert sorted(path.name for path in output.parent.iterdir()) == ["printed"]


def test_without_a_file_it_prints_as_usual(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_module(["worker", str(folder), "0", "0"]) == 0
    assert capfd.readouterr().out == "begun\n"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ignored", [False, True])
def test_an_interrupted_command_may_tidy_up(folder: Path, how: signal.Signals, ignored: bool) -> None:
    """Also where a script in the background has made its commands ignore Ctrl-C."""
    deaf = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"] if ignored else []
    study = subprocess.Popen([*deaf, sys.executable, "-c", _STUDY, str(folder)])
    deadline = time.monotonic() + 60
    while not (folder / "working").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    study.send_signal(how)
    assert study.wait(60) == 130
    assert (folder / "tidy").exists()
    assert not (folder / "printed").exists()
