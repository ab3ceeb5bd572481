"""Which results of a run are drawn: of every target a sample, and the best and the worst of each strategy."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from cosmos_datasets.encoding import decode_mask
from cosmos_datasets.evaluation.jitter import Jitter
from cosmos_datasets.evaluation.sample import Mask

_COLUMNS = [
    *("object", "modality", "label", "instance", "rater", "image_id", "strategy", "variant", "prompt"),
    *("dice_oracle", "dice_predicted", "dice_blind", "area", "pred_area_oracle"),
]
#: What names a reference mask.
KEY = ["image_id", "label", "instance", "rater"]

Crop = tuple[Mask, tuple[int, int, int, int]]


@dataclass(frozen=True)
class Strip:
    """Results that stand in a row.

    Attributes:
        kind: ``sample`` (one reference mask under every strategy), ``moved`` (the same mask under prompts that were
            moved, the first draw of each range), ``best`` or ``worst`` (of each strategy, prompts unmoved).
        rows: labels of the rows of the frame.
    """

    kind: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Section:
    """The strips of a target.

    Attributes:
        object, modality: the target.
        instances: whether these are single instances rather than unions.
        masks: how many reference masks were evaluated.
        strips: samples first, each with its moved prompts behind it; then the best and the worst.
    """

    object: str
    modality: str
    instances: bool
    masks: int
    strips: tuple[Strip, ...]


def read_scores(results: Path) -> pd.DataFrame:
    """Read a run's scores without its masks.

    Args:
        results: ``RUN/results.parquet``.

    Returns:
        The columns that a picture's caption needs, numbered as in the file, and ``drawable``: whether the mask of
        highest DICE is known, because it was kept or is empty.
    """
    # Only the box of a mask: the pixels of a run that kept all would not fit into memory.
    table = pq.ParquetFile(results).read([*_COLUMNS, "mask_oracle.bbox"])
    frame: pd.DataFrame = table.select(_COLUMNS).to_pandas()
    frame["drawable"] = table["mask_oracle"].is_valid().to_numpy() | (frame["pred_area_oracle"] == 0)
    return frame


def choose_sections(scores: pd.DataFrame, sample: int) -> list[Section]:
    """Choose what is drawn of every target.

    Args:
        scores: as :func:`read_scores` gives them.
        sample: reference masks of each target that are shown under every strategy: the first in the order of a hash
            of their image's id, which is also the order in which a run keeps masks.

    Returns:
        A section for every target with something to draw, by object, modality and kind.
    """
    sections = []
    unmoved = scores["variant"] == ""
    strategies = scores.loc[unmoved, "strategy"].nunique()
    for key, members in scores.groupby(["object", "modality", scores["instance"] > 0], sort=True):
        object_, modality, instances = key
        drawable = members[members["drawable"]]
        plain, moved = drawable[unmoved[drawable.index]], drawable[~unmoved[drawable.index]]
        strips = [
            *(strip for rows in _samples(plain, strategies, sample) for strip in _with_moved(rows, plain, moved)),
            *(Strip(kind, _ends(plain, kind)) for kind in ("best", "worst")),
        ]
        if strips := [strip for strip in strips if strip.rows]:
            masks = len(members[KEY].drop_duplicates())
            sections.append(Section(str(object_), str(modality), bool(instances), masks, tuple(strips)))
    return sections


def _samples(plain: pd.DataFrame, strategies: int, sample: int) -> list[tuple[int, ...]]:
    complete: dict[str, list[tuple[Hashable, tuple[int, ...]]]] = {}
    for key, rows in plain.groupby(KEY, sort=False):
        if len(rows) == strategies:
            complete.setdefault(str(key[0]), []).append((key, _numbers(rows.sort_values("strategy"))))
    images = sorted(complete, key=_hash)[:sample]
    return [min(complete[image], key=lambda one: _hash(str(one[0])))[1] for image in images]


def _with_moved(rows: tuple[int, ...], plain: pd.DataFrame, moved: pd.DataFrame) -> list[Strip]:
    """A sample, and the same mask under the first draw of each range of moved prompts."""
    same = (moved[KEY] == plain.loc[rows[0], KEY]).all(axis=1)
    first = np.array([Jitter.parse(variant).seed == 1 for variant in moved["variant"]], dtype=np.bool_)
    return [Strip("sample", rows), Strip("moved", _numbers(moved[same & first].sort_values(["strategy", "variant"])))]


def _ends(plain: pd.DataFrame, kind: str) -> tuple[int, ...]:
    """The best or worst of every strategy, the first of equals."""
    groups = plain.groupby("strategy", sort=True)["dice_oracle"]
    return tuple(int(number) for number in (groups.idxmax() if kind == "best" else groups.idxmin()))


def _numbers(rows: pd.DataFrame) -> tuple[int, ...]:
    return tuple(int(number) for number in rows.index)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_masks(results: Path, numbers: set[int]) -> dict[int, dict[str, Crop | None]]:
    """Read the predicted masks of a few rows.

    Args:
        results: ``RUN/results.parquet``.
        numbers: of the rows, counted from the first in the file.

    Returns:
        For every row its masks ``oracle`` and ``predicted``, cropped, with their box in pixels of the image, xyxy with
        ends inclusive; ``None`` where the mask is empty or there is none.
    """
    file = pq.ParquetFile(results)
    found: dict[int, dict[str, Crop | None]] = {}
    start = 0
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        inside = sorted(number for number in numbers if start <= number < end)
        if inside:
            table = file.read_row_group(group, columns=["mask_oracle", "mask_predicted"])
            rows = table.take([number - start for number in inside]).to_pylist()
            for number, row in zip(inside, rows, strict=True):
                found[number] = {choice: _crop(row[f"mask_{choice}"]) for choice in ("oracle", "predicted")}
        start = end
    return found


def _crop(stored: dict[str, object] | None) -> Crop | None:
    if stored is None:
        return None
    png, bbox = stored["png"], stored["bbox"]
    assert isinstance(png, bytes) and isinstance(bbox, list)
    x0, y0, x1, y1 = bbox
    return decode_mask(png), (x0, y0, x1, y1)
