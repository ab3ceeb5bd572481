"""What of a built data set is shared, and whether it may be."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from cosmos_datasets.build import MANIFEST
from cosmos_datasets.build.manifest import Manifest, SourceEntry, read_manifest
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.build.verify import verify
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.finding import Grouped, grouped, ungrouped
from cosmos_datasets.registry import get_source

#: From free to forbidden.
_STRICTNESS = ("yes", "gated", "no")
#: Problems of a data set that are named in an error.
_NAMED = 5


@dataclass(frozen=True)
class SharedFile:
    """A file that is sent as it is.

    Attributes:
        path: where it goes, relative to the repository.
        local: where it is.
        size: in bytes.
        sha256: as the manifest states it.
    """

    path: str
    local: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """What is sent.

    Attributes:
        folder: the data set.
        manifest: of what is shared: the chosen sources, without paths of this machine.
        texts: path -> a small file that is made for the repository.
        prompts: files of prompts, see :mod:`cosmos_datasets.share.prompts`.
    """

    folder: Path
    manifest: Manifest
    texts: dict[str, str] = field(default_factory=dict)
    prompts: tuple[SharedFile, ...] = ()

    @property
    def files(self) -> list[SharedFile]:
        """The files that are sent as they are, sorted by path."""
        found = list(self.prompts)
        for shard in (one for entry in self.manifest.sources.values() for one in entry.shards):
            index = self.folder / shard.index
            found.append(SharedFile(shard.index, index, index.stat().st_size, shard.index_sha256))
            if not self.manifest.index_only:
                found.append(SharedFile(shard.path, self.folder / shard.path, shard.bytes, shard.sha256))
        return sorted(found, key=lambda one: one.path)

    @property
    def gated(self) -> bool:
        """Whether pixels are sent of a source that is for those who accept its terms."""
        sources = {} if self.manifest.index_only else self.manifest.sources
        return any(redistributable(name, one) == "gated" for name, one in sources.items())


def redistributable(source_id: str, entry: SourceEntry) -> str:
    """Whether a source may be passed on: the stricter of what its build recorded and what is known now."""
    try:
        known: str = get_source(source_id).redistributable
    except CosmosError:  # built with a package that is not installed here
        known = entry.redistributable
    return max(known, entry.redistributable, key=_STRICTNESS.index)


def choose(folder: Path, sources: Collection[str], *, index_only: bool = False) -> Contents:
    """Choose what is shared.

    Args:
        folder: a built data set.
        sources: ids; all of the data set's if empty.
        index_only: leave the pixels out.

    Raises:
        CosmosError: if the folder is no data set or has no such source, or one may not be passed on with its pixels.
    """
    if not (folder / MANIFEST).is_file():
        raise CosmosError(f"{folder} is not a built data set: it has no {MANIFEST}.")
    manifest = read_manifest(folder)
    if manifest.index_only:
        raise CosmosError(f"{folder} holds an index without pixels; share the data set that was built.")
    unknown = sorted(set(sources) - set(manifest.sources))
    if unknown or not manifest.sources:
        has = ", ".join(sorted(manifest.sources)) or "nothing yet"
        raise CosmosError(f"{folder} does not hold {', '.join(unknown) or 'any source'}; it has {has}.")
    chosen = {name: one for name, one in sorted(manifest.sources.items()) if not sources or name in sources}
    if not index_only:
        _refuse_what_may_not_be_passed_on(folder, chosen)
    return Contents(folder, Manifest({name: _anonymous(one) for name, one in chosen.items()}, index_only=index_only))


def check(contents: Contents, workers: int = 1, progress: bool = False) -> None:
    """Make sure that the files are those of the manifest, pixels not looked at; see :func:`verify`.

    Raises:
        CosmosError: if they are not.
    """
    result = verify(contents.folder, workers=workers, progress=progress, sources=contents.manifest.sources)
    if result.problems:
        named = "\n".join(f"  {one.path}: {one.message}" for one in result.problems[:_NAMED])
        more = len(result.problems) - _NAMED
        raise CosmosError(
            f"{contents.folder} is not as it was built, so nothing was sent:\n{named}"
            + (f"\n  and {more} more" if more > 0 else "")
            + f"\nMore: cosmos-datasets verify {contents.folder}"
        )


def _refuse_what_may_not_be_passed_on(folder: Path, chosen: dict[str, SourceEntry]) -> None:
    forbidden = {name: one for name, one in chosen.items() if redistributable(name, one) == "no"}
    if not forbidden:
        return
    reasons = "\n".join(f"  {name}: {_reason(one)}" for name, one in forbidden.items())
    allowed = ",".join(name for name in chosen if name not in forbidden)
    others = f"Push the others: cosmos-datasets push {folder} ORG/NAME --sources {allowed}\n" if allowed else ""
    raise CosmosError(
        f"nothing was sent: the pixels of these may not be passed on.\n{reasons}\n{others}"
        f"Share ids and boxes of all, without pixels: cosmos-datasets index-only {folder} ORG/NAME"
    )


def _reason(entry: SourceEntry) -> str:
    unknown = entry.licence.startswith("unknown")
    return f'{"nobody states that it may be: " if unknown else ""}licence "{entry.licence}"'


def _anonymous(entry: SourceEntry) -> SourceEntry:
    """The entry without folders of any machine: builds name files relative to the raw folder, others may not have."""

    def bare(shard: Sealed) -> Sealed:
        broken = {case: _without_folders(reason) for case, reason in shard.broken.items()}
        return replace(shard, broken=broken, findings=_bare(shard.findings))

    shards, empty = ([bare(one) for one in shards] for shards in (entry.shards, entry.empty))
    return replace(entry, shards=shards, empty=empty, findings=_bare(entry.findings))


def _bare(findings: Grouped) -> Grouped:
    return grouped(replace(one, where=_without_folders(one.where)) for one in ungrouped(findings))


def _without_folders(text: str) -> str:
    """Leave out what follows where a folder is named: it can have any sign in its name, so its end is not known."""
    return re.sub(r"(?<![\w./-])/(?=\S).*", "...", text, flags=re.DOTALL)
