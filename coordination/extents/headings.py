"""East, west, south and north as directions in the plane."""

from __future__ import annotations

import numpy as np

from coordination.extents.parsed import Compass

STEP: dict[Compass, tuple[float, float]] = {
    "east": (1.0, 0.0), "west": (-1.0, 0.0), "south": (0.0, -1.0), "north": (0.0, 1.0),
}  # fmt: skip
ARROW: dict[Compass, str] = {"east": "→", "west": "←", "south": "↓", "north": "↑"}
OPPOSITE: dict[Compass, Compass] = {
    "east": "west", "west": "east", "south": "north", "north": "south",
}  # fmt: skip


def heading(dx: float, dy: float) -> Compass:
    """Return the compass direction that a step mostly goes.

    Examples
    --------
    >>> heading(3.0, -1.0), heading(1.0, 2.0)
    ('east', 'north')
    """
    if abs(dx) >= abs(dy):
        return "east" if dx >= 0 else "west"
    return "north" if dy >= 0 else "south"


def share_towards(dx: float, dy: float, towards: Compass) -> float:
    """Return the cosine between a step and a compass direction; 0 for no step.

    Examples
    --------
    >>> share_towards(3.0, 4.0, "north")
    0.8
    """
    size = float(np.hypot(dx, dy))
    return 0.0 if size == 0 else (dx * STEP[towards][0] + dy * STEP[towards][1]) / size
