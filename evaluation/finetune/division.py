"""Who trains, who chooses the epoch, who is held out: three sets of subjects that never share one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.selection import Selection

FOLDS = 5
#: What identifies a mask within an image, and what reading it takes.
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Division:
    """The masks of a fine-tuning, divided by subject.

    Attributes:
        train, validation, test: rows of the index.
        held_out: where ``test`` comes from: ``official test split`` or ``fold 0``.
        selection: what was divided.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    held_out: str
    selection: Selection

    def part(self, name: str) -> Selection:
        """One of :data:`PARTS` as a selection."""
        table: pd.DataFrame = getattr(self, name)
        return Selection(table.reset_index(drop=True), self.selection.mean_areas, self.selection.data_revision)

    @property
    def test_query(self) -> dict[str, Any]:
        """What chooses the held-out masks among the selected ones, see ``select()``."""
        return {"split": "test"} if self.held_out == OFFICIAL else {"fold": int(self.held_out.split()[-1])}

    def counts(self, column: str | None = None) -> dict[str, int]:
        """Masks of every part, or the different values of a column."""
        tables = {name: getattr(self, name) for name in PARTS}
        return {name: len(table) if column is None else table[column].nunique() for name, table in tables.items()}


OFFICIAL = "official test split"


def divide(selection: Selection, *, test_fold: int = 0, train_cases: int | None = None, seed: int = 0) -> Division:
    """Divide the selected masks.

    The official test split is held out where there is one, and the official validation split chooses the epoch.
    Elsewhere folds over subjects do: ``test_fold`` is held out, the next one that is not empty chooses.

    Args:
        selection: of all splits.
        test_fold: the fold that is held out where there is no official test split.
        train_cases: train on so many cases only; a smaller number takes some of those of a larger one.
        seed: of the choice of cases.

    Raises:
        CosmosError: if there are too few subjects to divide, or fewer cases than asked for.
    """
    table = selection.table
    splits = set(table["split"])
    official = "test" in splits
    test = table["split"] == "test" if official else table["fold"] == test_fold
    rest = table[~test]
    if not test.any():
        present = ", ".join(map(str, sorted(table["fold"].unique())))
        raise CosmosError(f"no subject is in fold {test_fold}; those of the chosen images are in {present}.")
    validation = rest["split"] == "validation"
    if not validation.any():
        validation = rest["fold"] == _validation_fold(rest, test_fold)
    held_out = OFFICIAL if official else f"fold {test_fold}"
    division = Division(_few(rest[~validation], train_cases, seed), rest[validation], table[test], held_out, selection)
    _refuse_leaks(division)
    return division


def _validation_fold(rest: pd.DataFrame, test_fold: int) -> int:
    present = set(rest["fold"])
    following = [(test_fold + step) % FOLDS for step in range(1, FOLDS + 1)]
    found = [fold for fold in following if fold in present]
    if len(found) < 2:
        subjects = rest["group_id"].nunique()
        raise CosmosError(
            f"{plural(subjects, 'subject')} beside the held-out ones, in {plural(len(found), 'fold')}: training and "
            "validation need subjects of two folds. Choose more data, or another --test-fold."
        )
    return found[0]


def _few(train: pd.DataFrame, cases: int | None, seed: int) -> pd.DataFrame:
    """The first cases in the order of a hash."""
    names = train["source"] + "/" + train["case_id"]
    if train.empty:
        raise CosmosError("no mask is left to train on; choose more data, or another --test-fold.")
    if cases is None:
        return train
    present = sorted(names.unique(), key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
    if cases > len(present):
        raise CosmosError(f"--train-cases {cases}: there are {len(present)} cases to train on.")
    return train[names.isin(present[:cases])]


def _refuse_leaks(division: Division) -> None:
    """A data set built elsewhere may have a subject in two splits."""
    seen: dict[str, str] = {}
    for part in PARTS:
        for group in getattr(division, part)["group_id"].unique():
            if group in seen:
                raise CosmosError(
                    f"the subject {group} is in {seen[group]} and in {part}: results would be too good. "
                    "The data set has to be built anew."
                )
            seen[group] = part
