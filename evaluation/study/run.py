"""A study from its question to its end: checked, planned, and carried out."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from cosmos_datasets.cli.printing import bytes_text, plural
from cosmos_datasets.errors import CosmosError
from cosmos_datasets.evaluation.grid.plan import duration
from cosmos_datasets.evaluation.statistics.formats import to_text
from cosmos_datasets.evaluation.study.calibration import Speed, calibrate
from cosmos_datasets.evaluation.study.conduct import Outcome, conduct
from cosmos_datasets.evaluation.study.estimate import Counts, Estimate, Line, plan
from cosmos_datasets.evaluation.study.question import Question
from cosmos_datasets.evaluation.study.record import Record
from cosmos_datasets.evaluation.study.runner import Runner
from cosmos_datasets.evaluation.study.all_steps import report_of, steps_of
from cosmos_datasets.evaluation.study.steps import Step
from cosmos_datasets.evaluation.subset import described


@dataclass(frozen=True)
class Study:
    """A study that may begin.

    Attributes:
        question: resolved and checked.
        steps: all of it but the report.
        wanted: the names of those that are to be carried out.
        record: of its folder.
        lines: the plan.
        speeds: folder of a model -> what was measured of it.
        chosen: what the data set gave, in words.
        reported: whether a report is wanted.
    """

    question: Question
    steps: Sequence[Step]
    wanted: Collection[str]
    record: Record
    lines: Sequence[Line]
    speeds: dict[str, Speed]
    chosen: str
    reported: bool

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        if not all(line.done or line.estimate.why_not for line in self.lines):
            return False
        report = self._report([step.name for step in self.steps if self.record.is_done(step)])
        return report is None or self.record.is_done(report)

    def conduct(self, runner: Runner, say: Callable[[str], None]) -> Outcome:
        """Carry out what is left; see :func:`cosmos_datasets.evaluation.study.conduct.conduct`."""
        return conduct(
            self.steps,
            self.record,
            runner,
            wanted=lambda step: step.name in self.wanted,
            report=self._report,
            say=say,
        )

    def _report(self, done: Collection[str]) -> Step | None:
        return report_of(self.question, self.steps, done) if self.reported else None


def prepare(
    question: Question,
    runner: Runner,
    *,
    device: str,
    processes: int,
    skip: Collection[str],
    finetune: bool,
    say: Callable[[str], None],
) -> Study:
    """Check a question and plan its study; nothing is written.

    Args:
        question: as asked.
        runner: runs the calibration.
        device: for the models.
        processes: that share the work of a command.
        skip: kinds of steps that are left out.
        finetune: also where the preset has no fine-tuning.
        say: gets what the user is told.

    Raises:
        CosmosError: it cannot be answered.
    """
    question = question.resolved()
    _, selection = question.check()
    record = Record.open(question.out, question.asked(selection.data_revision), question.described)
    sources = sorted(selection.table["source"].unique())
    steps = steps_of(question, device=device, processes=processes, sources=sources)
    kinds = {*question.study.kinds, *(["finetune"] if finetune else [])} - set(skip)
    wanted = [step for step in steps if step.kind in kinds]
    done = [step.name for step in steps if record.is_done(step)]
    left = {step.model for step in wanted if step.model and step.name not in done}
    speeds = {}
    for folder, model in question.folders.items():
        if folder in left:
            say(f"trying {model} on one image ...")
            speeds[folder] = calibrate(replace(question.request(model), device=device), runner)
    counts = Counts(selection.images, len(selection.table))
    lines = plan(wanted, question, speeds, counts, processes, done)
    names = [line.step.name for line in lines if not line.estimate.why_not]
    if not names and not done:
        raise CosmosError("no step is left: each is skipped, or needs one that is.")
    facts = question.request(question.models[0]).data_facts(selection)
    chosen = (
        f"{question.study.title}\n{facts['dataset']}, {question.config}: {plural(counts.masks, 'mask')} of "
        f"{plural(counts.images, 'image')} from {plural(len(sources), 'source')}{described(facts)}"
    )
    return Study(question, steps, names, record, lines, speeds, chosen, "report" in kinds)


def render(study: Study) -> str:
    """The plan as text."""
    if study.is_done:
        return f"{study.chosen}\n\nAll of it is done, and in {study.question.out}."
    rows = [_row(line) for line in study.lines]
    estimates = [line.estimate for line in study.lines]
    report = Estimate()  # it reads what the others have made
    total = report.seconds * study.reported + sum(one.seconds for one in estimates if not one.why_not)
    size = sum(one.bytes for one in estimates)
    if study.reported:
        rows.append(["report", "", "", "", duration(report.seconds), ""])
    rows.append(["all", "", "", "", duration(total), bytes_text(round(size)) if size else ""])
    table = pd.DataFrame(rows, columns=["step", "images", "masks", "prompts", "about", "disk"])
    notes = [f"{line.step.name} is left out: {line.estimate.why_not}" for line in study.lines if line.estimate.why_not]
    if others := sorted(set(study.record.models) - set(study.question.folders)):
        notes.append(f"The folder holds {', '.join(others)} too: comparisons and report leave out what is not named.")
    notes += [f"Of this preset: {note}." for note in study.question.study.notes]
    measured = "; ".join(
        f"{folder} on {speed.device}: {speed.encode:.2g} s to encode, {speed.prompt:.2g} s a prompt, "
        f"{speed.point:.2g} s a point of S1"
        for folder, speed in study.speeds.items()
    )
    if measured:
        notes.insert(0, f"Rough, from one image ({measured}); larger images and many masks take longer.")
    free = shutil.disk_usage(_existing(study.question.out)).free
    if size > free:
        notes.append(f"{study.question.out} may not do: its disk has {bytes_text(free)} left.")
    return "\n\n".join([study.chosen, to_text(table, notes=notes).rstrip()])


def _row(line: Line) -> list[str]:
    one = line.estimate
    if line.done or one.why_not:
        return [line.step.name, "", "", "", "done" if line.done else "left out", ""]
    size = bytes_text(round(one.bytes)) if one.bytes else ""
    return [line.step.name, f"{one.images:,}", f"{one.masks:,}", f"{one.prompts:,}", duration(one.seconds), size]


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that exists."""
    return next(one for one in (folder.resolve(), *folder.resolve().parents) if one.is_dir())
