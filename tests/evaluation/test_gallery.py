"""The page of a run: what it shows, and that it needs nothing but itself."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result

from cosmos_datasets.evaluation.gallery_page import write_gallery
from cosmos_datasets.evaluation.gallery_rows import KEY, choose_sections, read_masks, read_scores
from cosmos_datasets.evaluation.summary import read_summary

Cli = Callable[..., Result]
STRATEGIES = ("S1", "S2", "S4", "S6")


@dataclass
class Page(HTMLParser):
    """What a browser would find in a page."""

    text: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += f"{data} "

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            attributes
            for name, attributes in self.tags
            if name == tag and all(value in attributes.get(key, "").split() for key, value in wanted.items())
        ]


@pytest.fixture(scope="module")
def run(small: Path, models: dict[str, Path], cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gallery") / "run"
    options = ("--strategies", ",".join(STRATEGIES), "--grid", 4, "--no-hd", "--threads", 1)
    cli("run", small, "--model", models["sam"], "--out", out, *options)
    return out


@pytest.fixture(scope="module")
def page(run: Path, small: Path, cli: Cli) -> Page:
    cli("gallery", run, small, "--out", run.parent / "page.html")
    return Page((run.parent / "page.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scores(run: Path) -> pd.DataFrame:
    return read_scores(run / "results.parquet")


def test_the_page_is_html(page: Page) -> None:
    assert page.text.startswith("<!DOCTYPE html>")
    assert len(page.all("html", lang="en")) == len(page.all("title")) == len(page.all("h1")) == 1


def test_the_page_asks_for_nothing_from_outside(page: Page) -> None:
    addresses = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"href", "src", "srcset", "action", "data", "poster", "xlink:href"}
    ]
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert not page.all("script")
    assert "@import" not in page.text
    assert page.text.count("url(") == page.text.count("url(#")


def test_references_within_the_page_lead_somewhere(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids


def test_every_picture_has_an_alternative_text(page: Page) -> None:
    pictures = page.all("svg", **{"class": "picture"})
    assert len(pictures) > 20
    assert all(picture["role"] == "img" and picture["aria-label"] for picture in pictures)
    with_result = [picture["aria-label"] for picture in pictures if "prompt S" in picture["aria-label"]]
    assert all("DICE oracle 0." in text or "DICE oracle 1." in text for text in with_result)


def test_the_table_holds_the_summary(page: Page, run: Path) -> None:
    shown = Counter(page.words.split())
    for line in read_summary(run).itertuples():
        for value in (line.dice_oracle, line.dice_blind):
            assert shown[f"{value:.3f}"], f"{line.object} {line.strategy}: {value:.3f}"
    assert "mean over targets" in page.words
    union, instances = "cell, Histopathology ", "cell, Histopathology (instances)"
    assert page.words.index(union) < page.words.index(instances)


def test_every_target_has_a_sample_and_its_ends(scores: pd.DataFrame) -> None:
    sections = choose_sections(scores, sample=3)
    kinds = scores.assign(instances=scores["instance"] > 0).groupby(["object", "modality", "instances"]).ngroups
    assert len(sections) == kinds
    for section in sections:
        members = scores[
            (scores["object"] == section.object)
            & (scores["modality"] == section.modality)
            & ((scores["instance"] > 0) == section.instances)
        ]
        assert section.masks == len(members[KEY].drop_duplicates())
        *samples, best, worst = section.strips
        assert [strip.kind for strip in section.strips] == ["sample"] * len(samples) + ["best", "worst"]
        assert 1 <= len(samples) <= 3
        for strip in samples:
            drawn = scores.loc[list(strip.rows)]
            assert tuple(drawn["strategy"]) == STRATEGIES
            assert len(drawn[KEY].drop_duplicates()) == 1
        ends = members.groupby("strategy")["dice_oracle"]
        assert scores.loc[list(best.rows), "dice_oracle"].tolist() == ends.max().tolist()
        assert scores.loc[list(worst.rows), "dice_oracle"].tolist() == ends.min().tolist()


def test_moved_prompts_are_no_strategies_of_their_own(scores: pd.DataFrame) -> None:
    ways = [f"jitter={low}-{low + 10};who=centre;seed={seed}" for low in (0, 10) for seed in (1, 2)]
    moved = [scores.assign(variant=way, dice_oracle=2.0 + n) for n, way in enumerate(ways)]
    everything = pd.concat([scores, *moved], ignore_index=True)
    plain = choose_sections(scores, sample=2)
    sections = choose_sections(everything, sample=2)
    assert [section.masks for section in sections] == [section.masks for section in plain]
    for section, before in zip(sections, plain, strict=True):
        assert tuple(strip for strip in section.strips if strip.kind != "moved") == before.strips
        kinds = [strip.kind for strip in section.strips]
        for n, kind in enumerate(kinds):
            if kind != "moved":
                continue
            drawn = everything.loc[list(section.strips[n].rows)]
            assert set(drawn["variant"]) == {ways[0], ways[2]}  # the first draw of each range
            assert kinds[n - 1] == "sample"
            sample = everything.loc[section.strips[n - 1].rows[0], KEY]
            assert (drawn[KEY] == sample).all(axis=None)
        assert kinds.count("moved") == kinds.count("sample")


def test_so_many_targets_are_drawn_as_asked_for(run: Path, small: Path, tmp_path: Path) -> None:
    write_gallery(run, str(small), tmp_path / "page.html", targets=2)
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    sections = choose_sections(read_scores(run / "results.parquet"), sample=3)
    most = sorted(sections, key=lambda section: -section.masks)[:2]
    shown = [one["aria-labelledby"] for one in page.all("section")]
    assert len(shown) == 2 < len(sections)
    assert f"Shown: the 2 targets with the most masks, of {len(sections)}." in page.words
    for section in most:
        assert section.object.replace("_", " ") in page.words


def test_samples_are_of_different_images_and_the_same_every_time(scores: pd.DataFrame) -> None:
    def samples(frame: pd.DataFrame) -> list[Any]:
        return [
            frame.loc[list(strip.rows), KEY].drop_duplicates().iloc[0].tolist()
            for section in choose_sections(frame, sample=3)
            for strip in section.strips
            if strip.kind == "sample"
        ]

    assert samples(scores) == samples(scores.sample(frac=1, random_state=1))
    (section, *_) = choose_sections(scores, sample=3)
    images = [scores.loc[strip.rows[0], "image_id"] for strip in section.strips if strip.kind == "sample"]
    assert len(images) == len(set(images)) == 3


def test_masks_are_read_as_they_were_scored(run: Path, scores: pd.DataFrame) -> None:
    drawable = scores[scores["drawable"] & (scores["pred_area_oracle"] > 0)]
    masks = read_masks(run / "results.parquet", {int(str(number)) for number in drawable.index})
    for number, row in drawable.iterrows():
        crop = masks[int(str(number))]["oracle"]
        assert crop is not None
        mask, (x0, y0, x1, y1) = crop
        assert mask.shape == (y1 - y0 + 1, x1 - x0 + 1)
        assert mask.sum() == row["pred_area_oracle"]


def test_a_run_with_all_masks_shows_as_many_as_asked(
    small: Path, models: dict[str, Path], cli: Cli, tmp_path: Path
) -> None:
    options = ("--strategies", "S5", "--no-hd", "--config", "acdc", "--save-masks", "--threads", 1)
    cli("run", small, "--model", models["sam"], "--out", tmp_path / "run", *options)
    write_gallery(tmp_path / "run", str(small), tmp_path / "page.html", sample=5)
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    images = [p for p in page.all("svg", **{"class": "picture"}) if p["aria-label"].startswith("Image ")]
    assert len(images) == 3 * 5


def test_the_same_run_gives_the_same_page(run: Path, small: Path, page: Page, tmp_path: Path) -> None:
    write_gallery(run, str(small), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page.text


def test_heading_and_note_are_text_and_nothing_else(run: Path, small: Path, cli: Cli, tmp_path: Path) -> None:
    nasty = '<script>alert("1")</script> & more'
    cli("gallery", run, small, "--out", tmp_path / "page.html", "--title", nasty, "--note", nasty, "--sample", 0)
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert not page.all("script")
    assert page.words.count(nasty) == 3  # in the tab, above the page, and the note


def test_another_data_set_is_refused(run: Path, small: Path, cli: Cli, tmp_path: Path) -> None:
    from cosmos_datasets.build.run import build
    from cosmos_datasets.registry import get_source

    build(get_source("acdc"), small.parent / "raw" / "acdc", tmp_path / "other")
    result = cli("gallery", run, tmp_path / "other", "--out", tmp_path / "page.html", fails=True)
    assert result.exit_code == 1
    assert "is not the data set" in result.output
    assert not (tmp_path / "page.html").exists()


def test_a_later_run_that_was_interrupted_changes_nothing(
    run: Path, small: Path, page: Page, cli: Cli, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "run")
    facts = json.loads((run / "run.json").read_text())
    facts["data"] |= {"limit": 1}
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    cli("gallery", tmp_path / "run", small, "--out", tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page.text


def test_an_unfinished_run_is_refused(run: Path, small: Path, cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "results.parquet").unlink()
    result = cli("gallery", tmp_path / "run", small, "--out", tmp_path / "page.html", fails=True)
    assert result.exit_code == 1
    assert "results.parquet" in result.output
