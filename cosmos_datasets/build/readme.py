"""The README of a built data set: the YAML that ``datasets`` reads, and what a person wants to know."""

from __future__ import annotations

from typing import Any

import yaml

from cosmos_datasets.build.manifest import Manifest
from cosmos_datasets.build.sealed import Sealed
from cosmos_datasets.vocabulary import slug

_SPLITS = ("train", "validation", "test")

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


def configs(manifest: Manifest) -> dict[str, dict[str, str]]:
    """Configuration name -> split -> glob of its files, relative to the data set; only splits that exist.

    A data set that holds the index alone has that one configuration.
    """
    shards = [(name, shard) for name, entry in sorted(manifest.sources.items()) for shard in entry.shards]
    found: dict[str, dict[str, str]] = {}

    def add(config: str, pattern: str, members: list[Sealed]) -> None:
        splits = [split for split in _SPLITS if any(shard.split == split for shard in members)]
        found[config] = {split: pattern.format(split=split) for split in splits}

    add("all", "data/*/*/{split}-*.parquet", [shard for _, shard in shards])
    add("index", "index/*/*/{split}-*.parquet", [shard for _, shard in shards])
    if manifest.index_only:
        return {name: splits for name, splits in found.items() if name == "index" and splits}
    for modality in sorted({shard.modality for _, shard in shards}):
        pattern = f"data/*/{slug(modality)}/{{split}}-*.parquet"
        add(slug(modality), pattern, [shard for _, shard in shards if shard.modality == modality])
    for source in sorted(manifest.sources):
        pattern = f"data/{source}/*/{{split}}-*.parquet"
        add(source, pattern, [shard for name, shard in shards if name == source])
    return {name: splits for name, splits in found.items() if splits}


def config_entries(manifest: Manifest) -> list[dict[str, Any]]:
    """The configurations as the head of a README lists them for ``datasets``."""
    return [
        {
            "config_name": name,
            # `datasets` keys its cache by this head, not by the files: without the fingerprint a rebuilt
            # data set would be answered from the old one's cache.
            "description": f"files {manifest.fingerprint[:16]}",
            "data_files": [{"split": split, "path": pattern} for split, pattern in splits.items()],
        }
        for name, splits in configs(manifest).items()
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
    return "\n".join(
        [
            f"---\n{yaml_head}---\n",
            "# COSMOS 1050K\n",
            "Medical images with masks, built by `cosmos-datasets` from the raw downloads of public data sets. "
            f"Data revision `{manifest.revision[:12]}`.\n",
            *rows,
            "\n## Loading\n",
            usage,
        ]
    )
