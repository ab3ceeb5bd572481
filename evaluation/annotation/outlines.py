"""The border pixels of a mask's regions in walking order, and the stretches of them that have to be drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.evaluation.sample import Mask

#: int64 ``(n, 2)``: (row, column) of pixels, each a neighbour of the one before.
Chain = NDArray[np.int64]


def border_chains(mask: Mask) -> list[Chain]:
    """Walk around every 8-connected region and around every hole in it.

    Args:
        mask: bool ``(height, width)``; what lies beyond its border is background.

    Returns:
        Closed chains of the region's own pixels that have background above, below, left or right of them, by first
        pixel in raster order; regions counterclockwise on the screen, holes clockwise. Where a region is one pixel
        wide, the walk passes its pixels twice.
    """
    padded = np.pad(mask, 1)
    width = padded.shape[1]
    pixels = padded.ravel()
    steps = np.array([1, width, -1, -width])  # right, down, left, up
    inside = np.flatnonzero(pixels)
    # A pixel edge is pixel * 4 + heading, with the region on the right of who walks along it.
    edges, following = [], []
    for heading in range(4):
        left = steps[heading - 1]
        here = inside[~pixels[inside + left]]
        ahead = here + steps[heading]
        corner = np.where(pixels[ahead], ahead * 4 + heading, here * 4 + (heading + 1) % 4)
        edges.append(here * 4 + heading)
        following.append(np.where(pixels[ahead + left], (ahead + left) * 4 + (heading - 1) % 4, corner))
    if not len(inside):
        return []
    order = dict(zip(np.concatenate(edges).tolist(), np.concatenate(following).tolist(), strict=True))
    return [_chain(_walk(start, order), width) for start in sorted(order) if start in order]


def _walk(start: int, order: dict[int, int]) -> list[int]:
    """The edges of one closed walk, which are taken out of ``order``."""
    edges = []
    edge = start
    while edge in order:
        edges.append(edge)
        edge = order.pop(edge)
    return edges


def _chain(edges: list[int], width: int) -> Chain:
    pixels = np.array(edges) // 4
    # Several edges of one pixel in a row are one step.
    pixels = pixels[np.concatenate([[True], pixels[1:] != pixels[:-1]])]
    if len(pixels) > 1 and pixels[0] == pixels[-1]:
        pixels = pixels[:-1]
    # The other way round, as OpenCV walks: where a polyline gets its corners depends a little on it.
    rows, columns = np.divmod(np.concatenate([pixels[:1], pixels[:0:-1]]), width)
    return np.stack([rows - 1, columns - 1], axis=-1)


def open_runs(chains: list[Chain], wanted: Mask) -> list[Chain]:
    """The stretches of closed chains that lie in a mask.

    A pixel counts once, when it is passed first: the way back along a line one pixel wide is no work of its own.

    Args:
        chains: closed chains, see :func:`border_chains`.
        wanted: bool ``(height, width)``: pixels that count.

    Returns:
        Open chains. A stretch through the place where a closed chain begins is one; a chain that counts as a whole
        begins at its first pixel and ends before it.
    """
    seen = np.zeros_like(wanted)
    runs: list[Chain] = []
    for chain in chains:
        rows, columns = chain.T
        first = np.zeros(len(chain), dtype=np.bool_)
        first[np.unique(rows * wanted.shape[1] + columns, return_index=True)[1]] = True
        counts = wanted[rows, columns] & ~seen[rows, columns] & first
        seen[rows[counts], columns[counts]] = True
        breaks, walk = np.flatnonzero(~counts), chain
        if len(breaks):
            # Begin behind a pixel that does not count, so that no stretch is cut.
            walk, counts = np.roll(chain, -breaks[0], axis=0), np.roll(counts, -breaks[0])
        ends = np.flatnonzero(np.diff(np.concatenate([[False], counts, [False]])))
        runs.extend(walk[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True))
    return runs
