"""What a study consists of: commands, what they wait for, and the files that show that they are done."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Command:
    """A command of ``cosmos-eval``.

    Attributes:
        arguments: behind ``cosmos-eval``, as far as the results depend on them.
        how: further ones, which do not change the results.
        output: file that gets what it prints.
    """

    arguments: tuple[str, ...]
    how: tuple[str, ...] = ()
    output: Path | None = None

    @property
    def typed(self) -> str:
        """The command as a user would type it."""
        text = shlex.join(["cosmos-eval", *self.arguments, *self.how])
        return f"{text} > {shlex.quote(str(self.output))}" if self.output else text


@dataclass(frozen=True)
class Step:
    """One step of a study.

    Attributes:
        kind: of :data:`~cosmos_datasets.evaluation.study.presets.KINDS`.
        name: of this step in the study, such as ``sam-vit-base/zero-shot``.
        model: whose step it is, by its folder; empty for a step about several.
        commands: in order.
        results: files that are there when it is done.
        after: names of the steps that it needs.
        shown: the folders of its results that a report takes.
        config: the source that it is about, where it is not the whole choice of the study.
    """

    kind: str
    name: str
    model: str
    commands: tuple[Command, ...]
    results: tuple[Path, ...]
    after: tuple[str, ...] = ()
    shown: tuple[Path, ...] = ()
    config: str = ""


def options(**given: object) -> tuple[str, ...]:
    """Options for the values that are not ``None``: ``subset=3`` becomes ``--subset 3``."""
    pairs = [(f"--{name.replace('_', '-')}", str(value)) for name, value in given.items() if value is not None]
    return tuple(word for pair in pairs for word in pair)
