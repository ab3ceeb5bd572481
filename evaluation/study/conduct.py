"""Carrying out the steps of a study: what is done stays, and a step that fails stops only what needs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cosmos_datasets.cli.printing import plural
from cosmos_datasets.evaluation.study.record import Record
from cosmos_datasets.evaluation.study.runner import Runner
from cosmos_datasets.evaluation.study.steps import Step

#: What starts ``cosmos-eval`` in a process of its own.
MODULE = "cosmos_datasets.evaluation"
#: Exit status of a command that was interrupted.
_INTERRUPTED = 130


@dataclass
class Outcome:
    """What became of the steps, by name.

    Attributes:
        done: now or before.
        repeated: of these, those that were carried out now.
        failed: with their exit status.
        left_out: that need one which failed or was not wanted, with what they lack.
    """

    done: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def conduct(
    steps: Sequence[Step],
    record: Record,
    runner: Runner,
    *,
    wanted: Callable[[Step], bool],
    report: Callable[[Sequence[str]], Step | None],
    say: Callable[[str], None],
) -> Outcome:
    """Carry out what is not done.

    Args:
        steps: all of the study, in order; those that are not wanted count if they were done before.
        record: of the study; written after every step.
        runner: runs a command.
        wanted: whether a step is to be carried out.
        report: the last step, from the names of the steps that are done.
        say: gets what the user is told.

    Raises:
        KeyboardInterrupt: a command was interrupted.
    """
    outcome = Outcome()
    asked = [step for step in steps if wanted(step)]
    total = len(asked) + (report([step.name for step in steps]) is not None)
    for step in steps:
        if record.is_done(step):
            outcome.done.append(step.name)
            continue
        if step not in asked:
            continue
        head = f"[{asked.index(step) + 1}/{total}] {step.name}"
        lacking = [name for name in step.after if name not in outcome.done]
        if lacking:
            outcome.left_out[step.name] = ", ".join(lacking)
            say(f"\n{head}: left out, it needs {', '.join(lacking)}")
        else:
            _carry_out(step, head, steps, record, runner, outcome, say)
    last = report(outcome.done)
    if last is not None and not record.is_done(last):
        _carry_out(last, f"[{total}/{total}] report", [last], record, runner, outcome, say)
    elif last is not None:
        outcome.done.append(last.name)
    return outcome


def _carry_out(
    step: Step,
    head: str,
    steps: Sequence[Step],
    record: Record,
    runner: Runner,
    outcome: Outcome,
    say: Callable[[str], None],
) -> None:
    record.begin(step, steps)
    began = time.monotonic()
    for command in step.commands:
        say(f"\n{head}\n$ {command.typed}")
        status = runner((MODULE, *command.arguments, *command.how), command.output)
        if status == _INTERRUPTED:
            raise KeyboardInterrupt
        if status:
            outcome.failed[step.name] = status
            say(_advice(step, command.typed, status))
            return
    missing = [str(path) for path in step.results if not path.is_file()]
    if missing:
        outcome.failed[step.name] = 1
        say(f"error: {step.name} ended well, but did not write {', '.join(missing)}.")
        return
    record.finish(step, time.monotonic() - began)
    outcome.done.append(step.name)
    outcome.repeated.append(step.name)


def _advice(step: Step, typed: str, status: int) -> str:
    how = f"exit status {status}" if status > 0 else f"ended by signal {-status}"
    memory = " (9 is often the system's answer to too little memory)" if status == -9 else ""
    return (
        f"error: {step.name} failed, {how}{memory}: {typed}\n"
        "Its own message is above. Put that right and give the command of the study again, which goes on here; or "
        f"leave it out with --skip {step.kind}."
    )


def summary(outcome: Outcome) -> str:
    """How the study ended, in a few lines."""
    lines = [f"{plural(len(outcome.done), 'step')} done, {len(outcome.repeated)} of them now."]
    lines += [f"failed: {name}" for name in outcome.failed]
    lines += [f"left out: {name}, which needs {lacking}" for name, lacking in outcome.left_out.items()]
    return "\n".join(lines)
