"""The page of a run: its DICE table, and pictures of prompts and masks, in one file that needs no other."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.facts import preparation
from cosmos_datasets.evaluation.gallery_drawing import (
    CHOICES,
    PREDICTED,
    PROMPTS,
    Context,
    Drawing,
    environment,
    index_of,
    number,
    open_views,
    target_name,
)
from cosmos_datasets.evaluation.gallery_rows import (
    KEY,
    Crop,
    Section,
    Strip,
    choose_sections,
    read_masks,
    read_scores,
)
from cosmos_datasets.evaluation.summary import means, read_summary
from cosmos_datasets.load.access import open_dataset

#: Targets that are drawn unless more are asked for: a hundred would make a page of tens of megabytes.
TARGETS = 40


def write_gallery(
    run: Path,
    dataset: str,
    out: Path,
    *,
    sample: int = 3,
    targets: int = TARGETS,
    title: str | None = None,
    note: str = "",
) -> Path:
    """Write the page of a finished run.

    Args:
        run: the run's folder.
        dataset: the data set that was evaluated: folder or Hub id.
        out: the file.
        sample: reference masks of each target that are drawn under every strategy; a run keeps three images a target
            unless it was told to keep every mask.
        targets: at most so many are drawn, those with the most masks.
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
    index = index_of(data, facts["data"], run)
    results = run / "results.parquet"
    scores = read_scores(results)
    everything = choose_sections(scores, sample)
    sections = _largest(everything, targets)
    numbers = {number for section in sections for strip in section.strips for number in strip.rows}
    chosen = scores.loc[sorted(numbers)]
    drawing, masks = Drawing(open_views(data, index, chosen)), read_masks(results, numbers)
    context = {
        "title": title or _title(facts),
        "note": note,
        "facts": _facts(facts, scores),
        "table": _table(summary),
        "sections": [_section(section, chosen, masks, drawing) for section in sections],
        "targets": len(everything),
        "views": drawing.drawn,
        "predicted_colour": f"rgb{PREDICTED}",
    }
    with atomic(out) as temporary:
        temporary.write_text(environment().get_template("gallery.html.jinja").render(context), encoding="utf-8")
    return out


def _largest(sections: list[Section], most: int) -> list[Section]:
    """Those with the most masks, in the order given."""
    kept = sorted(sections, key=lambda section: -section.masks)[:most]
    return [section for section in sections if section in kept]


def _read_facts(path: Path) -> Context:
    """What the results are of; ``run.json`` may already speak of a later run that has not finished."""
    try:
        facts: Context = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CosmosError(f"{path} cannot be read ({error}); give the command of its run again.") from error
    return facts


def _section(
    section: Section, chosen: pd.DataFrame, masks: dict[int, dict[str, Crop | None]], drawing: Drawing
) -> Context:
    name = target_name(section.object, section.modality, instances=section.instances)
    strips = [_strip(strip, chosen, masks, drawing) for strip in section.strips]
    return {"name": name, "masks": section.masks, "strips": strips}


def _strip(strip: Strip, chosen: pd.DataFrame, masks: dict[int, dict[str, Crop | None]], drawing: Drawing) -> Context:
    figures = [drawing.figure(chosen, number, masks[number]) for number in strip.rows]
    return {"kind": strip.kind, "figures": figures, "view": figures[0]["view"]}


def _title(facts: Context) -> str:
    data = facts["data"]
    return f"{facts['model']['name']} on {data['dataset'] if data['config'] == 'all' else data['config']}"


def _facts(facts: Context, scores: pd.DataFrame) -> list[tuple[str, str]]:
    data, inference = facts["data"], facts["inference"]
    names = ("config", "split", "modality", "object", "limit", "fold", "subset")
    chosen = [f"{name} {data[name]}" for name in names if data.get(name) is not None]
    if data["masks"] != "all":
        chosen.append(f"{data['masks']} only")
    return [
        ("Model", f"{facts['model']['name']} ({facts['model']['family'].removesuffix('Adapter')})"),
        ("Weights", f"sha256 {facts['model']['digest'][:16]}…"),
        ("Data", f"{data['dataset']}: {', '.join(chosen)}"),
        ("Data revision", f"{data['revision'][:16]}…"),
        ("Evaluated", f"{scores['image_id'].nunique():,} images, {len(scores[KEY].drop_duplicates()):,} masks"),
        ("Inference", f"{inference['dtype']} on {inference['device']}, {preparation(inference)}"),
        ("Software", ", ".join(f"{name} {version}" for name, version in facts["versions"].items())),
        ("Protocol", f"version {facts['protocol']}"),
    ]


def _table(summary: pd.DataFrame) -> Context:
    """The table that ``cosmos-eval table`` prints, as numbers: three lines a target, a column a strategy."""
    columns = sorted(summary["strategy"].unique())
    targets_of = summary.groupby(["object", "modality", "masks_are"], sort=False)
    parts = [
        (target_name(str(object_), str(modality), instances=masks_are == "instances"), group)
        for (object_, modality, masks_are), group in targets_of
    ]
    for (masks_are, over), group in means(summary).groupby(["masks_are", "over"], sort=False):
        if group["targets"].iloc[0] > 1:
            parts.append((f"{over} (instances)" if masks_are == "instances" else str(over), group))
    targets = []
    for name, group in parts:
        by_strategy = group.set_index("strategy").reindex(columns)
        lines = {choice: [number(value) for value in by_strategy[f"dice_{choice}"]] for choice in CHOICES}
        targets.append({"name": name, "masks": int(group["masks"].iloc[0]), "lines": lines})
    return {"columns": [{"strategy": name, "prompt": PROMPTS.get(name, "")} for name in columns], "targets": targets}
