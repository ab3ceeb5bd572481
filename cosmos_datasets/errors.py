"""The errors that a user can act on: the CLI prints their message and exits with 1, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CosmosError(Exception):
    """Something the user can put right; the message says what is wrong and what to do."""


@contextmanager
def reading_built(path: Path | str, remedy: str = "build or fetch it again") -> Iterator[None]:
    """Turn whatever a damaged or hostile file raises into one :class:`CosmosError` about ``path``.

    Parquet, JSON and picture decoders raise nearly every exception there is. What is there and no file, such as a pipe
    that nobody writes to, is refused before it is opened.

    Args:
        path: the file that the block reads, its folder, or where on the Hub it lies.
        remedy: what to do about it.
    """
    try:
        if Path(path).exists() and not (Path(path).is_file() or Path(path).is_dir()):
            raise OSError("it is a device or a pipe")
        yield
    except CosmosError:
        raise
    except Exception as error:
        raise CosmosError(f"{path}: cannot be read ({in_a_line(error)}); {remedy}.") from error


def in_a_line(error: BaseException) -> str:
    """What an exception says: one line, not too long."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:200] or type(error).__name__


class LayoutError(CosmosError):
    """A raw folder does not look like the source's published layout."""


class TableError(LayoutError):
    """An official list or table of a release is damaged, or is of other data."""


class CaseError(CosmosError):
    """One case cannot be read: a truncated file, an unknown label value, grids that do not match."""
