"""Several processes, real ones, and runs that are killed or interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from accelerate import PartialState
from runs import COMMON, finish, start
from trees import temporaries

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.processes import join

Args = list[object]


@pytest.fixture
def args(small: Path, models: dict[str, Path]) -> Args:
    return ["run", small, "--config", "acdc", "--model", models["sam2"], *COMMON, "--strategies", "S1,S5,S6"]


@pytest.fixture(scope="module")
def whole(small: Path, models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, cli: Any) -> bytes:
    """The results of one process."""
    run: Path = tmp_path_factory.mktemp("whole")
    cli("run", small, "--config", "acdc", "--model", models["sam2"], *COMMON, "--strategies", "S1,S5,S6", "--out", run)
    return (run / "results.parquet").read_bytes()


def ranks(run: Path) -> set[str]:
    return {path.name.split("-")[0] for path in (run / "parts").glob("*.parquet")}


def evaluated(run: Path) -> list[str]:
    """Ids of images, once for every time that one was evaluated and written."""
    parts = [pq.ParquetFile(path) for path in (run / "parts").glob("*.parquet")]
    groups = [part.read_row_group(n, columns=["image_id"]) for part in parts for n in range(part.num_row_groups)]
    return [one for group in groups for one in group["image_id"].unique().to_pylist()]


def test_two_processes_write_parts_and_give_the_same_file_as_one(args: Args, tmp_path: Path, whole: bytes) -> None:
    out, err = finish(start(*args, "--processes", 2, "--json", "--out", tmp_path / "run"))
    assert ranks(tmp_path / "run") == {"rank00000", "rank00001"}
    assert len(evaluated(tmp_path / "run")) == 40
    assert (tmp_path / "run" / "results.parquet").read_bytes() == whole
    assert out.startswith("[\n")
    assert out.endswith("]\n")
    assert "2 processes" in err


@pytest.mark.slow
def test_processes_of_torchrun(args: Args, tmp_path: Path, whole: bytes) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*launcher, "-m", "cosmos_datasets.evaluation", *map(str, args), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ranks(tmp_path / "run") == {"rank00000", "rank00001"}
    assert (tmp_path / "run" / "results.parquet").read_bytes() == whole
    assert "mean over targets" in done.stdout


@pytest.mark.slow
def test_accelerate_starts_one_process_on_a_cpu_and_the_run_says_so(args: Args, tmp_path: Path, whole: bytes) -> None:
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    command = [*launcher, "-m", "cosmos_datasets.evaluation", *map(str, args), "--out", str(tmp_path / "run")]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ranks(tmp_path / "run") == {"rank00000"}
    assert "1 process)" in done.stderr
    assert (tmp_path / "run" / "results.parquet").read_bytes() == whole


@pytest.mark.parametrize("environment", [{}, {"LOCAL_RANK": "-1"}])
def test_processes_that_do_not_find_each_other(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "2", **environment}.items():
        monkeypatch.setenv(name, value)
    PartialState._reset_state()
    with pytest.raises(CosmosError, match=r"cosmos-eval run --processes N"), join("cpu", 1):
        pass
    PartialState._reset_state()


def test_several_processes_do_not_fall_back_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("torch.accelerator.is_available", lambda: False)
    with pytest.raises(CosmosError, match="cuda cannot be used: this machine has no accelerator"), join("cuda", 1):
        pass


@pytest.mark.slow
def test_a_mistake_that_only_the_ranks_see_ends_all_of_them(args: Args, tmp_path: Path) -> None:
    _, err = finish(start(*args, "--processes", 2, "--device", "meta", "--out", tmp_path / "run"), status=1)
    assert "cannot be used" in err
    assert not (tmp_path / "run").exists()


# A run whose encoder takes its time, notes every image, and writes after every chunk.
_SLOW = """
import sys, time
from cosmos_datasets.evaluation import engine
from cosmos_datasets.evaluation.cli import main
from cosmos_datasets.evaluation.models.adapter import Adapter
encode = Adapter.encode
def slowly(self, images, *names):
    with open({log!r}, "a") as log:
        log.write("image\\n" * len(images))
    time.sleep({seconds})
    return encode(self, images, *names)
Adapter.encode = slowly
engine.FLUSH_SECONDS = {flush}
main(sys.argv[1:])
"""


def slow_run(log: Path, arguments: Args, *, seconds: float, flush: float) -> subprocess.Popen[str]:
    program = _SLOW.format(log=str(log), seconds=seconds, flush=flush)
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ.copy())


def wait_for(log: Path, images: int) -> int:
    for _ in range(600):
        if log.is_file() and (count := log.read_text().count("image")) >= images:
            return count
        time.sleep(0.1)
    raise AssertionError("the run did not get on")


@pytest.mark.slow
def test_a_killed_run_goes_on_behind_what_it_has_written(
    args: Args, tmp_path: Path, whole: bytes, cli: Any, encoded: list[int]
) -> None:
    process = slow_run(tmp_path / "log", [*args, "--out", tmp_path / "run"], seconds=0.2, flush=0.0)
    wait_for(tmp_path / "log", 19)
    process.kill()
    process.communicate()
    written = evaluated(tmp_path / "run")
    assert 0 < len(written) < 40
    cli(*args, "--out", tmp_path / "run")
    assert sum(encoded) == 40 - len(written)
    assert len(evaluated(tmp_path / "run")) == len(set(evaluated(tmp_path / "run"))) == 40
    assert (tmp_path / "run" / "results.parquet").read_bytes() == whole


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_writes_what_it_has_finished(
    number: signal.Signals, args: Args, tmp_path: Path, whole: bytes, cli: Any, encoded: list[int]
) -> None:
    process = slow_run(tmp_path / "log", [*args, "--out", tmp_path / "run"], seconds=0.2, flush=1000.0)
    wait_for(tmp_path / "log", 19)
    process.send_signal(number)
    finish(process, status=130)
    assert not temporaries(tmp_path)
    written = evaluated(tmp_path / "run")
    # All whole chunks, though the time to write them had not come.
    assert 8 <= len(written) < 40
    cli(*args, "--out", tmp_path / "run")
    assert sum(encoded) == 40 - len(written)
    assert (tmp_path / "run" / "results.parquet").read_bytes() == whole


@pytest.mark.slow
def test_an_interrupt_reaches_all_processes(args: Args, tmp_path: Path, whole: bytes) -> None:
    process = start(*args, "--processes", 2, "--out", tmp_path / "run")
    for _ in range(600):
        if (tmp_path / "run" / "run.json").exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    finish(process, status=130)
    assert not temporaries(tmp_path)
    finish(start(*args, "--processes", 2, "--out", tmp_path / "run"))
    assert len(evaluated(tmp_path / "run")) == 40
    assert (tmp_path / "run" / "results.parquet").read_bytes() == whole
