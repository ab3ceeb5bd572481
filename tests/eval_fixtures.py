"""Fixtures of all tests that run ``cosmos-eval``; a folder's conftest imports them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from click.testing import CliRunner, Result

from cosmos_datasets.evaluation.cli import main


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """What a test sets does not reach the others."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


Cli = Callable[..., Result]


@pytest.fixture(scope="session")
def cli() -> Cli:
    """Run ``cosmos-eval`` in this process; errors that it should not let through are raised."""

    def invoke(*arguments: object, fails: bool = False) -> Result:
        result = CliRunner().invoke(main, [str(one) for one in arguments], catch_exceptions=False)
        assert fails or result.exit_code == 0, result.output
        return result

    return invoke
