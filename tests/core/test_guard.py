"""Whatever a command raises, it ends in one message and a status."""

import json
from concurrent.futures import BrokenExecutor

import click
import pytest
from click.testing import CliRunner, Result

from cosmos_datasets.cli.guard import GuardedGroup
from cosmos_datasets.cli.printing import print_json, print_markdown, print_table, say
from cosmos_datasets.errors import CosmosError


def _run(*raised: BaseException, group: type[click.Group] = GuardedGroup, **environment: str) -> Result:
    @click.group(cls=group)
    def main() -> None:
        pass

    @main.command()
    def go() -> None:
        if raised:
            raise raised[0]
        say("fine")

    return CliRunner(env=environment).invoke(main, ["go"])


_MISSING = ModuleNotFoundError("No module named 'absent'", name="absent.part")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (CosmosError("do this\nor that"), "error: do this\nor that\n"),
        (CosmosError("a\x1b[2Jb\udcff"), "error: a\\x1b[2Jb\\udcff\n"),
        (FileNotFoundError(2, "No such file", "a/b"), "error: a/b: No such file\n"),
        (OSError("no number"), "error: no number\n"),
        (_MISSING, "error: the Python package absent is not installed here; install it: pip install absent\n"),
        (
            MemoryError(),
            "error: there is not enough memory for this; use fewer processes or workers, or choose less data.",
        ),
        (BrokenExecutor(), "error: a worker process was ended"),
        (RecursionError("too deep"), "error: unexpected RecursionError in test_guard.py, line "),
        (KeyError("\x1b[31m"), "error: unexpected KeyError in test_guard.py, line "),
        (SystemExit(3), "error: unexpected SystemExit in test_guard.py, line "),
        (RuntimeError("in\nlines"), "error: unexpected RuntimeError in test_guard.py, line "),
    ],
)
def test_an_error_is_one_message_and_exit_1(error: BaseException, message: str) -> None:
    done = _run(error)
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == message.rstrip().count("\n") + 1
    assert "Traceback" not in done.stderr
    assert all(line.isprintable() for line in done.stderr.splitlines())
    assert _run(error, COSMOS_TRACEBACK="1").exception is error or isinstance(error, SystemExit)


def test_other_ends_stay_as_they_are() -> None:
    assert (_run().exit_code, _run().stdout) == (0, "fine\n")
    assert (_run(KeyboardInterrupt()).exit_code, _run(click.exceptions.Exit(3)).exit_code) == (130, 3)
    wrong = _run(click.UsageError("not \x1b[1m so"))
    assert wrong.exit_code == 2
    assert "Error: not \\x1b[1m so\n" in wrong.stderr


def test_tables_hold_one_line_a_row_and_json_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "a\nb\x1b[2J|c", "n": 1234}, {"name": "\udcff\x9b\u202e\U000e0001é", "n": 1}]
    print_table(rows)
    assert len(capsys.readouterr().out.splitlines()) == 4
    print_markdown(rows)
    assert capsys.readouterr().out.splitlines()[2] == "| a\\\\nb\\\\x1b[2J\\|c | 1,234 |"
    print_json(rows)
    out = capsys.readouterr().out
    assert json.loads(out) == rows
    assert all(line.isprintable() for line in out.splitlines())
    assert "é" in out
