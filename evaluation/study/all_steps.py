"""The steps of a whole study: those of its models, the comparisons, and the report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.study.model_steps import ModelSteps
from cosmos_datasets.evaluation.study.question import Question
from cosmos_datasets.evaluation.study.steps import Command, Step, options


def steps_of(question: Question, *, device: str, processes: int, sources: Sequence[str]) -> list[Step]:
    """All steps but the report, in an order in which they can be carried out.

    Args:
        question: resolved.
        device: for the models.
        processes: of every command that shares its work.
        sources: of the chosen masks, for fine-tuning on each by itself.
    """
    steps = [
        step
        for folder, model in question.folders.items()
        for step in ModelSteps(question, folder, model, device, processes, sources).all()
    ]
    return steps + [_comparison(question, a, b) for a, b in combinations(question.folders, 2)]


def report_of(question: Question, steps: Sequence[Step], done: Collection[str]) -> Step | None:
    """The report over what is done; ``None`` where nothing is to be shown."""
    finished = [step for step in steps if step.name in done]
    folders = [str(path) for step in finished for path in step.shown]
    if not folders:
        return None
    out = question.out / "report"
    note = f"A subset: {plural(question.subset, 'mask')} of each target." if question.subset else None
    words = ("report", *folders, "--data", question.dataset, *options(note=note), "--out", str(out))
    after = tuple(step.name for step in finished)
    return Step("report", "report", "", (Command(words),), (out / "index.html",), after)


def _comparison(question: Question, a: str, b: str) -> Step:
    """Model against model, on the zero-shot masks."""
    home = question.out / "compare" / f"{a}--{b}"
    runs = [str(question.out / one / "zero-shot") for one in (a, b)]
    outputs = {choice: home / f"{choice}.csv" for choice in ("oracle", "predicted")}
    commands = tuple(
        Command(("compare", *runs, "--choice", choice, "--format", "csv"), (), output)
        for choice, output in outputs.items()
    )
    after = (f"{a}/zero-shot", f"{b}/zero-shot")
    return Step("compare", f"compare/{home.name}", "", commands, tuple(outputs.values()), after)
