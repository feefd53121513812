"""Days, windows, openings and pieces: known answers, and enumeration of small cases."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import intervals

start_days = st.integers(-20, 20)
lengths = st.integers(1, 12)
periods = st.tuples(start_days, lengths).map(lambda p: (p[0], p[0] + p[1]))


def days_of(period: tuple[int, int]) -> set[int]:
    return set(range(*period))


@given(periods, periods)
def test_overlap_and_gap_are_those_of_the_days_themselves(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    common = days_of(a) & days_of(b)
    assert intervals.overlap_days(*a, *b) == len(common)
    earlier, later = sorted([a, b])
    expected = 0 if common else min(days_of(later)) - max(days_of(earlier))
    assert intervals.gap_days(*a, *b) == expected


@given(periods, periods, st.integers(0, 15))
def test_meets_exactly_when_the_gap_is_at_most_that(
    a: tuple[int, int], b: tuple[int, int], gap_days: int
) -> None:
    assert intervals.meets(*a, *b, gap_days) == (intervals.gap_days(*a, *b) <= gap_days)
    assert intervals.meets(*a, *b, gap_days) == intervals.meets(*b, *a, gap_days)


def test_consecutive_days_have_gap_one() -> None:
    # Monday to Friday, then from Saturday on.
    assert intervals.gap_days(0, 5, 5, 7) == 1
    assert not intervals.meets(0, 5, 5, 7)
    assert intervals.meets(0, 5, 5, 7, gap_days=1)


def test_a_period_without_days_meets_nothing() -> None:
    assert not intervals.meets([3, 3], [3, 1], [0, 0], [9, 9], gap_days=5).any()


windows = st.tuples(start_days, lengths, st.integers(-1, 15)).map(
    lambda w: (w[0], w[0] + w[1], w[2])
)


def admissible(window: tuple[int, int, int]) -> list[tuple[int, int]]:
    start, finish, duration = window
    work = min(max(duration, 1), finish - start)
    return [(first, first + work) for first in range(start, finish - work + 1)]


@given(windows, windows)
@settings(max_examples=300)
def test_ranges_and_likelihood_are_those_of_all_admissible_starts(
    a: tuple[int, int, int], b: tuple[int, int, int]
) -> None:
    cases = list(itertools.product(admissible(a), admissible(b)))
    overlaps = [len(days_of(x) & days_of(y)) for x, y in cases]
    gaps = [int(intervals.gap_days(*x, *y)) for x, y in cases]
    overlap, gap = intervals.overlap_range(*a, *b), intervals.gap_range(*a, *b)
    assert (overlap.least, overlap.most) == (min(overlaps), max(overlaps))
    assert (gap.least, gap.most) == (min(gaps), max(gaps))
    met = sum(days > 0 for days in overlaps)
    assert intervals.meeting_likelihood(*a, *b) == pytest.approx(met / len(cases), abs=1e-12)


def test_a_year_around_ten_days_of_work_seldom_meets() -> None:
    # 10 days in a year against 10 days in the same year: 356 starts each.
    share = intervals.meeting_likelihood(0, 365, 10, 0, 365, 10)
    assert share == pytest.approx((356 * 19 - 90) / 356**2)


def test_likelihood_works_on_arrays_and_on_long_windows() -> None:
    zeros = np.zeros(3, dtype=np.int64)
    share = intervals.meeting_likelihood(
        zeros, zeros + 100_000, zeros + 1, zeros, np.array([1, 100_000, 50_000]), zeros + 1
    )
    assert share == pytest.approx([1e-5, 1e-5, 1e-5])


works = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 60), st.sampled_from([1, 2, 5, 9, 15, 25])).map(
        lambda w: (w[0], w[1], w[1] + w[2])
    ),
    min_size=1,
    max_size=9,
)


def by_hand(table: list[tuple[int, int, int]], link_days: int, most_days: int) -> set[Any]:
    """Walk through the days of each stretch, as the definition says it."""
    found: list[list[tuple[int, int, int]]] = []
    for stretch in {work[0] for work in table}:
        running: list[tuple[int, int, int]] = []
        for work in sorted(w for w in table if w[0] == stretch):
            _, start, finish = work
            if finish - start > most_days:
                found.append([work])
                continue
            linked = any(start < other[2] + link_days for other in running)
            fits = running and max(finish, *(w[2] for w in running)) - running[0][1] <= most_days
            if linked and fits:
                running.append(work)
            else:
                running = [work]
                found.append(running)
    return {tuple(sorted(opening)) for opening in found}


def partition(table: list[tuple[int, int, int]], number: np.ndarray) -> list[Any]:
    return [
        tuple(sorted(work for work, own in zip(table, number, strict=True) if own == opening))
        for opening in range(number.max() + 1)
    ]


@given(works, st.integers(1, 14), st.integers(5, 40), st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_openings_follow_the_definition_whatever_the_order_of_rows(
    table: list[tuple[int, int, int]], link_days: int, most_days: int, random: Any
) -> None:
    random.shuffle(table)
    group, start, finish = np.array(table).T
    number = intervals.openings(
        start, finish, group, link_days=link_days, max_opening_days=most_days
    )
    openings = partition(table, number)
    assert set(openings) == by_hand(table, link_days, most_days)
    assert [(works[0][0], works[0][1]) for works in openings] == sorted(
        (works[0][0], works[0][1]) for works in openings
    )


@pytest.mark.parametrize(
    ("start", "finish", "expected"),
    [
        ([0, 33], [20, 40], [0, 0]),  # thirteen free days
        ([0, 34], [20, 40], [0, 1]),  # fourteen: starts at finish + link_days, not before it
        ([0, 5, 40], [30, 10, 50], [0, 0, 0]),  # linked to the first although the second is over
        ([0, 60, 120, 170], [60, 120, 180, 200], [0, 0, 0, 1]),  # 200 days would be too long
        ([0, 10, 300], [400, 20, 310], [0, 1, 2]),  # a project of years swallows nothing
        ([5, 5], [9, 9], [0, 0]),
    ],
)
def test_openings_known(start: list[int], finish: list[int], expected: list[int]) -> None:
    assert intervals.openings(start, finish, np.zeros(len(start))).tolist() == expected


def test_an_accepted_bundle_joins_what_is_too_long_or_too_far_apart() -> None:
    start, finish = [0, 100, 500, 510], [20, 400, 520, 530]
    stretch = [1, 1, 1, 1]
    apart = intervals.openings(start, finish, stretch)
    assert apart.tolist() == [0, 1, 2, 2]
    joined = intervals.openings(start, finish, stretch, joined=[-1, 7, 7, -1])
    assert joined.tolist() == [0, 1, 1, 1]
    # The same label on another stretch is another opening.
    assert intervals.openings(start, finish, [1, 1, 2, 2], joined=[7, 7, 7, -1]).tolist() == [
        0, 0, 1, 1,
    ]  # fmt: skip


def test_openings_of_nothing_and_bad_arguments() -> None:
    assert intervals.openings([], [], []).tolist() == []
    with pytest.raises(ValueError, match="at least 1"):
        intervals.openings([0], [1], [0], link_days=0)
    with pytest.raises(ValueError, match="one length"):
        intervals.openings([0, 1], [1, 2], [0])


@given(works)
def test_union_counts_each_day_once(table: list[tuple[int, int, int]]) -> None:
    group, start, finish = np.array(table).T
    groups, days = intervals.union_days(start, finish, group)
    expected = {
        number: len(set().union(*(range(w[1], w[2]) for w in table if w[0] == number)))
        for number in {w[0] for w in table}
    }
    assert dict(zip(groups.tolist(), days.tolist(), strict=True)) == expected


spans = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(0, 15)).map(
        lambda s: (s[0], float(s[1]), float(s[1] + s[2]))
    ),
    max_size=8,
)


@given(spans)
def test_every_span_covers_all_of_a_piece_or_none_of_it(
    table: list[tuple[int, float, float]],
) -> None:
    group, start, finish = np.array(table).reshape(-1, 3).T
    pieces = intervals.elementary_pieces(group.astype(int), start, finish)
    members = set(zip(pieces.piece.tolist(), pieces.span.tolist(), strict=True))
    for number, (line, first, last) in enumerate(
        zip(pieces.group, pieces.start, pieces.finish, strict=True)
    ):
        assert first < last
        on_line = [(n, s) for n, s in enumerate(table) if s[0] == line and s[1] < s[2]]
        covering = {n for n, s in on_line if s[1] <= first and last <= s[2]}
        meeting = {n for n, s in on_line if s[1] < last and first < s[2]}
        assert covering == meeting == {span for piece, span in members if piece == number} != set()
    for number, span in enumerate(table):
        own = [piece for piece, member in members if member == number]
        assert (pieces.finish[own] - pieces.start[own]).sum() == pytest.approx(span[2] - span[1])


def test_ends_that_nearly_meet_make_no_slivers() -> None:
    exact = intervals.elementary_pieces([1, 1], [0.0, 50.004], [50.0, 90.0], tolerance=0.0)
    snapped = intervals.elementary_pieces([1, 1], [0.0, 50.004], [50.008, 90.0], tolerance=0.01)
    assert exact.start.tolist() == [0.0, 50.004]
    assert (snapped.start.tolist(), snapped.finish.tolist()) == ([0.0, 50.004], [50.004, 90.0])
    assert snapped.span.tolist() == [0, 1]
