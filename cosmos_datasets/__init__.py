"""COSMOS 1050K for Hugging Face: 53 public medical segmentation data sets as one.

Importing this package makes ``datasets.load_dataset("cosmos1050k", ...)`` work from any folder. For programs there are
:func:`open_dataset`, :func:`find`, :func:`full_mask` and :func:`collate_fn`.
"""

from typing import TYPE_CHECKING, Any

from cosmos_datasets.load.registration import register

__version__ = "0.1.0"
__all__ = ["collate_fn", "find", "full_mask", "open_dataset"]

register()

if TYPE_CHECKING:
    from cosmos_datasets.load.access import find, open_dataset
    from cosmos_datasets.load.rows import collate_fn, full_mask

_HOMES = {"open_dataset": "access", "find": "access", "full_mask": "rows", "collate_fn": "rows"}


def __getattr__(name: str) -> Any:
    """Import the public functions when they are first asked for: every command starts faster without them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"cosmos_datasets.load.{_HOMES[name]}"), name)
