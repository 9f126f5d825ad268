"""Placing the names of points so that no name covers another, or a point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

__all__ = ["Box", "place_labels"]

Point = tuple[float, float]

_DIRECTIONS = 16
_DISTANCES = (0.15, 0.5, 1.2, 2.0, 3.0, 4.5, 6.5)
"""From the marker's edge to the label, in heights of the label; the nearest first."""
_FAR = 0.02
"""What a height of distance costs, beside covering anything, which costs 1 and more."""
_CROSSING = 0.2
"""What each label or marker costs that the line to one's own point would cross."""
_STEPS = 12
"""Places of that line that are looked at."""
_AMBIGUOUS = 0.05
"""What it costs to stand nearer to another point than to one's own."""


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels, upwards and to the right."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """Return the area that two boxes share."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, width) * max(0.0, height)

    def outside(self, frame: Box) -> float:
        """Return the area that is outside another box."""
        area = (self.right - self.left) * (self.top - self.bottom)
        return max(0.0, area - self.overlap(frame))

    def holds(self, point: Point) -> bool:
        """Return whether a point lies inside or on the edge."""
        return self.left <= point[0] <= self.right and self.bottom <= point[1] <= self.top

    def meets(self, other: Box) -> bool:
        """Return whether two boxes have a point in common."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.bottom <= other.top
            and other.bottom <= self.top
        )

    def nearest(self, point: Point) -> Point:
        """Return the point of the box that is nearest to a point."""
        return (
            min(max(point[0], self.left), self.right),
            min(max(point[1], self.bottom), self.top),
        )


def place_labels(
    points: Sequence[Point], radii: Sequence[float], sizes: Sequence[Point], frame: Box
) -> list[Box]:
    """Choose a place for each label: near its point, inside the frame, over nothing else.

    Labels are placed in turn, those first whose points lie in the thickest crowd; twice more each
    is taken up and placed anew, since the others stand by then.

    Args:
        points: centres of the markers, in pixels.
        radii: of the markers, in pixels.
        sizes: width and height of the labels, in pixels.
        frame: where labels may stand.

    Returns:
        A box for each label.
    """
    markers = [
        Box(x - radius, y - radius, x + radius, y + radius)
        for (x, y), radius in zip(points, radii, strict=True)
    ]
    choices = [
        _choices(point, radius, size)
        for point, radius, size in zip(points, radii, sizes, strict=True)
    ]
    near = [
        sum(math.dist(one, other) < 4 * sizes[i][0] for other in points)
        for i, one in enumerate(points)
    ]
    order = sorted(range(len(points)), key=lambda i: -near[i])
    placed: dict[int, Box] = {}
    for _ in range(3):
        for i in order:
            taken = [*markers, *(box for j, box in placed.items() if j != i)]
            costs = [
                _cost(box, taken, frame)
                + _CROSSING * _crossed(box, points[i], taken)
                + _FAR * far
                + _AMBIGUOUS * (min(range(len(points)), key=partial(_distance, box, points)) != i)
                for box, far in choices[i]
            ]
            placed[i] = choices[i][costs.index(min(costs))][0]
    return [placed[i] for i in range(len(points))]


def _cost(box: Box, taken: Sequence[Box], frame: Box) -> float:
    """Return the share of a label that is over others or outside; touching at all costs 1 more."""
    area = (box.right - box.left) * (box.top - box.bottom)
    covered = sum(box.overlap(other) for other in taken) + 3 * box.outside(frame)
    return covered / area + (1 if covered else 0)


def _crossed(box: Box, point: Point, taken: Sequence[Box]) -> int:
    """Return how many boxes lie between a label and its point, other than those at the point."""
    end = box.nearest(point)
    (left, right), (bottom, top) = map(sorted, zip(point, end, strict=True))
    around = Box(left, bottom, right, top)
    steps = [(i / _STEPS, 1 - i / _STEPS) for i in range(_STEPS + 1)]
    line = [
        (point[0] * here + end[0] * there, point[1] * here + end[1] * there)
        for here, there in steps
    ]
    return sum(
        any(map(other.holds, line))
        for other in taken
        if other.meets(around) and not other.holds(point)
    )


def _distance(box: Box, points: Sequence[Point], i: int) -> float:
    return math.dist(box.nearest(points[i]), points[i])


def _choices(point: Point, radius: float, size: Point) -> list[tuple[Box, float]]:
    """Return boxes around a point with their distance in heights, right of it first."""
    width, height = size
    found = []
    for distance in _DISTANCES:
        for step in range(_DIRECTIONS):
            angle = 2 * math.pi * step / _DIRECTIONS
            across, up = math.cos(angle), math.sin(angle)
            away = radius + distance * height
            x, y = point[0] + across * away, point[1] + up * away
            # The box grows away from the point: its near side stands at the direction's end.
            left = x - width * (1 - across) / 2
            bottom = y - height * (1 - up) / 2
            found.append((Box(left, bottom, left + width, bottom + height), distance))
    return found
