"""The head of the page: what each folder is, how to repeat it, and with what it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.facts import preparation
from cosmos_datasets.evaluation.report.commands import Command, command_of
from cosmos_datasets.evaluation.report.folders import Facts, Folder

#: What a folder is, in words.
KINDS = {
    "run": "Zero-shot run",
    "interactive": "Simulated clicks",
    "grid": "Everything mode over grids",
    "efficiency": "Cost of computation",
}


@dataclass(frozen=True)
class Card:
    """What the page says of a folder.

    Attributes:
        name: of the folder.
        kind: what it is, in words.
        model: its name.
        terms: facts, as terms and texts.
        command: that repeats it.
    """

    name: str
    kind: str
    model: str
    terms: tuple[tuple[str, str], ...]
    command: Command


def card(folder: Folder, subjects: Mapping[str, int]) -> Card:
    """What the page says of a folder.

    Args:
        folder: of any kind.
        subjects: name of a run -> how many subjects it is of.

    Raises:
        CosmosError: the folder does not say what it is of.
    """
    try:
        return _of_costs(folder) if folder.kind == "efficiency" else _of_run(folder, subjects.get(folder.name))
    except (KeyError, TypeError, AttributeError) as error:
        raise CosmosError(f"{folder.path} is damaged ({error!r}); give the command that made it again.") from error


def _of_run(folder: Folder, subjects: int | None) -> Card:
    facts = folder.facts
    data, model, inference = facts["data"], facts["model"], facts["inference"]
    counted = [plural(data["masks_selected"], "mask"), plural(data["images"], "image")]
    if subjects is not None:
        counted.append(plural(subjects, "subject"))
    terms = [
        ("Model", f"{model['name']} ({model['family'].removesuffix('Adapter')})"),
        ("Weights", f"sha256 {model['digest'][:16]}…"),
        ("Data", data["dataset"] + _chosen(data)),
        ("Revision", f"{data['revision'][:16]}…"),
        ("Evaluated", ", ".join(counted)),
        ("Inference", f"{inference['dtype']} on {inference['device']}, {preparation(inference)}"),
        ("Versions", versions(facts)),
        ("Protocol", str(facts["protocol"])),
    ]
    return Card(folder.name, KINDS[folder.kind], model["name"], tuple(terms), command_of(folder))


def _of_costs(folder: Folder) -> Card:
    settings, data = folder.facts["settings"], folder.facts["settings"]["data"]
    names = ", ".join(model["name"] for model in folder.facts["models"])
    terms = [
        ("Models", names),
        ("Data", data["dataset"] + _chosen(data)),
        ("Revision", f"{data['revision'][:16]}…"),
        ("Measured", f"{plural(len(settings['images']), 'image')}, {plural(settings['repeats'], 'repeat')}"),
        ("Inference", f"{settings['dtype']} on {settings['device']['name']}, preprocessing {settings['preprocess']}"),
        ("Versions", versions(settings)),
    ]
    return Card(folder.name, KINDS[folder.kind], names, tuple(terms), command_of(folder))


def _chosen(data: Facts) -> str:
    """What was chosen of a data set, as the end of a sentence."""
    names = ("split", "modality", "object", "limit", "fold", "subset")
    chosen = [] if data.get("config", "all") == "all" else [data["config"]]
    chosen += [f"{name} {data[name]}" for name in names if data.get(name) is not None]
    if data.get("masks", "all") != "all":
        chosen.append(f"{data['masks']} only")
    return f" ({', '.join(chosen)})" if chosen else ""


def versions(facts: Facts) -> str:
    """Names and versions of the software."""
    return ", ".join(f"{name} {version}" for name, version in facts.get("versions", {}).items() if version)
