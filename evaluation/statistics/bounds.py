"""Bootstrap intervals of many means at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from cosmos_datasets.evaluation.resampling import BLOCK, MANY, Floats, intervals

#: Means whose resamples (10,000 of 8 bytes each) are computed at a time.
_AT_ONCE = 200

Key = tuple[Hashable, ...]


def bounds(
    frame: pd.DataFrame, keys: Sequence[str], values: Sequence[str], *, within: Sequence[str] = (), seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compute 95 % intervals of the means of each group; whole subjects (``group_id``) are redrawn.

    Args:
        frame: with ``keys``, ``within``, ``group_id`` and the values; NaN is left out.
        keys: what makes a group.
        values: the columns.
        within: what each counts once within a group, such as the target; by default every row does.
        seed: of the draws.

    Returns:
        Of the means in which what is ``within`` counts once, and of those in which every row does: a row a group, the
        columns ``<value>_low`` and ``<value>_high``; NaN for a single subject and for a group without values.
    """
    sums = frame.groupby([*keys, *within, "group_id"], observed=True)[list(values)].agg(["sum", "count"])
    matrices: dict[Key, tuple[Floats, Floats]] = {}
    for value in values:
        held = sums[value].loc[sums[value]["count"] > 0].reset_index()
        matrices |= {(value, *key): one for key, one in _by_group(held, keys, within).items()}
    found = _batched(matrices, seed)
    groups = frame.groupby(list(keys), observed=True).size().index
    none = np.full(2, np.nan)
    tables = []
    for over in range(2):
        ends = [[found[(value, *key)][over] if (value, *key) in found else none for key in groups] for value in values]
        columns = [f"{value}_{end}" for value in values for end in ("low", "high")]
        tables.append(pd.DataFrame(np.concatenate(ends, axis=1), groups, columns))
    return tables[0], tables[1]


def bounds_of_sums(
    sums: pd.DataFrame, keys: Sequence[str], *, within: Sequence[str] = (), seed: int = 0
) -> dict[Key, Floats]:
    """The same from ``sum`` and ``count`` of the values of each group, ``within`` and subject: one row each.

    Returns:
        Group -> ((low, high) where what is ``within`` counts once, (low, high) where every value does).
    """
    return _batched(_by_group(sums, keys, within), seed)


def _by_group(sums: pd.DataFrame, keys: Sequence[str], within: Sequence[str]) -> dict[Key, tuple[Floats, Floats]]:
    """Sums and counts of each group, (subjects, what counts once)."""
    return {key: _matrices(members, within) for key, members in sums.groupby(list(keys), observed=True, sort=False)}


def _matrices(members: pd.DataFrame, within: Sequence[str]) -> tuple[Floats, Floats]:
    subjects, rows = np.unique(members["group_id"].cat.codes, return_inverse=True)
    columns = members.groupby(list(within), observed=True).ngroup().to_numpy() if within else np.zeros_like(rows)
    # Many subjects are filled up with such as have nothing, so that groups of unlike size are computed together.
    rounded = len(subjects) if len(subjects) < MANY else -(-len(subjects) // BLOCK) * BLOCK
    sums, counts = np.zeros((2, rounded, int(columns.max()) + 1))
    sums[rows, columns], counts[rows, columns] = members["sum"], members["count"]
    return sums, counts


def _batched(matrices: Mapping[Key, tuple[Floats, Floats]], seed: int) -> dict[Key, Floats]:
    """Groups with as many subjects share the draws, which are what takes the time."""
    alike: dict[tuple[int, ...], list[Key]] = defaultdict(list)
    for key, (sums, _) in matrices.items():
        alike[sums.shape].append(key)
    found: dict[Key, Floats] = {}
    for _, keys in sorted(alike.items()):  # those with as many subjects one after the other
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            sums, counts = (np.stack([matrices[key][n] for key in some], axis=-1) for n in range(2))
            found |= zip(some, np.swapaxes(intervals(sums, counts, seed=seed), 0, 1), strict=True)
    return found
