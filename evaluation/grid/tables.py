"""DICE of everything mode against the side of its grid, for every target and over all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.efficiency.tables import seconds_text
from cosmos_datasets.evaluation.resampling import interval
from cosmos_datasets.evaluation.results import NOTHING, nothing_in_words
from cosmos_datasets.evaluation.statistics.formats import BLANK, Style, to_text
from cosmos_datasets.evaluation.summary import OVER_MASKS, OVER_TARGETS

_COLUMNS = [
    *("object", "modality", "instance", "image_id", "group_id"),
    *("dice_oracle", "dice_blind", "pred_area_oracle", "nothing_found"),
]
_TARGET = ["object", "modality"]

Row = dict[str, Any]


def grid_table(runs: Mapping[int, Path], seconds: Mapping[int, Mapping[str, Any]], seed: int = 0) -> pd.DataFrame:
    """What every side reaches and costs.

    Args:
        runs: side -> folder of its finished run.
        seconds: side -> see :func:`cosmos_datasets.evaluation.grid.seconds.measured`.
        seed: of the bootstrap.

    Returns:
        One row a side, ``masks_are`` (``union`` or ``instances``: never mixed) and ``over`` (``target``,
        :data:`OVER_TARGETS`: each counts once, or :data:`OVER_MASKS`): ``side``, ``points``, ``over``, ``object`` and
        ``modality`` (empty for means), ``masks_are``, ``targets``, ``masks``, ``images``, ``subjects``; ``dice`` (mean
        of the best mask found, 0 to 1), ``low`` and ``high`` (95 % interval, bootstrap over subjects; NaN for a single
        one), ``blind`` (0: the empty mask), ``empty`` (share of masks for which nothing was found), ``nothing_*``
        (their number, by the reasons of :data:`cosmos_datasets.evaluation.results.NOTHING`); ``kept`` (masks that
        survive, mean over the timed images), ``seconds``, ``seconds_q1``, ``seconds_q3`` (of everything mode on an
        image), ``encoding`` (seconds of encoding it) and ``timed`` (images).

    Raises:
        CosmosError: if a run is not finished or is damaged.
    """
    rows = []
    for side, run in runs.items():
        frame = _read(run / "results.parquet")
        cost = {**_cost(seconds[side])}
        for masks_are, members in frame.groupby("masks_are", sort=False):
            head = {"side": side, "points": side**2}
            for (object_, modality), of_target in members.groupby(_TARGET, observed=True, sort=True):
                names = {"over": "target", "object": object_, "modality": modality, "masks_are": masks_are}
                rows.append({**head, **names, **_line(of_target, [], seed), **cost})
            for over, apart in ((OVER_TARGETS, _TARGET), (OVER_MASKS, [])):
                names = {"over": over, "object": "", "modality": "", "masks_are": masks_are}
                rows.append({**head, **names, **_line(members, apart, seed), **cost})
    return pd.DataFrame(rows)


def _read(results: Path) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pq.read_table(results, columns=_COLUMNS, filters=[("strategy", "=", "S1")]).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise CosmosError(f"{results} cannot be read ({error}); delete {results.parent} and start again.") from error
    frame["masks_are"] = (frame["instance"] > 0).map({True: "instances", False: "union"})
    return frame.sort_values("instance", kind="stable").assign(empty=frame["pred_area_oracle"] == 0)


def _line(members: pd.DataFrame, apart: list[str], seed: int) -> Row:
    """The means of some masks, each target for itself first where ``apart`` names what tells them apart."""
    scores = members.groupby(apart, observed=True) if apart else members.groupby(lambda _: 0)
    means = scores[["dice_oracle", "dice_blind", "empty"]].mean().mean()
    table = members.groupby(["group_id", *apart], observed=True)["dice_oracle"].agg(["sum", "count"])
    wide = table.unstack(apart, fill_value=0) if apart else table
    sums, counts = (wide[name].to_numpy(float).reshape(len(wide), -1) for name in ("sum", "count"))
    low, high = interval(sums, counts, seed=seed) or (float("nan"), float("nan"))
    return {
        "targets": members.groupby(_TARGET, observed=True).ngroups,
        "masks": len(members),
        "images": members["image_id"].nunique(),
        "subjects": len(wide),
        "dice": means["dice_oracle"],
        "low": low,
        "high": high,
        "blind": means["dice_blind"],
        "empty": means["empty"],
        **{f"nothing_{reason}": int((members["nothing_found"] == reason).sum()) for reason in NOTHING},
    }


def _cost(seconds: Mapping[str, Any]) -> Row:
    spread = seconds["everything"]
    return {
        "kept": seconds["kept"],
        "seconds": spread["median"],
        "seconds_q1": spread["q1"],
        "seconds_q3": spread["q3"],
        "encoding": seconds["encoding"]["median"],
        "timed": spread["measurements"],
    }


def render(table: pd.DataFrame, style: Style = "text") -> str:
    """For people: what each side reaches and costs, then DICE of every target, a column a side.

    Args:
        table: see :func:`grid_table`.
        style: ``text`` or ``markdown``.
    """
    means = table[table["over"] == OVER_TARGETS]
    costs = [_cost_cells(row) for _, row in means.iterrows()]
    targets = []
    for (masks_are, over, object_, modality), members in table.groupby(
        ["masks_are", "over", "object", "modality"], sort=False
    ):
        if over != "target" and members["targets"].iloc[0] == 1:
            continue
        name = f"{object_}, {modality}" if over == "target" else str(over)
        line = {"DICE": name + _apart(str(masks_are)), "masks": f"{members['masks'].iloc[0]:,}"}
        targets.append(
            line | {f"{row['side']} x {row['side']}": f"{row['dice']:.3f}" for _, row in members.iterrows()}
        )
    timed, encoding = int(table["timed"].iloc[0]), seconds_text(float(table["encoding"].median()))
    note = (
        "DICE: the best mask found for each target, mean over targets, with the 95 % interval over subjects; blind: "
        "the empty mask. Nothing found: share of masks. Kept: masks that everything mode gives for an image. Kept and "
        f"seconds (median, quartiles) are of {plural(timed, 'image')}; encoding one ({encoding} s) comes on top."
    )
    why = [
        f"{side} x {side}: {nothing_in_words(counts, int(members['masks'].sum()))}"
        for side, members in means.groupby("side")
        if sum((counts := {one: int(members[f"nothing_{one}"].sum()) for one in NOTHING}).values())
    ]
    return f"{to_text(pd.DataFrame(costs), style)}\n{to_text(pd.DataFrame(targets), style, [note, *why])}"


def _cost_cells(row: pd.Series[Any]) -> dict[str, str]:
    return {
        "grid": f"{row['side']} x {row['side']}" + _apart(row["masks_are"]),
        "targets": f"{row['targets']:,}",
        "masks": f"{row['masks']:,}",
        "DICE": f"{row['dice']:.3f}",
        "95 % CI": BLANK if pd.isna(row["low"]) else f"[{row['low']:.3f}, {row['high']:.3f}]",
        "blind": f"{row['blind']:.3f}",
        "nothing found": f"{row['empty']:.1%}",
        "kept": f"{row['kept']:,.1f}",
        "s per image": f"{seconds_text(row['seconds'])} ({seconds_text(row['seconds_q1'])}–"
        f"{seconds_text(row['seconds_q3'])})",
    }


def _apart(masks_are: str) -> str:
    return " (instances)" if masks_are == "instances" else ""
