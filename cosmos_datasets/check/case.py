"""One case: its files, values and headers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cosmos_datasets.case import Case
from cosmos_datasets.check.facts import CaseFacts
from cosmos_datasets.errors import CaseError
from cosmos_datasets.examine import MIN_AREA, OpenCase, open_case, opening
from cosmos_datasets.finding import Finding, below
from cosmos_datasets.intensity import Intensity
from cosmos_datasets.source import Source
from cosmos_datasets.standardise import group_of


def check_case(source: Source, case: Case, root: Path, intensity: Intensity) -> CaseFacts:
    """Read a case as a build would, and look at what it holds. Never raises for what is wrong with the case.

    Args:
        source: the declaration of labels.
        case: the case.
        root: the raw folder; files are named relative to it.
        intensity: how a build would map raw values to 8 bit.
    """
    facts = CaseFacts(case.case_id, case.subject_id, group_of(source, case), case.split, case.modality)
    opened = None
    try:
        with opening(source, case):
            opened = open_case(source, case, intensity)
            _look_at_image(facts, opened)
            _count_masks(facts, opened)
    except CaseError as error:
        reason = str(error).removeprefix(f"{source.id}/")
        facts.findings.append(Finding("error", "cannot be read; a build leaves the case out", reason))
    facts.findings = [*(opened.findings if opened else ()), *facts.findings]
    facts.findings = [Finding(one.level, one.what, below(root, one.where)) for one in facts.findings]
    return facts


def _look_at_image(facts: CaseFacts, opened: OpenCase) -> None:
    values = opened.image.array
    facts.shape, facts.spacing, facts.pixels = values.shape, opened.spacing, opened.digest
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if finite.size:
        facts.low, facts.high = float(finite.min()), float(finite.max())


def _count_masks(facts: CaseFacts, opened: OpenCase) -> None:
    slices: set[int] = set()
    for _, index, (label, instance, _, area, _) in opened.masks():
        if instance == 0:
            facts.labels[label.name] = facts.labels.get(label.name, 0) + area
        if label.object is not None and area > MIN_AREA:
            slices.add(index)
    facts.images = len(slices)
