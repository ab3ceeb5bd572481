"""Prompts, models, the engine, metrics and tables: the Segment Anything experiments on a built data set."""

from pathlib import Path

from cosmos_datasets.errors import CosmosError

METRIC_MODULES = ("dice", "jac", "hd", "hd95", "asd", "nsd", "conformity")
"""The folders here that `evaluate.load` takes."""


def metric_path(name: str) -> str:
    """The folder of a metric module, for ``evaluate.load(metric_path("dice"))`` wherever this is installed.

    Raises:
        CosmosError: there is no metric of that name.
    """
    if name not in METRIC_MODULES:
        raise CosmosError(f"no metric module {name!r}; there are {', '.join(METRIC_MODULES)}")
    return str(Path(__file__).resolve().parent / name)
