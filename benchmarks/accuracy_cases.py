"""Families of planted conflicts and near misses: the answer follows from how each was laid.

A family draws its lengths, gaps, dates and kinds at random inside what its rule says, or just outside.
``hard`` ones lie on the edge of a definition (a single common day, 24 months to the day, 49 m); noise
moves them over it, the others should survive it. Days count from `AS_OF`; metres along the road from
the plot's origin; across it in shares of half the road's width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from accuracy_truth import Area, months_after
from accuracy_works import AS_OF, Work

Span = tuple[float, float]
FULL, LEFT, RIGHT, MIDDLE = (-1.0, 1.0), (0.1, 0.95), (-0.95, -0.1), (-0.3, 0.2)
PIPES = ("sewer", "storm", "water", "gas", "power", "telecom")
Rng = np.random.Generator


@dataclass(frozen=True)
class Case:
    """Works (and areas) on one plot, with what they claim.

    Attributes
    ----------
    rule
        What it is about.
    family
        Name of the family.
    works, areas
        ``plot`` -1, codes ``0``, ``1`` … and ``r0`` …: given when the case is laid.
    planted, near
        ``rule, first, second``: codes as above; what must and must not be found.
    hard
        On the edge of a definition.
    place
        ``plot``, or ``headland``: then ``Work.plot`` is the link.
    """

    rule: str
    family: str
    works: tuple[Work, ...]
    planted: tuple[tuple[str, str, str], ...] = ()
    near: tuple[tuple[str, str, str], ...] = ()
    areas: tuple[Area, ...] = ()
    hard: bool = False
    place: str = "plot"


@dataclass(frozen=True)
class Family:
    """A way to draw cases; ``draw`` gives the works (and areas), the rest is said of all of them."""

    rule: str
    name: str
    planted: bool
    hard: bool
    draw: Callable[[Rng], tuple[list[Work], list[Area]]]
    pair: tuple[str, str] = ("0", "1")
    others: tuple[str, ...] = ()
    place: str = "plot"

    def case(self, rng: Rng) -> Case:
        works, areas = self.draw(rng)
        works = [replace(work, code=work.code or str(k)) for k, work in enumerate(works)]
        claim = ((self.rule, *self.pair),)
        more = tuple((rule, *self.pair) for rule in self.others)
        return Case(
            self.rule, self.name, tuple(works), claim if self.planted else (),
            more if self.planted else (*claim, *more), tuple(areas), self.hard, self.place,
        )  # fmt: skip


FAMILIES: list[Family] = []


def family(
    rule: str,
    *,
    planted: bool,
    hard: bool = False,
    pair: tuple[str, str] = ("0", "1"),
    others: tuple[str, ...] = (),
    place: str = "plot",
) -> Callable[[Callable[[Rng], object]], Callable[[Rng], object]]:
    """Add a family: its function draws works, or works and areas."""

    def add(draw: Callable[[Rng], object]) -> Callable[[Rng], object]:
        def both(rng: Rng) -> tuple[list[Work], list[Area]]:
            drawn = draw(rng)
            return drawn if isinstance(drawn, tuple) else (drawn, [])  # type: ignore[return-value]

        name = draw.__name__.replace("_", " ").strip()
        FAMILIES.append(Family(rule, name, planted, hard, both, pair, others, place))
        return draw

    return add


def at(days: int) -> date:
    """Return the day so many days after the day of judgement."""
    return AS_OF + timedelta(days=days)


def work(
    kind: str,
    span: Span,
    across: Span,
    days: tuple[int, int] | tuple[date, date] | None,
    *,
    code: str = "",
    lasting: int | None = None,
    unit: int = 0,
    stage: str = "annual_plan",
    impact: str = "none",
    history: bool = False,
    resurfacing: bool = False,
    drawn: bool = True,
    site_id: str = "1",
    **values: object,
) -> Work:
    """Return a work of a case; ``days`` inclusive, counted from the day of judgement or dates."""
    first, last = (None, None) if days is None else (
        (days[0], days[1]) if isinstance(days[0], date) else (at(days[0]), at(days[1]))  # type: ignore[arg-type]
    )  # fmt: skip
    return Work(
        code, -1, kind, float(round(span[0], 2)), float(round(span[1], 2)), across[0], across[1],
        first, last, lasting, unit, stage, impact, site_id, history, resurfacing, drawn, values,
    )  # type: ignore[arg-type]  # fmt: skip


def two_pipes(rng: Rng) -> tuple[str, str]:
    """Return two kinds of pipe of different utilities, in works order."""
    a, b = sorted(rng.choice(len(PIPES), 2, replace=False))
    if {a, b} == {0, 1}:
        b = 2
    return PIPES[a], PIPES[b]


def spread(rng: Rng, low: float, high: float) -> float:
    return float(round(rng.uniform(low, high), 1))


def across_of(rng: Rng) -> Span:
    return (FULL, MIDDLE)[int(rng.integers(2))]


def overlapping_spans(rng: Rng) -> tuple[Span, Span]:
    """Return two spans of 50–100 m that share at least 25 m."""
    a = (spread(rng, -58, -35), spread(rng, 20, 45))
    b = (spread(rng, -40, -5), spread(rng, 30, 58))
    return a, b


def months_later(last: date, months: int, days: int = 0) -> date:
    return months_after(last, months) + timedelta(days=days)


# --- concurrent works


@family("concurrent_works", planted=True)
def windows_and_ground_overlap(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    low, high = two_pipes(rng)
    begin = int(rng.integers(20, 200))
    share = int(rng.integers(15, 40))
    return [
        work(low, one, across_of(rng), (begin, begin + 50), impact="lane"),
        work(high, two, across_of(rng), (begin + 50 - share, begin + 95), impact="lane"),
    ]


@family("concurrent_works", planted=True)
def a_full_closure(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    begin = int(rng.integers(20, 200))
    return [
        work("rebuild", one, FULL, (begin, begin + 60), impact="half"),
        work("gas", two, MIDDLE, (begin + 20, begin + 55), impact="half"),
    ]


@family("concurrent_works", planted=True)
def loose_windows(rng: Rng) -> list[Work]:
    """Likely to meet (a quarter and more), not certain."""
    one, two = overlapping_spans(rng)
    begin = int(rng.integers(20, 150))
    days = int(rng.integers(25, 40))
    return [
        work("water", one, FULL, (begin, begin + 89), lasting=days),
        work("power", two, FULL, (begin + 10, begin + 99), lasting=days),
    ]


@family("concurrent_works", planted=True)
def a_year_around_ten_days(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    begin = int(rng.integers(20, 60))
    return [
        work("telecom", one, FULL, (begin, begin + 299), lasting=int(rng.integers(5, 12))),
        work("gas", two, FULL, (begin + 5, begin + 290), lasting=int(rng.integers(5, 12))),
    ]


@family("concurrent_works", planted=True, hard=True)
def one_common_day(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    low, high = two_pipes(rng)
    turn = int(rng.integers(60, 200))
    return [
        work(low, one, across_of(rng), (turn - int(rng.integers(20, 50)), turn)),
        work(high, two, across_of(rng), (turn, turn + int(rng.integers(20, 50)))),
    ]


@family("concurrent_works", planted=True, hard=True)
def only_wide_buffers_meet(rng: Rng) -> list[Work]:
    gap = spread(rng, 11.0, 19.2)
    return [
        work("gas", (-55, -gap / 2), FULL, (40, 100), impact="lane"),
        work("sewer", (gap / 2, 55), FULL, (60, 130), impact="half"),
    ]


@family("concurrent_works", planted=True, hard=True)
def only_narrow_buffers_meet(rng: Rng) -> list[Work]:
    gap = spread(rng, 2.0, 9.2)
    return [
        work("telecom", (-50, -gap / 2), FULL, (40, 100), impact="none"),
        work("lighting", (gap / 2, 50), FULL, (60, 130), impact="footway"),
    ]


@family("concurrent_works", planted=True, others=("repeat_excavation",))
def opposite_sides(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    return [
        work("power", one, LEFT, (40, 100), impact="lane"),
        work("water", two, RIGHT, (60, 120), impact="lane"),
    ]


@family("concurrent_works", planted=True)
def a_drive_under_the_surface(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    return [
        work("crossing", one, MIDDLE, (40, 90)),
        work("surface", two, FULL, (60, 80), impact="lane"),
    ]


@family("concurrent_works", planted=False, hard=True)
def the_day_after(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    low, high = two_pipes(rng)
    turn = int(rng.integers(60, 200))
    return [
        work(low, one, across_of(rng), (turn - int(rng.integers(20, 50)), turn)),
        work(high, two, across_of(rng), (turn + 1, turn + int(rng.integers(20, 50)))),
    ]


@family("concurrent_works", planted=False, hard=True)
def just_out_of_wide_reach(rng: Rng) -> list[Work]:
    gap = spread(rng, 20.8, 27.0)
    return [
        work("gas", (-55, -gap / 2), FULL, (40, 100), impact="lane"),
        work("sewer", (gap / 2, 55), FULL, (60, 130), impact="half"),
    ]


@family("concurrent_works", planted=False, hard=True)
def just_out_of_narrow_reach(rng: Rng) -> list[Work]:
    gap = spread(rng, 10.8, 16.0)
    return [
        work("telecom", (-50, -gap / 2), FULL, (40, 100), impact="none"),
        work("lighting", (gap / 2, 50), FULL, (60, 130), impact="footway"),
    ]


@family("concurrent_works", planted=False)
def months_apart(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    begin = int(rng.integers(20, 100))
    return [
        work("storm", one, FULL, (begin, begin + 40)),
        work("gas", two, FULL, (begin + 140, begin + 180)),
    ]


@family("concurrent_works", planted=False, others=("opportunity", "duplicate_project"))
def both_are_over(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    return [
        work("power", one, MIDDLE, (-60, -1), stage="completed"),
        work("power", two, MIDDLE, (-50, -1), unit=1, stage="completed"),
    ]


# --- repeat excavation


def _again(rng: Rng, gap: tuple[int, int], *, between: int = 0) -> list[Work]:
    """Two pipes on one stretch, the second so many days after the first."""
    one, two = overlapping_spans(rng)
    low, high = two_pipes(rng)
    begin = int(rng.integers(20, 120))
    last = begin + int(rng.integers(20, 50))
    start = last + int(rng.integers(*gap))
    return [
        work(low, one, MIDDLE, (begin, last)),
        work(high, two, MIDDLE, (start, start + 40 + between)),
    ]


@family("repeat_excavation", planted=True, others=("concurrent_works",))
def within_a_year(rng: Rng) -> list[Work]:
    return _again(rng, (40, 320))


@family("repeat_excavation", planted=True)
def in_the_second_year(rng: Rng) -> list[Work]:
    return _again(rng, (400, 690))


@family("repeat_excavation", planted=True, hard=True)
def fifteen_days_later(rng: Rng) -> list[Work]:
    return _again(rng, (15, 17))


@family("repeat_excavation", planted=True, hard=True)
def months_to_the_day(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    last = at(int(rng.integers(-250, -30)))
    start = months_later(last, 24)
    return [
        work("sewer", one, MIDDLE, (last - timedelta(days=40), last), stage="completed"),
        work("gas", two, MIDDLE, (start, start + timedelta(days=40))),
    ]


@family("repeat_excavation", planted=True)
def after_a_work_of_the_ledger(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    last = int(rng.integers(-400, -60))
    begin = int(rng.integers(20, 200))
    return [
        work("sewer", one, FULL, (last - 40, last), history=True),
        work("water", two, MIDDLE, (begin, begin + 30)),
    ]


@family("repeat_excavation", planted=True)
def third_opening(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    return [
        work("water", one, FULL, (30, 60)),
        work("gas", two, FULL, (470, 510)),
        work("sewer", (-60, 60), FULL, (-500, -420), history=True),
    ]


@family("repeat_excavation", planted=True)
def after_a_long_work(rng: Rng) -> list[Work]:
    """A work longer than an opening may be is an opening of its own: the next day is another."""
    one, two = overlapping_spans(rng)
    long = int(rng.integers(200, 260))
    return [
        work("sewer", one, MIDDLE, (20, 20 + long)),
        work("gas", two, MIDDLE, (20 + long + int(rng.integers(1, 12)), 20 + long + 60)),
    ]


@family("repeat_excavation", planted=False, hard=True)
def within_one_opening(rng: Rng) -> list[Work]:
    return _again(rng, (1, 14))


@family("repeat_excavation", planted=False, hard=True, others=("opportunity",))
def a_day_beyond_24_months(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    last = at(int(rng.integers(-250, -30)))
    start = months_later(last, 24, int(rng.integers(1, 4)))
    return [
        work("sewer", one, MIDDLE, (last - timedelta(days=40), last), stage="completed"),
        work("gas", two, MIDDLE, (start, start + timedelta(days=40))),
    ]


@family("repeat_excavation", planted=False, others=("duplicate_project",))
def other_side(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    return [work("water", one, LEFT, (30, 70)), work("gas", two, RIGHT, (160, 200))]


@family("repeat_excavation", planted=False)
def further_along(rng: Rng) -> list[Work]:
    gap = spread(rng, 3.0, 30.0)
    return [
        work("water", (-58, -gap / 2), FULL, (30, 70)),
        work("gas", (gap / 2, 58), FULL, (160, 200)),
    ]


@family("repeat_excavation", planted=False)
def nothing_is_dug(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    return [work("gas", one, MIDDLE, (30, 70)), work("facade", two, FULL, (200, 300))]


@family("repeat_excavation", planted=False)
def footway_after_pipe(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    return [work("sewer", one, LEFT, (30, 70)), work("footway", two, LEFT, (150, 180))]


@family("repeat_excavation", planted=False)
def between_the_pits(rng: Rng) -> list[Work]:
    return [
        work("water", (-spread(rng, 5, 25), spread(rng, 5, 25)), MIDDLE, (30, 60)),
        work("crossing", (-58, 58), MIDDLE, (200, 240)),
    ]


# --- opportunity


def _apart(rng: Rng, gap_m: float, first: tuple[int, int], second: tuple[int, int]) -> list[Work]:
    low, high = two_pipes(rng)
    return [
        work(low, (-60, -gap_m / 2), FULL, first),
        work(high, (gap_m / 2, 60), FULL, second),
    ]


@family("opportunity", planted=True, others=("repeat_excavation", "concurrent_works"))
def next_to_each_other(rng: Rng) -> list[Work]:
    return _apart(rng, spread(rng, 22, 44), (60, 100), (150, 190))


@family("opportunity", planted=True, hard=True)
def almost_50_m(rng: Rng) -> list[Work]:
    return _apart(rng, spread(rng, 48.0, 49.1), (60, 100), (150, 190))


@family("opportunity", planted=True, hard=True)
def twelve_months_to_the_day(rng: Rng) -> list[Work]:
    last = at(int(rng.integers(60, 120)))
    start = months_later(last, 12)
    gap = spread(rng, 22, 44)
    return [
        work("gas", (-60, -gap / 2), FULL, (last - timedelta(days=30), last)),
        work("power", (gap / 2, 60), FULL, (start, start + timedelta(days=40))),
    ]


@family("opportunity", planted=True, others=("repeat_excavation",))
def surface_after_pipe(rng: Rng) -> list[Work]:
    one, _ = overlapping_spans(rng)
    begin = int(rng.integers(100, 200))
    return [
        work("water", one, MIDDLE, (30, 60)),
        work("surface", (-60, 60), FULL, (begin, begin + 20)),
    ]


@family("opportunity", planted=True)
def at_the_same_time_out_of_reach(rng: Rng) -> list[Work]:
    gap = spread(rng, 22, 40)
    return [
        work("sewer", (-60, -gap / 2), FULL, (40, 90), impact="lane"),
        work("water", (gap / 2, 60), FULL, (60, 110), impact="lane"),
    ]


@family("opportunity", planted=False, hard=True)
def beyond_50_m(rng: Rng) -> list[Work]:
    return _apart(rng, spread(rng, 50.9, 58.0), (60, 100), (150, 190))


@family("opportunity", planted=False, hard=True)
def a_day_beyond_12_months(rng: Rng) -> list[Work]:
    last = at(int(rng.integers(60, 120)))
    start = months_later(last, 12, int(rng.integers(1, 4)))
    gap = spread(rng, 22, 44)
    return [
        work("gas", (-60, -gap / 2), FULL, (last - timedelta(days=30), last)),
        work("power", (gap / 2, 60), FULL, (start, start + timedelta(days=40))),
    ]


@family("opportunity", planted=False)
def the_same_unit(rng: Rng) -> list[Work]:
    gap = spread(rng, 22, 44)
    return [
        work("telecom", (-60, -gap / 2), FULL, (60, 100)),
        work("telecom", (gap / 2, 60), FULL, (150, 190)),
    ]


@family("opportunity", planted=False)
def beside_an_emergency(rng: Rng) -> list[Work]:
    gap = spread(rng, 22, 44)
    return [
        work("gas", (-60, -gap / 2), FULL, (-3, 6), stage="emergency", work_type="emergency"),
        work("lighting", (gap / 2, 60), FULL, (60, 100)),
    ]


@family("opportunity", planted=False)
def both_under_way(rng: Rng) -> list[Work]:
    gap = spread(rng, 22, 44)
    return [
        work("water", (-60, -gap / 2), FULL, (-50, 40), stage="in_progress"),
        work("power", (gap / 2, 60), FULL, (-20, 60), stage="in_progress"),
    ]


@family("opportunity", planted=False, hard=True)
def too_small(rng: Rng) -> list[Work]:
    gap = spread(rng, 22, 44)
    length = spread(rng, 3.0, 4.4)
    return [
        work("water", (-gap / 2 - length, -gap / 2), MIDDLE, (60, 100)),
        work("power", (gap / 2, 60), FULL, (150, 190)),
    ]


# --- duplicates


def _twice(rng: Rng, kind: str, apart: int = 200, **second: object) -> list[Work]:
    one = (spread(rng, -58, -45), spread(rng, 40, 58))
    two = (spread(rng, -50, -35), spread(rng, 45, 58))
    begin = int(rng.integers(30, 100))
    return [
        work(kind, one, across := across_of(rng), (begin, begin + 40)),
        work(kind, two, across, (begin + apart, begin + apart + 40), **second),  # type: ignore[arg-type]
    ]


@family("duplicate_project", planted=True)
def two_purses(rng: Rng) -> list[Work]:
    return _twice(rng, "water", funding="专项债券")


@family("duplicate_project", planted=True)
def two_levels(rng: Rng) -> list[Work]:
    return _twice(rng, str(rng.choice(["footway", "surface", "sewer"])), level="town")


@family("duplicate_project", planted=True)
def two_units(rng: Rng) -> list[Work]:
    return _twice(rng, str(rng.choice(PIPES)), unit=1)


@family("duplicate_project", planted=True)
def one_unit_at_the_same_time(rng: Rng) -> list[Work]:
    return _twice(rng, "lighting", apart=int(rng.integers(10, 30)), work_type="upkeep")


@family("duplicate_project", planted=True)
def one_dossier(rng: Rng) -> list[Work]:
    number = f"案{rng.integers(10**9)}"
    works = [work("gas", (-58, -20), FULL, (30, 70)), work("gas", (25, 58), FULL, (450, 480))]
    return [replace(one, values={"external_id": number}) for one in works]


@family("duplicate_project", planted=False)
def one_dossier_of_two_units(rng: Rng) -> list[Work]:
    number = f"案{rng.integers(10**9)}"
    works = [work("water", (-58, -20), FULL, (30, 70)), work("gas", (25, 58), FULL, (450, 480))]
    return [replace(one, values={"external_id": number}) for one in works]


@family("duplicate_project", planted=False)
def lots_of_one_unit(rng: Rng) -> list[Work]:
    return _twice(rng, "sewer")


@family("duplicate_project", planted=False)
def another_kind_of_work(rng: Rng) -> list[Work]:
    return _twice(rng, "water", unit=1, work_type="new")


@family("duplicate_project", planted=False, hard=True)
def a_third_shared(rng: Rng) -> list[Work]:
    return [
        work("gas", (-58, 5), FULL, (30, 70)),
        work("gas", (-spread(rng, 10, 14), 55), FULL, (250, 290), unit=1),
    ]


@family("duplicate_project", planted=False)
def another_utility(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    return [
        work("water", one, FULL, (30, 70), funding="区级财政"),
        work("gas", two, FULL, (250, 290), funding="企业自筹"),
    ]


@family("duplicate_project", planted=False, hard=True)
def numbers_that_differ_in_one_sign(rng: Rng) -> list[Work]:
    number = f"案{rng.integers(10**9)}"
    return [
        work("water", (-58, -20), FULL, (30, 70), external_id=number + "1"),
        work("gas", (25, 58), FULL, (450, 480), external_id=number + "7"),
    ]


# --- incomplete data


def _alone(rng: Rng, **values: object) -> list[Work]:
    begin = int(rng.integers(20, 200))
    span = (spread(rng, -55, -20), spread(rng, 20, 55))
    days = values.pop("days", (begin, begin + 40))
    return [work(str(rng.choice(PIPES)), span, FULL, days, **values)]  # type: ignore[arg-type]


@family("incomplete_data", planted=True, pair=("0", ""))
def no_place(rng: Rng) -> list[Work]:
    return _alone(rng, drawn=False)


@family("incomplete_data", planted=True, pair=("0", ""))
def no_dates(rng: Rng) -> list[Work]:
    return _alone(rng, days=None)


@family("incomplete_data", planted=True, pair=("0", ""))
def no_method(rng: Rng) -> list[Work]:
    return _alone(rng, method=None)


@family("incomplete_data", planted=False, pair=("0", ""))
def complete(rng: Rng) -> list[Work]:
    return _alone(rng)


@family("incomplete_data", planted=False, pair=("0", ""))
def no_cost_and_no_funding(rng: Rng) -> list[Work]:
    return _alone(rng, cost_wan=None, funding=None)


# --- no-dig periods


def _dug_after(rng: Rng, kind: str, surface_days: tuple[date, date], days: tuple[date, date],
               **values: object) -> list[Work]:  # fmt: skip
    one, _ = overlapping_spans(rng)
    return [
        work(
            "rebuild", (-60, 60), FULL, surface_days, history=True, resurfacing=True, work_type=kind
        ),
        work(str(rng.choice(PIPES)), one, MIDDLE, days, **values),  # type: ignore[arg-type]
    ]


def _days(first: date, count: int) -> tuple[date, date]:
    return first, first + timedelta(days=count - 1)


@family("no_dig_period", planted=True)
def new_surface(rng: Rng) -> list[Work]:
    kind = str(rng.choice(["new", "rebuild", "widen"]))
    last = at(-int(rng.integers(200, 1400)))
    return _dug_after(rng, kind, (last - timedelta(days=60), last), _days(at(60), 40))


@family("no_dig_period", planted=True)
def repaired_surface(rng: Rng) -> list[Work]:
    last = at(-int(rng.integers(200, 800)))
    return _dug_after(rng, "major_repair", (last - timedelta(days=60), last), _days(at(60), 40))


@family("no_dig_period", planted=True, hard=True)
def last_days_of_the_period(rng: Rng) -> list[Work]:
    """Most of the work lies behind the period, its first days do not: any day counts."""
    last = at(-int(rng.integers(1000, 1040)))
    until = months_after(last, 36)
    begin = until - timedelta(days=int(rng.integers(1, 4)))
    return _dug_after(rng, "major_repair", (last - timedelta(days=60), last), _days(begin, 40))


@family("no_dig_period", planted=False, hard=True)
def the_period_is_over(rng: Rng) -> list[Work]:
    last = at(-int(rng.integers(1000, 1040)))
    begin = months_after(last, 36) + timedelta(days=int(rng.integers(1, 4)))
    return _dug_after(rng, "major_repair", (last - timedelta(days=60), last), _days(begin, 40))


@family("no_dig_period", planted=False)
def five_years_are_over(rng: Rng) -> list[Work]:
    last = at(-int(rng.integers(1800, 2000)))
    begin = max(months_after(last, 60) + timedelta(days=5), at(20))
    return _dug_after(rng, "widen", (last - timedelta(days=60), last), _days(begin, 40))


@family("no_dig_period", planted=True)
def an_emergency_is_only_counted(rng: Rng) -> list[Work]:
    last = at(-int(rng.integers(200, 800)))
    return _dug_after(
        rng, "rebuild", (last - timedelta(days=60), last), _days(at(-2), 8),
        stage="emergency", work_type="emergency",
    )  # fmt: skip


@family("no_dig_period", planted=False)
def a_kind_that_locks_nothing(rng: Rng) -> list[Work]:
    last = at(-int(rng.integers(200, 800)))
    return _dug_after(rng, "upkeep", (last - timedelta(days=60), last), _days(at(60), 40))


@family("no_dig_period", planted=False)
def beside_the_new_surface(rng: Rng) -> list[Work]:
    last = at(-int(rng.integers(200, 800)))
    return [
        work("rebuild", (-60, -10), FULL, (last - timedelta(days=60), last), history=True,
             resurfacing=True, work_type="rebuild"),
        work("gas", (spread(rng, 0, 10), 58), MIDDLE, (60, 100)),
    ]  # fmt: skip


@family("no_dig_period", planted=False)
def nothing_opened_on_it(rng: Rng) -> list[Work]:
    last = at(-int(rng.integers(200, 800)))
    works = _dug_after(rng, "rebuild", (last - timedelta(days=60), last), _days(at(60), 40))
    return [works[0], replace(works[1], kind="facade", low_m=-1.0, high_m=1.0)]


# --- lock-out by a planned resurfacing


@family("no_dig_lockout", planted=True)
def dug_after_the_planned_repair(rng: Rng) -> list[Work]:
    one, _ = overlapping_spans(rng)
    begin = int(rng.integers(300, 900))
    return [
        work("rebuild", (-60, 60), FULL, (40, 100), work_type=str(rng.choice(["rebuild", "widen", "major_repair"]))),
        work(str(rng.choice(PIPES)), one, MIDDLE, (begin, begin + 40)),
    ]  # fmt: skip


@family("no_dig_lockout", planted=True, hard=True)
def last_days_of_the_planned_period(rng: Rng) -> list[Work]:
    one, _ = overlapping_spans(rng)
    last = at(int(rng.integers(60, 120)))
    begin = months_after(last, 36) - timedelta(days=int(rng.integers(1, 4)))
    return [
        work("rebuild", (-60, 60), FULL, (last - timedelta(days=60), last)),
        work(str(rng.choice(PIPES)), one, MIDDLE, _days(begin, 40)),
    ]


@family("no_dig_lockout", planted=False, hard=True)
def after_the_planned_period(rng: Rng) -> list[Work]:
    one, _ = overlapping_spans(rng)
    last = at(int(rng.integers(60, 120)))
    begin = months_after(last, 36) + timedelta(days=int(rng.integers(1, 4)))
    return [
        work("rebuild", (-60, 60), FULL, (last - timedelta(days=60), last)),
        work(str(rng.choice(PIPES)), one, MIDDLE, _days(begin, 40)),
    ]


@family("no_dig_lockout", planted=False)
def dug_before_the_planned_repair(rng: Rng) -> list[Work]:
    one, _ = overlapping_spans(rng)
    return [
        work("rebuild", (-60, 60), FULL, (250, 310)),
        work(str(rng.choice(PIPES)), one, MIDDLE, (40, 80)),
    ]


@family("no_dig_lockout", planted=False)
def a_repair_that_locks_nothing(rng: Rng) -> list[Work]:
    one, _ = overlapping_spans(rng)
    begin = int(rng.integers(300, 900))
    return [
        work("surface", (-60, 60), FULL, (40, 60)),
        work(str(rng.choice(PIPES)), one, MIDDLE, (begin, begin + 40)),
    ]


# --- works order


@family("wrong_order", planted=True)
def pipe_after_surface(rng: Rng) -> list[Work]:
    one, _ = overlapping_spans(rng)
    begin = int(rng.integers(100, 250))
    return [
        work("surface", (-60, 60), FULL, (40, 60)),
        work(str(rng.choice(PIPES)), one, MIDDLE, (begin, begin + 40)),
    ]


@family("wrong_order", planted=True)
def sewer_after_cable(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    begin = int(rng.integers(80, 250))
    return [work("telecom", one, MIDDLE, (40, 60)), work("sewer", two, MIDDLE, (begin, begin + 40))]


@family("wrong_order", planted=True, hard=True)
def a_day_later_at_the_same_time(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    last = int(rng.integers(80, 120))
    return [
        work("power", one, MIDDLE, (40, last)),
        work("water", two, MIDDLE, (60, last + int(rng.integers(1, 4)))),
    ]


@family("wrong_order", planted=True, hard=True)
def order_twelve_months_to_the_day(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    last = at(int(rng.integers(40, 120)))
    finish = months_after(last, 12)
    return [
        work("gas", one, MIDDLE, (last - timedelta(days=30), last)),
        work("sewer", two, MIDDLE, (finish - timedelta(days=30), finish)),
    ]


@family("wrong_order", planted=False)
def right_order(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    low, high = two_pipes(rng)
    begin = int(rng.integers(80, 250))
    return [work(low, one, MIDDLE, (40, 60)), work(high, two, MIDDLE, (begin, begin + 40))]


@family("wrong_order", planted=False, hard=True)
def finished_on_the_same_day(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    last = int(rng.integers(80, 120))
    return [work("power", one, MIDDLE, (40, last)), work("water", two, MIDDLE, (60, last))]


@family("wrong_order", planted=False, hard=True)
def order_a_day_beyond_12_months(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    last = at(int(rng.integers(40, 120)))
    finish = months_after(last, 12) + timedelta(days=int(rng.integers(1, 4)))
    return [
        work("gas", one, MIDDLE, (last - timedelta(days=30), last)),
        work("sewer", two, MIDDLE, (finish - timedelta(days=30), finish)),
    ]


@family("wrong_order", planted=False)
def order_on_other_sides(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    return [work("telecom", one, LEFT, (40, 60)), work("sewer", two, RIGHT, (150, 190))]
