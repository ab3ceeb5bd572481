"""Bootstrap intervals of many means at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from cosmos_datasets.evaluation.resampling import Floats, intervals

#: Means whose resamples (10,000 of 8 bytes each) are held at a time.
_AT_ONCE = 200


def bounds(
    frame: pd.DataFrame, keys: Sequence[str], value: str, *, within: Sequence[str] = (), seed: int = 0
) -> dict[tuple[Hashable, ...], tuple[float, float]]:
    """The 95 % interval of the mean of each group; whole subjects (``group_id``) are redrawn.

    Args:
        frame: with ``keys``, ``within``, ``group_id`` and the value; rows without one (NaN) are left out.
        keys: what makes a group.
        value: the column.
        within: what each counts once within a group, such as the target; by default every row does.
        seed: of the draws.

    Returns:
        Group -> low and high, NaN for a single subject. A group without values is not there.
    """
    held = frame.loc[frame[value].notna(), [*keys, *within, "group_id", value]]
    sums = held.groupby([*keys, *within, "group_id"], observed=True)[value].agg(["sum", "count"])
    return bounds_of_sums(sums.reset_index(), keys, within=within, seed=seed)


def bounds_of_sums(
    sums: pd.DataFrame, keys: Sequence[str], *, within: Sequence[str] = (), seed: int = 0
) -> dict[tuple[Hashable, ...], tuple[float, float]]:
    """The same from ``sum`` and ``count`` of the values of each group, ``within`` and subject: one row each."""
    groups = sums.groupby(list(keys), observed=True, sort=False)
    return _batched({key: _matrices(members, within) for key, members in groups}, seed)


def _matrices(members: pd.DataFrame, within: Sequence[str]) -> tuple[Floats, Floats]:
    """Sums and counts of a group, (subjects, what counts once)."""
    subjects, rows = np.unique(members["group_id"].cat.codes, return_inverse=True)
    columns = members.groupby(list(within), observed=True).ngroup().to_numpy() if within else np.zeros_like(rows)
    sums, counts = np.zeros((2, len(subjects), int(columns.max()) + 1))
    sums[rows, columns], counts[rows, columns] = members["sum"], members["count"]
    return sums, counts


def _batched(
    matrices: Mapping[tuple[Hashable, ...], tuple[Floats, Floats]], seed: int
) -> dict[tuple[Hashable, ...], tuple[float, float]]:
    """Groups with as many subjects share the draws, which are what takes the time."""
    alike: dict[tuple[int, ...], list[tuple[Hashable, ...]]] = defaultdict(list)
    for key, (sums, _) in matrices.items():
        alike[sums.shape].append(key)
    found: dict[tuple[Hashable, ...], tuple[float, float]] = {}
    for keys in alike.values():
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            sums, counts = (np.stack([matrices[key][n] for key in some], axis=-1) for n in range(2))
            found |= zip(some, map(tuple, intervals(sums, counts, seed=seed).tolist()), strict=True)
    return found
