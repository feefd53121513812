"""How severe a finding is, and how it came to be so: a start and steps up and down, clamped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from coordination.findings import SEVERITIES

NOTICE, MEDIUM, HIGH = range(3)


def graded(
    base: npt.NDArray[np.int64],
    steps: Sequence[tuple[str, int, npt.NDArray[np.bool_]]] = (),
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Return the level of each finding and the steps that led to it.

    Parameters
    ----------
    base
        Level to start from, positions in `coordination.findings.SEVERITIES`; shape ``(n,)``.
    steps
        Name of the step, by how many levels it moves, and where it applies (shape ``(n,)``).

    Returns
    -------
    level : numpy.ndarray of int64
        Shape ``(n,)``; the sum of start and steps, clamped to notice … high.
    words : numpy.ndarray of str
        Shape ``(n,)``; such as ``base:high only_buffers:-1``.

    Examples
    --------
    >>> touching = np.array([True, False])
    >>> level, words = graded(np.array([2, 2]), [("only_buffers", -1, ~touching)])
    >>> level.tolist(), words.tolist()
    ([2, 1], ['base:high', 'base:high only_buffers:-1'])
    """
    names = np.array([f"base:{name}" for name in SEVERITIES], dtype=object)
    level = np.asarray(base, dtype=np.int64).copy()
    words = names[level]
    for name, change, where in steps:
        level = level + np.where(where, change, 0)
        words = words + np.where(where, f" {name}:{change:+d}", "").astype(object)
    return np.clip(level, NOTICE, HIGH), words
