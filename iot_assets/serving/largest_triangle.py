"""Thinning a series for the eye: largest triangle three buckets, which keeps the shape that all points would draw.

The first and the last point stay; of each bucket between them that point which spans the largest triangle with the one
kept before it and the mean of the bucket behind it. Belongs here: the choice, of a few thousand points: what is longer
is thinned by DuckDB first (``reads/thinned``).
"""

from __future__ import annotations

from collections.abc import Sequence


def kept(xs: Sequence[float], ys: Sequence[float], points: int) -> list[int]:
    """The indexes of at most so many points (three or more), in their order; ``xs`` must not fall."""
    count = len(xs)
    if count <= points:
        return list(range(count))
    width = (count - 2) / (points - 2)
    edges = [int(number * width) + 1 for number in range(points - 1)] + [count]
    found = [0]
    for start, end, after in zip(edges, edges[1:], edges[2:], strict=False):
        x0, y0 = xs[found[-1]], ys[found[-1]]
        mean_x, mean_y = sum(xs[end:after]) / (after - end), sum(ys[end:after]) / (after - end)
        dx, dy = mean_x - x0, mean_y - y0
        # Twice the area, by the cross product.
        found.append(max(range(start, end), key=lambda i: abs(dx * (ys[i] - y0) - (xs[i] - x0) * dy)))
    return [*found, count - 1]
