"""Efforts of cropped masks against those of whole images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosmos_datasets.evaluation.annotation.efforts import TargetEfforts
from cosmos_datasets.evaluation.annotation.hce import correction_effort
from cosmos_datasets.evaluation.baselines import ellipse
from cosmos_datasets.evaluation.prompts import make_prompt
from cosmos_datasets.evaluation.sample import Mask, Target

Box = tuple[int, int, int, int]


def _cut(mask: Mask) -> tuple[Mask, Box]:
    y, x = np.nonzero(mask)
    box = int(x.min()), int(y.min()), int(x.max()), int(y.max())
    return mask[box[1] : box[3] + 1, box[0] : box[2] + 1], box


def _rectangle(box: Box) -> Mask:
    mask = np.zeros((90, 110), dtype=np.bool_)
    mask[box[1] : box[3] + 1, box[0] : box[2] + 1] = True
    return mask


_BOXES = st.tuples(st.integers(0, 60), st.integers(0, 50), st.integers(60, 109), st.integers(50, 89))


@settings(max_examples=40)
@given(_BOXES, _BOXES)
def test_crops_give_what_whole_images_give(box: Box, other: Box) -> None:
    reference, predicted = _rectangle(box), _rectangle(other)
    mask, bbox = _cut(reference)
    efforts = TargetEfforts(Target(mask, bbox, "liver", "liver"), 90, 110, mean_area=100)
    assert efforts.of(_cut(predicted)) == correction_effort(predicted, reference)
    assert efforts.nothing == efforts.of(None) == correction_effort(np.zeros_like(reference), reference)


def test_blind_baselines() -> None:
    whole = _rectangle((20, 20, 80, 70))
    target = Target(*_cut(whole), "liver", "liver")
    efforts = TargetEfforts(target, 90, 110, mean_area=target.area)
    assert efforts.of_blind("S1", '{"grid":32}') == efforts.nothing
    prompt = make_prompt("S5", target, 90, 110)
    assert prompt.box is not None
    expected = efforts.of(ellipse(prompt.box, 90, 110))
    assert efforts.of_blind("S5", prompt.to_json()) == efforts.of_blind("S6", prompt.to_json()) == expected
    point = efforts.of_blind("S2", make_prompt("S2", target, 90, 110).to_json())
    assert point.hce > 0
    assert efforts.of_blind("S5", '{"box":[500,500,510,510]}') == efforts.nothing


@pytest.mark.parametrize(("width", "thin"), [(10, True), (11, False)])
def test_thin_references(width: int, thin: bool) -> None:
    target = Target(*_cut(_rectangle((30, 30, 30 + width - 1, 70))), "vessel", "vessel")
    assert TargetEfforts(target, 90, 110, mean_area=50).is_thin is thin
