"""The live index: what brute force finds, whatever comes and goes, and from many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.spacetime_index import EVER, SpacetimeIndex

FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
entry = st.tuples(
    st.integers(0, 20), st.integers(0, 20), st.integers(0, 6), st.integers(0, 6),
    st.integers(-5, 30), st.integers(1, 12),
)  # fmt: skip
edit = st.one_of(
    st.tuples(st.just("insert"), st.integers(0, 15), entry),
    st.tuples(st.just("delete"), st.integers(0, 15), st.none()),
)


def box_of(values: Any) -> Any:
    x, y, width, height, start, days = values
    return [x, y, x + width, y + height], start, start + days


def meet(one: Any, two: Any) -> bool:
    (a, start_a, finish_a), (b, start_b, finish_b) = one, two
    plane = a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]
    return plane and start_a < finish_b and start_b < finish_a


@FEW
@given(st.lists(entry, max_size=12), st.lists(edit, max_size=25), st.lists(entry, max_size=4))
def test_after_any_edits_the_answer_is_that_of_brute_force(
    first: Any, edits: Any, asked: Any
) -> None:
    held = {number: box_of(values) for number, values in enumerate(first)}
    columns = list(zip(*held.values(), strict=True)) or [(), (), ()]
    index = SpacetimeIndex(list(held), *columns)
    for kind, number, values in edits:
        if kind == "insert":
            held[number] = box_of(values)
            box, start, finish = held[number]
            index.insert([number], [box], [start], [finish])
        else:
            held.pop(number, None)
            index.delete([number])
    queries = [box_of(values) for values in asked]
    boxes, starts, finishes = zip(*queries, strict=True) if queries else ((), (), ())
    at, found = index.query(boxes, starts, finishes)
    expected = sorted(
        (row, number)
        for row, query in enumerate(queries)
        for number, kept in held.items()
        if meet(query, kept)
    )
    assert list(zip(at.tolist(), found.tolist(), strict=True)) == expected
    assert len(index) == len(held)


def test_days_are_half_open_and_touching_boxes_meet() -> None:
    index = SpacetimeIndex([3], [[0, 0, 10, 10]], [100], [110])
    assert index.query([[10, 10, 12, 12]], [109], [120])[1].tolist() == [3]
    assert index.query([[10, 10, 12, 12]], [110], [120])[1].tolist() == []
    assert index.query([[10, 10, 12, 12]], [90], [100])[1].tolist() == []
    assert index.query([[10.001, 10, 12, 12]], [105], [106])[1].tolist() == []
    assert index.query([[0, 0, 1, 1]], [105], [105])[1].tolist() == []


def test_a_period_without_ends_meets_every_other() -> None:
    index = SpacetimeIndex([0, 1], [[0, 0, 1, 1], [0, 0, 1, 1]], [EVER[0], 50], [EVER[1], 51])
    assert index.query([[0, 0, 1, 1]], [-700_000], [-699_999])[1].tolist() == [0]
    assert index.query([[0, 0, 1, 1]], [EVER[0]], [EVER[1]])[1].tolist() == [0, 1]


def test_an_empty_index_answers_and_takes_entries() -> None:
    index = SpacetimeIndex()
    assert index.query([[0, 0, 1, 1]], [0], [9])[1].tolist() == []
    index.insert([5], [[0, 0, 1, 1]], [0], [9])
    assert index.query([[0, 0, 1, 1]], [0], [9])[1].tolist() == [5]
    index.delete([5, 99])
    assert index.query([[0, 0, 1, 1]], [0], [9])[1].tolist() == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (([1, 1], [[0, 0, 1, 1]] * 2, [0, 0], [1, 1]), "once"),
        (([-1], [[0, 0, 1, 1]], [0], [1]), "0 or more"),
        (([1], [[0, 0, np.nan, 1]], [0], [1]), "finite"),
        (([1, 2], [[0, 0, 1, 1]], [0], [1]), "one length"),
    ],
)
def test_what_cannot_be_entered_is_refused(arguments: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        SpacetimeIndex(*arguments)


def test_threads_that_ask_while_others_write_get_whole_answers() -> None:
    """Entries 0 to 99 stay where they are; the others come and go all the time."""
    fixed = np.arange(100)
    boxes = np.column_stack([fixed, fixed, fixed + 0.5, fixed + 0.5]).astype(float)
    index = SpacetimeIndex(fixed, boxes, fixed, fixed + 10)

    def write(seed: int) -> None:
        random = np.random.default_rng(seed)
        for _ in range(150):
            number = 100 + seed * 50 + int(random.integers(50))
            x, y = random.uniform(0, 100, 2)
            index.insert([number], [[x, y, x + 1, y + 1]], [0], [5])
            index.delete([number - 1])

    def ask(_: int) -> list[int]:
        seen = set()
        for _ in range(150):
            _, found = index.query([[10, 10, 20, 20]], [10], [21])
            seen.add(tuple(number for number in found.tolist() if number < 100))
        return [len(seen), *next(iter(seen))]

    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(write, seed) for seed in range(3)]
        asking = [pool.submit(ask, number) for number in range(5)]
        for task in writing:
            task.result()
        answers = [task.result() for task in asking]
    assert answers == [[1, *range(10, 21)]] * 5
