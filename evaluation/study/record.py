"""``study.json``: what a study asked, and which of its steps are done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cosmos_datasets.build.files import atomic
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.study.steps import Step

FILE = "study.json"


@dataclass
class Record:
    """The state of a study.

    Attributes:
        folder: of the study.
        asked: what all of its results depend on.
        models: folder of a model -> the model.
        done: name of a step -> its commands, and when it was done in how many seconds.
    """

    folder: Path
    asked: dict[str, Any]
    models: dict[str, str]
    done: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, asked: Mapping[str, Any], models: Mapping[str, str]) -> Record:
        """Read the record of a folder, or begin one; nothing is written yet.

        Args:
            folder: of the study.
            asked: what is asked now.
            models: that are asked for now; those of an earlier time stay.

        Raises:
            CosmosError: the folder holds another study or something else, or its record is damaged.
        """
        path = folder / FILE
        if not path.is_file():
            if folder.exists() and (not folder.is_dir() or any(folder.glob("[!.]*"))):
                raise CosmosError(f"{folder} exists and is not the folder of a study; give --out a new folder.")
            return cls(folder, dict(asked), dict(models))
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            record = cls(folder, dict(content["asked"]), dict(content["models"]), dict(content["steps"]))
        except (ValueError, KeyError, TypeError) as error:
            raise CosmosError(f"{path} is damaged; give --out a new folder, or delete {folder}.") from error
        record._refuse_other(asked, models)
        record.models |= models
        return record

    def _refuse_other(self, asked: Mapping[str, Any], models: Mapping[str, str]) -> None:
        # As JSON, in which a tuple is a list.
        now = json.loads(json.dumps(dict(asked)))
        names = sorted(name for name in {*now, *self.asked} if now.get(name) != self.asked.get(name))
        differing = [(_option(name), self.asked.get(name), now.get(name)) for name in names]
        differing += [
            (f"the model of the folder {name}", self.models[name], model)
            for name, model in models.items()
            if self.models.get(name, model) != model
        ]
        if differing:
            text = "; ".join(f"{name} {_short(there)} there, {_short(here)} here" for name, there, here in differing)
            raise CosmosError(
                f"{self.folder} holds another study ({text}). Give --out a new folder, or delete this one if its "
                "results are no longer needed."
            )

    def is_done(self, step: Step) -> bool:
        """Whether a step was carried out with the same commands, and all that it made is there."""
        entry = self.done.get(step.name, {})
        return entry.get("commands") == _commands(step) and all(path.is_file() for path in step.results)

    def begin(self, step: Step, steps: Sequence[Step]) -> None:
        """Note that a step and all that is made from it are not done."""
        stale = {step.name}
        for other in steps:  # in order: what a step needs comes before it
            if stale.intersection(other.after):
                stale.add(other.name)
        self._forget(stale)

    def finish(self, step: Step, seconds: float) -> None:
        """Note that a step is done."""
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {"commands": _commands(step), "seconds": round(seconds, 1), "finished": finished}
        self.done[step.name] = entry
        self._write()

    def _forget(self, names: Iterable[str]) -> None:
        # The report is about all of them.
        for name in {*names, "report"}:
            self.done.pop(name, None)
        self._write()

    def _write(self) -> None:
        content = {"asked": self.asked, "models": self.models, "steps": self.done}
        with atomic(self.folder / FILE) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _commands(step: Step) -> list[list[str]]:
    return [list(command.arguments) for command in step.commands]


def _option(name: str) -> str:
    return name if name in {"dataset", "revision"} else f"--{name.replace('_', '-')}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:8]}…"
