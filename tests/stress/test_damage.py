"""A damaged raw tree is refused, reduced with named reasons, or right: never different without a word.

Some kinds of damage once, and every source; ``make stress`` tries all kinds on all sources.
"""

import os
import random
import warnings
from collections.abc import Iterator
from pathlib import Path

from checked import CHECKED
from stress.comparison import FAULTS, RIGHT
from stress.judge import Verdict, drawn, trials
from stress.kinds import KINDS

_SEED = int(os.environ.get("COSMOS_STRESS_SEED", "0"))
_TRIALS = 150


def test_no_damage_is_silent(tmp_path: Path) -> None:
    warnings.simplefilter("ignore")
    verdicts = list(_some(tmp_path, random.Random(_SEED)))
    assert {one.source for one in verdicts} == set(CHECKED)
    assert {one.outcome for one in verdicts} >= set(RIGHT)
    assert [str(one) for one in verdicts if one.outcome in FAULTS] == []


def _some(work: Path, rng: random.Random) -> Iterator[Verdict]:
    """Draw kinds, and try each on the source with the fewest trials that has a file for it."""
    tried = {drawn(source_id, work / source_id): 0 for source_id in rng.sample(CHECKED, len(CHECKED))}
    for kind in rng.sample(sorted(KINDS), _TRIALS):
        for tree in sorted(tried, key=tried.__getitem__):
            if found := list(trials(tree, [kind], _SEED, 1, work / "work")):
                tried[tree] += 1
                yield from found
                break
