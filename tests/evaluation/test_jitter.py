"""Moved prompts: where they go, and what a run makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from runs import COMMON, finish, start

from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.jitter import FARTHEST, Jitter, named, split_name, variants, with_variants
from cosmos_datasets.evaluation.models.adapter import Adapter
from cosmos_datasets.evaluation.prompts import PROMPTED, Prompt, make_prompt
from cosmos_datasets.evaluation.sample import Target

KEY = ["image_id", "label", "instance", "rater", "strategy"]
SIZE = ["image_id", "height", "width"]
WHO = st.sampled_from(["centre", "all"])
BOX = st.sampled_from(["moved", "enlarged"])


@st.composite
def jitters(draw: st.DrawFn, high: int = 40) -> Jitter:
    low = draw(st.integers(0, high))
    return Jitter(low, draw(st.integers(low, high)), draw(st.integers(0, 99)), draw(WHO), draw(BOX))


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Target, int, int]:
    """A target in an image."""
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    x1, y1 = draw(st.integers(x0, width - 1)), draw(st.integers(y0, height - 1))
    return Target(np.ones((y1 - y0 + 1, x1 - x0 + 1), np.bool_), (x0, y0, x1, y1), "liver", "liver"), height, width


def moved(jitter: Jitter, strategy: str, scene: tuple[Target, int, int], image: str = "i") -> tuple[Prompt, Prompt]:
    target, height, width = scene
    prompt = make_prompt(strategy, target, height, width)
    return prompt, jitter.move(prompt, strategy, image, target, height, width)


@given(jitters(), st.sampled_from(PROMPTED), scenes())
def test_a_moved_prompt_is_a_prompt_of_the_image(
    jitter: Jitter, strategy: str, scene: tuple[Target, int, int]
) -> None:
    before, after = moved(jitter, strategy, scene)
    _, height, width = scene
    assert after.shape == before.shape
    assert after.points.dtype == np.float32
    assert np.array_equal(after.labels, before.labels)
    assert Prompt.from_json(after.to_json()).to_json() == after.to_json()
    assert np.all(after.points % 1 == 0)
    assert np.all((after.points >= 0) & (after.points < [width, height]))
    assert np.all(np.hypot(*(after.points - before.points).T) <= jitter.high)
    if jitter.who == "centre":
        assert np.array_equal(after.points[1:], before.points[1:])
    if before.box is not None and after.box is not None:
        assert after.box.dtype == np.float32
        x0, y0, x1, y1 = after.box.tolist()
        assert 0 <= x0 <= x1 < width
        assert 0 <= y0 <= y1 < height


@given(jitters(), st.sampled_from(PROMPTED), scenes())
def test_it_moves_by_as_many_pixels_as_were_asked(
    jitter: Jitter, strategy: str, scene: tuple[Target, int, int]
) -> None:
    before, after = moved(jitter, strategy, scene)
    _, height, width = scene
    yy, xx = np.mgrid[:height, :width]
    for a, b in list(zip(before.points, after.points, strict=True))[: None if jitter.who == "all" else 1]:
        distances = np.hypot(xx - a[0], yy - a[1])
        if np.any((distances >= jitter.low) & (distances <= jitter.high)):
            assert jitter.low <= np.hypot(*(b - a)) <= jitter.high
        else:
            assert np.rint(np.hypot(*(b - a))) == np.rint(distances[distances <= jitter.high].max())
    if before.box is not None and after.box is not None and jitter.box == "enlarged":
        outwards = (after.box - before.box) * [-1, -1, 1, 1]
        border = np.array([before.box[0], before.box[1], width - 1 - before.box[2], height - 1 - before.box[3]])
        assert np.all((outwards >= np.minimum(jitter.low, border)) & (outwards <= np.minimum(jitter.high, border)))


@given(jitters(), st.integers(1, 30), st.integers(1, 30), st.sampled_from(["S5", "S6"]))
def test_a_box_is_shifted_rigidly(jitter: Jitter, height: int, width: int, strategy: str) -> None:
    assume(jitter.box == "moved")
    target = Target(np.ones((height, width), np.bool_), (100, 110, 99 + width, 109 + height), "liver", "liver")
    before, after = moved(jitter, strategy, (target, 300, 300))
    assert before.box is not None
    assert after.box is not None
    shift = after.box - before.box
    assert np.array_equal(shift[:2], shift[2:])
    assert jitter.low <= np.hypot(shift[0], shift[1]) <= jitter.high


def test_every_distance_and_direction_is_as_likely() -> None:
    target = Target(np.ones((1, 1), np.bool_), (100, 100, 100, 100), "liver", "liver")
    pairs = [moved(Jitter(10, 20, 1), "S2", (target, 201, 201), f"image{n}") for n in range(4000)]
    offsets = np.array([after.points[0] - before.points[0] for before, after in pairs])
    distances = np.bincount(np.rint(np.hypot(*offsets.T)).astype(int), minlength=21)[10:]
    quadrants = np.bincount(((np.arctan2(offsets[:, 1], offsets[:, 0]) + 0.1) // (np.pi / 2)).astype(int) % 4)
    assert len(distances) == 11
    # Four standard deviations of a count.
    assert np.all(np.abs(distances - 4000 / 11) < 4 * np.sqrt(4000 / 11))
    assert np.all(np.abs(quadrants - 1000) < 4 * np.sqrt(750))


def test_what_is_drawn_depends_on_the_key_alone() -> None:
    target = Target(np.ones((9, 9), np.bool_), (100, 100, 108, 108), "liver", "liver", 2, 1)
    one = moved(Jitter(20, 30, 1, "all"), "S4", (target, 200, 220))[1].to_json()
    assert moved(Jitter(20, 30, 1, "all"), "S4", (target, 200, 220))[1].to_json() == one
    # Kept as written: stored prompts of finished runs must not change under their readers.
    pinned = '{"points":[[118,96]],"labels":[1],"box":[88,105,96,113]}'
    assert moved(Jitter(10, 20, 3), "S6", (target, 200, 220))[1].to_json() == pinned
    others = [
        Target(target.mask, target.bbox, "liver", *key) for key in (("l", 2, 1), ("liver", 3, 1), ("liver", 2, 0))
    ]
    drawn = {moved(Jitter(20, 30, 1, "all"), "S4", (other, 200, 220))[1].to_json() for other in others}
    drawn |= {moved(Jitter(20, 30, 2, "all"), "S4", (target, 200, 220))[1].to_json()}
    drawn |= {moved(Jitter(20, 30, 1, "all"), "S4", (target, 200, 220), "j")[1].to_json()}
    assert len(drawn | {one}) == 6


@given(jitters(FARTHEST))
def test_the_name_of_a_variant_says_everything(jitter: Jitter) -> None:
    assert Jitter.parse(jitter.variant) == jitter
    assert split_name(named("S5", jitter.variant)) == ("S5", jitter.variant)


def test_names() -> None:
    assert Jitter(10, 20, 3).variant == "jitter=10-20;who=centre;seed=3"
    assert Jitter(0, 10, 1, "all", "enlarged").variant == "jitter=0-10;who=all;box=enlarged;seed=1"
    two = variants([(0, 10)], 2, "centre", "moved")
    assert with_variants(["S1", "S5"], two) == ("S1", "S5", f"S5 {two[0]}", f"S5 {two[1]}")
    assert with_variants(["S1", "S5"], ()) == ("S1", "S5")


@pytest.mark.parametrize("text", ["", "jitter=1-2", "jitter=9-2;who=centre;seed=1", "jitter=1-2;who=me;seed=1"])
def test_a_name_that_says_nothing(text: str) -> None:
    with pytest.raises(CosmosError, match="move"):
        Jitter.parse(text)


MOVED = ("--jitter", "0-3,10-20", "--repeats", "2")


@pytest.fixture
def args(small: Path, models: dict[str, Path]) -> list[object]:
    return ["run", small, "--config", "acdc", "--model", models["sam2"], *COMMON, "--limit", 12]


def results(run: Path) -> bytes:
    return (run / "results.parquet").read_bytes()


def test_a_run_with_moved_prompts(args: list[object], tmp_path: Path, cli: Any, encoded: list[int]) -> None:
    cli(*args, "--strategies", "S1,S2,S6", *MOVED, "--out", tmp_path / "at once")
    assert sum(encoded) == 12
    cli(*args, "--strategies", "S1,S2,S6", "--out", tmp_path / "plain")
    frame, plain = (pd.read_parquet(tmp_path / name / "results.parquet") for name in ("at once", "plain"))
    # The unmoved rows, and the tables made of them, are those of a run without the option.
    unmoved = frame[frame["variant"] == ""].reset_index(drop=True)
    pd.testing.assert_frame_equal(unmoved, plain)
    for name in ("table.csv", "table.md"):
        assert (tmp_path / "at once" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()
    assert "variants" not in json.loads((tmp_path / "plain" / "run.json").read_text())
    assert set(frame.loc[frame["strategy"] == "S1", "variant"]) == {""}
    names = variants([(0, 3), (10, 20)], 2, "centre", "moved")
    assert set(frame.loc[frame["strategy"] == "S6", "variant"]) == {"", *names}
    # Asked for later, only they are computed, and the file is the same.
    encoded.clear()
    result = cli(*args, "--strategies", "S1,S2,S6", *MOVED, "--out", tmp_path / "plain")
    assert sum(encoded) == 12
    assert "4 times with moved prompts" in result.stderr
    assert results(tmp_path / "plain") == results(tmp_path / "at once")
    cli(*args, "--strategies", "S1,S2,S6", *MOVED, "--out", tmp_path / "plain")
    assert sum(encoded) == 12
    # The stored prompts are the moved ones of each row's key.
    shards = pd.concat(pd.read_parquet(path, columns=SIZE) for path in Path(str(args[1])).glob("data/acdc/*/*"))
    sizes = {image_id: size for image_id, *size in shards.itertuples(index=False)}
    prompts = unmoved.set_index(KEY)["prompt"].to_dict()
    for row in frame[frame["variant"] != ""].to_dict("records"):
        before = Prompt.from_json(prompts[tuple(row[name] for name in KEY)])
        target = Target(np.ones((1, 1), np.bool_), (0, 0, 0, 0), "", row["label"], row["instance"], row["rater"])
        after = Jitter.parse(row["variant"]).move(
            before, row["strategy"], row["image_id"], target, *sizes[row["image_id"]]
        )
        assert row["prompt"] == after.to_json()


def test_stored_prompts_are_those_the_model_saw(
    args: list[object], tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    decode = Adapter.decode

    def noting(self: Adapter, embedding: Any, points: Any = None, labels: Any = None, boxes: Any = None) -> Any:
        for n in range(len(points)):
            box = None if boxes is None else boxes[n].numpy()
            seen.append(Prompt(points[n].numpy(), labels[n].numpy(), box).to_json())
        return decode(self, embedding, points, labels, boxes)

    monkeypatch.setattr(Adapter, "decode", noting)
    cli(*args, "--strategies", "S4,S6", *MOVED, "--who", "all", "--box", "enlarged", "--out", tmp_path / "run")
    stored = pd.read_parquet(tmp_path / "run" / "results.parquet")["prompt"]
    assert sorted(stored) == sorted(seen)


def test_two_processes_give_the_same_file(args: list[object], tmp_path: Path, cli: Any) -> None:
    arguments = [*args, "--strategies", "S2,S5", *MOVED]
    cli(*arguments, "--out", tmp_path / "one")
    finish(start(*arguments, "--processes", 2, "--out", tmp_path / "two"))
    assert len({path.name.split("-")[0] for path in (tmp_path / "two" / "parts").iterdir()}) == 2
    assert results(tmp_path / "one") == results(tmp_path / "two")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--jitter", "10"], "no range of pixels"),
        (["--jitter", "20-10"], "a range goes up"),
        (["--jitter", "0-10", "--strategies", "S1"], "S1 has no prompt to move"),
    ],
)
def test_mistakes(args: list[object], options: list[str], says: str, tmp_path: Path, cli: Any) -> None:
    result = cli(*args, *options, "--out", tmp_path / "run", fails=True)
    assert result.exit_code in {1, 2}
    assert says in result.stderr
    assert not (tmp_path / "run").exists()
