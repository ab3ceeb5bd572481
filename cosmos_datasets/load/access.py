"""Direct access to a built data set, local or on the Hub: its index, and just the rows one asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.build.manifest import Manifest, read_manifest
from cosmos_datasets.build.readme import configs
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.load.location import is_hub_id, local_folder
from cosmos_datasets.vocabulary import objects_called, slug

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]


@dataclass(frozen=True)
class CosmosDataset:
    """A built data set.

    Attributes:
        location: the folder or Hub id, as given.
        root: its path on ``filesystem``.
        filesystem: an fsspec file system.
        manifest: what it holds.
    """

    location: str
    root: str
    filesystem: Any
    manifest: Manifest

    @property
    def configs(self) -> list[str]:
        """Names of the configurations that ``load_dataset`` takes."""
        return list(configs(self.manifest))

    def shards(self, config: str = "all", split: str | None = None) -> list[Sealed]:
        """The shards of a configuration, in the order in which ``load_dataset`` reads them.

        Args:
            config: ``all``, a source or a modality.
            split: one split; all by default.

        Raises:
            CosmosError: if there is no such configuration, or it has no such split.
        """
        members = [(name, shard) for name, entry in self.manifest.sources.items() for shard in entry.shards]
        chosen = [shard for name, shard in members if config in {"all", name, slug(shard.modality), shard.modality}]
        if not chosen:
            with_images = ", ".join(name for name in self.configs if name != "index")
            raise CosmosError(f"{self.location} has no configuration {config!r} with images; it has {with_images}.")
        found = sorted((shard for shard in chosen if split in {None, shard.split}), key=lambda shard: shard.path)
        if not found:
            splits = sorted({shard.split for shard in chosen})
            raise CosmosError(f"{config} has no split {split!r}; it has {', '.join(splits)}.")
        return found

    def open_parquet(self, path: str) -> pq.ParquetFile:
        """Open a file of the data set; raises :class:`CosmosError` if it is missing."""
        with self._reading(path):
            return pq.ParquetFile(self.filesystem.open(f"{self.root}/{path}", "rb"))

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if self.manifest.index_only:
                raise CosmosError(
                    f"{self.location} holds the index without pixels. Build the sources from their raw downloads and "
                    "open that folder; its card says how."
                ) from error
            raise CosmosError(f"{path} is missing in {self.location}; run cosmos-datasets verify.") from error
        except (pa.ArrowException, OSError) as error:
            # Arrow reports a damaged page as OSError, in several lines.
            reason = " ".join(str(error).split())
            raise CosmosError(
                f"{path} in {self.location} cannot be read ({reason}); run cosmos-datasets verify."
            ) from error

    def index(self, config: str = "all", split: str | None = None, columns: list[str] | None = None) -> pa.Table:
        """The index, one row a mask; see :data:`cosmos_datasets.schema.INDEX_SCHEMA` for its columns."""
        return pa.concat_tables(self.index_of(shard, columns) for shard in self.shards(config, split))

    def index_of(self, shard: Sealed, columns: list[str] | None = None) -> pa.Table:
        """The part of the index that belongs to one shard; see :meth:`index`."""
        file = self.open_parquet(shard.index)
        with self._reading(shard.index):
            return file.read(columns)

    def find(
        self,
        object: str | None = None,  # noqa: A002 - the field's own word
        modality: str | None = None,
        source: str | None = None,
        label: str | None = None,
        split: str | None = None,
        instances: bool = False,
    ) -> pd.DataFrame:
        """Which masks there are, without opening an image.

        Args:
            object: canonical object or a synonym (``"liver"``, ``"hepatic"``).
            modality: canonical name or its slug (``"T2W MRI"``, ``"t2w-mri"``).
            source: id of a source.
            label: a source's own class.
            split: ``train``, ``validation`` or ``test``.
            instances: also the single instances of instance-labelled sources, not only their union.

        Returns:
            Rows of the index, as a data frame; pass it to :meth:`rows`.

        Raises:
            CosmosError: if a word is not known.
        """
        table = self.index(modality or source or "all", split).to_pandas()
        if source is not None:
            table = table[table["source"] == source]
        if label is not None:
            table = table[table["label"] == label]
        if not instances:
            table = table[table["instance"] == 0]
        if object is not None:
            table = table[table["object"].isin(objects_called(object, table["object"].unique()))]
        found: pd.DataFrame = table.reset_index(drop=True)
        return found

    def rows(self, found: pd.DataFrame, columns: list[str] | None = None) -> Iterator[Row]:
        """Open just the rows that :meth:`find` named, each image once, in index order.

        Args:
            found: rows of the index.
            columns: of the shards; all by default.

        Yields:
            Rows as stored: images and masks as ``{"bytes": ..., "path": None}``, see
            :func:`cosmos_datasets.load.rows.as_array`.
        """
        places = found[["shard", "row_group", "row"]].drop_duplicates()
        for shard, groups in places.groupby("shard", sort=True):
            file = self.open_parquet(str(shard))
            for number, members in groups.groupby("row_group", sort=True):
                with self._reading(str(shard)):
                    table = file.read_row_group(int(str(number)), columns=columns)
                yield from table.take(pa.array(sorted(members["row"]))).to_pylist()


def open_dataset(location: str | os.PathLike[str] | None = None) -> CosmosDataset:
    """Open a built data set without copying it anywhere.

    Args:
        location: a folder, a Hub id (``organisation/cosmos1050k``) or any fsspec address; by default
            ``$COSMOS1050K``, then ``./cosmos1050k``.

    Raises:
        CosmosError: if nothing is there, it was not built, or the Hub cannot be reached.
    """
    text = str(location) if location is not None else None
    if text is not None and (is_hub_id(text) or "://" in text):
        return _open_remote(text)
    if text and not Path(text).expanduser().is_dir():
        raise CosmosError(f"{text} is not a folder. Name a built data set, or one on the Hub as organisation/name.")
    folder = local_folder(text)
    from fsspec.implementations.local import LocalFileSystem

    path = folder / MANIFEST
    if not path.is_file():
        raise CosmosError(
            f"{folder} is not a built data set: it has no {MANIFEST}. If it holds raw downloads, build it first: "
            f"cosmos-datasets build SOURCE --raw {folder} --out cosmos1050k"
        )
    return CosmosDataset(str(folder), folder.as_posix(), LocalFileSystem(), read_manifest(folder))


def _open_remote(location: str) -> CosmosDataset:
    import fsspec

    address = location if "://" in location else f"hf://datasets/{location}"
    try:
        filesystem, root = fsspec.url_to_fs(address)
        text = filesystem.cat_file(f"{root}/{MANIFEST}").decode()
    except FileNotFoundError as error:
        raise CosmosError(
            f"{location} is neither a folder here nor a data set with a {MANIFEST} on the Hub; check the spelling, "
            "and `hf auth login` if it is private."
        ) from error
    except Exception as error:
        # Every HTTP client in reach raises its own family of connection errors.
        raise CosmosError(
            f"{location} is no folder here and cannot be reached on the Hub ({type(error).__name__}: {error}); is the "
            "path right, is there a network?"
        ) from error
    return CosmosDataset(location, root, filesystem, Manifest.loads(text, f"{location}/{MANIFEST}"))


def find(data: str | os.PathLike[str] | None = None, **query: Any) -> pd.DataFrame:
    """Search the index of a data set; see :meth:`CosmosDataset.find` for the query.

    Args:
        data: where it is, as for :func:`open_dataset`.
        **query: ``object``, ``modality``, ``source``, ``label``, ``split``, ``instances``.
    """
    return open_dataset(Path(data) if isinstance(data, Path) else data).find(**query)
