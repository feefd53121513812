"""What requests read: the store's tables at its newest revision, read once per revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from coordination import City
from coordination.findings import Findings
from data.store import Store, StoreInfo

StoreOpener = Callable[[], Store]


@dataclass(frozen=True)
class Snapshot:
    """All tables of one revision; frozen, so that requests can share it between threads."""

    info: StoreInfo
    city: City
    findings: Findings | None


class Snapshots:
    """Open the store for each request and keep the newest snapshot for all of them.

    Parameters
    ----------
    opener
        Opens the store; a connection is used by one thread and closed with its request.
    """

    def __init__(self, opener: StoreOpener) -> None:
        self._opener = opener
        self._lock = Lock()
        self._newest: Snapshot | None = None

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Give one request its own open store."""
        store = self._opener()
        try:
            yield store
        finally:
            store.close()

    def newest(self) -> Snapshot:
        """Return the tables at the newest revision; read again only when it moved."""
        with self.store() as store, self._lock:
            info = store.info()
            if self._newest is None or self._newest.info != info:
                self._newest = Snapshot(info, store.read_city(), store.read_findings())
            return self._newest
