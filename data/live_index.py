"""The live index of a store: where every site lies and when, kept up by the store's log."""

from __future__ import annotations

from collections.abc import Collection
from threading import Lock

import numpy as np
import numpy.typing as npt

from data.store import LivePlaces, Store
from geo.spacetime_index import EVER, SpacetimeIndex

_MOST_CHANGED = 20_000
"""Projects that changed at once from which on the index is built anew."""

Boxes = npt.NDArray[np.float64]


class LiveIndex:
    """Boxes in x, y and days of all sites of one store, for any number of threads.

    It is filled once, and `catch_up` reads from the log which projects changed since, whoever
    changed them. Where the log does not tell (it ends before the store's revision, the store is
    another one or older than the index, or very much changed) the index is built anew.

    Parameters
    ----------
    store
        What it is filled from.

    Attributes
    ----------
    revision
        The last revision of the log that it knows.
    rebuilt
        How often it was built.
    """

    def __init__(self, store: Store) -> None:
        self._lock = Lock()
        self.rebuilt = 0
        self.revision = -1
        self._build(store)

    def __len__(self) -> int:
        """Return how many sites it knows."""
        return len(self._index)

    def catch_up(self, store: Store) -> None:
        """Take in what changed in the store since the last time.

        Parameters
        ----------
        store
            The same store, on any connection.
        """
        with self._lock:
            told = store.codes_changed(self.revision, limit=_MOST_CHANGED)
            if told is None:
                self._build(store)
                return
            revision, codes = told
            if codes:
                self._replace(codes, store.live_places(codes))
            self.revision = revision

    def codes(self, boxes: Boxes, start_day: int = EVER[0], finish_day: int = EVER[1]) -> set[str]:
        """Return the projects of which a site's box meets one of ``boxes`` in these days.

        Parameters
        ----------
        boxes
            Shape (n, 4), m.
        start_day, finish_day
            Half-open days since 1970-01-01; by default any day.
        """
        with self._lock:
            days = np.ones(len(boxes), dtype=np.int64)
            _, ids = self._index.query(boxes, days * start_day, days * finish_day)
            return {self._code[number] for number in np.unique(ids).tolist()}

    def _build(self, store: Store) -> None:
        places = store.live_places()
        self._code: list[str] = places.codes.tolist()
        self._ids: dict[str, list[int]] = {}
        for number, code in enumerate(self._code):
            self._ids.setdefault(code, []).append(number)
        self._index = SpacetimeIndex(
            np.arange(len(self._code)), places.boxes, places.start_day, places.finish_day
        )
        self.revision = places.revision
        self.rebuilt += 1

    def _replace(self, codes: Collection[str], places: LivePlaces) -> None:
        gone = [number for code in codes for number in self._ids.pop(code, ())]
        self._index.delete(gone)
        first = len(self._code)
        ids = np.arange(first, first + len(places.codes))
        self._code += places.codes.tolist()
        for number, code in zip(ids.tolist(), places.codes.tolist(), strict=True):
            self._ids.setdefault(code, []).append(number)
        self._index.insert(ids, places.boxes, places.start_day, places.finish_day)
