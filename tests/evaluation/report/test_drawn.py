"""Reports of drawn runs: two models, instances and unions, one strategy, one subject, names that are no HTML."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawn_runs import Row, result
from html_page import Page

Make = Callable[..., Path]
Report = Callable[..., Page]


def rows(seed: int, *, subjects: int = 7) -> list[Row]:
    """Unions and instances of two objects, under a point and a box."""
    draw = np.random.default_rng(seed)
    return [
        result(
            f"msd/{subject}/a{k}",
            float(draw.uniform(0.2, 0.8)),
            dice_oracle=float(draw.uniform(0.8, 1)),
            object=name,
            label=name,
            instance=instance,
            strategy=strategy,
            dice_blind=float(draw.uniform(0.3, 0.7)),
        )
        for subject in range(subjects)
        for k in range(2)
        for name, instance in (("liver", 0), ("cell", 0), ("cell", 1), ("cell", 2))
        for strategy in ("S2", "S5")
    ]


def mean(members: list[Row], name: str) -> str:
    return f"{np.mean([row[name] for row in members]):.3f}"


def value(cell: str) -> str:
    """A cell without its interval."""
    return cell.split(" ", maxsplit=1)[0]


def test_two_models_beside_numpy(drawn_run: Make, page: Report) -> None:
    drawn = {"first": rows(1), "second": rows(2)}
    shown = page(*(drawn_run(name, some) for name, some in drawn.items()))
    assert "first, second on drawn" in shown.words
    lines = shown.table("by-target")
    assert len(lines) == 2 * 3 * 2
    for line in lines:
        members = [
            row
            for row in drawn[line["model"]]
            if row["object"] == line["target"].split(",")[0]
            and row["strategy"] == line["strategy"]
            and (row["instance"] > 0) == (line["masks are"] == "instances")
        ]
        assert line["masks"] == str(len(members))
        for head, name in (("oracle", "dice_oracle"), ("predicted", "dice_predicted"), ("blind", "dice_blind")):
            assert value(line[head]) == mean(members, name)
        assert "[" in line["oracle"]


def test_means_over_targets_and_masks_are_apart(drawn_run: Make, page: Report) -> None:
    drawn = rows(1)
    lines = page(drawn_run("first", drawn)).table("overview")
    # Of the instances there is one target, whose two means would be the same.
    assert [(line["DICE"], line["masks are"]) for line in lines] == [
        *[("mean over targets", "union")] * 2,
        *[("mean over masks", "union")] * 2,
        *[("mean over masks", "instances")] * 2,
    ]
    unions = [row for row in drawn if row["strategy"] == "S2" and row["instance"] == 0]
    (line,) = [one for one in lines if one["DICE"] == "mean over masks" and one["strategy"] == "S2"][:1]
    assert value(line["oracle"]) == mean(unions, "dice_oracle")


def test_models_are_tested_against_each_other(drawn_run: Make, page: Report) -> None:
    better = [{**row, "dice_oracle": row["dice_oracle"] + 0.05 + 0.001 * n} for n, row in enumerate(rows(1))]
    shown = page(drawn_run("first", rows(1)), drawn_run("second", better))
    (line,) = [
        one
        for one in shown.table("models-compared")
        if (one["DICE"], one["masks are"], one["strategy"]) == ("mean over masks", "union", "S5")
    ]
    assert (line["A"], line["B"], line["subjects"]) == ("first", "second", "7")
    assert float(value(line["B - A"])) > 0.05
    # All seven subjects are better, in each of four tests: two strategies, unions and instances.
    assert line["p"] == f"{4 * 2 / 2**7:.3f}"
    assert shown.table("strategies-compared")


def test_one_strategy_without_a_choice_of_the_model(drawn_run: Make, page: Report) -> None:
    only = [
        result(f"msd/{n}/a0", None, dice_oracle=0.5, strategy="S1", pred_area_predicted=None, dice_blind=0.0)
        for n in range(3)
    ]
    shown = page(drawn_run("everything", only))
    (line,) = shown.table("overview")
    assert (line["strategy"], value(line["oracle"]), line["predicted"], line["gap"]) == ("S1", "0.500", "–", "–")
    assert "Paired tests" not in shown.words
    page(drawn_run("again", only), "--choice", "predicted", out="by-choice")


def test_one_subject_has_no_interval(drawn_run: Make, page: Report) -> None:
    shown = page(drawn_run("one", rows(1, subjects=1)))
    for line in shown.table("by-target"):
        assert "[" not in line["oracle"] + line["gain, oracle"]
    assert "single subject: no interval" in shown.words
    assert "nan" not in shown.words.lower()


def test_the_choice_decides_what_is_tested(drawn_run: Make, page: Report) -> None:
    run = drawn_run("first", rows(1))
    for choice in ("oracle", "predicted"):
        lines = page(run, "--choice", choice, out=choice).table("averages")
        members = [row for row in rows(1) if row["strategy"] == "S2" and row["instance"] == 0]
        assert lines[0]["per mask"] == mean(members, f"dice_{choice}")


def test_names_are_text_and_nothing_else(drawn_run: Make, page: Report) -> None:
    nasty = "<script>alert('1')</script>&"
    drawn = [{**row, "source": nasty, "label": nasty} for row in rows(1)]
    run = drawn_run("nasty", drawn, model=nasty)
    shown = page(run, "--title", nasty, "--note", nasty)
    assert len(shown.all("script")) == 1  # the one that sorts
    assert shown.words.count("alert('1')") >= 4
    assert shown.table("by-source")[0]["source"] == nasty


def test_many_targets_go_into_several_figures(drawn_run: Make, page: Report, tmp_path: Path) -> None:
    names = [f"organ_{n}" for n in range(35)]
    drawn = [result(f"msd/{n}/{name}", 0.5 + 0.01 * n, object=name, label=name) for n in range(2) for name in names]
    shown = page(drawn_run("many", drawn))
    figures = {path.stem for path in (tmp_path / "report" / "figures").glob("*.png")}
    assert {"targets-1", "targets-2", "gain-1", "gain-2"} <= figures
    assert len(shown.table("by-target")) == 35


def test_a_run_of_moved_prompts_is_no_further_model(drawn_run: Make, page: Report) -> None:
    ways = [f"jitter={low}-{low + 10};who=centre;seed={seed}" for low in (0, 10, 20) for seed in (1, 2)]
    plain = rows(1)
    moved = [{**row, "variant": way, "dice_oracle": row["dice_oracle"] - 0.1} for row in plain for way in ways]
    one = drawn_run("plain", plain, model="m")
    other = drawn_run("moved", [*plain, *moved], model="m", variants=ways)
    # The same weights on the same data.
    for path in (other / "summary.json", other / "run.json"):
        path.write_text(path.read_text().replace('"digest": "moved', '"digest": "plain'))
    shown = page(one, other)
    assert "run" not in shown.table("overview")[0]
    drop = shown.table("drop")
    assert {line["moved by, px"] for line in drop} == {"0-10", "10-20", "20-30"}
    assert all(float(value(line["drop"])) == pytest.approx(0.1) for line in drop)
    published = [line for line in shown.table("published") if line["ours"] != "–"]
    assert {(line["strategy"], line["ours"]) for line in published} == {("S2", "10"), ("S5", "10")}
