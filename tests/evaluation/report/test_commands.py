"""The command that repeats a folder, read back by the command itself."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawn_runs import drawn

from cosmos_datasets.evaluation.cli import main
from cosmos_datasets.evaluation.report.commands import command_of
from cosmos_datasets.evaluation.report.folders import read_folders

SETTINGS: dict[str, Any] = {
    **{"strategies": ["S1", "S2", "S3", "S4", "S5", "S6"], "grid": 32, "convention": "standard", "distances": True},
    **{"tolerance": 2.0, "tolerance_mm": 2.0},
}
INFERENCE: dict[str, Any] = {
    **{"dtype": "float32", "device": "cpu", "preprocess": "sam", "batch_size": 1, "chunk_rows": 8, "threads": 2},
}


def parsed(text: str) -> dict[str, Any]:
    """What the command understands of its own text."""
    words = shlex.split(text)
    assert words[0] == "cosmos-eval"
    command = main.commands[words[1]]
    return command.make_context(words[1], words[2:]).params


@pytest.mark.parametrize(
    ("part", "name", "value", "option"),
    [
        ("data", "config", "acdc,chaos", "config"),
        ("data", "modality", "T2W MRI", "modality"),
        ("data", "object", "liver,kidney", "object_"),
        ("data", "limit", 7, "limit"),
        ("data", "fold", 0, "fold"),
        ("data", "subset", 30, "subset"),
        ("settings", "strategies", ["S2", "S5"], "strategies"),
        ("settings", "grid", 8, "grid"),
        ("settings", "distances", False, "distances"),
        ("settings", "tolerance", 1.5, "tolerance"),
        ("settings", "convention", "released", "convention"),
        ("inference", "dtype", "bfloat16", "dtype"),
        ("inference", "batch_size", 4, "batch_size"),
        ("inference", "preprocess", "medsam", "preprocess"),
    ],
)
def test_every_setting_is_in_the_command(
    part: str, name: str, value: Any, option: str, drawn_run: Callable[..., Path]
) -> None:
    run = drawn_run("run", drawn(1), model="org/sam b", settings=SETTINGS, inference=INFERENCE)
    (folder,) = read_folders([run])
    usual = command_of(folder)
    assert usual.text == "cosmos-eval run drawn --model 'org/sam b' --out run"
    folder.facts[part][name] = value
    found = parsed(command_of(folder).text)
    expected = tuple(value) if isinstance(value, list) else value
    assert found[option] == expected
    untouched = parsed(usual.text)
    assert {one for one in found if found[one] != untouched[one]} == {option}


def test_moved_prompts_are_in_the_command(drawn_run: Callable[..., Path]) -> None:
    ways = [f"jitter={low}-{low + 10};who=all;box=enlarged;seed={seed}" for low in (0, 10) for seed in (1, 2, 3, 4)]
    run = drawn_run("run", drawn(1), settings=SETTINGS, inference=INFERENCE, variants=ways)
    (folder,) = read_folders([run])
    found = parsed(command_of(folder).text)
    assert found["jitter"] == ((0, 10), (10, 20))
    assert (found["repeats"], found["who"], found["box"]) == (4, "all", "enlarged")


def test_what_is_not_noted_is_said(drawn_run: Callable[..., Path]) -> None:
    run = drawn_run("run", drawn(1), model="cosmos-sam-tiny", settings=SETTINGS, inference=INFERENCE)
    (folder,) = read_folders([run])
    command = command_of(folder)
    assert "--model tiny" in command.text
    said = " ".join(command.missing)
    assert "where these lay is not noted" in said and "--save-masks" in said
    assert folder.facts["data"]["revision"][:12] in said
