"""The errors that a user can act on: the CLI prints their message and exits with 1, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CosmosError(Exception):
    """Something the user can put right; the message says what is wrong and what to do."""


@contextmanager
def reading_built(path: Path) -> Iterator[None]:
    """Turn whatever a damaged or hostile file of a built data set raises into one :class:`CosmosError` about ``path``.

    Parquet, JSON and picture decoders raise nearly every exception there is.
    """
    try:
        yield
    except CosmosError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise CosmosError(f"{path}: cannot be read ({reason}); build or fetch it again.") from error


class LayoutError(CosmosError):
    """A raw folder does not look like the source's published layout."""


class TableError(LayoutError):
    """An official list or table of a release is damaged, or is of other data."""


class CaseError(CosmosError):
    """One case cannot be read: a truncated file, an unknown label value, grids that do not match."""
