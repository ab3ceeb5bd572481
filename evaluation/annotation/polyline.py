"""How many points draw a line of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosmos_datasets.evaluation.annotation.outlines import Chain


def dominant_points(chain: Chain, epsilon: float) -> int:
    """Count the corners of the polyline that approximates an open chain.

    D. H. Douglas and T. K. Peucker, "Algorithms for the reduction of the number of points required to represent a
    digitized line or its caricature", Cartographica 10(2):112-122, 1973: both ends are kept; between two corners the
    pixel farthest from the segment is one more, if it is farther than epsilon.

    Args:
        chain: int ``(n, 2)``, n at least 1.
        epsilon: pixels, 0 or more.

    Returns:
        1 for a single pixel, else 2 or more.
    """
    points = chain.astype(np.float64)
    spans = [(0, len(points) - 1)]
    corners = min(len(points), 2)
    while spans:
        start, end = spans.pop()
        if end - start < 2:
            continue
        distances = _squared_distances(points[start + 1 : end], points[start], points[end])
        farthest = int(np.argmax(distances))
        if distances[farthest] > epsilon**2:
            middle = start + 1 + farthest
            corners += 1
            spans += [(start, middle), (middle, end)]
    return corners


def _squared_distances(
    points: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of points ``(n, 2)`` to the segment from a to b, whose ends may be the same."""
    along = b - a
    length = float(along @ along)
    offset = points - a
    if length > 0:
        share = np.clip(offset @ along / length, 0, 1)
        offset = offset - share[:, None] * along
    squared: NDArray[np.float64] = (offset * offset).sum(axis=1)
    return squared
