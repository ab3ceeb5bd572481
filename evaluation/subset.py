"""A small study that is faithful to the large one: equally many masks of every target, evenly spread over the data.

The choice takes nothing but the index, and every part of it is an order whose beginning is taken: a larger subset
holds every smaller one, and a further source changes only how much is taken of the others. In turn:

1. The sources of a target give a mask each, round after round.
2. Within a source the subjects do. Subjects are in the same order for all targets, so that fewer files are read.
3. Within a subject the masks come in the order in which the van der Corput sequence reaches them along the volume: the
   first few lie as far apart as they can. It starts at a random height of the subject, the same for all its targets,
   which then often share an image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cosmos_datasets.cli.printing import plural

Integers = NDArray[np.int64]

#: Classes with few masks that an announcement names.
_NAMED = 5
#: Bits of the van der Corput sequence: more than any subject has masks.
_BITS = 32


def choose(table: pd.DataFrame, masks: int, seed: int = 0) -> NDArray[np.bool_]:
    """Choose so many masks of every target, single instances apart from unions.

    Args:
        table: rows of the index, in any order; the choice does not depend on it.
        masks: of each target; of one that has fewer, all.
        seed: of the order of sources and subjects, and of where in a subject the choice starts.

    Returns:
        bool ``(rows,)``: which are chosen.
    """
    target = _codes(table["object"], table["modality"], table["instance"] > 0)
    source, sources = pd.factorize(table["source"], sort=True)
    subject, subjects = pd.factorize(table["group_id"], sort=True)
    of_source, of_target = _codes(target, source), _codes(target, source, subject)
    draws = np.array([_draws(seed, name) for name in subjects])
    turn, start = _ranks(draws[:, 0]), draws[:, 1]

    along = _along(of_target, _order_in_volumes(table))
    size = np.bincount(of_target)[of_target]
    turned = (along + (start[subject] >> np.uint64(_BITS)).astype(np.int64) * size // (1 << _BITS)) % size
    of_subject = _along(of_target, _van_der_corput(turned, size))

    # Nobody behind this is ever reached; for a small subset of a large data set, that is nearly everybody.
    near = np.flatnonzero(of_subject < masks)
    of_source_rank = _along(of_source[near], of_subject[near] * len(subjects) + turn[subject[near]])
    near, place = near[of_source_rank < masks], of_source_rank[of_source_rank < masks]
    source_turn = _ranks(np.array([_draws(seed, name)[0] for name in sources]))
    rank = _along(target[near], place * len(sources) + source_turn[source[near]])
    chosen = np.zeros(len(table), dtype=np.bool_)
    chosen[near[rank < masks]] = True
    return chosen


def class_name(one: tuple[str, str, bool]) -> str:
    """``liver, CT``, or ``cell, Histopathology (instances)``: an object, its modality, whether single instances."""
    return f"{one[0]}, {one[1]}{' (instances)' if one[2] else ''}"


def described(data: Mapping[str, Any]) -> str:
    """A line for the announcement of a run, from what ``run.json`` says of its data; empty without a subset."""
    if data["subset"] is None:
        return ""
    text = f"\nA subset: {plural(data['subset'], 'mask')} of each target (seed {data['subset_seed']})"
    short = sorted(data["subset_short"].items(), key=lambda one: one[1])
    if not short:
        return text
    names = "; ".join(f"{name}: {count}" for name, count in short[:_NAMED])
    more = f"; and {len(short) - _NAMED} more" if len(short) > _NAMED else ""
    return f"{text}; {plural(len(short), 'target')} with fewer masks, of which all ({names}{more})"


def _draws(seed: int, name: str) -> tuple[np.uint64, np.uint64]:
    """Two random numbers of 64 bits that depend on nothing else."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "big")), np.uint64(int.from_bytes(digest[8:16], "big"))


def _codes(*columns: pd.Series | Integers) -> Integers:
    """A number for every combination of values, without gaps."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, uniques = pd.factorize(column, sort=True)
        # Made small again at once, so that no product of counts overflows.
        code = pd.factorize(code * len(uniques) + values, sort=True)[0].astype(np.int64)
    return code


def _ranks(values: NDArray[np.uint64]) -> Integers:
    """The place of every value in ascending order."""
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _along(group: Integers, key: Integers) -> Integers:
    """The place of every row within its group in the order of a key that no two rows of a group share."""
    order = np.lexsort((key, group))
    sizes = np.bincount(group)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    places = np.empty(len(group), dtype=np.int64)
    places[order] = np.arange(len(group)) - first
    return places


def _order_in_volumes(table: pd.DataFrame) -> Integers:
    """A number that orders the masks of a subject: case by case, slice by slice, then by what names a mask."""
    image, ids = pd.factorize(table["image_id"], sort=True)
    case = np.zeros(len(ids), dtype=np.int64)
    case[image] = pd.factorize(table["case_id"], sort=True)[0]
    # The number of a slice ends the id, with leading zeros: a longer one of the same case is of a later slice.
    lengths = pd.Series(ids).str.len().to_numpy(dtype=np.int64)
    image_rank = np.empty(len(ids), dtype=np.int64)
    image_rank[np.lexsort((np.arange(len(ids)), lengths, case))] = np.arange(len(ids))
    mask = _codes(table["label"], table["instance"], table["rater"])
    return image_rank[image] * (int(mask.max()) + 1) + mask


def _van_der_corput(place: Integers, size: Integers) -> Integers:
    """When the van der Corput sequence first falls on a place.

    Place k of n is the interval [k/n, (k+1)/n). The sequence 0, 1/2, 1/4, 3/4, 1/8, ... visits fractions by falling
    coarseness, so the number of the visit is the coarsest fraction in the interval with its bits reversed.

    Args:
        place: int64 ``(rows,)``, 0 to size - 1.
        size: int64 ``(rows,)``, how many places there are.
    """
    low = (place << _BITS) // size
    last = ((place + 1) << _BITS) // size - 1
    # Everything below the highest bit in which the end of the interval differs from what lies before it.
    differing = np.frexp((np.maximum(low - 1, 0) ^ last).astype(np.float64))[1].astype(np.int64) - 1
    coarsest = np.where(low == 0, 0, last >> differing << differing)
    visit = np.zeros_like(coarsest)
    for bit in range(_BITS):
        visit |= (coarsest >> bit & 1) << (_BITS - 1 - bit)
    return visit
