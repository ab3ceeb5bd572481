"""The modality as a number, so that it can be correlated like the other factors."""

from __future__ import annotations

import zlib

from cosmos_datasets.vocabulary import EXTRA_MODALITIES, MODALITIES

_NUMBERS = {name: number for number, name in enumerate((*MODALITIES, *EXTRA_MODALITIES), start=1)}


def modality_number(name: str) -> int:
    """The place of a modality in :data:`~cosmos_datasets.vocabulary.MODALITIES`, counted from 1; extra ones follow.

    A modality of another package's source has a number above all of these, made from its name.

    The order says nothing about the images, and the paper's own is not known: what correlates with this number shows
    that modalities differ, but its sign and size depend on the order. Box plots by modality say more.
    """
    return _NUMBERS.get(name, len(_NUMBERS) + 1 + zlib.crc32(name.encode()) % 1_000_000)
