"""Who trains, who chooses, who is held out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.finetune.division import PARTS, Division, divide
from cosmos_datasets.evaluation.selection import Selection, select
from cosmos_datasets.load.access import open_dataset


def chosen(data: Path, **query: Any) -> Selection:
    return select(open_dataset(data), **query)


def groups(division: Division, part: str) -> set[str]:
    return set(getattr(division, part)["group_id"])


def test_the_official_test_split_is_held_out(data: Path) -> None:
    division = divide(chosen(data, config="acdc"))
    assert division.held_out == "official test split"
    assert set(division.test["split"]) == {"test"}
    assert set(division.train["split"]) == set(division.validation["split"]) == {"train"}
    assert division.train["fold"].nunique() >= 1
    assert division.validation["fold"].nunique() == 1
    assert not set(division.validation["fold"]) & set(division.train["fold"])


def test_an_official_validation_split_chooses(data: Path) -> None:
    selection = chosen(data, config="acdc")
    first = selection.table["group_id"] == selection.table.loc[selection.table["split"] == "train", "group_id"].iloc[0]
    selection.table.loc[first, "split"] = "validation"
    division = divide(selection)
    assert len(division.validation) == int(first.sum())
    assert set(division.train["split"]) == {"train"}


@pytest.mark.parametrize("fold", range(5))
def test_folds_are_held_out_elsewhere(data: Path, fold: int) -> None:
    selection = chosen(data, config="msd")
    if not (selection.table["fold"] == fold).any():
        pytest.skip("no subject of the drawn tree is in this fold")
    division = divide(selection, test_fold=fold)
    assert division.held_out == f"fold {fold}"
    assert set(division.test["fold"]) == {fold}
    assert sum(division.counts().values()) == len(selection.table)
    assert division.validation["fold"].nunique() == 1
    # The held-out masks are what a run with this query evaluates.
    table = chosen(data, config="msd", **division.test_query).table
    assert table["image_id"].tolist() == division.test["image_id"].tolist()


@pytest.mark.parametrize(
    "query", [{"config": "acdc"}, {"config": "msd"}, {"config": "all"}, {"object_": "liver,spleen"}]
)
def test_no_subject_is_in_two_parts(data: Path, query: dict[str, Any]) -> None:
    division = divide(chosen(data, **query))
    for one in PARTS:
        assert groups(division, one)
        for other in PARTS:
            assert one == other or not groups(division, one) & groups(division, other)


def test_a_subject_in_two_splits_is_refused(data: Path) -> None:
    selection = chosen(data, config="acdc")
    table = selection.table
    train = table.index[table["split"] == "train"]
    table.loc[train[-5:], "split"] = "test"
    with pytest.raises(CosmosError, match=r"the subject acdc/.* is in train and in test"):
        divide(selection)


@pytest.mark.parametrize("cases", [1, 2, 5])
def test_few_shot_takes_so_many_cases_and_leaves_the_others_alone(data: Path, cases: int) -> None:
    whole = divide(chosen(data, config="msd"))
    few = divide(chosen(data, config="msd"), train_cases=cases)
    assert few.train["case_id"].nunique() == cases
    assert set(few.train["image_id"]) < set(whole.train["image_id"])
    assert few.test.equals(whole.test)
    assert few.validation.equals(whole.validation)


def test_few_shot_is_drawn_by_the_seed_and_smaller_numbers_are_parts_of_larger(data: Path) -> None:
    def cases(number: int, seed: int) -> set[str]:
        return set(divide(chosen(data, config="msd"), train_cases=number, seed=seed).train["case_id"])

    assert cases(3, 0) == cases(3, 0)
    assert cases(1, 0) < cases(3, 0) < cases(5, 0)
    assert len({frozenset(cases(3, seed)) for seed in range(5)}) > 1


@pytest.mark.parametrize(
    ("query", "options", "says"),
    [
        ({"config": "acdc"}, {"train_cases": 100}, "--train-cases 100: there are 4 cases"),
        (
            {"config": "msd", "object_": "hippocampus"},
            {},
            "no subject is in fold 0; those of the chosen images are in",
        ),
        (
            {"config": "msd", "object_": "hippocampus"},
            {"test_fold": 1},
            "1 subject beside the held-out ones, in 1 fold",
        ),
    ],
)
def test_what_cannot_be_divided(data: Path, query: dict[str, Any], options: dict[str, Any], says: str) -> None:
    with pytest.raises(CosmosError, match=says):
        divide(chosen(data, **query), **options)
