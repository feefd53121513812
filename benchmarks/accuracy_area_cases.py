"""Families of the rules about places, permits and closures; see `accuracy_cases`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from accuracy_cases import (
    FULL,
    LEFT,
    MIDDLE,
    PIPES,
    Rng,
    at,
    family,
    months_later,
    overlapping_spans,
    spread,
    two_pipes,
    work,
)
from accuracy_truth import Area
from accuracy_works import Work

Drawn = tuple[list[Work], list[Area]]


def _area(
    kind: str, span: tuple[float, float], across_m: tuple[float, float], **more: object
) -> Area:
    return Area("r0", -1, *span, *across_m, kind, **more)  # type: ignore[arg-type]


def _pipe(rng: Rng, days: tuple[int, int], **values: object) -> Work:
    span = (spread(rng, -55, -20), spread(rng, 10, 50))
    return work(str(rng.choice(PIPES)), span, MIDDLE, days, **values)  # type: ignore[arg-type]


# --- restricted periods


def _period(rng: Rng, days: tuple[int, int], span: tuple[float, float] = (-62, 62)) -> Area:
    severity = str(rng.choice(["notice", "medium", "high"]))
    first, last = at(days[0]), at(days[1])
    return _area("restriction", span, (-30, 30), start=first, finish=last, severity=severity)


@family("restricted_period", planted=True, pair=("0", "r0"))
def during_a_festival(rng: Rng) -> Drawn:
    begin = int(rng.integers(30, 200))
    return [_pipe(rng, (begin, begin + 30))], [_period(rng, (begin + 10, begin + 17))]


@family("restricted_period", planted=True, pair=("0", "r0"), hard=True)
def last_day_of_the_work(rng: Rng) -> Drawn:
    begin = int(rng.integers(30, 200))
    return [_pipe(rng, (begin, begin + 30))], [_period(rng, (begin + 30, begin + 37))]


@family("restricted_period", planted=True, pair=("0", "r0"))
def a_loose_window_around_it(rng: Rng) -> Drawn:
    begin = int(rng.integers(30, 200))
    return [_pipe(rng, (begin, begin + 90), lasting=20)], [_period(rng, (begin + 30, begin + 50))]


@family("restricted_period", planted=False, pair=("0", "r0"), hard=True)
def begins_the_day_after(rng: Rng) -> Drawn:
    begin = int(rng.integers(30, 200))
    return [_pipe(rng, (begin, begin + 30))], [_period(rng, (begin + 31, begin + 40))]


@family("restricted_period", planted=False, pair=("0", "r0"), hard=True)
def ends_the_day_before(rng: Rng) -> Drawn:
    begin = int(rng.integers(60, 200))
    return [_pipe(rng, (begin, begin + 30))], [_period(rng, (begin - 20, begin - 1))]


@family("restricted_period", planted=False, pair=("0", "r0"))
def elsewhere_on_the_road(rng: Rng) -> Drawn:
    begin = int(rng.integers(30, 200))
    dig = work("gas", (-58, -spread(rng, 5, 20)), MIDDLE, (begin, begin + 30))
    return [dig], [_period(rng, (begin, begin + 20), (spread(rng, 5, 20), 62))]


@family("restricted_period", planted=False, pair=("0", "r0"))
def an_emergency_in_the_period(rng: Rng) -> Drawn:
    dig = _pipe(rng, (-2, 6), stage="emergency", work_type="emergency")
    return [dig], [_period(rng, (-5, 10))]


# --- protection zones: metres from the edge of the work to the asset


def _beside(rng: Rng, kind: str, away_m: float, what: str = "") -> Drawn:
    span = (-spread(rng, 25, 55), spread(rng, 25, 55))
    dig = work(what or str(rng.choice(PIPES)), span, LEFT, (60, 100))
    return [dig], [_area(kind, (-15, 15), (away_m, away_m + 4.0))]


@family("protection_zone", planted=True, pair=("0", "r0"))
def near_the_metro(rng: Rng) -> Drawn:
    return _beside(rng, "metro", spread(rng, 12, 45))


@family("protection_zone", planted=True, pair=("0", "r0"))
def over_the_trunk_drain(rng: Rng) -> Drawn:
    return _beside(rng, "trunk_drain", spread(rng, -3, 15))


@family("protection_zone", planted=True, pair=("0", "r0"), hard=True)
def at_the_edge_of_a_tree_zone(rng: Rng) -> Drawn:
    return _beside(rng, "tree", spread(rng, 3.5, 4.4))


@family("protection_zone", planted=False, pair=("0", "r0"), hard=True)
def beyond_the_tree_zone(rng: Rng) -> Drawn:
    return _beside(rng, "tree", spread(rng, 5.6, 9.0))


@family("protection_zone", planted=False, pair=("0", "r0"), hard=True)
def beyond_the_metro_zone(rng: Rng) -> Drawn:
    return _beside(rng, "metro", spread(rng, 51.5, 58))


@family("protection_zone", planted=False, pair=("0", "r0"))
def beyond_the_drain(rng: Rng) -> Drawn:
    return _beside(rng, "trunk_drain", spread(rng, 22, 40))


@family("protection_zone", planted=False, pair=("0", "r0"))
def an_asset_without_a_zone(rng: Rng) -> Drawn:
    return _beside(rng, "bridge", spread(rng, 0, 5))


# --- missing partners


def _along(
    rng: Rng,
    kind: str,
    away_m: float,
    length_m: float,
    road: Work,
    *more: Work,
    due: date | None = None,
) -> Drawn:
    from_m = -length_m / 2 + spread(rng, -5, 5)
    line = _area(kind, (from_m, from_m + length_m), (away_m, away_m), finish=due)
    return [road, *more], [line]


def _road(rng: Rng, kind: str = "rebuild", **values: object) -> Work:
    if kind == "rebuild" and not values:
        values = {"work_type": str(rng.choice(["major_repair", "widen", "rebuild"]))}
    return work(kind, (-58, 58), FULL, (100, 180), **values)  # type: ignore[arg-type]


@family("missing_partner", planted=True, pair=("0", "r0"))
def wires_stay_up(rng: Rng) -> Drawn:
    return _along(rng, "overhead_line", spread(rng, 1, 11), spread(rng, 50, 90), _road(rng))


@family("missing_partner", planted=True, pair=("0", "r0"))
def an_old_pipe_below(rng: Rng) -> Drawn:
    due = at(int(rng.integers(300, 1500)))
    return _along(rng, "pipe_due", spread(rng, -6, -2), spread(rng, 50, 90), _road(rng), due=due)


@family("missing_partner", planted=True, pair=("0", "r0"), hard=True)
def barely_along(rng: Rng) -> Drawn:
    return _along(rng, "overhead_line", spread(rng, 12.5, 13.6), spread(rng, 33, 38), _road(rng))


@family("missing_partner", planted=False, pair=("0", "r0"))
def wires_go_below_with_it(rng: Rng) -> Drawn:
    power = work("power", (-58, 58), LEFT, (90, 130))
    return _along(rng, "overhead_line", spread(rng, 1, 8), spread(rng, 50, 90), _road(rng), power)


@family("missing_partner", planted=False, pair=("0", "r0"), hard=True)
def wires_too_far(rng: Rng) -> Drawn:
    return _along(rng, "overhead_line", spread(rng, 16.5, 24), spread(rng, 50, 90), _road(rng))


@family("missing_partner", planted=False, pair=("0", "r0"), hard=True)
def wires_that_end_soon(rng: Rng) -> Drawn:
    return _along(rng, "overhead_line", spread(rng, 2, 8), spread(rng, 8, 18), _road(rng))


@family("missing_partner", planted=False, pair=("0", "r0"))
def only_a_new_surface(rng: Rng) -> Drawn:
    return _along(rng, "overhead_line", spread(rng, 1, 8), 80.0, _road(rng, "surface"))


@family("missing_partner", planted=False, pair=("0", "r0"))
def a_pipe_that_lasts(rng: Rng) -> Drawn:
    due = months_later(at(180), 60, int(rng.integers(20, 600)))
    return _along(rng, "pipe_due", spread(rng, -6, -2), 80.0, _road(rng), due=due)


# --- volume caps: metres opened in one month


def _zone(cap_m: float) -> Area:
    return _area("zone", (-66, 66), (-35, 35), cap_m=cap_m)


def _month(rng: Rng) -> int:
    """Return the first day of some month of next year, from the day of judgement."""
    return (date(2027, int(rng.integers(1, 13)), 1) - at(0)).days


@family("volume_cap", planted=True, pair=("0", "r0"))
def two_digs_above_the_cap(rng: Rng) -> Drawn:
    first = _month(rng)
    low, high = two_pipes(rng)
    works = [
        work(low, (-60, -7), FULL, (first + 3, first + 24)),
        work(high, (7, 60), FULL, (first + 5, first + 26)),
    ]
    return works, [_zone(spread(rng, 60, 95))]


@family("volume_cap", planted=True, pair=("0", "r0"))
def one_dig_above_the_cap(rng: Rng) -> Drawn:
    first = _month(rng)
    return [work("gas", (-60, 60), FULL, (first + 3, first + 24))], [_zone(spread(rng, 60, 100))]


@family("volume_cap", planted=False, pair=("0", "r0"))
def two_digs_below_the_cap(rng: Rng) -> Drawn:
    first = _month(rng)
    low, high = two_pipes(rng)
    works = [
        work(low, (-60, -7), FULL, (first + 3, first + 24)),
        work(high, (7, 60), FULL, (first + 5, first + 26)),
    ]
    return works, [_zone(spread(rng, 125, 160))]


@family("volume_cap", planted=False, pair=("0", "r0"), hard=True)
def one_month_after_the_other(rng: Rng) -> Drawn:
    first = _month(rng)
    low, high = two_pipes(rng)
    works = [
        work(low, (-60, -7), FULL, (first - 20, first - 1)),
        work(high, (7, 60), FULL, (first, first + 20)),
    ]
    return works, [_zone(spread(rng, 65, 95))]


# --- permits


def _permit(first: int, last: int, **more: object) -> dict[str, object]:
    return {"permit_no": "许", "permit_start": at(first), "permit_finish": at(last), **more}


@family("permit_exceeded", planted=True, pair=("0", ""))
def still_open(rng: Rng) -> list[Work]:
    late = int(rng.integers(5, 25))
    return [_pipe(rng, (-60, 40), stage="in_progress", actual_start=at(-60), **_permit(-60, -late))]


@family("permit_exceeded", planted=True, pair=("0", ""))
def begun_too_early(rng: Rng) -> list[Work]:
    early = int(rng.integers(3, 20))
    return [
        _pipe(rng, (-30, 30), stage="in_progress", actual_start=at(-30 - early), **_permit(-30, 30))
    ]


@family("permit_exceeded", planted=True, pair=("0", ""))
def too_large(rng: Rng) -> list[Work]:
    return [
        _pipe(
            rng, (60, 90), stage="permitted", **_permit(60, 90, permit_share=spread(rng, 0.5, 0.85))
        )
    ]


@family("permit_exceeded", planted=True, pair=("0", ""))
def more_than_three_months(rng: Rng) -> list[Work]:
    since = int(rng.integers(100, 150))
    return [
        _pipe(
            rng, (-since, 40), stage="in_progress", actual_start=at(-since), **_permit(-since, 40)
        )
    ]


@family("permit_exceeded", planted=True, pair=("0", ""))
def filed_beyond_the_permit(rng: Rng) -> list[Work]:
    late = int(rng.integers(5, 25))
    return [_pipe(rng, (60, 90), stage="permitted", **_permit(60, 90 - late))]


@family("permit_exceeded", planted=False, pair=("0", ""))
def as_permitted(rng: Rng) -> list[Work]:
    return [_pipe(rng, (-30, 30), stage="in_progress", actual_start=at(-30), **_permit(-30, 30))]


@family("permit_exceeded", planted=False, pair=("0", ""), hard=True)
def slightly_larger(rng: Rng) -> list[Work]:
    return [_pipe(rng, (60, 90), stage="permitted", **_permit(60, 90, permit_share=0.975))]


@family("permit_exceeded", planted=False, pair=("0", ""))
def without_a_permit(rng: Rng) -> list[Work]:
    return [_pipe(rng, (60, 90))]


# --- parallel closures: works on the links of a headland


def _links(rng: Rng, *, second: int = 1, apart: int = 0, impact: str = "full") -> list[Work]:
    begin = int(rng.integers(30, 100))
    low, high = two_pipes(rng)
    works = [
        work(low, (-50, 50), FULL, (begin, begin + 40), impact="full"),
        work(high, (-50, 50), FULL, (begin + 20 + apart, begin + 60 + apart), impact=impact),
    ]
    return [replace(one, plot=link) for one, link in zip(works, (0, second), strict=True)]


@family("parallel_closure", planted=True, place="headland2")
def both_ways_in(rng: Rng) -> list[Work]:
    return _links(rng)


@family("parallel_closure", planted=True, place="headland3")
def two_of_three_ways_in(rng: Rng) -> list[Work]:
    return _links(rng)


@family("parallel_closure", planted=False, place="headland2", hard=True)
def one_way_in_after_the_other(rng: Rng) -> list[Work]:
    return _links(rng, apart=21)


@family("parallel_closure", planted=False, place="headland2")
def half_of_one_way_in(rng: Rng) -> list[Work]:
    return _links(rng, impact="half")


@family("parallel_closure", planted=False, place="headland3")
def one_way_in_stays_between(rng: Rng) -> list[Work]:
    return _links(rng, second=2)


@family("concurrent_works", planted=True, place="made")
def under_a_full_closure(rng: Rng) -> list[Work]:
    one, two = overlapping_spans(rng)
    begin = int(rng.integers(20, 200))
    return [
        work("rebuild", one, FULL, (begin, begin + 60), impact="full"),
        work("gas", two, MIDDLE, (begin + 20, begin + 55)),
    ]
