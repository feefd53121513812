"""Stretches that the same works open, counted as one: the solver and the bound look at each once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coordination.schedule_problem import ScheduleProblem


@dataclass(frozen=True)
class StretchGroup:
    """Stretches with the same works, and the same of them dearest.

    Attributes
    ----------
    stretches
        Rows of ``problem.stretches``.
    works
        Rows of ``problem.works``, ascending.
    mid_fen
        Reinstatement of each work's opening, summed over the stretches.
    day_fen
        What a closed day of all of them weighs.
    length_m
        Their length.
    """

    stretches: tuple[int, ...]
    works: tuple[int, ...]
    mid_fen: tuple[int, ...]
    day_fen: int
    length_m: float


def stretch_groups(problem: ScheduleProblem) -> list[StretchGroup]:
    """Return the stretches of a problem in groups.

    Where the works stand in the same order of cost on two stretches, the dearest of an opening is the
    same on both, and so the sum over both is that of one stretch with summed costs.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> [(group.works, group.length_m) for group in stretch_groups(two_streets())]
    [((0, 1), 100.0), ((2, 3), 100.0)]
    """
    members = problem.members
    stretch, work, cost = (
        members[name].to_numpy(dtype=np.int64) for name in ("stretch", "work", "mid_fen")
    )
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    last = np.append(first[1:], len(stretch)) if len(first) else first
    length = problem.stretches["length_m"].to_numpy(dtype=float)
    day = problem.stretches["day_fen"].to_numpy(dtype=np.int64)
    groups: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
    costs: dict[int, np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
    for low, high in zip(first.tolist(), last.tolist(), strict=True):
        works, own = work[low:high], cost[low:high]
        order = tuple(np.lexsort((works, own)).tolist())
        at = int(stretch[low])
        costs[at] = own
        groups.setdefault((tuple(works.tolist()), order), []).append(at)
    return [
        StretchGroup(
            stretches=tuple(held),
            works=works,
            mid_fen=tuple(int(one) for one in np.sum([costs[at] for at in held], axis=0)),
            day_fen=int(day[held].sum()),
            length_m=float(length[held].sum()),
        )
        for (works, _), held in groups.items()
    ]
