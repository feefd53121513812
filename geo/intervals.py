"""Half-open intervals of integer days, and spans of metres: the only code of its kind.

People write inclusive days; inside, a period is ``[start, finish)`` with ``finish`` the day after
its last day. Every function takes and returns arrays and broadcasts like numpy; times are int64
days since any fixed day.

The gap between two periods is the first day of the later minus the last (inclusive) day of the
earlier: 0 when they share a day, 1 when they are consecutive. Written half-open, the gap is at most
``gap_days`` exactly when ``start_b < finish_a + gap_days`` and ``start_a < finish_b + gap_days``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.int64]
Metres = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

_LAST = np.iinfo(np.int64).max


def meets(
    start_a: npt.ArrayLike,
    finish_a: npt.ArrayLike,
    start_b: npt.ArrayLike,
    finish_b: npt.ArrayLike,
    gap_days: int = 0,
) -> Flags:
    """Tell which pairs of periods share a day or lie at most ``gap_days`` apart.

    Parameters
    ----------
    start_a, finish_a, start_b, finish_b
        Half-open periods in days, int64, broadcast against each other.
    gap_days
        Largest `gap_days` that still counts: 0 means they share a day, 1 adds consecutive ones.

    Returns
    -------
    numpy.ndarray of bool
        A period without days (finish not after start) meets nothing.

    Examples
    --------
    >>> meets([1, 1], [5, 5], [4, 5], [9, 9]).tolist()
    [True, False]
    >>> meets([1, 1], [5, 5], [5, 6], [9, 9], gap_days=1).tolist()
    [True, False]
    """
    start_a, finish_a, start_b, finish_b = _days(start_a, finish_a, start_b, finish_b)
    found = start_b < reach(finish_a, gap_days)
    found &= start_a < reach(finish_b, gap_days)
    found &= start_a < finish_a
    found &= start_b < finish_b
    return found


def reach(finish: npt.ArrayLike, gap_days: int) -> Days:
    """Return ``finish + gap_days``, stopping at the largest integer instead of wrapping round.

    Examples
    --------
    >>> reach([10], 3).tolist()
    [13]
    """
    (days,) = _days(finish)
    reached: Days = np.minimum(days, _LAST - gap_days) + gap_days
    return reached


def overlap_days(
    start_a: npt.ArrayLike, finish_a: npt.ArrayLike, start_b: npt.ArrayLike, finish_b: npt.ArrayLike
) -> Days:
    """Return the number of common days of each pair of half-open periods, 0 where there is none.

    Examples
    --------
    >>> overlap_days([1, 1, 1], [5, 5, 5], [4, 5, 2], [9, 9, 3]).tolist()
    [1, 0, 1]
    """
    start_a, finish_a, start_b, finish_b = _days(start_a, finish_a, start_b, finish_b)
    common = np.minimum(finish_a, finish_b) - np.maximum(start_a, start_b)
    shared: Days = np.maximum(common, 0)
    return shared


def gap_days(
    start_a: npt.ArrayLike, finish_a: npt.ArrayLike, start_b: npt.ArrayLike, finish_b: npt.ArrayLike
) -> Days:
    """Return the first day of the later minus the last (inclusive) day of the earlier period.

    Returns
    -------
    numpy.ndarray of int64
        0 where the two share a day, 1 where they are consecutive.

    Examples
    --------
    >>> gap_days([1, 1, 1], [5, 5, 5], [4, 5, 9], [9, 9, 12]).tolist()
    [0, 1, 5]
    """
    start_a, finish_a, start_b, finish_b = _days(start_a, finish_a, start_b, finish_b)
    apart = np.maximum(start_a, start_b) - np.minimum(finish_a, finish_b)
    return np.where(apart < 0, 0, apart + 1)


@dataclass(frozen=True)
class DayRange:
    """What is certain and what is possible while the exact days are unknown.

    Attributes
    ----------
    least, most
        Smallest and largest value over all admissible starts, int64 days.
    """

    least: Days
    most: Days


def overlap_range(  # noqa: PLR0917 - two works side by side
    start_a: npt.ArrayLike,
    finish_a: npt.ArrayLike,
    duration_a: npt.ArrayLike,
    start_b: npt.ArrayLike,
    finish_b: npt.ArrayLike,
    duration_b: npt.ArrayLike,
) -> DayRange:
    """Return certain and possible common days of works that may start anywhere in their windows.

    Parameters
    ----------
    start_a, finish_a, start_b, finish_b
        Half-open windows of days.
    duration_a, duration_b
        Days of work; clipped into 1 and the length of the window.

    Returns
    -------
    DayRange
        ``least`` is certain (common days whatever the starts), ``most`` possible.

    Examples
    --------
    Ten days of work in a window of thirty, beside a work that fills days 0 to 9:

    >>> days = overlap_range([0], [30], [10], [0], [10], [10])
    >>> days.least.tolist(), days.most.tolist()
    ([0], [10])
    """
    work_a, work_b, low, high = _shifts(
        start_a, finish_a, duration_a, start_b, finish_b, duration_b
    )
    best = _nearest_shift(work_a, work_b, low, high)
    ends = np.minimum(_common(low, work_a, work_b), _common(high, work_a, work_b))
    return DayRange(ends, _common(best, work_a, work_b))


def gap_range(  # noqa: PLR0917 - two works side by side
    start_a: npt.ArrayLike,
    finish_a: npt.ArrayLike,
    duration_a: npt.ArrayLike,
    start_b: npt.ArrayLike,
    finish_b: npt.ArrayLike,
    duration_b: npt.ArrayLike,
) -> DayRange:
    """Return the smallest and largest `gap_days` of works that may start anywhere in their windows.

    Parameters are those of `overlap_range`.

    Examples
    --------
    >>> days = gap_range([0], [30], [10], [40], [50], [10])
    >>> days.least.tolist(), days.most.tolist()
    ([11], [31])
    """
    work_a, work_b, low, high = _shifts(
        start_a, finish_a, duration_a, start_b, finish_b, duration_b
    )
    best = _nearest_shift(work_a, work_b, low, high)
    zero = np.zeros_like(low)
    at_low, at_high, at_best = (
        gap_days(zero, work_a, shift, shift + work_b) for shift in (low, high, best)
    )
    return DayRange(at_best, np.maximum(at_low, at_high))


def meeting_likelihood(  # noqa: PLR0917 - two works side by side
    start_a: npt.ArrayLike,
    finish_a: npt.ArrayLike,
    duration_a: npt.ArrayLike,
    start_b: npt.ArrayLike,
    finish_b: npt.ArrayLike,
    duration_b: npt.ArrayLike,
) -> npt.NDArray[np.float64]:
    """Return the share of admissible starts for which two works share a day.

    Both works start on any whole day that lets them finish inside their windows, uniformly and
    independently. With ``i < n_a`` and ``j < n_b`` the days by which they start late, they meet
    exactly when the shift ``start_b + j - start_a - i`` lies between ``1 - duration_b`` and
    ``duration_a - 1``; the pairs ``(i, j)`` below a shift are counted in closed form.

    Parameters are those of `overlap_range`.

    Returns
    -------
    numpy.ndarray of float64
        Between 0 and 1; 1 where they meet whatever the starts.

    Examples
    --------
    Two works of one day in the same three days meet in three of nine cases:

    >>> meeting_likelihood([0], [3], [1], [0], [3], [1]).round(3).tolist()
    [0.333]
    """
    work_a, work_b, low, high = _shifts(
        start_a, finish_a, duration_a, start_b, finish_b, duration_b
    )
    start_a, finish_a, start_b, finish_b = _days(start_a, finish_a, start_b, finish_b)
    starts_a = np.maximum(finish_a - start_a, 1) - work_a + 1
    starts_b = high - low + 2 - starts_a
    base = start_b - start_a
    meeting = _shifts_up_to(work_a - 1 - base, starts_a, starts_b)
    meeting -= _shifts_up_to(-work_b - base, starts_a, starts_b)
    share: npt.NDArray[np.float64] = meeting / (starts_a * starts_b)
    return share


def openings(
    start: npt.ArrayLike,
    finish: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    link_days: int = 14,
    max_opening_days: int = 180,
    joined: npt.ArrayLike | None = None,
) -> Positions:
    """Return the openings that works on the same stretch form, as numbers.

    A work joins the opening before it when it starts before ``finish + link_days`` of one that
    started earlier. Two rules keep openings short:

    - a work longer than ``max_opening_days`` is an opening of its own and links nothing;
    - works are taken in the order of their days; one whose finish would make the running opening
      longer than ``max_opening_days`` starts the next opening, and later works go on from there.

    ``joined`` overrides both: works of one stretch with the same label share one opening together
    with whatever they are linked to.

    Parameters
    ----------
    start, finish
        Half-open days, one entry per work and stretch.
    group
        Number of the stretch, int64.
    link_days
        At least 1: 1 links works that follow without a free day.
    max_opening_days
        Largest length of an opening, link gaps included.
    joined
        Label of the accepted bundle or chain of dependent projects, int64; negative for none.

    Returns
    -------
    numpy.ndarray of int64
        Opening of each entry, 0 … k-1, numbered by stretch and first day. The partition does not
        depend on the order of the entries.

    Raises
    ------
    ValueError
        When ``link_days`` or ``max_opening_days`` is below 1, or the arrays differ in length.

    Examples
    --------
    >>> openings([0, 30, 100], [20, 60, 120], [7, 7, 7]).tolist()
    [0, 0, 1]
    >>> openings([0, 0, 10], [20, 400, 30], [7, 7, 7]).tolist()
    [0, 1, 0]
    >>> openings([0, 0, 10], [20, 400, 30], [7, 7, 7], joined=[-1, 5, 5]).tolist()
    [0, 0, 0]
    """
    if link_days < 1 or max_opening_days < 1:
        raise ValueError(
            f"link_days and max_opening_days must be at least 1, got {link_days}, {max_opening_days}"
        )
    start, finish, group = _days(start, finish, group)
    if not start.shape == finish.shape == group.shape or start.ndim != 1:
        raise ValueError(
            "start, finish and group must be one-dimensional and of one length, "
            f"got {start.shape}, {finish.shape}, {group.shape}"
        )
    opening = np.zeros(len(start), dtype=np.int64)
    if not len(start):
        return opening
    long = finish - start > max_opening_days
    short = np.flatnonzero(~long)
    order = short[np.lexsort((finish[short], start[short], group[short]))]
    opening[order] = _running_openings(
        start[order], finish[order], group[order], link_days, max_opening_days
    )
    opening[long] = len(start) + np.arange(np.count_nonzero(long))
    if joined is not None:
        opening = _merge(opening, group, np.asarray(joined, dtype=np.int64))
    return _number_by_first(opening, start, finish, group)


def union_days(
    start: npt.ArrayLike, finish: npt.ArrayLike, group: npt.ArrayLike
) -> tuple[Positions, Days]:
    """Return how many days the periods of each group cover together.

    Parameters
    ----------
    start, finish
        Half-open days; a period without days covers nothing.
    group
        Number of the group, int64.

    Returns
    -------
    groups, days
        The groups that occur, ascending, and the days of the union of their periods.

    Examples
    --------
    >>> groups, days = union_days([0, 5, 20], [10, 12, 21], [3, 3, 3])
    >>> groups.tolist(), days.tolist()
    ([3], [13])
    """
    start, finish, group = _days(start, finish, group)
    groups, rank = np.unique(group, return_inverse=True)
    order = np.lexsort((start, rank))
    start, finish, rank = start[order], np.maximum(finish, start)[order], rank[order]
    covered_to = _reach_before(finish, rank)
    added = np.maximum(finish - np.maximum(start, covered_to), 0)
    days = np.zeros(len(groups), dtype=np.int64)
    np.add.at(days, rank, added)
    return groups, days


def uncovered(
    start: npt.ArrayLike,
    finish: npt.ArrayLike,
    owner: npt.ArrayLike,
    covered_start: npt.ArrayLike,
    covered_finish: npt.ArrayLike,
) -> tuple[Positions, Days, Days]:
    """Return what of each period is left free by those that cover it.

    Parameters
    ----------
    start, finish
        Half-open periods, int64, shape ``(n,)``.
    owner
        Which of them each covering period lies on, 0 … n-1, int64, shape ``(m,)``.
    covered_start, covered_finish
        Half-open covering periods, shape ``(m,)``; they may overlap, reach beyond their owner, or
        be empty.

    Returns
    -------
    owner, start, finish
        The free pieces, longest possible, sorted by owner and start; none is empty.

    Examples
    --------
    >>> whose, free, until = uncovered([0, 0], [10, 10], [0, 0], [2, 5], [4, 20])
    >>> list(zip(whose.tolist(), free.tolist(), until.tolist()))
    [(0, 0, 2), (0, 4, 5), (1, 0, 10)]
    """
    start, finish = _days(start, finish)
    owner, first, last = _days(owner, covered_start, covered_finish)
    first, last = np.maximum(first, start[owner]), np.minimum(last, finish[owner])
    real = first < last
    count = len(start)
    # Each owner ends with a period without days, before which the last free piece lies.
    whose = np.concatenate([owner[real], np.arange(count)])
    first, last = np.concatenate([first[real], finish]), np.concatenate([last[real], finish])
    order = np.lexsort((first, whose))
    whose, first, last = whose[order], first[order], last[order]
    free_from = np.maximum(_reach_before(last, whose), start[whose])
    free = free_from < first
    return whose[free], free_from[free], first[free]


@dataclass(frozen=True)
class Pieces:
    """The common refinement of spans: every span covers all of a piece or none of it.

    Attributes
    ----------
    group, start, finish
        One entry per piece that some span covers, sorted by group and start; metres.
    piece, span
        Membership: piece number and span number, one entry per piece that a span covers, sorted.
    """

    group: Positions
    start: Metres
    finish: Metres
    piece: Positions
    span: Positions


def elementary_pieces(
    group: npt.ArrayLike, start: npt.ArrayLike, finish: npt.ArrayLike, *, tolerance: float = 0.0
) -> Pieces:
    """Cut spans of each group at all their ends.

    Parameters
    ----------
    group
        Number of the line (section and side) that a span lies on, int64.
    start, finish
        Metres along it. A span without length (finish not after start) is in no piece.
    tolerance
        Ends of one group that follow each other within this many metres count as one place, the
        first of them, so that no slivers arise.

    Examples
    --------
    >>> pieces = elementary_pieces([1, 1], [0.0, 40.0], [100.0, 60.0])
    >>> pieces.start.tolist(), pieces.finish.tolist()
    ([0.0, 40.0, 60.0], [40.0, 60.0, 100.0])
    >>> list(zip(pieces.piece.tolist(), pieces.span.tolist()))
    [(0, 0), (1, 0), (1, 1), (2, 0)]
    """
    (group,) = _days(group)
    start = np.asarray(start, dtype=np.float64)
    finish = np.asarray(finish, dtype=np.float64)
    real = np.flatnonzero(finish > start)
    lines = np.concatenate([group[real], group[real]])
    ends = np.concatenate([start[real], finish[real]])
    order = np.lexsort((ends, lines))
    lines, ends = lines[order], ends[order]
    fresh = np.ones(len(ends), dtype=bool)
    fresh[1:] = (lines[1:] != lines[:-1]) | (ends[1:] - ends[:-1] > tolerance)
    place = np.empty(len(ends), dtype=np.int64)
    place[order] = np.cumsum(fresh) - 1
    first, last = place[: len(real)], place[len(real) :]
    lines, ends = lines[fresh], ends[fresh]

    count = last - first
    span = np.repeat(real, count)
    piece = _ranges(first, count)
    used, piece = np.unique(piece, return_inverse=True)
    order = np.lexsort((span, piece))
    return Pieces(lines[used], ends[used], ends[used + 1], piece[order], span[order])


def _days(*values: npt.ArrayLike) -> tuple[Days, ...]:
    return tuple(np.asarray(value, dtype=np.int64) for value in values)


def _ranges(first: Positions, count: Positions) -> Positions:
    """Return first[0], first[0] + 1 and so on for count[0] entries, then likewise for the next."""
    before = np.cumsum(count) - count
    numbers: Positions = np.arange(int(count.sum())) + np.repeat(first - before, count)
    return numbers


def _shifts(  # noqa: PLR0917 - two works side by side
    start_a: npt.ArrayLike,
    finish_a: npt.ArrayLike,
    duration_a: npt.ArrayLike,
    start_b: npt.ArrayLike,
    finish_b: npt.ArrayLike,
    duration_b: npt.ArrayLike,
) -> tuple[Days, Days, Days, Days]:
    """Return both durations, and the smallest and largest start of b relative to that of a."""
    start_a, finish_a, duration_a = _days(start_a, finish_a, duration_a)
    start_b, finish_b, duration_b = _days(start_b, finish_b, duration_b)
    work_a = np.clip(duration_a, 1, np.maximum(finish_a - start_a, 1))
    work_b = np.clip(duration_b, 1, np.maximum(finish_b - start_b, 1))
    slack_a = np.maximum(finish_a - start_a, 1) - work_a
    slack_b = np.maximum(finish_b - start_b, 1) - work_b
    base = start_b - start_a
    return work_a, work_b, base - slack_a, base + slack_b


def _nearest_shift(work_a: Days, work_b: Days, low: Days, high: Days) -> Days:
    """Return an admissible shift of b against a that gives the most common days."""
    # The shorter lies inside the longer for all shifts from min(0, a - b) to max(0, a - b).
    nearest: Days = np.clip(np.minimum(0, work_a - work_b), low, high)
    return nearest


def _common(shift: Days, work_a: Days, work_b: Days) -> Days:
    return overlap_days(np.zeros_like(shift), work_a, shift, shift + work_b)


def _shifts_up_to(most: Days, count_a: Days, count_b: Days) -> Days:
    """Count pairs ``i < count_a``, ``j < count_b`` with ``j - i <= most``."""

    def below(end: Days) -> Days:
        # Sum of clip(t, 0, count_b) over all t < end.
        ramp = np.clip(end - 1, 0, count_b)
        total: Days = ramp * (ramp + 1) // 2 + np.maximum(end - 1 - count_b, 0) * count_b
        return total

    return below(most + 1 + count_a) - below(most + 1)


def _reach_before(finish: Days, rank: Positions) -> Days:
    """Return the latest finish among earlier entries of the same group (sorted by group).

    The first entry of a group has none and gets the smallest integer.
    """
    # In ranks instead of days, so that a group can be lifted above the last without overflow.
    levels, level = np.unique(finish, return_inverse=True)
    lifted = np.maximum.accumulate(level + rank * len(levels))
    before = np.full(len(finish), np.iinfo(np.int64).min)
    same = rank[1:] == rank[:-1]
    before[1:][same] = levels[(lifted - rank * len(levels))[:-1][same]]
    return before


def _running_openings(
    start: Days, finish: Days, group: Days, link_days: int, max_opening_days: int
) -> Positions:
    """Return openings of works sorted by group, start and finish, none of them too long."""
    n = len(start)
    if not n:
        return np.empty(0, dtype=np.int64)
    _, rank = np.unique(group, return_inverse=True)
    before = _reach_before(finish, rank)
    first = np.ones(n, dtype=bool)
    first[1:] = (rank[1:] != rank[:-1]) | (start[1:] >= reach(before[1:], link_days))

    # Within a chain the furthest finish only grows, so the first work that would make an opening
    # too long is found by bisection, for all chains at once; each round ends one opening per chain.
    # A work that starts the next opening reaches beyond all before it, so no link changes.
    chain = np.cumsum(first) - 1
    furthest = np.maximum(finish, before)
    chain_end = np.append(np.flatnonzero(first), n)[1:]
    levels, level = np.unique(furthest, return_inverse=True)
    height = len(levels) + 1
    key = chain * height + level
    head = np.flatnonzero(first)
    while len(head):
        allowed = np.searchsorted(levels, start[head] + max_opening_days, side="right")
        stop = np.searchsorted(key, chain[head] * height + allowed)
        head = stop[stop < chain_end[chain[head]]]
        first[head] = True
    return np.cumsum(first) - 1


def _merge(opening: Positions, group: Positions, joined: Positions) -> Positions:
    """Give openings of one group that share a label one number, the smallest of them."""
    member = np.flatnonzero(joined >= 0)
    if not len(member):
        return opening
    _, label = np.unique(np.stack([group[member], joined[member]]), axis=1, return_inverse=True)
    label = label.ravel()
    numbers, node = np.unique(opening, return_inverse=True)
    lowest = np.arange(len(numbers))
    while True:
        by_label = np.full(int(label.max()) + 1, len(numbers))
        np.minimum.at(by_label, label, lowest[node[member]])
        after = lowest.copy()
        np.minimum.at(after, node[member], by_label[label])
        if np.array_equal(after, lowest):
            return numbers[lowest[node]]
        lowest = after


def _number_by_first(opening: Positions, start: Days, finish: Days, group: Days) -> Positions:
    """Renumber openings 0 … k-1 in the order of group and first work."""
    order = np.lexsort((finish, start, group))
    _, first, inverse = np.unique(opening[order], return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    result = np.empty(len(opening), dtype=np.int64)
    result[order] = number[inverse]
    return result
