"""The report of a measured run, through the command: the page, its tables and figures."""

from __future__ import annotations

import io
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from html_page import Page
from PIL import Image

from cosmos_datasets.evaluation.drop import drops
from cosmos_datasets.evaluation.factors.tables import correlate, join

_ADDRESSES = {"href", "src", "srcset", "action", "data", "poster", "xlink:href"}


@pytest.fixture(scope="module")
def real_page(real_report: Path) -> Page:
    return Page((real_report / "index.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def results(real_run: Path) -> pd.DataFrame:
    return pd.read_parquet(real_run / "results.parquet")


def test_the_page_asks_for_nothing_from_outside(real_page: Page) -> None:
    addresses = [value for _, one in real_page.tags for name, value in one.items() if name in _ADDRESSES]
    assert len(addresses) > 50
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "@import" not in real_page.text
    assert real_page.text.count("url(") == real_page.text.count("url(#")
    # Namespaces are names, not addresses; nothing else looks like one.
    assert set(re.findall(r"https?://[^\s\"'<]+", real_page.text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_the_page_is_well_formed(real_page: Page) -> None:
    assert real_page.text.startswith("<!DOCTYPE html>")
    assert real_page.all("html")[0]["lang"] == "en"
    assert len(real_page.all("title")) >= len(real_page.all("h1")) == 1
    ids = [one["id"] for _, one in real_page.tags if "id" in one]
    assert len(ids) == len(set(ids))
    for _, one in real_page.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert one.get(name, ids[0]) in ids
        for name in ("href", "xlink:href"):
            if one.get(name, "").startswith("#"):
                assert one[name][1:] in ids


def test_headings_come_in_order(real_page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in real_page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_picture_has_an_alternative_text(real_page: Page) -> None:
    assert all(one.get("alt") for one in real_page.all("img"))
    drawn = [one for one in real_page.all("svg") if one.get("aria-hidden") != "true"]
    assert len(drawn) > 10
    assert all(one["role"] == "img" and one["aria-label"] for one in drawn)


def test_sections_of_all_that_was_made(real_page: Page) -> None:
    for name in ("Overview", "Targets", "Paired tests", "Moved prompts", "Factors", "Published", "Pictures"):
        assert f"{name} " in real_page.words
    assert "Clicks" not in real_page.words


def test_the_overview_holds_the_means_of_the_results(real_page: Page, results: pd.DataFrame) -> None:
    plain = results[results["variant"] == ""]
    shown = real_page.table("overview")
    assert [row["strategy"] for row in shown] == ["S1", "S2", "S5"]
    for row in shown:
        members = plain[plain["strategy"] == row["strategy"]]
        assert row["masks"] == str(len(members)) == "8"
        assert row["subjects"] == str(members["group_id"].nunique())
        for head, column in (("oracle", "dice_oracle"), ("predicted", "dice_predicted"), ("blind", "dice_blind")):
            mean = members[column].mean()
            assert row[head].split(" ")[0] == ("–" if pd.isna(mean) else f"{mean:.3f}")
        gain = (members["dice_oracle"] - members["dice_blind"]).mean()
        assert float(row["gain, oracle"].split(" ")[0]) == pytest.approx(gain, abs=0.0006)
        assert row["seen"] in {"seen", "held out", "unknown"}


def test_distances_and_other_metrics(real_page: Page, results: pd.DataFrame) -> None:
    plain = results[results["variant"] == ""]
    for row in real_page.table("metrics"):
        members = plain[plain["strategy"] == row["strategy"]]
        columns = {"DICE": "dice", "JAC": "jac", "HD (px)": "hd", "ASD (mm)": "asd_mm", "NSD": "nsd"}
        for head, column in columns.items():
            values = members[f"{column}_oracle"]
            if column in {"hd", "asd_mm"}:
                values = values.where(members["pred_area_oracle"] > 0, members["diagonal" + column[3:]])
            mean = values.mean()
            assert row[head] == ("–" if pd.isna(mean) else f"{mean:.3f}")
        assert row["empty"] == str((members["pred_area_oracle"] == 0).sum())


def test_moved_prompts_are_those_of_the_drop_command(real_page: Page, real_run: Path) -> None:
    expected = drops(real_run)
    expected = expected[expected["over"] == "mean over masks"]
    shown = real_page.table("drop")
    assert len(shown) == len(expected) == 4
    for row in shown:
        (found,) = expected[
            (expected["strategy"] == row["strategy"]) & (expected["pixels"] == row["moved by, px"])
        ].to_dict("records")
        assert (row["unmoved"], row["moved"]) == (f"{found['unmoved']:.3f}", f"{found['moved']:.3f}")
        assert float(row["drop"].split(" ")[0]) == pytest.approx(found["drop"], abs=0.0006)


def test_factors_are_those_of_their_command(real_page: Page, real_run: Path) -> None:
    joined = join(real_run / "results.parquet", pd.read_parquet(real_run / "factors.parquet"), "oracle", "absolute")
    expected = correlate(joined[joined["variant"] == ""]).set_index(["strategy", "factor"])["rho"]
    for row in real_page.table("factors"):
        rho = expected[row["strategy"], "size"]
        assert (
            row["size"].rstrip("*") == "–"
            if pd.isna(rho)
            else float(row["size"].rstrip("*")) == pytest.approx(rho, abs=6e-4)
        )


def test_files_hold_the_same_tables(real_report: Path, real_page: Page) -> None:
    names = {path.stem for path in (real_report / "tables").iterdir()}
    assert {f"table-{name}" for name in names} == set(real_page.tables)
    for name in names:
        csv, markdown, latex = (
            (real_report / "tables" / f"{name}.{ending}").read_text(encoding="utf-8")
            for ending in ("csv", "md", "tex")
        )
        rows = len(real_page.tables[f"table-{name}"]) - 1
        assert len(pd.read_csv(io.StringIO(csv))) == rows
        assert markdown.count("\n") == rows + 2
        assert latex.count(r"\\") >= rows + 1
        assert r"\toprule" in latex and r"\bottomrule" in latex


def test_csv_holds_every_digit(real_report: Path, results: pd.DataFrame) -> None:
    table = pd.read_csv(real_report / "tables" / "by-target.csv").set_index("strategy")
    plain = results[results["variant"] == ""].groupby("strategy")["dice_oracle"]
    assert table["mean_oracle"].to_dict() == pytest.approx(plain.mean().to_dict(), abs=1e-6)
    assert table["std_oracle"].to_dict() == pytest.approx(plain.std(ddof=0).to_dict(), abs=1e-6)


def test_figures_as_files(real_report: Path) -> None:
    names = {path.stem for path in (real_report / "figures").iterdir()}
    assert {"overview", "targets", "gain", "drop", "factors"} <= names
    for name in names:
        with Image.open(real_report / "figures" / f"{name}.png") as picture:
            assert len(picture.convert("RGB").getcolors(1 << 22) or []) > 10
            assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
        assert (real_report / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")


def test_figures_in_the_page_follow_its_colours(real_page: Page) -> None:
    drawings = re.findall(r'<div class="plot".*?</svg>', real_page.text, flags=re.DOTALL)
    assert len(drawings) >= 5
    for drawing in drawings:
        assert "var(--ink)" in drawing and "var(--series-1)" in drawing
        colours = set(re.findall(r"#[0-9a-f]{6}\b", drawing))
        assert not colours, "a colour that is the same in light and dark"


def test_pictures_of_best_median_and_worst(real_page: Page, results: pd.DataFrame) -> None:
    plain = results[results["variant"] == ""]
    for strategy, members in plain.groupby("strategy"):
        labels = [
            one["aria-label"] for one in real_page.all("svg") if f"prompt {strategy} " in one.get("aria-label", "")
        ]
        drawn = [float(label.partition("DICE oracle ")[2].split(",")[0]) for label in labels]
        assert drawn[0] == pytest.approx(members["dice_oracle"].max(), abs=6e-4)
        assert drawn[-1] == pytest.approx(members["dice_oracle"].min(), abs=6e-4)
        assert drawn == sorted(drawn, reverse=True)


def test_what_was_run_can_be_read(real_page: Page, real_run: Path) -> None:
    facts = json.loads((real_run / "run.json").read_text())
    for text in (facts["model"]["digest"][:16], facts["data"]["revision"][:16], facts["versions"]["torch"], "8 masks"):
        assert text in real_page.words
    for option in ("--subset 8", "--strategies S1,S2,S5", "--grid 4", "--jitter 0-10,10-20", "--repeats 2"):
        assert option in real_page.words


def test_the_same_run_gives_the_same_report(real_report: Path, real_run: Path, real_data: Path, cli: Any) -> None:
    files = {path: path.read_bytes() for path in real_report.rglob("*") if path.is_file()}
    cli("report", real_run, "--data", real_data, "--out", real_report)
    assert {path: path.read_bytes() for path in real_report.rglob("*") if path.is_file()} == files
    assert not list(real_report.parent.glob(".report*"))
