"""Options that commands have in common: which masks, and how the model runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import click

from cosmos_datasets.evaluation.models import PROFILES

Command = Callable[..., Any]


class Finite(click.FloatRange):
    """A number within a range; click takes NaN for one within any range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number; see :meth:`click.ParamType.convert`."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a number that can be used.", param, ctx)
        return number


_SELECTION = (
    click.option("--config", default="all", show_default=True,
                 help="A source (acdc), a modality (ct), several (acdc,chaos) or all."),
    click.option("--split", type=click.Choice(["train", "validation", "test"]), help="One split only."),
    click.option("--modality", help="One modality only, e.g. 'T2W MRI'."),
    click.option("--object", "object_",
                 help="One object only, e.g. liver, or several: liver,kidney; synonyms are understood."),
    click.option("--masks", type=click.Choice(["all", "union", "instances"]), default="all", show_default=True,
                 help="For instance-labelled sources: unions, single instances, or both (reported apart)."),
    click.option("--limit", type=click.IntRange(1), help="Only the first N images."),
    click.option("--subset", type=click.IntRange(1),
                 help="Only N masks of each target, spread over sources, subjects and along volumes."),
    click.option("--subset-seed", type=click.IntRange(0), default=0, show_default=True,
                 help="Of the choice of --subset."),
    click.option("--fold", type=click.IntRange(0, 4), help="One fold of five over the subjects only."),
)  # fmt: skip
preprocess_option = click.option(
    "--preprocess",
    type=click.Choice(list(PROFILES)),
    default="sam",
    show_default=True,
    help=f"How images are prepared: {'; '.join(f'{name}: {what}' for name, what in PROFILES.items())}.",
)
_INFERENCE = (
    click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), default="float32",
                 show_default=True),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps."),
    preprocess_option,
    click.option("--threads", type=click.IntRange(1), default=2, show_default=True,
                 help="CPU threads of each process. Not derived from the machine, because the last digits of the "
                      "results depend on it; on a large machine prefer more --processes."),
)  # fmt: skip
_FILTERS = (
    click.option("--iou-threshold", type=Finite(0, 1), show_default="that of the model's own generator",
                 help="S1 keeps masks whose own IoU estimate is above: 0.8 for SAM 2, EdgeTAM and SAM 3, else 0.88."),
    click.option("--stability-threshold", type=Finite(0, 1), default=0.95, show_default=True,
                 help="S1 keeps masks of at least this stability: area at a higher cut of the logits over that at a "
                      "lower one."),
    click.option("--nms-threshold", type=Finite(0, 1), default=0.7, show_default=True,
                 help="S1 drops a mask whose box overlaps that of a better one by more (IoU)."),
)  # fmt: skip
_FORMATS = click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "csv", "json"]),
    default="text",
    show_default=True,
    help="csv and json hold every figure.",
)


def selection_options(command: Command) -> Command:
    """Give a command the options that choose masks; see :func:`cosmos_datasets.evaluation.selection.select`."""
    return _with(_SELECTION, command)


def inference_options(command: Command) -> Command:
    """Give a command the options of :func:`cosmos_datasets.evaluation.models.load_model`, and ``--threads``."""
    return _with(_INFERENCE, command)


def filter_options(command: Command) -> Command:
    """Give a command the options that decide which masks of everything mode survive."""
    return _with(_FILTERS, command)


def format_option(command: Command) -> Command:
    """Give a command ``--format``: how its table is printed."""
    return _FORMATS(command)


def _with(options: tuple[Callable[[Command], Command], ...], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
