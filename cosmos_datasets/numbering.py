"""Slices and masks that are one file each, paired by the numbers in their names. Nothing is opened."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from cosmos_datasets.errors import CaseError

#: ``i0042,0000b.dcm``, ``IMG-0002-00042.dcm``, ``liver_GT_042.png``: the last number before a comma or the suffix.
_NAME = re.compile(r"([^,]*?)(\d+)((?:,.*)?\.\w+)")


def numbered(files: Iterable[Path]) -> dict[int, Path]:
    """Give each file of a stack its number.

    Raises:
        CaseError: if names differ in more than their number, so that several stacks are in one folder.
    """
    found: dict[int, Path] = {}
    kinds: dict[Path, tuple[str, str]] = {}
    for path in sorted(files):
        if match := _NAME.fullmatch(path.name):
            kinds[path] = match[1].casefold(), match[3].casefold()
            if (other := found.setdefault(int(match[2]), path)) != path:
                raise CaseError(f"{path}: has the number of {other.name} as well; remove the one that is wrong.")
    usual = Counter(kinds.values()).most_common(1)
    for path, kind in kinds.items():
        if kind != usual[0][0]:
            raise CaseError(f"{path}: is called unlike the others beside it; several stacks are in one folder.")
    return dict(sorted(found.items()))


def stack(files: Mapping[int, Path], numbers: Iterable[int]) -> tuple[Path, ...]:
    """The files of some numbers, in their order.

    One that is missing is the path where it should be, so that reading names it.

    Args:
        files: number to file, at least one.
        numbers: those of the whole stack.
    """
    names = [match for path in files.values() if (match := _NAME.fullmatch(path.name))]
    before, _, after = names[0].groups()
    width = min(len(match[2]) for match in names)
    folder = next(iter(files.values())).parent
    return tuple(files.get(number, folder / f"{before}{number:0{width}d}{after}") for number in numbers)


def whole_stack(*numbers: Collection[int]) -> range:
    """All numbers between the first and the last of several stacks that go together, in their common step."""
    found = sorted({number for some in numbers for number in some})
    step = math.gcd(*(number - found[0] for number in found)) or 1
    return range(found[0], found[-1] + 1, step)
