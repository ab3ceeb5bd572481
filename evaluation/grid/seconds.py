"""Seconds of everything mode with a grid, on a few images; kept beside the run of the side."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cosmos_datasets.build.files import atomic
from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.efficiency.images import spread_images
from cosmos_datasets.evaluation.efficiency.machine import load_average, machine
from cosmos_datasets.evaluation.efficiency.operations import time_grid
from cosmos_datasets.evaluation.efficiency.timing import Spread
from cosmos_datasets.evaluation.everything import FILTERS
from cosmos_datasets.evaluation.models import load_model
from cosmos_datasets.evaluation.run import Request

_FILE = "seconds.json"

Seconds = dict[str, Any]


def measured(
    requests: Sequence[Request], device: str, images: int, announce: Callable[[str], None] = lambda _: None
) -> list[Seconds]:
    """Time everything mode for several sides; what was measured the same way before is read, not measured again.

    Args:
        requests: one a side, with the folder of its run.
        device: where to run.
        images: on how many images, spread over the chosen ones; each is timed once, after a warm-up.
        announce: called before something is timed.

    Returns:
        For each side ``everything`` and ``encoding`` (seconds an image as median, quartiles and their number),
        ``kept`` (masks that survive, a mean over these images), ``load_average`` (of the last minute, afterwards) and
        ``settings`` (what the seconds depend on).
    """
    first = requests[0]
    samples = spread_images(first, images)
    adapter = load_model(first.model, device, first.dtype, first.preprocess)
    settings = {
        "model": adapter.digest,
        "images": [sample.row["image_id"] for sample in samples],
        "dtype": first.dtype,
        "preprocess": first.preprocess,
        **(filters := _filters(first)),
        **machine(adapter.device),
    }
    found = []
    for request in requests:
        seconds = _read(request.out / _FILE)
        if seconds is None or seconds["settings"] != settings:
            announce(f"{request.grid} x {request.grid} points: timed on {plural(len(samples), 'image')}")
            times = time_grid(adapter, samples, request.grid, **filters)
            seconds = {
                "everything": asdict(Spread.of(times.everything)),
                "encoding": asdict(Spread.of(times.encoding)),
                "kept": sum(times.kept) / len(times.kept),
                "load_average": load_average(),
                "settings": settings,
            }
            with atomic(request.out / _FILE) as temporary:
                temporary.write_text(json.dumps(seconds, indent=1) + "\n", encoding="utf-8")
        found.append(seconds)
    return found


def foreseen(request: Request, device: str, side: int) -> tuple[float, float]:
    """About how many seconds encoding an image takes, and one point of everything mode: from one image and grid."""
    adapter = load_model(request.model, device, request.dtype, request.preprocess)
    times = time_grid(adapter, spread_images(request, 1), side, **_filters(request))
    return times.encoding[0], times.everything[0] / side**2


def _filters(request: Request) -> dict[str, float | None]:
    return {name: getattr(request, name) for name in FILTERS}


def _read(path: Path) -> Seconds | None:
    """What was measured before; None if nothing was, or it cannot be read: it is then measured again."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: content[name] for name in ("everything", "encoding", "kept", "load_average", "settings")}
    except (OSError, ValueError, LookupError, TypeError):
        return None
