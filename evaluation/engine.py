"""The run: every process takes its share of the chunks, encodes each image once and scores it under all strategies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from tqdm import tqdm

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.jitter import named, split_name
from cosmos_datasets.evaluation.kept_masks import MaskKeeper
from cosmos_datasets.evaluation.parts import PartWriter, Wanted, missing, stored_chunks
from cosmos_datasets.evaluation.results import SCHEMA
from cosmos_datasets.evaluation.sample import Sample, Target
from cosmos_datasets.evaluation.selection import Chunk, Class
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
        """Decode the images of a chunk and its selected masks.

        Raises:
            CosmosError: if the shard is missing or damaged.
        """
        try:
            return self._read(chunk)
        except (pa.ArrowException, IndexError, OSError, SyntaxError, ValueError) as error:
            # Arrow and Pillow have all these ways to say that bytes are not what they should be.
            reason = " ".join(str(error).split())
            raise CosmosError(
                f"{chunk.shard} in {self.data.location} cannot be read ({reason}); run cosmos-datasets verify."
            ) from error

    def _read(self, chunk: Chunk) -> list[Sample]:
        place = (chunk.shard, chunk.row_group)
        if self._group is None or self._group[0] != place:
            if chunk.shard not in self._files:
                self._files = {chunk.shard: self.data.open_parquet(chunk.shard)}
            self._group = (place, self._files[chunk.shard].read_row_group(chunk.row_group))
        rows = self._group[1].take(list(chunk.rows)).to_pylist()
        if tuple(row["image_id"] for row in rows) != chunk.image_ids:
            raise ValueError("it is not the file that its index describes")
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
    wanted: Wanted,
    adapter: Adapter,
    settings: Settings,
    run: Path,
    *,
    run_key: str,
    mean_areas: Mapping[Class, float],
    rank: int = 0,
    ranks: int = 1,
    batch_size: int = 1,
    wait: Callable[[], None] = lambda: None,
    progress: bool = True,
) -> int:
    """Evaluate what is missing of one process's share and append it to ``RUN/parts``.

    Args:
        data: the data set.
        wanted: what the whole run is to hold.
        adapter: the model.
        settings: strategies and their parameters.
        run: the run's folder.
        run_key: what the results depend on.
        mean_areas: mean pixels of every class of masks.
        rank: number of this process.
        ranks: number of processes.
        batch_size: images encoded together; never more than a chunk.
        wait: a barrier over all processes; called when what is stored has been read and before anything is written.
        progress: show a bar on standard error.

    Returns:
        Number of images this process evaluated.
    """
    todo = missing(stored_chunks(run / "parts", run_key), wanted)
    wait()
    share = todo[rank::ranks]
    writer = PartWriter(run / "parts", rank, run_key, SCHEMA)
    images = 0
    means = _RunningMeans()
    label = f"process 1 of {ranks}" if ranks > 1 else "evaluate"
    total = sum(len(chunk.rows) for chunk, _ in share)
    flushed = time.monotonic()
    try:
        with tqdm(total=total, unit="image", desc=label, disable=None if progress else True) as bar:
            for chunk, left, samples in _prefetch(ChunkReader(data), share):
                # Among moved prompts the best and the worst are others than among those that are not.
                keepers = {split_name(name)[1]: MaskKeeper(wanted.pictures) for name in left}
                rows: list[Row] = []
                for of_image in _score(adapter, samples, settings.only(left), mean_areas, keepers, batch_size):
                    rows += of_image
                    bar.update()
                    bar.set_postfix_str(means.after(of_image), refresh=False)
                for keeper in keepers.values():
                    keeper.finish()
                writer.add(chunk, left, wanted.pictures, rows)
                images += len(samples)
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


def _score(
    adapter: Adapter,
    samples: list[Sample],
    settings: Settings,
    mean_areas: Mapping[Class, float],
    keepers: Mapping[str, MaskKeeper],
    batch_size: int,
) -> Iterator[list[Row]]:
    """The rows of every image of a chunk."""
    from cosmos_datasets.evaluation.scoring import score_sample

    for start in range(0, len(samples), batch_size):
        batch = samples[start : start + batch_size]
        names = [one.row["image_id"] for one in batch]
        for sample, embedding in zip(batch, adapter.encode([one.image for one in batch], names), strict=True):
            modality = sample.row["modality"]
            areas = [mean_areas[t.object, modality, t.instance > 0] for t in sample.targets]
            rows: list[Row] = []
            for row in score_sample(adapter, embedding, sample, settings, areas):
                keepers[row["variant"]].take(row)
                rows.append(row)
            yield rows


class _RunningMeans:
    """The mean DICE so far of every strategy, moved prompts apart, for the progress bar."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def after(self, rows: Sequence[Row]) -> str:
        for row in rows:
            name = named(row["strategy"], "moved" if row["variant"] else "")
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = total + row["dice_oracle"], count + 1
        return "DICE " + " ".join(f"{name} {total / n:.2f}" for name, (total, n) in sorted(self._sums.items()))
