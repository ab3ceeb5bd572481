"""What a check knows of one case."""

from __future__ import annotations

from dataclasses import dataclass, field

from cosmos_datasets.finding import Finding


@dataclass
class CaseFacts:
    """What one case holds.

    Attributes:
        case_id, subject_id, group_id, split, modality: of the case.
        shape: of the image; empty if it cannot be read.
        spacing: millimetres, in the order of ``shape``; empty where the file states none.
        low, high: smallest and largest finite value of the image.
        labels: label -> pixels, over all raters.
        images: images that a build will make.
        pixels: digest of the image's values and shape.
        findings: what is wrong with it.
    """

    case_id: str
    subject_id: str
    group_id: str
    split: str
    modality: str
    shape: tuple[int, ...] = ()
    spacing: tuple[float, ...] = ()
    low: float = 0.0
    high: float = 0.0
    labels: dict[str, int] = field(default_factory=dict)
    images: int = 0
    pixels: str = ""
    findings: list[Finding] = field(default_factory=list)
