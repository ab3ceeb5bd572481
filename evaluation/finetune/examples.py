"""What training reads again and again, kept on disk: images with their masks, and embeddings of the frozen encoder.

One safetensors file an image, so that a stopped preparation goes on where it was, and training may read in any order.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tqdm import tqdm

from cosmos_datasets.build.files import atomic
from cosmos_datasets.cli.printing import bytes_text
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.engine import ChunkReader
from cosmos_datasets.evaluation.sample import Mask, Sample, pasted
from cosmos_datasets.evaluation.selection import Chunk, Selection

if TYPE_CHECKING:
    from cosmos_datasets.evaluation.models.adapter import Adapter
    from cosmos_datasets.load.access import CosmosDataset


@dataclass(frozen=True)
class Entry:
    """One image of a part.

    Attributes:
        image_id: its id.
        picture: file of the image and its masks.
        features: file of its embedding.
        masks: how many masks it has.
    """

    image_id: str
    picture: Path
    features: Path
    masks: int


@dataclass(frozen=True, eq=False)
class Example:
    """An image with its masks, read back.

    Attributes:
        image: uint8, ``(H, W)`` or ``(H, W, 3)``.
        boxes: int32 ``(K, 4)``, xyxy with ends inclusive.
        masks: each cropped to its box.
        features: levels of the embedding, each with a leading axis of 1; empty where the encoder is trained.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.int32]
    masks: tuple[Mask, ...]
    features: tuple[torch.Tensor, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return int(self.image.shape[0]), int(self.image.shape[1])

    def full(self, k: int) -> Mask:
        """Mask k on the canvas of the image."""
        height, width = self.size
        x0, y0, x1, y1 = map(int, self.boxes[k])
        return pasted(self.masks[k], (x0, y0, x1, y1), (0, 0, width - 1, height - 1))


class Store:
    """Examples in a folder.

    Args:
        folder: for all of them; several fine-tunings may share it, also at the same time.
        revision: of the data.
        adapter: the untouched model, or ``None`` if its embeddings are not needed.
        dtype: of the stored embeddings.
    """

    def __init__(self, folder: Path, revision: str, adapter: Adapter | None, dtype: torch.dtype) -> None:
        self._pictures = folder / f"images-{revision[:16]}"
        self._adapter, self._dtype = adapter, dtype
        self._features = folder / "none"
        if adapter is not None:
            # Whatever an embedding depends on; the device and its arithmetic change the last digits.
            facts = [
                revision,
                adapter.digest,
                adapter.preprocess,
                adapter.resizing,
                str(adapter.dtype),
                adapter.device.type,
                str(dtype),
            ]
            self._features = folder / f"embeddings-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]}"

    def entries(self, part: Selection) -> list[Entry]:
        """The images of a part, in data set order."""
        return [self._entry(chunk, n, image_id) for chunk in part.chunks for n, image_id in enumerate(chunk.image_ids)]

    def _entry(self, chunk: Chunk, n: int, image_id: str) -> Entry:
        key = hashlib.sha256(image_id.encode()).hexdigest()[:32]
        masks = hashlib.sha256(repr(chunk.masks[n]).encode()).hexdigest()[:16]
        picture = self._pictures / f"{key}-{masks}.safetensors"
        return Entry(image_id, picture, self._features / f"{key}.safetensors", len(chunk.masks[n]))

    def missing(self, part: Selection) -> list[Chunk]:
        """The chunks of which something is not there yet."""
        return [
            chunk
            for chunk in part.chunks
            if not all(self._complete(self._entry(chunk, n, one)) for n, one in enumerate(chunk.image_ids))
        ]

    def _complete(self, entry: Entry) -> bool:
        return entry.picture.is_file() and (self._adapter is None or entry.features.is_file())

    def prepare(
        self,
        data: CosmosDataset,
        part: Selection,
        *,
        rank: int = 0,
        ranks: int = 1,
        wait: Callable[[], None] = lambda: None,
        progress: bool = True,
    ) -> None:
        """Write this process's share of what is missing, and wait for the others.

        Raises:
            CosmosError: if the disk is too small.
        """
        chunks = self.missing(part)
        wait()  # before anybody writes: all must see the same chunks missing
        share = chunks[rank::ranks]
        reader = ChunkReader(data)
        left = sum(len(chunk.rows) for chunk in chunks)
        label = "encode images" if self._adapter is not None else "read images"
        checked = self._adapter is None
        with (
            ThreadPoolExecutor(1) as pool,
            tqdm(total=sum(len(chunk.rows) for chunk in share), unit="image", desc=label,
                 disable=None if progress else True) as bar,
        ):  # fmt: skip
            coming = pool.submit(reader.read, share[0]) if share else None
            for number, chunk in enumerate(share):
                assert coming is not None
                samples = coming.result()
                coming = pool.submit(reader.read, share[number + 1]) if number + 1 < len(share) else None
                for n, sample in enumerate(samples):
                    size = self._write(self._entry(chunk, n, chunk.image_ids[n]), sample)
                    if not checked and size:
                        _refuse_small_disk(self._features, size * left)
                        checked = True
                    bar.update()
        wait()

    def _write(self, entry: Entry, sample: Sample) -> int:
        """Write what is missing of an image; bytes of its embedding."""
        if not entry.picture.is_file():
            bits = np.concatenate([target.mask.ravel() for target in sample.targets])
            tensors = {
                "image": np.ascontiguousarray(sample.image),
                "boxes": np.asarray([target.bbox for target in sample.targets], dtype=np.int32),
                "bits": np.packbits(bits),
            }
            _save({name: torch.from_numpy(value) for name, value in tensors.items()}, entry.picture)
        if self._adapter is None or entry.features.is_file():
            return 0
        levels = [level.to("cpu", self._dtype) for level in self._adapter.encode([sample.image])[0].tensors]
        if not all(bool(level.isfinite().all()) for level in levels):
            raise CosmosError(
                f"the embedding of {entry.image_id} does not fit into {self._dtype}; use --embeddings-dtype float32."
            )
        _save({str(n): level.contiguous() for n, level in enumerate(levels)}, entry.features)
        return sum(level.numel() * level.element_size() for level in levels)

    def read(self, entry: Entry) -> Example:
        """Read an example back.

        Raises:
            CosmosError: if a file is missing or damaged; it is removed, so that the next start makes it anew.
        """
        picture = _load(entry.picture)
        boxes = picture["boxes"].numpy()
        sizes = [(int(y1 - y0 + 1), int(x1 - x0 + 1)) for x0, y0, x1, y1 in boxes]
        ends = np.cumsum([height * width for height, width in sizes])
        bits = np.unpackbits(picture["bits"].numpy(), count=int(ends[-1])).astype(np.bool_)
        crops = np.split(bits, ends[:-1])
        masks = tuple(crop.reshape(size) for crop, size in zip(crops, sizes, strict=True))
        levels = _load(entry.features) if self._adapter is not None else {}
        # A copy: tensors of a mapped file lie at any address, which moves the last digits of products.
        features = tuple(levels[str(n)].to(torch.float32, copy=True) for n in range(len(levels)))
        return Example(picture["image"].numpy(), boxes, masks, features)


def _save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    with atomic(path) as temporary:
        save_file(tensors, temporary)


def _load(path: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, FileNotFoundError) as error:
        path.unlink(missing_ok=True)
        raise CosmosError(f"{path} is missing or damaged; give the same command again, it is made anew.") from error


def _refuse_small_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise CosmosError(
            f"the embeddings need {bytes_text(needed)} more, and {folder} has {bytes_text(free)} left: name a folder "
            "on a larger disk with --embeddings, or choose fewer images."
        )
