"""The README of a built data set: the YAML that ``datasets`` reads, and what a person wants to know."""

from __future__ import annotations

import hashlib
from typing import Any

import yaml

from cosmos_datasets.build.manifest import Manifest
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.vocabulary import slug

_SPLITS = ("train", "validation", "test")
#: Without a configuration `datasets` would offer whatever parquet file it finds in the folder.
_NOTHING = {"nothing-is-built-yet": {"train": ["data/none"]}}
_SIGNATURE = "\n<!-- Written by cosmos-datasets, and again with every build. SHA-256 of the text above: "

_USAGE = """\
With `pip install datasets pillow` alone:

```python
import numpy as np
from datasets import load_dataset

ds = load_dataset("cosmos1050k", "{example}", split="{split}")
row = ds[0]
row["image"]                       # PIL image, 8 bit
for one in row["objects"]:         # one entry a mask
    x0, y0, x1, y1 = one["bbox"]   # pixels, ends inclusive
    full = np.zeros((row["height"], row["width"]), bool)
    full[y0 : y1 + 1, x0 : x1 + 1] = one["mask"]
```

`"all"` is every source, `"index"` one row a mask without pixels; a modality or a source is a configuration of its own.
"""


def configs(manifest: Manifest) -> dict[str, dict[str, list[str]]]:
    """List the configurations.

    Every pattern names one source, so that files of a source which the manifest does not hold (a build that is being
    published, or was killed then) are in no configuration.

    Returns:
        Configuration name -> split -> globs of its files, relative to the data set; only splits that exist. A data set
        that holds the index alone has that one configuration.
    """
    shards = [(name, shard) for name, entry in sorted(manifest.sources.items()) for shard in entry.shards]
    found: dict[str, dict[str, list[str]]] = {}

    def add(config: str, base: str, modality: str, members: list[tuple[str, Sealed]]) -> None:
        for split in _SPLITS:
            sources = dict.fromkeys(name for name, shard in members if shard.split == split)
            if sources:
                patterns = [f"{base}/{name}/{modality}/{split}-*.parquet" for name in sources]
                found.setdefault(config, {})[split] = patterns

    add("all", "data", "*", shards)
    add("index", "index", "*", shards)
    if manifest.index_only:
        return {name: splits for name, splits in found.items() if name == "index"}
    for modality in sorted({shard.modality for _, shard in shards}):
        add(slug(modality), "data", slug(modality), [one for one in shards if one[1].modality == modality])
    for source in sorted(manifest.sources):
        add(source, "data", "*", [one for one in shards if one[0] == source])
    return found


def config_entries(manifest: Manifest) -> list[dict[str, Any]]:
    """The configurations as the head of a README lists them for ``datasets``."""
    return [
        {
            "config_name": name,
            # `datasets` keys its cache by this head, not by the files: without the fingerprint a rebuilt
            # data set would be answered from the old one's cache.
            "description": f"files {manifest.fingerprint[:16]}",
            "data_files": [{"split": split, "path": patterns} for split, patterns in splits.items()],
        }
        for name, splits in (configs(manifest) or _NOTHING).items()
    ]


def render_readme(manifest: Manifest) -> str:
    """The README of a data set, as Markdown with a YAML head."""
    found = configs(manifest)
    head: dict[str, Any] = {
        "pretty_name": "COSMOS 1050K",
        "task_categories": ["image-segmentation", "mask-generation"],
        "tags": ["medical"],
        "configs": config_entries(manifest),
    }
    rows = ["| source | modality | images | masks | instances | licence |", "|---|---|---:|---:|---:|---|"]
    for name, entry in sorted(manifest.sources.items()):
        counts = {modality: [0, 0, 0] for modality in sorted({shard.modality for shard in entry.shards})}
        for shard in entry.shards:
            for at, number in enumerate((shard.rows, shard.masks, shard.instances)):
                counts[shard.modality][at] += number
        for modality, numbers in counts.items():
            cells = " | ".join(f"{number:,}" for number in numbers)
            rows.append(f"| {name} | {modality} | {cells} | {entry.licence} |")
    example = next((name for name in found if name in manifest.sources), "all")
    usage = _USAGE.format(example=example, split=next(iter(found.get(example, {"train": ""}))))
    yaml_head = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    return _signed(
        [
            f"---\n{yaml_head}---\n",
            "# COSMOS 1050K\n",
            "Medical images with masks, built by `cosmos-datasets` from the raw downloads of public data sets. "
            f"Data revision `{manifest.revision[:12]}`.\n",
            *rows,
            *_doubts(manifest),
            "\n## Loading\n",
            usage,
        ]
    )


def _doubts(manifest: Manifest) -> list[str]:
    lines = [f"- `{name}`: {one}." for name, entry in sorted(manifest.sources.items()) for one in entry.doubts]
    return ["\n## What was odd about the raw files\n", *lines] if lines else []


def _signed(parts: list[str]) -> str:
    text = "\n".join(parts)
    return f"{text}{_SIGNATURE}{_digest(text)} -->\n"


def is_ours(text: str) -> bool:
    """Whether a README is as :func:`render_readme` wrote it: nobody else's, and not edited since."""
    body, signature, digest = text.rpartition(_SIGNATURE)
    return bool(signature) and digest == f"{_digest(body)} -->\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
