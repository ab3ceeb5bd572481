"""What is easily overlooked in such tables, with the figures of the runs at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from cosmos_datasets.cli.printing import plural

#: Masks of fewer pixels are called tiny: 16 x 16, one cell of the 64 x 64 features of SAM on a 1024 pixel image.
TINY = 256
_APART = ["model", "run", "strategy"]


class Trap(NamedTuple):
    """A name, and what to know."""

    name: str
    text: str


def traps(frame: pd.DataFrame) -> list[Trap]:
    """The traps that the runs of a frame have; see :func:`cosmos_datasets.evaluation.statistics.scores.read_runs`."""
    return [_overlap(frame), _oracle(frame), _blind(frame), _tiny(frame), _empty(frame), _subjects(frame)]


def _overlap(frame: pd.DataFrame) -> Trap:
    pairs = frame[["model", "source", "seen"]].astype(str).drop_duplicates()
    told = [
        f"{model}: " + "; ".join(f"{seen}: {', '.join(sorted(part['source']))}" for seen, part in of.groupby("seen"))
        for model, of in pairs.groupby("model")
    ]
    return Trap(
        "Training overlap",
        "A score on images that a model was trained on says nothing of others. What is known, column seen: "
        + ". ".join(told)
        + ". Unknown is not held out.",
    )


def _oracle(frame: pd.DataFrame) -> Trap:
    gaps = (
        frame.assign(gap=frame["dice_oracle"] - frame["dice_predicted"]).groupby(_APART, observed=True)["gap"].mean()
    )
    text = (
        "The oracle picks the best of several masks by looking at the reference, which no user can. Compare models by "
        "predicted, and read oracle as an upper bound."
    )
    if gaps.notna().any():
        worst = gaps.reset_index().loc[int(gaps.argmax())]
        model, run, strategy = (str(worst[name]) for name in _APART)
        name = model if frame["run"].nunique() == frame["model"].nunique() else f"{model}, {run}"
        text += f" It is largest for {name}, {strategy}: {gaps.max():.3f} DICE."
    return Trap("The oracle's optimism", text)


def _blind(frame: pd.DataFrame) -> Trap:
    below = frame["dice_oracle"] < frame["dice_blind"]
    return Trap(
        "Prompts that give it away",
        "A box around a round object is nearly its mask. The blind baseline (the ellipse in the box, the disc of mean "
        f"size around a point) never saw the image; {below.mean():.0%} of the results are below it, oracle and all.",
    )


def _tiny(frame: pd.DataFrame) -> Trap:
    masks = frame.drop_duplicates(["run", "image_id", "label", "instance", "rater"])
    tiny = masks["area"] < TINY
    text = (
        f"{tiny.mean():.0%} of the masks have fewer than {TINY} pixels; a shift by one pixel costs them much of their "
        "DICE, and a mean over masks gives each as much weight as a large one. Masks of 50 pixels or fewer were left "
        "out when the data set was built."
    )
    if tiny.any() and not tiny.all():
        small = frame["area"] < TINY
        text += (
            f" Mean DICE (oracle): {frame.loc[small, 'dice_oracle'].mean():.3f} for these, "
            f"{frame.loc[~small, 'dice_oracle'].mean():.3f} for the others."
        )
    return Trap("Tiny objects", text)


def _empty(frame: pd.DataFrame) -> Trap:
    empty = {choice: int((frame[f"pred_area_{choice}"] == 0).sum()) for choice in ("oracle", "predicted")}
    return Trap(
        "Empty predictions",
        f"Of {plural(len(frame), 'result')}, {empty['oracle']:,} have an empty mask (predicted: "
        f"{empty['predicted']:,}). They count as DICE 0 and have no surface distance, so that a model which fails "
        "often can show a small mean distance.",
    )


def _subjects(frame: pd.DataFrame) -> Trap:
    subjects = frame["group_id"].nunique()
    text = (
        "Slices of one subject are alike. Intervals therefore redraw whole subjects, and tests are over subjects, of "
        f"which there {'is one' if subjects == 1 else f'are {subjects:,}'} here."
    )
    few = _few(frame)
    return Trap("Few subjects", text + " ".join(["", *few]))


def _few(frame: pd.DataFrame) -> Iterator[str]:
    counts = frame.groupby("target", observed=True)["group_id"].nunique()
    if (single := int((counts == 1).sum())) > 0:
        yield f"Of {plural(len(counts), 'target')}, {single} with a single subject: no interval."
