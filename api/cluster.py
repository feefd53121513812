"""A Dask cluster to work on: one that somebody started, or processes of this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coordination.faults import UsageError

if TYPE_CHECKING:
    from distributed import Client

_WAIT_S = 20


@contextmanager
def cluster(
    scheduler: str | None = None, *, workers: int = 2, memory: str = "2GiB"
) -> Iterator[Client]:
    """Yield a client of a cluster.

    Parameters
    ----------
    scheduler
        Address of a running scheduler such as ``tcp://10.0.0.5:8786``; without it processes of this
        machine are started, and end with the block.
    workers
        How many processes, where they are started here. One thread each: geometries are not safe
        to share between threads.
    memory
        What each of them may use before it is started anew.

    Raises
    ------
    UsageError
        When Dask is not installed, or the scheduler does not answer.
    """
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise UsageError("pairs.error.no_dask") from None
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=_WAIT_S)  # type: ignore[no-untyped-call]
        except (OSError, ValueError):
            raise UsageError("pairs.error.no_scheduler", address=scheduler) from None
        with client:
            yield client
        return
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers, threads_per_worker=1, memory_limit=memory,
            dashboard_address=":0", silence_logs=logging.CRITICAL,
        ) as local,
        Client(local) as client,  # type: ignore[no-untyped-call]
    ):  # fmt: skip
        yield client
