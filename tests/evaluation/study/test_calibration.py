"""Measuring how fast a model is: real measurements, in this process and through another one."""

from __future__ import annotations

import json
import math
from dataclasses import astuple
from pathlib import Path

import pytest

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.efficiency.images import spread_images
from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.run import Request
from cosmos_datasets.evaluation.study import calibration
from cosmos_datasets.evaluation.study.calibration import Speed, ask, calibrate, measure_speed


@pytest.fixture
def request_(small: Path, models: dict[str, Path], tmp_path: Path) -> Request:
    return Request(str(small), str(models["sam"]), tmp_path / "run", config="acdc", subset=2, device="cpu", threads=1)


def test_what_is_measured(request_: Request) -> None:
    speed = measure_speed(request_)
    assert speed.device == "cpu"
    assert all(math.isfinite(one) and one > 0 for one in astuple(speed)[1:])
    (sample,) = spread_images(request_, 1)
    (embedding,) = load_model(request_.model, "cpu").encode([sample.image])
    assert speed.embedding_bytes == sum(level.numel() for level in embedding.tensors) * 2  # of a float16


def test_a_request_reaches_another_process(
    request_: Request, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the module prints for a request is what the study reads."""

    def runner(arguments: object, output: Path | None) -> int:
        module, asked = arguments  # type: ignore[misc]
        assert module == calibration.__name__
        monkeypatch.setattr("sys.argv", [module, asked])
        calibration.main()
        assert output is not None
        output.write_text(capsys.readouterr().out)
        return 0

    seen: list[Request] = []

    def measure(request: Request) -> Speed:
        seen.append(request)
        return Speed("cpu", *range(1, 10))

    monkeypatch.setattr(calibration, "measure_speed", measure)
    assert calibrate(request_, runner) == Speed("cpu", *range(1, 10))
    assert seen == [request_]
    assert json.loads(ask(request_))["subset"] == 2


def test_a_model_that_cannot_be_tried(
    request_: Request, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Request) -> Speed:
        raise CosmosError("no such device")

    monkeypatch.setattr(calibration, "measure_speed", fail)
    monkeypatch.setattr("sys.argv", ["calibration", ask(request_)])
    with pytest.raises(SystemExit) as caught:
        calibration.main()
    assert caught.value.code == 1
    assert capsys.readouterr().err == "error: no such device\n"
    with pytest.raises(CosmosError, match="could not be tried on cpu; the reason is above"):
        calibrate(request_, lambda *_: 1)
    with pytest.raises(KeyboardInterrupt):
        calibrate(request_, lambda *_: 130)
