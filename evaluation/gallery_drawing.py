"""What a page draws of results: windows of images, and figures of prompts and predicted masks upon them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.gallery_rows import KEY, Crop
from cosmos_datasets.evaluation.gallery_views import View
from cosmos_datasets.evaluation.jitter import Jitter
from cosmos_datasets.evaluation.prompts import Prompt
from cosmos_datasets.evaluation.sample import Target
from cosmos_datasets.evaluation.selection import select
from cosmos_datasets.load.access import CosmosDataset
from cosmos_datasets.load.rows import as_array

Context = dict[str, Any]
#: Image id, label, instance, rater: what names a reference mask.
Key = tuple[str, str, int, int]

#: Fill of the predicted masks; the other colours are in the style sheet.
PREDICTED = (56, 164, 255)
CHOICES = ("oracle", "predicted", "blind")
#: The prompt of every strategy, in a word or two.
PROMPTS = {
    "S1": "everything",
    "S2": "1 point",
    "S3": "5 points",
    "S4": "5 + 5 points",
    "S5": "box",
    "S6": "box and 1 point",
}


def environment() -> Environment:
    """Where the templates of pages are; what they fill in is escaped, and what is missing is an error."""
    return Environment(
        loader=PackageLoader("cosmos_datasets.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def index_of(data: CosmosDataset, made_from: Context, run: Path) -> pd.DataFrame:
    """The index of the masks that a run may have evaluated.

    Args:
        data: the data set that the user names.
        made_from: the run's facts of its data.
        run: its folder.

    Raises:
        CosmosError: if the run was made from other data.
    """
    # Whichever images of these a run was limited to, the results name theirs.
    asked = {name: made_from[name] for name in ("config", "split", "modality", "masks")}
    selection = select(data, **asked, object_=made_from["object"])
    if selection.data_revision != made_from["revision"]:
        raise CosmosError(
            f"{data.location} is not the data set that {run} was made from: its content differs. Name the one that "
            "cosmos-eval run was given, or run it again on this one."
        )
    return selection.table


def open_views(data: CosmosDataset, index: pd.DataFrame, chosen: pd.DataFrame) -> dict[Key, View]:
    """Open the images of the chosen results; one view for every reference mask among them."""
    keys = set(keys_of(chosen))
    found = index[index["image_id"].isin({key[0] for key in keys})]
    views: dict[Key, View] = {}
    for row in data.rows(found, columns=["image_id", "image", "objects"]):
        image = as_array(row["image"])
        for one in row["objects"]:
            key = (row["image_id"], one["label"], one["instance"], one["rater"])
            if key in keys:
                x0, y0, x1, y1 = one["bbox"]
                target = Target(as_array(one["mask"]), (x0, y0, x1, y1), one["object"], *key[1:])
                views[key] = View.of(image, target)
    return views


def keys_of(rows: pd.DataFrame) -> list[Key]:
    """The reference mask of every row."""
    return [(str(a), str(b), int(c), int(d)) for a, b, c, d in rows[KEY].itertuples(index=False)]


def target_name(object_: str, modality: str, *, instances: bool) -> str:
    """``left kidney, CT (instances)``."""
    return f"{object_.replace('_', ' ')}, {modality}" + (" (instances)" if instances else "")


def number(value: Any) -> float | None:
    """A figure for the template; ``None`` where there is none."""
    return None if pd.isna(value) else float(value)


def _moved(variant: str) -> str:
    way = Jitter.parse(variant)
    return f"{way.box if way.box == 'enlarged' else 'moved'} {way.low}–{way.high} px"


@dataclass
class Drawing:
    """Makes what the templates draw, and collects the views that it uses: each is in the page once.

    Attributes:
        views: by reference mask.
        drawn: the views so far.
    """

    views: Mapping[Key, View]
    drawn: list[Context] = field(default_factory=list)
    _places: dict[Key, int] = field(default_factory=dict)
    _figures: int = 0

    def place(self, key: Key) -> int:
        """The number of a view in the page."""
        if key not in self._places:
            view = self.views[key]
            self._places[key] = len(self.drawn)
            height, width = view.shape
            self.drawn.append(
                {
                    "number": len(self.drawn),
                    "width": width,
                    "height": height,
                    "image": view.image(),
                    "outline": view.outline(),
                    "image_id": key[0],
                    "label": key[1] + (f" {key[2]}" if key[2] else "") + (f", rater {key[3]}" if key[3] >= 0 else ""),
                    "area": view.target.area,
                    "part": "" if view.is_whole else f"{width} × {height} of {view.width} × {view.height} pixels",
                }
            )
        return self._places[key]

    def figure(self, scores: pd.DataFrame, result: int, masks: Mapping[str, Crop | None]) -> Context:
        """A result upon its image.

        Args:
            scores: see :func:`cosmos_datasets.evaluation.gallery_rows.read_scores`.
            result: its number there.
            masks: its predicted masks, ``oracle`` and ``predicted``.
        """
        (row,) = scores.loc[[result]].to_dict("records")
        key: Key = (str(row["image_id"]), str(row["label"]), int(row["instance"]), int(row["rater"]))
        view = self.views[key]
        self._figures += 1  # a result may be drawn twice: as a sample, and as the best or worst
        prompt = json.loads(row["prompt"])
        grid = prompt.get("grid")
        name = f"{grid} × {grid} points" if grid else PROMPTS.get(row["strategy"], "")
        return {
            "id": self._figures,
            "view": self.place(key),
            "strategy": row["strategy"],
            "prompt_name": name + (f", {_moved(row['variant'])}" if row["variant"] else ""),
            "dice": {choice: number(row[f"dice_{choice}"]) for choice in CHOICES},
            "masks": {
                choice: None if crop is None else view.filled(*crop, PREDICTED) for choice, crop in masks.items()
            },
            "grid": view.grid(grid) if grid else None,
            "prompt": None if grid else view.prompt(Prompt.from_json(row["prompt"])),
        }
