"""What else was made of runs: moved prompts, factors, and the effort of correction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.drop import drops
from cosmos_datasets.evaluation.factors import title
from cosmos_datasets.evaluation.factors.tables import SIGNIFICANT, correlate, join
from cosmos_datasets.evaluation.report.folders import Folder
from cosmos_datasets.evaluation.report.sheet import Column, Sheet, without_repeats
from cosmos_datasets.evaluation.statistics.options import Choice

#: Put beside the results by ``cosmos-eval annotation RUN DATASET --format json > RUN/annotation.json``.
ANNOTATION = "annotation.json"
FACTORS = "factors.parquet"

_WHO = (Column("model", "model"), Column("run", "run"))
_KIND, _STRATEGY = Column("masks_are", "masks are"), Column("strategy", "strategy")


def named(folder: Folder, frame: pd.DataFrame) -> pd.DataFrame:
    """A folder's rows, with its model and name before them."""
    frame = frame.copy()
    frame.insert(0, "model", folder.facts["model"]["name"])
    frame.insert(1, "run", folder.name)
    return frame


def telling(frame: pd.DataFrame, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns without those of names that are the same in every row."""
    own = {"run"} if frame["run"].nunique() == frame["model"].nunique() else set()
    same = {
        name for name in ("model", "run", "masks_are", "who", "box") if name in frame and frame[name].nunique() < 2
    }
    return tuple(column for column in columns if column.name not in own | same)


def drop_frame(runs: Sequence[Folder], choice: Choice, seed: int) -> pd.DataFrame:
    """The drops of all runs with moved prompts, see :func:`cosmos_datasets.evaluation.drop.drops`; may be empty."""
    moved = [run for run in runs if run.facts.get("variants")]
    if not moved:
        return pd.DataFrame()
    parts = [named(run, _drops(run, choice, seed)) for run in moved]
    return pd.concat(parts, ignore_index=True)


def _drops(run: Folder, choice: Choice, seed: int) -> pd.DataFrame:
    rows = drops(run.path, choice=choice, seed=seed)
    targets = drops(run.path, choice=choice, by="target", seed=seed)
    ways = ["masks_are", "strategy", "pixels"]
    counts = targets.groupby(ways).size().rename("targets").reset_index()
    rows = without_repeats(rows.merge(counts, on=ways), ["masks_are"])
    return rows.sort_values(["masks_are", "over", "strategy"], ascending=[False, False, True], kind="stable")


def drop_sheet(rows: pd.DataFrame, choice: Choice) -> Sheet:
    """How far DICE falls when prompts are moved."""
    columns = (
        *_WHO,
        Column("over", "DICE"),
        _KIND,
        _STRATEGY,
        Column("pixels", "moved by, px"),
        Column("who", "points moved"),
        Column("box", "box"),
        Column("masks", "masks", "count"),
        Column("groups", "subjects", "count"),
        Column("repeats", "repeats", "count"),
        Column("unmoved", "unmoved", "score"),
        Column("moved", "moved", "score"),
        Column("drop", "drop", "signed_ci", note="Unmoved minus moved: more than 0 is worse.", ends="drop_"),
        Column("drop_std", "SD of repeats", "score"),
    )
    text = (
        f"DICE ({choice}) of the same masks under prompts moved at random, means over the repeats. The drop is "
        "unmoved minus moved, with its 95 % interval over subjects."
    )
    return Sheet("drop", "Moved prompts", rows, telling(rows, columns), (text,))


def factor_frames(runs: Sequence[Folder], choice: Choice) -> dict[str, pd.DataFrame]:
    """Name of a run -> its scores beside the factors of their masks, where ``cosmos-eval factors`` measured them.

    Raises:
        CosmosError: if what was measured cannot be read.
    """
    return {run.name: _joined(run.path, choice) for run in runs if (run.path / FACTORS).is_file()}


def _joined(run: Path, choice: Choice) -> pd.DataFrame:
    try:
        measured = pq.read_table(run / FACTORS).to_pandas()
        joined = join(run / "results.parquet", measured, choice)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise CosmosError(
            f"{run / FACTORS} cannot be read ({error}); delete it and give cosmos-eval factors again."
        ) from error
    return joined[joined["variant"] == ""]


def factor_sheet(runs: Sequence[Folder], joined: Mapping[str, pd.DataFrame], choice: Choice) -> Sheet:
    """What DICE depends on: partial correlations."""
    folders = {run.name: run for run in runs}
    rows = pd.concat([named(folders[name], _wide(correlate(frame))) for name, frame in joined.items()])
    factors = dict.fromkeys(name.removesuffix("_p") for name in map(str, rows) if name.endswith("_p"))
    columns = (
        *_WHO,
        _KIND,
        _STRATEGY,
        Column("masks", "masks", "count"),
        Column("groups", "subjects", "count"),
        *(Column(factor, title(factor), "rho", ends=f"{factor}_") for factor in factors),
    )
    text = (
        f"Spearman's partial correlation of DICE ({choice}) with each factor, the others that vary held fixed; * p < "
        f"{SIGNIFICANT}. A dash: the factor or DICE is the same for all masks, or there are too few masks. p takes "
        "masks for independent, which slices of a volume are not. The intensity difference is signed, as in the "
        "paper: the mean of the mask minus that of its surroundings."
    )
    rows = rows.reset_index(drop=True)
    return Sheet("factors", "What DICE depends on", rows, telling(rows, columns), (text,))


def _wide(correlations: pd.DataFrame) -> pd.DataFrame:
    """A row a strategy: each factor's correlation, and its p-value as ``<factor>_p``."""
    lines = []
    for _, members in correlations.groupby(["masks_are", "strategy"], sort=False):
        line = members.iloc[0][["masks_are", "strategy", "masks", "groups"]].to_dict()
        for row in members.to_dict("records"):
            line |= {row["factor"]: row["rho"], f"{row['factor']}_p": row["p_value"]}
        lines.append(line)
    return pd.DataFrame(lines)


def _unmoved_of(run: Folder, annotation: dict[str, Any]) -> pd.DataFrame:
    """The rows of unmoved prompts; raises :class:`CosmosError` if they are of other masks than the run's now."""
    rows = pd.DataFrame(annotation["annotation"])
    if "variant" in rows:
        rows = rows[rows["variant"].fillna("") == ""].reset_index(drop=True)
    masks = int(rows.groupby("strategy")["masks"].sum().max())
    if masks != run.facts["data"]["masks_selected"]:
        raise CosmosError(
            f"{run.path / ANNOTATION} is of {masks:,} masks, and the run of {run.facts['data']['masks_selected']:,}; "
            "give the command of cosmos-eval annotation again, or delete it."
        )
    return rows


def annotation_sheet(runs: Sequence[Folder]) -> Sheet | None:
    """The effort to correct the masks, where ``annotation.json`` stands beside the results.

    Raises:
        CosmosError: if that file is not what the command prints.
    """
    read = {run: _annotation(run.path / ANNOTATION) for run in runs if (run.path / ANNOTATION).is_file()}
    if not read:
        return None
    rows = pd.concat([named(run, _unmoved_of(run, one)) for run, one in read.items()], ignore_index=True)
    about = [name for name in ("object", "modality", "source") if name in rows]
    columns = (
        *_WHO,
        *(Column(name, name) for name in about),
        _KIND,
        _STRATEGY,
        Column("masks", "masks", "count"),
        Column("groups", "subjects", "count"),
        Column("hce", "HCE", "tenth", note="Clicks that turn the predicted mask into the reference."),
        Column("hce_blind", "HCE, blind", "tenth", note="The same from what ignores the image."),
        Column("hce_nothing", "HCE, nothing", "tenth", note="The same from an empty mask."),
        Column("hce_saved_share", "saved", "share", note="Of the clicks from nothing."),
        Column("worse", "worse", "count", note="Masks whose correction costs more than drawing them from nothing."),
        Column("thin", "thin", "count", note="References of which HCE sees the skeleton only."),
        Column("seconds", "s", "tenth"),
        Column("seconds_blind", "s, blind", "tenth"),
        Column("seconds_nothing", "s, nothing", "tenth"),
    )
    texts = dict.fromkeys(
        text
        for one in read.values()
        for text in (
            f"Human correction effort (HCE) with gamma {one['gamma']}, epsilon {one['epsilon']:g}; the mask that is "
            f"{one['choice']}. Seconds follow from counts of clicks:",
            *one["assumptions"],
        )
    )
    return Sheet("annotation", "Effort of correction", rows, telling(rows, columns), tuple(texts))


def _annotation(path: Path) -> dict[str, Any]:
    wanted = {"annotation", "assumptions", "gamma", "epsilon", "choice"}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CosmosError(f"{path} cannot be read ({error}); make it again, or delete it.") from error
    if not isinstance(content, dict) or not wanted <= content.keys() or not content["annotation"]:
        raise CosmosError(f"{path} is not what cosmos-eval annotation --format json prints; make it again.")
    return content
