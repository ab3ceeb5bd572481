"""Thousands of trials on several processes, and their table."""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from stress.comparison import FAULTS, RIGHT
from stress.judge import Verdict, drawn, trials
from stress.kinds import FAMILIES, KINDS
from tqdm import tqdm

#: A disk would spend most of the time on making every little file of every trial last.
_MEMORY = Path("/dev/shm")
#: Kinds that one process tries on one tree before it tells the result.
_AT_ONCE = 40


def campaign(
    sources: Sequence[str], kinds: Sequence[str], seeds: Iterable[int], *, sites: int, share: float, workers: int
) -> Iterator[Verdict]:
    """Try kinds of damage on sources, with a bar on standard error.

    Args:
        sources: ids.
        kinds: names of :data:`~stress.kinds.KINDS`.
        seeds: each gives other places and other bytes.
        sites: places in a tree at which a kind is tried, at most.
        share: of the kinds to try on each source, drawn by lot.
        workers: processes.
    """
    tried = faults = 0
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [
            pool.submit(_some, source, part, seed, sites)
            for seed in seeds
            for source in sources
            for part in _parts(kinds, share, f"{source}:{seed}")
        ]
        with tqdm(total=len(futures), unit="part", mininterval=5) as bar:
            for future in as_completed(futures):
                found = future.result()
                yield from found
                tried, faults = tried + len(found), faults + sum(one.outcome in FAULTS for one in found)
                bar.set_postfix(trials=tried, faults=faults)
                bar.update()


def _parts(kinds: Sequence[str], share: float, seed: str) -> list[list[str]]:
    chosen = random.Random(seed).sample(kinds, round(share * len(kinds)))
    return [chosen[start : start + _AT_ONCE] for start in range(0, len(chosen), _AT_ONCE)]


def _some(source_id: str, kinds: Sequence[str], seed: int, sites: int) -> list[Verdict]:
    warnings.simplefilter("ignore")
    # Decoders in C write what they dislike to standard error; thousands of trials make that a book.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with tempfile.TemporaryDirectory(prefix="stress-", dir=_MEMORY if _MEMORY.is_dir() else None) as work:
        return list(trials(drawn(source_id, Path(work)), kinds, seed, sites, Path(work)))


def table(verdicts: Iterable[Verdict]) -> str:
    """Count outcomes by family of damage, as a Markdown table."""
    family_of = {one.name: family for family, kinds in FAMILIES.items() for one in kinds}
    counts: dict[str, Counter[str]] = {family: Counter() for family in FAMILIES}
    for one in verdicts:
        counts[family_of[one.kind]][one.outcome] += 1
    outcomes = (*RIGHT, *FAULTS)
    rows = [(family, len(FAMILIES[family]), found) for family, found in counts.items()]
    rows.append(("all", len(KINDS), sum(counts.values(), Counter())))
    lines = [f"| damage | kinds | tried | {' | '.join(outcomes)} |", f"|---|{'--:|' * (2 + len(outcomes))}"]
    for family, kinds, found in rows:
        cells = (kinds, found.total(), *(found[one] for one in outcomes))
        lines.append(f"| {family} | {' | '.join(f'{cell:,}' for cell in cells)} |")
    return "\n".join(lines)
