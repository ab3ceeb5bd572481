"""How fast this device is with this model: a few measurements on one image of the data, in a process of its own.

``python -m cosmos_datasets.evaluation.study.calibration REQUEST`` prints a :class:`Speed` as JSON; ``REQUEST`` is what
:func:`ask` makes of a request.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

from cosmos_datasets.encoding import encode_mask
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.run import Request
from cosmos_datasets.evaluation.study.runner import Runner

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.sample import Sample
    from cosmos_datasets.evaluation.scoring import Predicted

#: Points a side of the everything pass that is timed: one batch of the decoder.
_SIDE = 8
#: Targets of the image that are looked at: one batch of prompts.
_TARGETS = 16
_CLICKS = 3


@dataclass(frozen=True)
class Speed:
    """What was measured, in seconds and bytes.

    Attributes:
        device: where.
        start: seconds until data and model are loaded.
        encode: seconds to encode an image.
        prompt: seconds of a prompt: decoding, choosing, scoring.
        point: seconds of a point of everything mode.
        click: seconds of a simulated click.
        factors: seconds to measure the factors of a mask.
        correction: seconds to count the correction effort of a predicted mask.
        mask_bytes: of a predicted mask that is kept.
        embedding_bytes: of an image's embedding in half precision.
    """

    device: str
    start: float
    encode: float
    prompt: float
    point: float
    click: float
    factors: float
    correction: float
    mask_bytes: float
    embedding_bytes: float


def calibrate(request: Request, runner: Runner) -> Speed:
    """Measure in a process of its own.

    Raises:
        CosmosError: it failed; its own message was printed.
    """
    with TemporaryDirectory() as folder:
        output = Path(folder) / "speed.json"
        status = runner((__name__, ask(request)), output)
        if status == 130:
            raise KeyboardInterrupt
        if status:
            raise CosmosError(f"{request.model} could not be tried on {request.device}; the reason is above.")
        return Speed(**json.loads(output.read_text(encoding="utf-8")))


def ask(request: Request) -> str:
    """A request as text, for another process."""
    return json.dumps({**asdict(request), "out": str(request.out)})


def measure_speed(request: Request) -> Speed:
    """Measure on the image in the middle of the chosen ones; raises :class:`CosmosError`."""
    began = perf_counter()
    from cosmos_datasets.evaluation.efficiency.images import spread_images
    from cosmos_datasets.evaluation.efficiency.timing import measure
    from cosmos_datasets.evaluation.everything import everything
    from cosmos_datasets.evaluation.factors.measure import factors_of
    from cosmos_datasets.evaluation.interactive import Clicking
    from cosmos_datasets.evaluation.interactive.session import click_through
    from cosmos_datasets.evaluation.models import load_model
    from cosmos_datasets.evaluation.prompts import PROMPTED
    from cosmos_datasets.evaluation.scoring import Settings, score_sample

    samples = spread_images(request, 3)
    sample = samples[len(samples) // 2]
    sample = replace(sample, targets=sample.targets[:_TARGETS])
    _, selection = request.selected
    modality = sample.row["modality"]
    areas = [selection.mean_areas[one.object, modality, one.instance > 0] for one in sample.targets]
    adapter = load_model(request.model, request.device, request.dtype, request.preprocess)
    start = perf_counter() - began

    def timed(work: Callable[[], object], parts: int) -> float:
        (seconds,) = measure(work, adapter.device, repeats=1)
        return seconds / parts

    (embedding,) = adapter.encode([sample.image], [sample.row["image_id"]])
    masks = len(sample.targets)
    settings = Settings(PROMPTED)
    rows = list(score_sample(adapter, embedding, sample, settings, areas))
    kept = [one for row in rows for one in (row["mask_oracle"], row["mask_predicted"])]
    sizes = [0 if one is None or one.mask is None else len(encode_mask(one.mask)) for one in kept]
    return Speed(
        device=str(adapter.device),
        start=start,
        encode=timed(lambda: adapter.encode([sample.image]), 1),
        prompt=timed(lambda: list(score_sample(adapter, embedding, sample, settings, areas)), len(rows)),
        point=timed(lambda: everything(adapter, embedding, sample.targets, _SIDE), _SIDE**2),
        click=timed(
            lambda: list(click_through(adapter, embedding, sample, Clicking(_CLICKS), areas)), _CLICKS * masks
        ),
        factors=timed(lambda: factors_of(sample), masks),
        correction=timed(lambda: _correct(sample, rows[-masks:], areas), masks),
        mask_bytes=sum(sizes) / len(sizes),
        embedding_bytes=sum(level.numel() for level in embedding.tensors) * 2,
    )


def _correct(sample: Sample, rows: Sequence[dict[str, Any]], areas: Sequence[float]) -> None:
    """Count the correction efforts of one result a target."""
    from cosmos_datasets.evaluation.annotation.efforts import TargetEfforts

    for target, row, area in zip(sample.targets, rows, areas, strict=True):
        efforts = TargetEfforts(target, sample.height, sample.width, mean_area=area)
        predicted: Predicted | None = row["mask_oracle"]
        if predicted is None or predicted.mask is None or predicted.bbox is None:
            efforts.of(None)
        else:
            efforts.of((predicted.mask, predicted.bbox))
        efforts.of_blind(row["strategy"], row["prompt"])


def main() -> None:
    """Measure as the one argument says, and print the speed as JSON."""
    import torch

    given = json.loads(sys.argv[1])
    request = Request(**{**given, "out": Path(given["out"]), "strategies": tuple(given["strategies"]), "jitter": ()})
    torch.set_num_threads(request.threads)
    try:
        speed = measure_speed(request)
    except CosmosError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    print(json.dumps(asdict(speed)))


if __name__ == "__main__":
    main()
