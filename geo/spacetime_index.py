"""A live index over x, y and time: boxes come and go, and many threads ask."""

from __future__ import annotations

from threading import Lock

import numpy as np
import numpy.typing as npt
from rtree.index import Index, Property

from geo.intervals import meets

Ids = npt.NDArray[np.int64]
Boxes = npt.NDArray[np.float64]

EVER = (-(1 << 40), 1 << 40)
"""Half-open days of what has no start and no end: such a period meets every other."""


class SpacetimeIndex:
    """An R-tree (``rtree``) over boxes in the plane and half-open days.

    The tree is not safe for threads, not even for reading, so that one lock stands around every
    call; what it answers is looked at again outside the lock. It answers with boxes: whoever asks
    compares the geometries.

    Parameters
    ----------
    ids
        Shape (n,), int64, each once, 0 or more; memory grows with the largest.
    boxes
        Shape (n, 4): min x, min y, max x, max y, all finite [m].
    start_day, finish_day
        Shape (n,), int64, half-open. A period that is open or unknown is the caller's to widen, at
        most to `EVER`.

    Examples
    --------
    >>> index = SpacetimeIndex([7, 9], [[0, 0, 5, 5], [4, 4, 8, 8]], [0, 10], [10, 20])
    >>> index.query([[5, 5, 6, 6]], [9], [10])
    (array([0]), array([7]))
    >>> index.delete([7])
    >>> index.query([[5, 5, 6, 6]], [9], [11])
    (array([0]), array([9]))
    """

    def __init__(
        self,
        ids: npt.ArrayLike = (),
        boxes: npt.ArrayLike = (),
        start_day: npt.ArrayLike = (),
        finish_day: npt.ArrayLike = (),
    ) -> None:
        own, plane, start, finish = _entries(ids, boxes, start_day, finish_day)
        if len(np.unique(own)) != len(own):
            raise ValueError("every id may be entered once")
        self._lock = Lock()
        self._boxes: Boxes = np.empty((0, 4))
        self._days: Ids = np.empty((0, 2), dtype=np.int64)
        self._held: npt.NDArray[np.bool_] = np.empty(0, dtype=np.bool_)
        self._keep(own, plane, start, finish)
        low, high = _corners(plane, start, finish)
        dimensions = Property(dimension=3)
        # An empty load makes a tree that forgets its dimension.
        self._tree = (
            Index((own, low, high), properties=dimensions)
            if len(own)
            else Index(properties=dimensions)
        )

    def __len__(self) -> int:
        """Return how many entries there are."""
        with self._lock:
            return int(self._held.sum())

    def insert(
        self,
        ids: npt.ArrayLike,
        boxes: npt.ArrayLike,
        start_day: npt.ArrayLike,
        finish_day: npt.ArrayLike,
    ) -> None:
        """Enter boxes; an id that is there already takes its new box.

        Parameters
        ----------
        ids, boxes, start_day, finish_day
            As for the class.
        """
        own, plane, start, finish = _entries(ids, boxes, start_day, finish_day)
        low, high = _corners(plane, start, finish)
        corners = np.concatenate([low, high], axis=1).tolist()
        with self._lock:
            self._delete(own)
            self._keep(own, plane, start, finish)
            for number, box in zip(own.tolist(), corners, strict=True):
                self._tree.insert(number, box)

    def delete(self, ids: npt.ArrayLike) -> None:
        """Take entries out; an id that is not there is passed over.

        Parameters
        ----------
        ids
            Shape (n,), int64.
        """
        with self._lock:
            self._delete(np.asarray(ids, dtype=np.int64).ravel())

    def query(
        self, boxes: npt.ArrayLike, start_day: npt.ArrayLike, finish_day: npt.ArrayLike
    ) -> tuple[Ids, Ids]:
        """Return which entries meet which of the boxes in space (touching counts) and in days.

        Parameters
        ----------
        boxes, start_day, finish_day
            As for the class; periods without days meet nothing.

        Returns
        -------
        query, ids
            Position of the box, and the entry; sorted by both.
        """
        count = len(np.asarray(start_day))
        _, plane, start, finish = _entries(np.arange(count), boxes, start_day, finish_day)
        asked = np.flatnonzero(start < finish)
        if not len(asked):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        low, high = _corners(plane[asked], start[asked], finish[asked])
        with self._lock:
            found, times = self._tree.intersection_v(low, high)  # type: ignore[no-untyped-call]
            found = found.copy()
            box, days = self._boxes[found], self._days[found]
        at = np.repeat(asked, times.astype(np.int64))
        # Boxes of the tree are closed, days are half-open: one predicate decides.
        kept = meets(start[at], finish[at], days[:, 0], days[:, 1])
        kept &= (plane[at, :2] <= box[:, 2:]).all(axis=1)
        kept &= (box[:, :2] <= plane[at, 2:]).all(axis=1)
        at, found = at[kept], found[kept]
        order = np.lexsort((found, at))
        return at[order], found[order]

    def _keep(self, ids: Ids, boxes: Boxes, start: Ids, finish: Ids) -> None:
        size = int(ids.max(initial=-1)) + 1
        if size > len(self._held):
            more = max(size, 2 * len(self._held)) - len(self._held)
            self._boxes = np.concatenate([self._boxes, np.zeros((more, 4))])
            self._days = np.concatenate([self._days, np.zeros((more, 2), dtype=np.int64)])
            self._held = np.concatenate([self._held, np.zeros(more, dtype=np.bool_)])
        self._boxes[ids] = boxes
        self._days[ids, 0], self._days[ids, 1] = start, finish
        self._held[ids] = True

    def _delete(self, ids: Ids) -> None:
        known = ids[(ids >= 0) & (ids < len(self._held))]
        known = np.unique(known[self._held[known]])
        low, high = _corners(self._boxes[known], self._days[known, 0], self._days[known, 1])
        corners = np.concatenate([low, high], axis=1).tolist()
        for number, box in zip(known.tolist(), corners, strict=True):
            self._tree.delete(number, box)
        self._held[known] = False


def _entries(
    ids: npt.ArrayLike, boxes: npt.ArrayLike, start_day: npt.ArrayLike, finish_day: npt.ArrayLike
) -> tuple[Ids, Boxes, Ids, Ids]:
    own = np.asarray(ids, dtype=np.int64).ravel()
    plane = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    start, finish = (np.asarray(days, dtype=np.int64) for days in (start_day, finish_day))
    if not len(own) == len(plane) == len(start) == len(finish):
        raise ValueError(
            "ids, boxes, start_day and finish_day must have one length, "
            f"got {len(own)}, {len(plane)}, {len(start)}, {len(finish)}"
        )
    if (own < 0).any():
        raise ValueError("ids must be 0 or more")
    if not np.isfinite(plane).all():
        raise ValueError("boxes must be finite; leave out what has no place")
    return own, plane, start, finish


def _corners(boxes: Boxes, start: Ids, finish: Ids) -> tuple[Boxes, Boxes]:
    """Return the lower and upper corners of closed boxes in x, y and days."""
    low = np.column_stack([boxes[:, :2], start.astype(np.float64)])
    # An entry without days would be a box upside down: it is entered as one day and never meets.
    last = np.maximum(finish - 1, start).astype(np.float64)
    return np.ascontiguousarray(low), np.ascontiguousarray(np.column_stack([boxes[:, 2:], last]))
