"""Which case goes into which shard: settled from the case list and raw sizes, before anything is decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from cosmos_datasets.case import Case
from cosmos_datasets.source import Source
from cosmos_datasets.vocabulary import slug

#: Raw bytes a shard takes. Raw files are 16 bit and compressed, shards hold 8-bit PNG: a shard stays well under the
#: 500 MB that the Hub's viewer likes, even where a raw format was compressed twice as well.
RAW_BYTES_PER_SHARD = 200_000_000


@dataclass(frozen=True)
class Shard:
    """One parquet file to be.

    Attributes:
        source, modality, split: what it holds.
        number, count: its place among the shards of that source, modality and split.
        cases: its cases, in order.
    """

    source: str
    modality: str
    split: str
    number: int
    count: int
    cases: tuple[Case, ...]

    @property
    def name(self) -> str:
        """``<source>/<modality>/<split>-00000-of-00001.parquet``, below ``data/`` and below ``index/``."""
        return f"{self.source}/{slug(self.modality)}/{self.split}-{self.number:05d}-of-{self.count:05d}.parquet"


def source_folder(source: Source, raw: Path) -> Path:
    """The folder of a source below a raw folder that may hold several: the one named after its id, else ``raw``."""
    own = raw / source.id
    return own if own.is_dir() else raw


def plan_shards(source: str, cases: Sequence[Case]) -> list[Shard]:
    """Divide cases into shards of about :data:`RAW_BYTES_PER_SHARD`, never splitting a case.

    Args:
        source: id of the source.
        cases: sorted by case id.
    """
    shards: list[Shard] = []
    key = _modality_and_split
    for (modality, split), group in groupby(sorted(cases, key=key), key=key):
        members = list(group)
        bins = _fill(members)
        shards += [
            Shard(source, modality, split, number, len(bins), tuple(members)) for number, members in enumerate(bins)
        ]
    return shards


def _modality_and_split(case: Case) -> tuple[str, str]:
    return case.modality, case.split


def _fill(cases: list[Case]) -> list[list[Case]]:
    bins: list[list[Case]] = []
    room = 0
    for case in cases:
        size = sum(path.stat().st_size for path in case.image.files if path.is_file())
        if not bins or size > room:
            bins.append([])
            room = RAW_BYTES_PER_SHARD
        bins[-1].append(case)
        room -= size
    return bins


def study_units(cases: Iterable[Case]) -> list[list[Case]]:
    """Group cases that share a label file: the sequences of one study are worked on together, labels decoded once."""
    ordered = sorted(cases, key=lambda case: (_first_label_file(case), case.case_id))
    return [list(unit) for _, unit in groupby(ordered, key=_first_label_file)]


def _first_label_file(case: Case) -> str:
    files = case.annotations[0].reader.files
    return str(files[0]) if files else case.case_id


def raw_fingerprint(files: Iterable[Path], root: Path, *, with_time: bool) -> str:
    """Hash names and sizes of raw files.

    Args:
        files: the files; those that do not exist count as absent.
        root: names are taken relative to it, so that the place of the download does not matter.
        with_time: whether the time of modification counts, which notices an edit in place but differs from copy to
            copy.
    """
    digest = hashlib.sha256()
    for path in files:
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        state = path.stat() if path.is_file() else None
        stamp = "" if state is None else f"{state.st_size}" + (f":{state.st_mtime_ns}" if with_time else "")
        digest.update(f"{name}\0{stamp}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
