"""Balanced subsets: what is chosen of an index, and that a run on them is the run on everything, restricted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from eval_fixtures import Cli
from hypothesis import given, settings
from hypothesis import strategies as st

from cosmos_datasets.evaluation.selection import select
from cosmos_datasets.evaluation.subset import _van_der_corput, choose, described
from cosmos_datasets.load.access import open_dataset

KEY = ["image_id", "label", "instance", "rater"]
TARGET = ["object", "modality", "single"]


@st.composite
def indexes(draw: st.DrawFn) -> pd.DataFrame:
    """An index of a few sources with subjects of very different sizes, some with single instances."""
    rows = []
    for source in range(draw(st.integers(1, 3))):
        for subject in range(draw(st.integers(1, 5))):
            objects = draw(st.lists(st.sampled_from(["liver", "cell"]), min_size=1, max_size=2, unique=True))
            for slice_ in range(draw(st.integers(1, 12))):
                for name in objects:
                    instances = range(draw(st.integers(1, 3))) if name == "cell" else [0]
                    rows += [
                        {
                            "source": f"s{source}",
                            "group_id": f"s{source}/p{subject}",
                            "case_id": f"p{subject}_{slice_ % 2}",
                            "image_id": f"s{source}/p{subject}_{slice_ % 2}/a{slice_:03d}",
                            "modality": "CT",
                            "object": name,
                            "label": name,
                            "instance": instance,
                            "rater": -1,
                        }
                        for instance in instances
                    ]
    table = pd.DataFrame(rows)
    return table.assign(single=table["instance"] > 0)


def keys(table: pd.DataFrame) -> set[tuple[Any, ...]]:
    return set(table[KEY].itertuples(index=False, name=None))


def assert_balanced(taken: dict[str, int], sizes: dict[str, int]) -> None:
    """Nobody has two less than somebody else, unless it has nothing left to give."""
    most = max(taken.values())
    for name, size in sizes.items():
        assert taken.get(name, 0) >= min(size, most - 1)


@settings(max_examples=30)
@given(indexes(), st.integers(1, 15), st.integers(0, 3), st.randoms())
def test_a_subset(table: pd.DataFrame, masks: int, seed: int, random: Any) -> None:
    chosen = table[choose(table, masks, seed)]
    for one, of_target in table.groupby(TARGET):
        taken = chosen[(chosen[TARGET] == list(one)).all(axis=1)]
        assert len(taken) == min(masks, len(of_target))
        assert_balanced(dict(taken["source"].value_counts()), dict(of_target["source"].value_counts()))
        for source, of_source in taken.groupby("source"):
            there = of_target[of_target["source"] == source]
            assert_balanced(dict(of_source["group_id"].value_counts()), dict(there["group_id"].value_counts()))

    order = list(range(len(table)))
    random.shuffle(order)
    shuffled = table.iloc[order]
    assert keys(shuffled[choose(shuffled, masks, seed)]) == keys(chosen)
    assert keys(chosen) <= keys(table[choose(table, masks + 1, seed)])


@settings(max_examples=30)
@given(indexes(), st.integers(1, 10))
def test_without_a_source_the_others_give_the_same_and_more(table: pd.DataFrame, masks: int) -> None:
    whole = table[choose(table, masks)]
    for source in table["source"].unique():
        rest = table[table["source"] != source]
        if len(rest):
            assert keys(whole[whole["source"] != source]) <= keys(rest[choose(rest, masks)])


def volumes(subjects: int, slices: int, *objects: str) -> pd.DataFrame:
    rows = [
        {"source": "s", "group_id": f"p{p}", "case_id": f"p{p}", "image_id": f"s/p{p}/a{n:03d}", "modality": "CT",
         "object": name, "label": name, "instance": 0, "rater": -1, "slice": n}
        for p in range(subjects) for n in range(slices) for name in objects
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize("slices", [7, 8, 100, 1100])
def test_masks_of_a_subject_lie_along_its_volume(slices: int) -> None:
    table = volumes(1, slices, "liver")
    for masks in (2, 4, 8):
        places = np.sort(table[choose(table, masks, 5)]["slice"].to_numpy())
        around = np.append(places, places[:1] + slices)  # the choice starts anywhere and goes round
        # Four thirds of the mean distance for a sequence whose every beginning is spread; rounding to whole slices.
        assert np.diff(around).max() <= np.ceil(slices / min(masks, slices)) + 1


def test_every_slice_is_as_likely_as_another() -> None:
    table = volumes(4000, 10, "liver")
    counts = table[choose(table, 4000)]["slice"].value_counts()
    assert counts.sum() == 4000
    assert set(counts.index) == set(range(10))
    # Binomial, 4000 draws of 0.1: a standard deviation of 19.
    assert counts.between(300, 500).all()


def test_targets_of_a_subject_share_images() -> None:
    table = volumes(30, 12, "liver", "spleen")
    chosen = table[choose(table, 20)]
    assert len(chosen) == 40
    assert chosen["image_id"].nunique() == 20


def test_the_seed_decides() -> None:
    table = volumes(50, 12, "liver")
    first, again, other = (keys(table[choose(table, 10, seed)]) for seed in (0, 0, 1))
    assert first == again != other


@given(st.integers(1, 200))
def test_the_order_is_that_of_the_van_der_corput_sequence(size: int) -> None:
    """Against the sequence itself, walked through until it has been everywhere."""
    visited: dict[int, int] = {}
    number = 0
    while len(visited) < size:
        fraction, weight, rest = 0.0, 0.5, number
        while rest:
            fraction, weight, rest = fraction + weight * (rest & 1), weight / 2, rest >> 1
        visited.setdefault(int(fraction * size), number)
        number += 1
    places = np.arange(size)
    assert _van_der_corput(places, np.full(size, size)).tolist() == [visited[place] for place in places]


def test_a_subset_of_a_selection(small: Path) -> None:
    data = open_dataset(small)
    whole = select(data)
    few = select(data, subset=3, subset_seed=1)
    assert few.mean_areas == whole.mean_areas
    assert few.data_revision == whole.data_revision
    assert keys(few.table) < keys(whole.table)
    places = [table.set_index(KEY).index for table in (whole.table, few.table)]
    assert list(places[1]) == [key for key in places[0] if key in set(places[1])]
    counts = few.table.groupby(["object", "modality", few.table["instance"] > 0]).size()
    assert (counts == 3).all()
    assert few.short == {}
    myocardium = select(data, object_="left ventricular myocardium", subset=1000)
    assert myocardium.short == {("left_ventricular_myocardium", "Cine-MRI", False): len(myocardium.table)}
    # First by what masks are, then the subset, then the first images of that.
    united = select(data, masks="union", fold=1, subset=2)
    assert set(united.table["fold"]) == {1}
    assert united.table.groupby("object").size().max() == 2
    limited = select(data, subset=3, subset_seed=1, limit=2).table
    assert keys(limited) == keys(few.table[few.table["image_id"].isin(few.table["image_id"].unique()[:2])])


def test_several_configurations(small: Path) -> None:
    data = open_dataset(small)
    both = select(data, config="cellseg_neurips22, acdc")
    assert both.data_revision == select(data).data_revision
    assert both.table.equals(select(data).table)
    assert select(data, config="acdc,acdc").table.equals(select(data, config="acdc").table)


def test_the_announcement() -> None:
    assert described({"subset": None}) == ""
    data = {"subset": 20, "subset_seed": 3, "subset_short": {}}
    assert described(data) == "\nA subset: 20 masks of each target (seed 3)"
    text = described({**data, "subset_short": {"liver, CT": 7, "cell, CT (instances)": 2}})
    assert text.endswith("; 2 targets with fewer masks, of which all (cell, CT (instances): 2; liver, CT: 7)")
    assert "; and 1 more" in described({**data, "subset_short": dict(zip("abcdef", range(6), strict=True))})


def results(run: Path) -> pd.DataFrame:
    table = pq.read_table(run / "results.parquet").to_pandas()
    kept = [name for name in table.columns if not name.startswith("mask_")]
    return table.set_index([*KEY, "strategy"], drop=False)[kept]


def test_a_run_on_a_subset_is_the_whole_run_restricted(
    small: Path, models: dict[str, Path], tmp_path: Path, cli: Cli
) -> None:
    options = ("--model", models["sam"], "--config", "acdc", "--strategies", "S2,S5", "--threads", "1")
    started = cli("run", small, *options, "--subset", "5", "--out", tmp_path / "run")
    assert "A subset: 5 masks of each target (seed 0)\n" in started.stderr
    few = results(tmp_path / "run")
    assert len(few) == 5 * 3 * 2
    facts = json.loads((tmp_path / "run" / "run.json").read_text())["data"]
    assert (facts["subset"], facts["subset_seed"], facts["subset_short"]) == (5, 0, {})

    cli("run", small, *options, "--out", tmp_path / "whole")
    whole = results(tmp_path / "whole")
    assert len(whole) > len(few)
    # Prompts and baselines depend on nothing else; the last digits of logits depend on what is decoded together.
    same = ["prompt", "area", "dice_blind"]
    assert few[same].equals(whole.loc[few.index, same])
    for score in ("dice_oracle", "dice_predicted"):
        assert np.abs(few[score] - whole.loc[few.index, score]).max() < 0.005

    # The whole run in the folder of the subset, and back.
    cli("run", small, *options, "--out", tmp_path / "run")
    pd.testing.assert_frame_equal(results(tmp_path / "run"), whole)
    again = cli("run", small, *options, "--subset", "5", "--out", tmp_path / "run")
    assert "s an image" not in again.stderr  # nothing was evaluated anew
    pd.testing.assert_frame_equal(results(tmp_path / "run"), few)
    cli("gallery", tmp_path / "run", small, "--out", tmp_path / "page.html")


def test_clicks_on_a_subset(small: Path, models: dict[str, Path], tmp_path: Path, cli: Cli) -> None:
    options = ("--model", models["sam"], "--config", "acdc", "--clicks", "1", "--threads", "1")
    done = cli("interactive", small, *options, "--subset", "2", "--subset-seed", "7", "--out", tmp_path / "clicks")
    assert "A subset: 2 masks of each target (seed 7)\n" in done.stderr
    clicks = pq.read_table(tmp_path / "clicks" / "clicks.parquet").to_pandas()
    expected = select(open_dataset(small), config="acdc", subset=2, subset_seed=7)
    assert keys(clicks) == keys(expected.table)
