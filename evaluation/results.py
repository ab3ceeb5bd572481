"""The results of a run: what a row holds, and the one file that the parts are merged into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.evaluation.jitter import named
from cosmos_datasets.evaluation.kept_masks import DECISIVE, Extremes
from cosmos_datasets.evaluation.parts import OPEN_PARTS, Stored, Wanted, complete, write_merged
from cosmos_datasets.evaluation.selection import Chunk

_MASK = pa.struct({"png": pa.binary(), "bbox": pa.list_(pa.int32(), 4)})
_IDENTITY = {
    **{name: pa.string() for name in ("source", "modality", "object", "label")},
    "instance": pa.int32(),
    "rater": pa.int32(),
    **{name: pa.string() for name in ("image_id", "case_id", "group_id", "split")},
    "fold": pa.int8(),
    **{name: pa.string() for name in ("strategy", "variant", "prompt")},
    "area": pa.int32(),
}
#: Distances between surfaces, and the shares of these within a tolerance, by points and by length; see
#: :class:`cosmos_datasets.evaluation.distances.Distances` and :mod:`cosmos_datasets.evaluation.contour_share`.
DISTANCES = ("hd", "hd95", "asd", "nsd", "nsd_length")
DISTANCES_MM = tuple(f"{distance}_mm" for distance in DISTANCES)
#: What is measured as a length: an empty prediction has none.
LENGTHS = ("hd", "hd95", "asd", "hd_mm", "hd95_mm", "asd_mm")
#: Every score that a result has for both choices.
SCORES = ("dice", "jac", *DISTANCES, *DISTANCES_MM)
CHOICES = ("oracle", "predicted")


def diagonal_of(score: str) -> str:
    """The column with the largest value that one of :data:`LENGTHS` can have in its image."""
    return "diagonal_mm" if score.endswith("_mm") else "diagonal"


#: Why everything mode (S1) found nothing for a target, in the order of its filters -> in words.
NOTHING = {
    "iou": "no mask of the image had a high enough IoU estimate",
    "stability": "none of high estimate was stable",
    "nms": "what touches it was taken for a duplicate",
    "elsewhere": "all that was kept lies elsewhere",
}


def nothing_in_words(counts: Mapping[str, int], masks: int) -> str:
    """For how many masks S1 found nothing, and why; ``counts`` has keys of :data:`NOTHING`."""
    reasons = [f"for {counts[reason]:,}, {words}" for reason, words in NOTHING.items() if counts[reason]]
    found = f"S1 found nothing for {sum(counts.values()):,} of {masks:,} masks"
    return f"{found}{': ' if reasons else ''}{'; '.join(reasons)}."


#: One row a (image_id, label, instance, rater, strategy, variant). DICE, JAC and NSD 0..1, distances in pixels or,
#: behind ``_mm``, in mm; ``oracle`` is the mask of highest DICE, ``predicted`` the one of the model's highest IoU
#: estimate (null for S1). Distances are null where the prediction is empty (NSD is 0 there), and those in mm where the
#: data set does not know the size of a pixel; ``diagonal`` is the largest distance there can be in the image, from the
#: centre of its first pixel to that of its last; ``dice_blind`` is what ignores the image; ``nothing_found`` is a key
#: of :data:`NOTHING` where S1 has no mask, else null. Masks are 1-bit PNGs of their box, kept for few rows, see
#: :mod:`cosmos_datasets.evaluation.kept_masks`.
SCHEMA = pa.schema(
    {
        **_IDENTITY,
        **{f"{score}_{choice}": pa.float64() for score in SCORES for choice in CHOICES},
        **{f"{n}_{choice}": pa.int32() for n in ("tp", "pred_area", "choice") for choice in CHOICES},
        "predicted_iou": pa.float32(),
        "dice_blind": pa.float64(),
        "diagonal": pa.float64(),
        "diagonal_mm": pa.float64(),
        "nothing_found": pa.string(),
        "mask_oracle": _MASK,
        "mask_predicted": _MASK,
    }
)
_MASKS = ("mask_oracle", "mask_predicted")


def merge(run: Path, run_key: str, wanted: Wanted) -> Path:
    """Write ``RUN/results.parquet`` from the parts: every chunk and strategy once, in data set order.

    The file depends on neither the number of ranks nor interruptions. The parts are read twice, a chunk at a time:
    first to find the best and the worst rows, whose masks are kept beside those of ``wanted.pictures``.

    Raises:
        CosmosError: if a chunk is missing.
    """
    parts = _Parts(complete(run, run_key, wanted), wanted)
    extremes = Extremes()
    for chunk in wanted.chunks:
        rows_of_chunk = parts.table(chunk, (*DECISIVE, "variant")).to_pylist()
        extremes.add({**row, "strategy": named(row["strategy"], row["variant"])} for row in rows_of_chunk)
    return write_merged(run / "results.parquet", SCHEMA, _tables(parts, wanted, extremes.places))


def _tables(parts: _Parts, wanted: Wanted, best_and_worst: frozenset[int]) -> Iterator[pa.Table]:
    """Chunk by chunk, with the masks that are kept."""
    rows = 0
    for chunk in wanted.chunks:
        table = parts.table(chunk)
        yield _without_masks(table, wanted.pictures, best_and_worst, rows)
        rows += len(table)


class _Parts:
    """The parts of a run as tables."""

    def __init__(self, stored: dict[str, list[Stored]], wanted: Wanted) -> None:
        self._stored, self._wanted = stored, wanted
        self._open = lru_cache(maxsize=OPEN_PARTS)(pq.ParquetFile)

    def table(self, chunk: Chunk, columns: Sequence[str] = tuple(SCHEMA.names)) -> pa.Table:
        """The rows of a chunk, image by image; of an image the strategies in order, of these the targets."""
        strategies = self._wanted.strategies
        left = set(strategies)
        tables: list[pa.Table] = []
        for one in self._stored[chunk.name]:
            usable = left.intersection(one.strategies) if one.answers(chunk, self._wanted.pictures) else set()
            if usable:
                file = self._open(one.path)
                table = file.read_row_group(one.row_group, columns=list(columns)).replace_schema_metadata(None)
                tables.append(table.filter(pa.array([name in usable for name in _names(table)], type=pa.bool_())))
                left -= usable
        table = pa.concat_tables(tables)
        place = {image_id: n for n, image_id in enumerate(chunk.image_ids)}
        order = {name: n for n, name in enumerate(strategies)}
        keys = zip(table["image_id"].to_pylist(), _names(table), strict=True)
        ranks = [(place[image_id], order[name]) for image_id, name in keys]
        return table.take(pa.array(sorted(range(len(table)), key=ranks.__getitem__), type=pa.int64()))


def _names(table: pa.Table) -> list[str]:
    """The strategy of every row with its variant."""
    return list(map(named, table["strategy"].to_pylist(), table["variant"].to_pylist()))


def _without_masks(table: pa.Table, pictures: frozenset[str], places: frozenset[int], first: int) -> pa.Table:
    """The table with only the masks of these images and of the rows at these places, counted from ``first``."""
    image_ids = enumerate(table["image_id"].to_pylist())
    # Taking the row at place null gives null.
    kept = pa.array([n if one in pictures or first + n in places else None for n, one in image_ids], type=pa.int64())
    for name in _MASKS:
        table = table.set_column(table.schema.get_field_index(name), SCHEMA.field(name), table[name].take(kept))
    return table
