"""The page of a run: its DICE table, and pictures of prompts and masks, in one file that needs no other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.gallery_rows import KEY, Crop, Section, Strip, choose_sections, read_masks, read_scores
from cosmos_datasets.evaluation.gallery_views import View
from cosmos_datasets.evaluation.prompts import Prompt
from cosmos_datasets.evaluation.sample import Target
from cosmos_datasets.evaluation.selection import select
from cosmos_datasets.evaluation.summary import means, read_summary
from cosmos_datasets.load.access import CosmosDataset, open_dataset
from cosmos_datasets.load.rows import as_array

Context = dict[str, Any]
Key = tuple[str, str, int, int]

#: Fill of the predicted masks; the other colours are in the style sheet.
_PREDICTED = (56, 164, 255)
_CHOICES = ("oracle", "predicted", "blind")
_PROMPTS = {
    "S1": "everything",
    "S2": "1 point",
    "S3": "5 points",
    "S4": "5 + 5 points",
    "S5": "box",
    "S6": "box and 1 point",
}


def write_gallery(
    run: Path, dataset: str, out: Path, *, sample: int = 3, title: str | None = None, note: str = ""
) -> Path:
    """Write the page of a finished run.

    Args:
        run: the run's folder.
        dataset: the data set that was evaluated: folder or Hub id.
        out: the file.
        sample: reference masks of each target that are drawn under every strategy; a run keeps three images a target
            unless it was told to keep every mask.
        title: heading; the model and the data by default.
        note: a sentence that stands out below it.

    Returns:
        ``out``.

    Raises:
        CosmosError: if the run is not finished or the data set is not the one it was made from.
    """
    summary = read_summary(run)
    facts = _read_facts(run / "summary.json")
    data = open_dataset(dataset)
    index = _select(data, facts["data"], run)
    results = run / "results.parquet"
    scores = read_scores(results)
    sections = choose_sections(scores, sample)
    numbers = {number for section in sections for strip in section.strips for number in strip.rows}
    chosen = scores.loc[sorted(numbers)]
    drawing = _Drawing(chosen, _views(data, index, chosen), read_masks(results, numbers))
    context = {
        "title": title or _title(facts),
        "note": note,
        "facts": _facts(facts, scores),
        "table": _table(summary),
        "sections": [drawing.section(section) for section in sections],
        "views": drawing.drawn,
        "predicted_colour": f"rgb{_PREDICTED}",
    }
    environment = Environment(
        loader=PackageLoader("cosmos_datasets.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    with atomic(out) as temporary:
        temporary.write_text(environment.get_template("gallery.html.jinja").render(context), encoding="utf-8")
    return out


def _read_facts(path: Path) -> Context:
    """What the results are of; ``run.json`` may already speak of a later run that has not finished."""
    try:
        facts: Context = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CosmosError(f"{path} cannot be read ({error}); give the command of its run again.") from error
    return facts


def _select(data: CosmosDataset, made_from: Context, run: Path) -> pd.DataFrame:
    """The index of the masks that a run evaluated."""
    asked = {name: made_from[name] for name in ("config", "split", "modality", "masks", "limit")}
    selection = select(data, **asked, object_=made_from["object"])
    if selection.data_revision != made_from["revision"]:
        raise CosmosError(
            f"{data.location} is not the data set that {run} was made from: its content differs. Name the one that "
            "cosmos-eval run was given, or run it again on this one."
        )
    return selection.table


def _views(data: CosmosDataset, index: pd.DataFrame, chosen: pd.DataFrame) -> dict[Key, View]:
    """Open the images of the chosen results; one view for every reference mask among them."""
    keys = set(_keys(chosen))
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


def _keys(rows: pd.DataFrame) -> list[Key]:
    return [(str(a), str(b), int(c), int(d)) for a, b, c, d in rows[KEY].itertuples(index=False)]


@dataclass
class _Drawing:
    """Makes what the template draws, and collects the views that it uses: each is in the page once.

    Attributes:
        chosen: the results to draw.
        views: by reference mask.
        masks: predicted masks by number of the result.
        drawn: the views so far.
    """

    chosen: pd.DataFrame
    views: dict[Key, View]
    masks: dict[int, dict[str, Crop | None]]
    drawn: list[Context] = field(default_factory=list)
    _places: dict[Key, int] = field(default_factory=dict)
    _figures: int = 0

    def section(self, section: Section) -> Context:
        name = _target_name(section.object, section.modality, "instances" if section.instances else "union")
        return {"name": name, "masks": section.masks, "strips": [self._strip(strip) for strip in section.strips]}

    def _strip(self, strip: Strip) -> Context:
        rows = self.chosen.loc[list(strip.rows)]
        keys = _keys(rows)
        context: Context = {
            "kind": strip.kind,
            "figures": [
                self._figure(int(str(number)), key, row)
                for (number, row), key in zip(rows.iterrows(), keys, strict=True)
            ],
        }
        if strip.kind == "sample":
            context["view"] = self._place(keys[0])
        return context

    def _place(self, key: Key) -> int:
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

    def _figure(self, number: int, key: Key, row: pd.Series[Any]) -> Context:
        view, masks = self.views[key], self.masks[number]
        self._figures += 1  # a result may be drawn twice: as a sample, and as the best or worst
        prompt = json.loads(row["prompt"])
        grid = prompt.get("grid")
        name = f"{grid} × {grid} points" if grid else _PROMPTS.get(row["strategy"], "")
        return {
            "id": self._figures,
            "view": self._place(key),
            "strategy": row["strategy"],
            "prompt_name": name + (f", {row['variant']}" if row["variant"] else ""),
            "dice": {choice: _number(row[f"dice_{choice}"]) for choice in _CHOICES},
            "masks": {
                choice: None if crop is None else view.filled(*crop, _PREDICTED) for choice, crop in masks.items()
            },
            "grid": view.grid(grid) if grid else None,
            "prompt": None if grid else view.prompt(Prompt.from_json(row["prompt"])),
        }


def _title(facts: Context) -> str:
    data = facts["data"]
    return f"{facts['model']['name']} on {data['dataset'] if data['config'] == 'all' else data['config']}"


def _facts(facts: Context, scores: pd.DataFrame) -> list[tuple[str, str]]:
    data, inference = facts["data"], facts["inference"]
    chosen = [f"{name} {data[name]}" for name in ("config", "split", "modality", "object", "limit") if data[name]]
    if data["masks"] != "all":
        chosen.append(f"{data['masks']} only")
    return [
        ("Model", f"{facts['model']['name']} ({facts['model']['family'].removesuffix('Adapter')})"),
        ("Weights", f"sha256 {facts['model']['digest'][:16]}…"),
        ("Data", f"{data['dataset']}: {', '.join(chosen)}"),
        ("Data revision", f"{data['revision'][:16]}…"),
        ("Evaluated", f"{scores['image_id'].nunique():,} images, {len(scores[KEY].drop_duplicates()):,} masks"),
        ("Inference", f"{inference['dtype']} on {inference['device']}, preprocessing {inference['preprocess']}"),
        ("Software", ", ".join(f"{name} {version}" for name, version in facts["versions"].items())),
        ("Protocol", f"version {facts['protocol']}"),
    ]


def _table(summary: pd.DataFrame) -> Context:
    """The table that ``cosmos-eval table`` prints, as numbers: three lines a target, a column a strategy."""
    columns = sorted(summary["strategy"].unique())
    targets_of = summary.groupby(["object", "modality", "masks_are"], sort=False)
    parts = [(_target_name(*map(str, key)), group) for key, group in targets_of]
    for (masks_are, over), group in means(summary).groupby(["masks_are", "over"], sort=False):
        if group["targets"].iloc[0] > 1:
            parts.append((f"{over} (instances)" if masks_are == "instances" else str(over), group))
    targets = []
    for name, group in parts:
        by_strategy = group.set_index("strategy").reindex(columns)
        lines = {choice: [_number(value) for value in by_strategy[f"dice_{choice}"]] for choice in _CHOICES}
        targets.append({"name": name, "masks": int(group["masks"].iloc[0]), "lines": lines})
    return {"columns": [{"strategy": name, "prompt": _PROMPTS.get(name, "")} for name in columns], "targets": targets}


def _target_name(object_: str, modality: str, masks_are: str) -> str:
    return f"{object_.replace('_', ' ')}, {modality}" + (" (instances)" if masks_are == "instances" else "")


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
