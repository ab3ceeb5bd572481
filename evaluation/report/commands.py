"""The command that made a folder, put together from what the folder notes; and what these notes leave open."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from cosmos_datasets.evaluation.jitter import Jitter
from cosmos_datasets.evaluation.models.checkpoint import PACKAGED
from cosmos_datasets.evaluation.report.folders import Facts, Folder

#: Options that change how long a command takes, not what it finds, or what it prints.
_IDLE = {"out", "processes", "as_json", "style", "device", "help"}


@dataclass(frozen=True)
class Command:
    """How to repeat a folder.

    Attributes:
        text: the command.
        missing: what the folder does not note, a sentence each.
    """

    text: str
    missing: tuple[str, ...]


def command_of(folder: Folder) -> Command:
    """The command that repeats a folder; options at their defaults are left out."""
    from cosmos_datasets.evaluation.cli import main

    command = main.commands[folder.kind]
    costs = folder.kind == "efficiency"
    given = _given_of_costs(folder.facts["settings"], folder.facts["models"]) if costs else _given(folder.facts)
    words = ["cosmos-eval", folder.kind, str(given["dataset"])]
    for option, value in _changed(command, given):
        words += [option] if value is True else [option, _word(value)]
    words += ["--out", folder.name]
    return Command(shlex.join(words), tuple(_missing(folder)))


def _changed(command: click.Command, given: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The options of a command whose value is not the default."""
    for parameter in command.params:
        name = str(parameter.name).rstrip("_")
        if not isinstance(parameter, click.Option) or name in _IDLE or name not in given:
            continue
        value, default = given[name], parameter.default
        if parameter.multiple:
            yield from ((parameter.opts[0], one) for one in value)
            continue
        if isinstance(default, str) and not isinstance(value, str) and value is not None:
            value = _word(value)
        if parameter.is_flag and value != default:
            yield (parameter.opts if value else parameter.secondary_opts or parameter.opts)[0], True
        elif not parameter.is_flag and value is not None and value != default:
            yield parameter.opts[0], value


def _given(facts: Facts) -> dict[str, Any]:
    """What was asked for, under the names of the options."""
    inference, data = dict(facts["inference"]), dict(facts["data"])
    given = {**data, **facts["settings"], **inference, "model": _short(facts["model"]["name"])}
    ways = [Jitter.parse(variant) for variant in facts.get("variants", ())]
    if ways:
        given["jitter"] = list(dict.fromkeys(f"{way.low}-{way.high}" for way in ways))
        given["repeats"] = max(way.seed for way in ways)
        given["who"], given["box"] = ways[0].who, ways[0].box
    if "sides" in facts:
        given["sides"] = list(facts["sides"])
    if "noc" in facts:
        given["noc"] = facts["noc"]
    if "S1" not in given.get("strategies", ("S1",)):
        given.pop("iou_threshold", None)  # always noted, though only S1 asks for it
    if given.get("subset") is None:
        given.pop("subset_seed", None)
    return given


def _given_of_costs(settings: Facts, models: Sequence[Facts]) -> dict[str, Any]:
    names = [_short(model["name"]) for model in models]
    noted = {name: settings[name] for name in ("repeats", "grid", "dtype", "preprocess")}
    threads = settings["device"].get("threads")
    return {**settings["data"], **noted, "models": names, "images": len(settings["images"]), "threads": threads}


def _short(model: str) -> str:
    """A model of this package by its short name, which is no folder's."""
    return {full: short for short, (_, full) in PACKAGED.items()}.get(model, model)


def _word(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _missing(folder: Folder) -> Iterator[str]:
    if folder.kind == "efficiency":
        yield "Where data and models lay is not noted, nor by which options the images were chosen."
        yield "Seconds are those of the machine that is named, and of what else ran on it."
        return
    data, model = folder.facts["data"], folder.facts["model"]
    yield (
        f"{data['dataset']} and {model['name']} are Hub ids or the names of folders: where these lay is not noted. "
        f"The data must have revision {data['revision'][:12]}…, the weights digest {model['digest'][:12]}…"
    )
    device = folder.facts["inference"]["device"]
    yield f"It ran on {device}; on another kind of device, or with other versions, the last digits differ."
    if folder.kind == "run":
        yield "Whether every predicted mask was kept (--save-masks) is not noted; it changes no score."
