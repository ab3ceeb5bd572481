"""The tables as people read them: few columns, rounded, with what has to be known below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.compare_table import p_text, signed
from cosmos_datasets.evaluation.resampling import MIN_GROUPS
from cosmos_datasets.evaluation.results import LENGTHS, NOTHING, nothing_in_words
from cosmos_datasets.evaluation.statistics.formats import BLANK
from cosmos_datasets.evaluation.statistics.options import METRICS, OF_COUNTS, WITH_BLIND, columns_of
from cosmos_datasets.evaluation.summary import OVER_TARGETS

WHOSE = {"oracle": "the best of the model's masks", "predicted": "the mask that the model itself prefers"}
#: How distances of missed objects count.
OF_MISSED = (
    "an empty prediction counts as the image's diagonal, the largest distance there is. The mean of the defined "
    "leaves it out (and what has no known size of pixels), which flatters."
)
Row = dict[str, Any]
#: Metrics with a tolerance: its name in the settings of a run, and its unit.
_TOLERANCES = {
    **dict.fromkeys(("nsd", "nsd_length"), ("tolerance", "px")),
    **dict.fromkeys(("nsd_mm", "nsd_length_mm"), ("tolerance_mm", "mm")),
}


def shown_table(rows: pd.DataFrame, by: Sequence[str], metric: str) -> pd.DataFrame:
    """A table (:func:`~cosmos_datasets.evaluation.statistics.tables.full_table`) as cells of text."""
    number, blind = _writer(metric), rows["blind"].notna().any()
    undefined = _some_undefined(rows)
    lines = []
    for row in rows.to_dict("records"):
        line = _about(row, rows, by) | {"strategy": row["strategy"]}
        line |= {name: f"{row[name]:,}" for name in ("masks", "images", "cases", "subjects")}
        line |= {METRICS[metric]: number(row["mean"]), "95 % CI": _between(row["low"], row["high"], number)}
        line |= {"median": number(row["median"]), "std": number(row["std"])}
        if blind:
            line |= {"blind": number(row["blind"]), "gain": _signed(row["gain"])}
            line["95 % CI of gain"] = _between(row["gain_low"], row["gain_high"], _signed)
        line |= {"gap": number(row["gap"]), "empty": _percent(row["empty"])}
        if undefined:
            line |= {"mean of the defined": number(row["mean_defined"])} if metric in LENGTHS else {}
            line["undefined"] = f"{row['undefined']:,}"
        lines.append(line | {"seen": row["seen"]})
    return pd.DataFrame(lines)


def notes_of_table(rows: pd.DataFrame, by: Sequence[str], per: str, metric: str, choice: str) -> list[str]:
    """What a reader of the table has to know."""
    over = {"mask": "masks", "volume": "volumes (3D)"}.get(per, f"{per}s (each the mean of its masks of a target)")
    gain = "gain: mean minus blind (what ignores the image). " if rows["blind"].notna().any() else ""
    notes = [
        f"{METRICS[metric]} of {WHOSE[choice]}; means over {over}; CI: bootstrap over subjects.",
        f"{gain}gap: oracle minus predicted. empty: predictions without a pixel. seen: see cosmos-eval seen.",
    ]
    notes += notes_of_nothing(rows)
    if per == "volume":
        notes.append(
            "A volume is made of its evaluated slices, those with a reference mask; it has no blind baseline."
        )
    if _some_undefined(rows) and metric in LENGTHS:
        notes.append(f"{METRICS[metric]}: {OF_MISSED}")
    elif _some_undefined(rows):
        notes.append(
            "undefined: what has no such score (in mm without a known size of pixels; CON without a shared pixel) is "
            "left out of the mean, which flatters it."
        )
    own = rows[rows["over"] == ""]
    if (pooled := int((own["sources"] > 1).sum())) and "source" not in columns_of(by):
        notes.append(f"{plural(pooled, 'row')} of several sources; --by {','.join([*by, 'source'])} sets them apart.")
    if (rated := int((own["raters"] > 1).sum())) and "rater" not in by:
        notes.append(f"{plural(rated, 'row')} of several raters, each of whose masks counts; --by rater is possible.")
    if own.groupby([*columns_of(by), "masks_are", "strategy"])["masks"].nunique().gt(1).any():
        notes.append("The runs do not hold the same masks; cosmos-eval compare pairs those that both have.")
    if few := int((own["subjects"] < MIN_GROUPS).sum()):
        notes.append(
            f"{plural(few, 'row')} with fewer than {MIN_GROUPS} subjects: the interval there (none for a single "
            "subject) is too narrow to lean on."
        )
    return notes


def notes_of_nothing(rows: pd.DataFrame) -> list[str]:
    """For how many masks of each run everything mode found nothing, and why.

    Args:
        rows: see :func:`~cosmos_datasets.evaluation.statistics.tables.overall`.
    """
    everything = rows[(rows["strategy"] == "S1") & (rows["over"] == OVER_TARGETS)]
    several = everything["run"].nunique() > 1
    notes = []
    for run, members in everything.groupby("run", sort=False):
        counts = {reason: int(members[f"nothing_{reason}"].sum()) for reason in NOTHING}
        notes.append((f"{run}: " if several else "") + nothing_in_words(counts, int(members["masks"].sum())))
    return notes


def notes_of_settings(settings: Sequence[Mapping[str, Any]], metric: str) -> list[str]:
    """What decided a metric in the runs of a table, where a reader has to know it.

    Args:
        settings: of each run, see :func:`cosmos_datasets.evaluation.statistics.scores.settings_of`.
        metric: a key of :data:`~cosmos_datasets.evaluation.statistics.options.METRICS`.
    """
    notes = [f"Images: {'; '.join(dict.fromkeys(one['images'] for one in settings))}."]
    if metric in _TOLERANCES:
        name, unit = _TOLERANCES[metric]
        notes.append(f"NSD: within {', '.join(dict.fromkeys(f'{one.get(name):g}' for one in settings))} {unit}.")
    for name in ("grid", "convention", *(_TOLERANCES.get(metric, ())[:1])):
        values = list(dict.fromkeys(str(one.get(name)) for one in settings))
        if len(values) > 1:
            notes.append(f"The runs differ in {name.replace('_', ' ')}: {', '.join(values)}.")
    return notes


def shown_tests(rows: pd.DataFrame, by: Sequence[str], metric: str) -> pd.DataFrame:
    """Tests between strategies or models (:mod:`.tests_between`) as cells of text."""
    number = _writer(metric)
    lines = []
    for row in rows.to_dict("records"):
        line = _about(row, rows, by) | ({"strategy": row["strategy"]} if "strategy" in row else {})
        line |= {"A": row["a"], "B": row["b"], "masks": f"{row['masks']:,}", "subjects": f"{row['subjects']:,}"}
        if metric in WITH_BLIND:
            line |= {f"blind {side}": number(row[f"blind_{side.lower()}"]) for side in "AB"}
        line |= {"mean A": number(row["mean_a"]), "mean B": number(row["mean_b"])}
        line |= {"B - A": _signed(row["difference"]), "95 % CI": _between(row["low"], row["high"], _signed)}
        lines.append(line | {"p": p_text(None if pd.isna(row["p_value"]) else row["p_value"])})
    return pd.DataFrame(lines)


def notes_of_tests(rows: pd.DataFrame, metric: str, choice: str) -> list[str]:
    """What a reader of the tests has to know."""
    notes = [
        f"{METRICS[metric]} of {WHOSE[choice]}, each pair on the masks that both have.",
        "CI: bootstrap over subjects. p: Wilcoxon's signed-rank test over subjects, Holm's correction for the rows.",
    ]
    if metric in WITH_BLIND:
        notes.append("blind: what ignores the image; a better prompt is a better blind baseline, too.")
    if few := int((rows["subjects"] < MIN_GROUPS).sum()):
        notes.append(f"{plural(few, 'row')} with fewer than {MIN_GROUPS} subjects: no p-value there.")
    return notes


def _about(row: Mapping[Any, Any], rows: pd.DataFrame, by: Sequence[str]) -> Row:
    """What a row is about: the model where there are several, and the group or the kind of mean."""
    columns = [name for name in columns_of(by) if name in row] or ["over"]
    names = {name: BLANK if row["over"] else str(row[name]) for name in columns}
    names[columns[0]] = row["over"] or str(row[columns[0]])
    if row["masks_are"] == "instances":
        names[columns[0]] += " (instances)"
    if columns == ["over"]:
        names = {"mean": names["over"].removeprefix("mean ")}
    several = {name: row[name] for name in ("model", "run") if name in row and rows[name].nunique() > 1}
    if len(several) == 2 and rows["run"].nunique() == rows["model"].nunique():
        del several["run"]
    return several | names


def _some_undefined(rows: pd.DataFrame) -> bool:
    """Whether a mean leaves something out; S1 has no choice of its own, and so no mean."""
    return bool((rows["undefined"].gt(0) & rows["mean"].notna()).any())


def _writer(metric: str) -> Callable[[float], str]:
    decimals = 3 if metric in OF_COUNTS or metric.startswith("nsd") else 2
    return lambda value: BLANK if pd.isna(value) else f"{value:.{decimals}f}"


def _signed(value: float) -> str:
    return BLANK if pd.isna(value) else signed(value)


def _between(low: float, high: float, number: Callable[[float], str]) -> str:
    return BLANK if pd.isna(low) else f"[{number(low)}, {number(high)}]"


def _percent(share: float) -> str:
    return BLANK if pd.isna(share) else f"{100 * share:.1f} %"
