"""The run: every process takes its share of the chunks, encodes each image once and scores it under all strategies."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from cosmos_datasets.evaluation.results import PartWriter, missing_strategies, stored_chunks
from cosmos_datasets.evaluation.sample import Sample, Target
from cosmos_datasets.evaluation.selection import Chunk, Selection
from cosmos_datasets.load.access import CosmosDataset
from cosmos_datasets.load.rows import as_array

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from cosmos_datasets.evaluation.models.adapter import Adapter
    from cosmos_datasets.evaluation.scoring import Settings

#: Seconds of work after which results are written, so that a killed run loses little.
FLUSH_SECONDS = 20.0

Row = dict[str, Any]


@dataclass
class ChunkReader:
    """Reads chunks of a data set; the row group that was read last is kept for its next chunk."""

    data: CosmosDataset
    _files: dict[str, pq.ParquetFile] = field(default_factory=dict)
    _group: tuple[tuple[str, int], Any] | None = None

    def read(self, chunk: Chunk) -> list[Sample]:
        """Decode the images of a chunk and its selected masks."""
        place = (chunk.shard, chunk.row_group)
        if self._group is None or self._group[0] != place:
            if chunk.shard not in self._files:
                self._files = {chunk.shard: self.data.open_parquet(chunk.shard)}
            self._group = (place, self._files[chunk.shard].read_row_group(chunk.row_group))
        rows = self._group[1].take(list(chunk.rows)).to_pylist()
        return [_sample(row, masks) for row, masks in zip(rows, chunk.masks, strict=True)]


def _sample(row: Row, masks: Sequence[int]) -> Sample:
    targets = tuple(_target(row["objects"][k]) for k in masks)
    metadata = {name: value for name, value in row.items() if name not in {"image", "objects"}}
    return Sample(as_array(row["image"]), targets, metadata)


def _target(one: Row) -> Target:
    x0, y0, x1, y1 = one["bbox"]
    return Target(as_array(one["mask"]), (x0, y0, x1, y1), one["object"], one["label"], one["instance"], one["rater"])


def evaluate_share(
    data: CosmosDataset,
    selection: Selection,
    adapter: Adapter,
    settings: Settings,
    run: Path,
    *,
    run_key: str,
    rank: int = 0,
    ranks: int = 1,
    batch_size: int = 1,
    keep_all_masks: bool = False,
    wait: Any = lambda: None,
    progress: bool = True,
) -> int:
    """Evaluate what is missing of one process's share and append it to ``RUN/parts``.

    Args:
        data: the data set.
        selection: what the whole run evaluates.
        adapter: the model.
        settings: strategies and their parameters.
        run: the run's folder.
        run_key: what the results depend on.
        rank: number of this process.
        ranks: number of processes.
        batch_size: images encoded together; never more than a chunk.
        keep_all_masks: keep every predicted mask instead of the gallery's.
        wait: a barrier over all processes; called when what is stored has been read and before anything is written.
        progress: show a bar on standard error.

    Returns:
        Number of images this process evaluated.
    """
    stored = stored_chunks(run / "parts", run_key)
    todo = [(c, left) for c in selection.chunks if (left := missing_strategies(c, stored, settings.strategies))]
    wait()
    share = todo[rank::ranks]
    writer = PartWriter(run / "parts", rank, run_key)
    images = 0
    label = f"rank {rank} of {ranks}" if ranks > 1 else "evaluate"
    total = sum(len(chunk.rows) for chunk, _ in share)
    flushed = time.monotonic()
    try:
        with tqdm(total=total, unit="image", desc=label, disable=None if progress else True) as bar:
            for chunk, left, samples in _prefetch(ChunkReader(data), share):
                rows = _score_chunk(adapter, samples, settings.only(left), selection, batch_size)
                _drop_masks(rows, selection.gallery, keep_all_masks)
                writer.add(chunk, left, rows)
                images += len(samples)
                bar.update(len(samples))
                if time.monotonic() - flushed > FLUSH_SECONDS:
                    writer.flush()
                    flushed = time.monotonic()
    finally:
        # Also after Ctrl-C: finished chunks are whole, and the next run goes on behind them.
        writer.flush()
    return images


def _prefetch(
    reader: ChunkReader, share: Sequence[tuple[Chunk, tuple[str, ...]]]
) -> Iterator[tuple[Chunk, tuple[str, ...], list[Sample]]]:
    """Decode the next chunk while the model works on this one."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(reader.read, share[0][0]) if share else None
        for n, (chunk, left) in enumerate(share):
            assert coming is not None
            samples = coming.result()
            coming = pool.submit(reader.read, share[n + 1][0]) if n + 1 < len(share) else None
            yield chunk, left, samples


def _score_chunk(
    adapter: Adapter, samples: list[Sample], settings: Settings, selection: Selection, batch_size: int
) -> list[Row]:
    from cosmos_datasets.evaluation.scoring import score_sample

    rows: list[Row] = []
    for start in range(0, len(samples), batch_size):
        batch = samples[start : start + batch_size]
        for sample, embedding in zip(batch, adapter.encode([one.image for one in batch]), strict=True):
            modality = sample.row["modality"]
            areas = [selection.mean_areas[t.object, modality, t.instance > 0] for t in sample.targets]
            rows += score_sample(adapter, embedding, sample, settings, areas)
    return rows


def _drop_masks(rows: list[Row], gallery: frozenset[str], keep_all: bool) -> None:
    """Keep the predicted masks of the gallery's images, and of the best and worst of every target in the chunk."""
    if keep_all:
        return
    extremes: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        extremes.setdefault((row["object"], row["modality"], row["strategy"]), []).append(row)
    kept = set()
    for members in extremes.values():
        ranked = sorted(members, key=lambda row: row["dice_oracle"])
        kept |= {id(ranked[0]), id(ranked[-1])}
    for row in rows:
        if row["image_id"] not in gallery and id(row) not in kept:
            row["mask_oracle"] = row["mask_predicted"] = None
