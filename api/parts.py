"""Detection on a Dask cluster: parts of the city go out, findings come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coordination.faults import UsageError
from coordination.findings_in_parts import Part, PartFound, Runner
from geo.road_network import RoadNetwork

if TYPE_CHECKING:
    from distributed import Client

_RETRIES = 5  # of a part whose worker died
_AHEAD = 2  # parts per worker that wait there, so that memory here stays bounded


def on_cluster(client: Client) -> Runner:
    """Return who works on parts for `coordination.findings_in_parts.detect_in_parts`: a cluster.

    The network goes to every worker once. A worker that dies costs the time of its part.

    Parameters
    ----------
    client
        A connected Dask client; its workers have this software.

    Raises
    ------
    UsageError
        By the runner, when the same part kills its worker again and again.
    """

    def run(answer: Callable[[Part], PartFound], parts: Iterable[Part]) -> Iterator[PartFound]:
        from distributed import wait  # noqa: PLC0415 - an extra
        from distributed.scheduler import KilledWorker  # noqa: PLC0415

        most = _AHEAD * max(1, len(client.ncores()))  # type: ignore[no-untyped-call]
        network: Any = None
        futures: list[Any] = []
        for part in parts:
            if network is None and part.city.network is not None:
                network = client.scatter(part.city.network, broadcast=True)  # type: ignore[no-untyped-call]
            bare = replace(part, city=replace(part.city, network=None))
            waiting = [future for future in futures if not future.done()]
            if len(waiting) >= most:
                wait(waiting, return_when="FIRST_COMPLETED")  # type: ignore[no-untyped-call]
            futures.append(
                client.submit(_with_network, answer, bare, network, pure=False, retries=_RETRIES)
            )
        try:
            yield from client.gather(futures)  # type: ignore[no-untyped-call]
        except KilledWorker:
            raise UsageError("pairs.error.worker_lost") from None

    return run


def _with_network(
    answer: Callable[[Part], PartFound], part: Part, network: RoadNetwork | None
) -> PartFound:
    return answer(replace(part, city=replace(part.city, network=network)))
