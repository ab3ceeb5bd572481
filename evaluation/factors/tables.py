"""The partial correlations of a run as tables."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.factors import ABSOLUTE, FACTORS, title
from cosmos_datasets.evaluation.factors.correlation import partial_spearman
from cosmos_datasets.evaluation.gallery_rows import KEY
from cosmos_datasets.evaluation.statistics.formats import BLANK

Choice = Literal["oracle", "predicted"]
IntensityDifference = Literal["signed", "absolute"]

#: The paper's level: what lies below is marked.
SIGNIFICANT = 0.001
#: What ``--by`` adds to the strategy.
UNITS: dict[str, tuple[str, ...]] = {
    "strategy": (),
    "target": ("object", "modality"),
    "modality": ("modality",),
    "source": ("source",),
    "label": ("source", "label", "modality"),
}
_APART = ("masks_are", "strategy", "variant")
_TEXTS = ["source", "object", "modality", "label", "group_id", "image_id", "strategy", "variant"]


def join(
    results: Any, factors: pd.DataFrame, choice: Choice, intensity_difference: IntensityDifference = "signed"
) -> pd.DataFrame:
    """Put every score beside the factors of its mask.

    Args:
        results: ``RUN/results.parquet``.
        factors: see :func:`cosmos_datasets.evaluation.factors.measure.measure`.
        choice: whose DICE: of the best of the model's masks (the paper's rule) or of the one that it prefers.
        intensity_difference: ``signed`` as in the paper; ``absolute`` drops the sign, and the column is then
            :data:`~cosmos_datasets.evaluation.factors.ABSOLUTE`.

    Returns:
        One row a result: ``source``, ``object``, ``modality``, ``label``, ``group_id``, ``masks_are`` (``union`` or
        ``instances``), ``strategy``, ``variant``, ``dice`` and :data:`~cosmos_datasets.evaluation.factors.FACTORS`.
        Left out are results without such a DICE (S1 has no choice of the model's own).

    Raises:
        CosmosError: the results cannot be read or have no such DICE.
    """
    columns = [*_TEXTS, "instance", "rater", f"dice_{choice}"]
    try:
        table = pq.read_table(results, columns=columns, read_dictionary=_TEXTS)
    except (pa.ArrowException, OSError) as error:
        raise CosmosError(f"{results} cannot be read ({error}); give the command of its run again.") from error
    frame: pd.DataFrame = table.to_pandas().rename(columns={f"dice_{choice}": "dice"})
    frame = frame[frame["dice"].notna()]
    if frame.empty:
        raise CosmosError(f"{results} has no DICE of the mask that is {choice}: everything mode has none.")
    # Texts stay numbers of a category also through the merge: as strings they would not fit into memory.
    texts = {name: frame[name].dtype for name in KEY if name in _TEXTS}
    frame = frame.merge(factors.astype(texts), on=KEY).drop(columns=["image_id", "rater", "components"])
    frame["masks_are"] = pd.Categorical(np.where(frame["instance"] > 0, "instances", "union"))
    if intensity_difference == "absolute":
        frame["intensity_difference"] = frame["intensity_difference"].abs()
        frame = frame.rename(columns={"intensity_difference": ABSOLUTE})
    return frame


def factors_in(joined: pd.DataFrame) -> list[str]:
    """The columns of :func:`join` that are factors, in the paper's order."""
    return [ABSOLUTE if ABSOLUTE in joined and factor == "intensity_difference" else factor for factor in FACTORS]


def correlate(joined: pd.DataFrame, by: str = "strategy") -> pd.DataFrame:
    """The partial correlations of each strategy, unions and single instances apart.

    Args:
        joined: see :func:`join`.
        by: a key of :data:`UNITS`; other than ``strategy`` they are computed within each target, modality, …

    Returns:
        One row a group and factor: the unit's columns, ``masks_are``, ``strategy``, ``variant``, ``factor``, ``rho``,
        ``p_value`` (NaN where they are not defined, see
        :func:`~cosmos_datasets.evaluation.factors.correlation.partial_spearman`), ``controls``, ``masks`` (n),
        ``groups`` (subjects), ``left_out`` (masks without an intensity difference).
    """
    rows: list[dict[str, Any]] = []
    keys = [*UNITS[by], *_APART]
    factors = factors_in(joined)
    for key, members in joined.groupby(keys, sort=True, observed=True):
        whole = members[members[factors].notna().all(axis=1)]
        partials = partial_spearman(whole[factors].to_numpy(float), whole["dice"].to_numpy(float))
        counted = {"masks": len(whole), "groups": whole["group_id"].nunique(), "left_out": len(members) - len(whole)}
        for factor, partial in zip(factors, partials, strict=True):
            rows.append({**dict(zip(keys, key, strict=True)), "factor": factor, **partial._asdict(), **counted})
    table = pd.DataFrame(rows)
    order = [*UNITS[by], "masks_are", "strategy", "variant"]
    ascending = [name != "masks_are" for name in order]
    return table.sort_values(order, ascending=ascending, kind="stable", ignore_index=True)


def cells(correlations: pd.DataFrame, style: str = "text") -> pd.DataFrame:
    """The table for people: a row a group, a column a factor; significant ones starred in text, bold in Markdown."""
    keys = [*(name for name in correlations.columns if name in {"source", "object", "label", "modality"}), "strategy"]
    apart = [*keys, "variant", "masks_are"]
    lines = []
    for _, group in correlations.groupby(apart, sort=False):
        first = group.iloc[0]
        line = {name: str(first[name]) for name in keys}
        line["strategy"] = " ".join(filter(None, (line["strategy"], str(first["variant"]))))
        if first["masks_are"] == "instances":
            line["strategy"] += " (instances)"
        line |= {"masks": f"{first['masks']:,}", "groups": f"{first['groups']:,}"}
        for factor, rho, p_value in zip(group["factor"], group["rho"], group["p_value"], strict=True):
            # Within one modality there is nothing to say about it.
            if title(factor) not in keys:
                line[title(factor)] = _cell(rho, p_value, style)
        lines.append(line)
    return pd.DataFrame(lines)


def _cell(rho: float, p_value: float, style: str) -> str:
    if math.isnan(rho):
        return BLANK
    marked = p_value < SIGNIFICANT
    if style == "markdown":
        return f"**{rho:+.2f}**" if marked else f"{rho:+.2f}"
    # A blank where no star stands keeps the decimals below each other.
    return f"{rho:+.2f}{'*' if marked else ' '}"
