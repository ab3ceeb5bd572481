"""Whose predicted masks are kept for pictures: the gallery's images, and the best and the worst of every class.

Which row is the best of a class is known only at the end. While a chunk is worked on, its own best and worst are kept;
merging drops those that are not the best and worst of the whole run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cosmos_datasets.encoding import encode_mask

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.scoring import Predicted

Row = dict[str, Any]
#: (object, modality, whether it is a single instance, strategy)
Class = tuple[str, str, bool, str]

#: Columns that decide about a row's masks.
DECISIVE = ("image_id", "object", "modality", "instance", "strategy", "dice_oracle")


def row_class(row: Row) -> Class:
    """Among which rows a row may be the best or the worst."""
    return row["object"], row["modality"], row["instance"] > 0, row["strategy"]


class MaskKeeper:
    """Takes the rows of a chunk as they are scored and lets go of masks early: they may be as large as their image.

    Args:
        always: ids of the images whose masks are all kept.
    """

    def __init__(self, always: frozenset[str]) -> None:
        self._always = always
        self._ends: dict[Class, tuple[Row, Row]] = {}

    def take(self, row: Row) -> None:
        """Encode a row's masks, drop them, or put off the decision."""
        if row["image_id"] in self._always:
            _encode(row)
            return
        best, worst = self._ends.get(row_class(row), (row, row))
        ends = (
            row if row["dice_oracle"] > best["dice_oracle"] else best,
            row if row["dice_oracle"] < worst["dice_oracle"] else worst,
        )
        self._ends[row_class(row)] = ends
        for one in (best, worst, row):
            if all(one is not end for end in ends):
                one["mask_oracle"] = one["mask_predicted"] = None

    def finish(self) -> None:
        """Encode what is left: the best and the worst of every class, the first of equals."""
        ends = {id(row): row for pair in self._ends.values() for row in pair}
        for row in ends.values():
            _encode(row)
        self._ends = {}


def _encode(row: Row) -> None:
    oracle: Predicted | None = row["mask_oracle"]
    own: Predicted | None = row["mask_predicted"]
    row["mask_oracle"] = _encoded(oracle)
    row["mask_predicted"] = row["mask_oracle"] if own is oracle else _encoded(own)


def _encoded(one: Predicted | None) -> Row | None:
    if one is None or one.mask is None or one.bbox is None:
        return None
    return {"png": encode_mask(one.mask), "bbox": list(one.bbox)}


class Extremes:
    """The places of the best and the worst row of every class, the first of equals."""

    def __init__(self) -> None:
        self._ends: dict[Class, list[tuple[float, int]]] = {}
        self._rows = 0

    def add(self, rows: Iterable[Row]) -> None:
        """Take further rows, with the columns :data:`DECISIVE`."""
        for row in rows:
            entry = (row["dice_oracle"], self._rows)
            best, worst = ends = self._ends.setdefault(row_class(row), [entry, entry])
            if entry[0] > best[0]:
                ends[0] = entry
            if entry[0] < worst[0]:
                ends[1] = entry
            self._rows += 1

    @property
    def places(self) -> frozenset[int]:
        """Numbers of these rows, counted from the first one that was taken."""
        return frozenset(place for ends in self._ends.values() for _, place in ends)
