"""A runner that records instead of running, and questions to ask of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cosmos_datasets.evaluation.study.calibration import Speed
from cosmos_datasets.evaluation.study.conduct import MODULE
from cosmos_datasets.evaluation.study.question import Question
from cosmos_datasets.evaluation.study.run import Study, prepare

SPEED = Speed("cpu", 1.0, 0.5, 0.01, 0.002, 0.02, 0.1, 0.05, 400.0, 1000.0)


@dataclass
class Recorder:
    """Stands for :func:`cosmos_datasets.evaluation.study.runner.run_module`: it writes what a command would.

    Attributes:
        fails: first word of a command -> its exit status.
        interrupted: the command that ends with Ctrl-C.
        commands: what was run.
    """

    fails: dict[str, int] = field(default_factory=dict)
    interrupted: str = ""
    commands: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, arguments: Sequence[str], output: Path | None) -> int:
        module, *words = arguments
        if module != MODULE:
            assert output is not None
            output.write_text(json.dumps(asdict(SPEED)))
            return 0
        self.commands.append(tuple(words))
        if words[0] == self.interrupted:
            raise KeyboardInterrupt
        if status := self.fails.get(words[0], 0):
            return status
        folder = Path(words[words.index("--out") + 1]) if "--out" in words else None
        for path in _written(words[0], folder) if folder else [output]:
            assert path is not None
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")
        return 0

    @property
    def names(self) -> list[str]:
        """First words of the commands."""
        return [words[0] for words in self.commands]


def _written(command: str, out: Path) -> list[Path]:
    names = {
        "run": ["run.json", "results.parquet", "summary.json"],
        "interactive": ["run.json", "clicks.parquet", "summary.json"],
        "grid": ["grid.json", "grid.csv"],
        "efficiency": ["efficiency.json", "efficiency.csv"],
        "finetune": ["comparison.json", "evaluation/before/results.parquet", "evaluation/after/results.parquet"],
        "report": ["index.html"],
    }
    return [out / name for name in names[command]]


def study_of(question: Question, runner: Recorder, **options: Any) -> Study:
    given: dict[str, Any] = {"device": "cpu", "processes": 1, "skip": (), "finetune": False}
    return prepare(question, runner, **{**given, **options}, say=lambda _: None)
