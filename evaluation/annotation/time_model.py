"""Seconds of an annotator, from counts and what one action takes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version

import cv2

from cosmos_datasets.evaluation.annotation.hce import Effort


@dataclass(frozen=True)
class Seconds:
    """What one action takes, seconds. Real annotators, tools and objects differ: give what you measured.

    Attributes:
        point: the first point of a prompt.
        further_point: every other point of it.
        box: a box.
        polygon_point: a corner of an outline.
        region: a region that goes or comes by one click.
    """

    point: float = 2.4
    further_point: float = 0.9
    box: float = 7.0
    polygon_point: float = 2.0
    region: float = 2.4

    def of_prompt(self, prompt: str) -> float:
        """Seconds of giving a prompt.

        Args:
            prompt: as results store it, JSON. One that is neither points nor a box is S1, which segments everything
                without being asked: the annotator points at the mask, as at an object.
        """
        given = json.loads(prompt)
        points, box = len(given.get("points", ())), "box" in given
        if not points and not box:
            return self.point
        # Who has drawn a box is at the object already.
        first = 0.0 if not points else self.further_point if box else self.point
        return first + max(points - 1, 0) * self.further_point + box * self.box

    def of_correction(self, effort: Effort) -> float:
        """Seconds of a correction."""
        return effort.points * self.polygon_point + effort.regions * self.region


#: Where each default comes from.
ORIGINS = {
    "point": "Bearman et al., What's the point, ECCV 2016: first click on an object",
    "further_point": "Bearman et al. 2016: every further click",
    "box": "Papadopoulos et al., Extreme clicking, ICCV 2017",
    "polygon_point": "assumed",
    "region": "assumed: as the first click on an object",
}
#: What the model leaves out or takes for granted.
ASSUMPTIONS = (
    "Nobody annotated: times are counts of clicks by stated seconds each.",
    "The model's own computing time is not counted, nor looking for objects, nor checking.",
    "The annotator always corrects the mask, also where drawing anew would be shorter (column worse).",
    "HCE ignores errors up to 2 gamma pixels thin, also from nothing: of a reference as thin (column thin) it sees "
    "the skeleton only.",
)


def assumptions(seconds: Seconds) -> list[str]:
    """The assumptions as sentences, with the seconds and where they come from, and the libraries that decide HCE."""
    lines = []
    for name, origin in ORIGINS.items():
        value, default = getattr(seconds, name), getattr(Seconds(), name)
        lines.append(f"{name.replace('_', ' ')}: {value:g} s ({origin if value == default else 'given'})")
    libraries = f"HCE: skeletons of scikit-image {version('scikit-image')}, polylines of OpenCV {cv2.__version__}."
    return [*lines, *ASSUMPTIONS, libraries]
