"""Interactive segmentation: a simulated user clicks where the mask is wrong, and DICE is followed click by click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: The rules -> their names in tables and figures.
RULES = {"ritm": "RITM's rule", "largest-region": "the rule of the largest region"}


@dataclass(frozen=True)
class Clicking:
    """The protocol of the simulated user.

    Attributes:
        clicks: how many a mask gets at most.
        rule: of the next click, a key of :data:`RULES`.
        previous_mask: whether the model is given the logits of its answer before, to refine them.
        seed: of the draws among equally good places; ``ritm`` draws nothing.
    """

    clicks: int = 10
    rule: str = "ritm"
    previous_mask: bool = True
    seed: int = 0


#: What NoC, the number of clicks, counts them until -> its name. The literature means IoU.
SCORES = {"iou": "IoU", "dice": "DICE"}
Score = Literal["iou", "dice"]
