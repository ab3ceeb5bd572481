"""A damaged raw tree is refused, reduced with named reasons, or right: never different without a word.

Every kind of damage once, on a source each; ``make stress`` tries all kinds on all sources.
"""

import os
import warnings
from importlib import import_module
from pathlib import Path

import pytest
from checked import CHECKED
from stress.judge import APPLIED, FAULTS, assigned, built, judge

_SEED = int(os.environ.get("COSMOS_STRESS_SEED", "0"))


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("trees")
    for source_id in CHECKED:
        import_module(f"raw_trees.{source_id}").write(folder / source_id)
    return {source_id: folder / source_id for source_id in CHECKED}


def test_no_damage_is_silent(trees: dict[str, Path], tmp_path: Path) -> None:
    warnings.simplefilter("ignore")
    plan = assigned(trees, _SEED)
    verdicts = []
    for source_id, chosen in plan.items():
        before = built(source_id, trees[source_id])
        found = (judge(source_id, trees[source_id], before, one, _SEED, tmp_path / "work") for one in chosen)
        verdicts += [one for one in found if one is not None]
    assert len(verdicts) > len(APPLIED) / 4
    assert {one.outcome for one in verdicts} >= {"same", "refused", "reduced", "told"}
    assert [one for one in verdicts if one.outcome in FAULTS] == []
