"""What must be found, worked out slowly from the definitions: no line of the detector is used.

Works are rectangles in the coordinates of their road (`accuracy_works.Work`), days are numbers, and
every pair on a plot is looked at by itself. Where the definitions leave room (a distance within half a
metre of its limit, an opening that may be cut in two ways) a key is *arguable* and never counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
from accuracy_works import AS_OF, Work

Key = tuple[str, str, str]
SEVERITY = ("notice", "medium", "high")
NOTICE, MEDIUM, HIGH = range(3)

BUFFER_M, WIDE_BUFFER_M = 5.0, 10.0
LINK_DAYS, LONGEST_OPENING_DAYS = 14, 180
LOCK_MONTHS = {"new": 60, "rebuild": 60, "widen": 60, "major_repair": 36}
PIT_M = 10.0
MIDDLE_M = 2.0
LAYERS = {
    "sewer": (1, 1), "storm": (1, 1), "water": (2, 2), "hydrant": (2, 2), "gas": (3, 3),
    "power": (4, 4), "crossing": (4, 4), "telecom": (5, 5), "lighting": (5, 5), "signal": (5, 5),
    "rebuild": (6, 9), "footway": (7, 7), "surface": (8, 8), "facade": (9, 9), "trees": (10, 10),
}  # fmt: skip
"""Works order of `domain.md` §6."""


@dataclass(frozen=True)
class Area:
    """A restricted period, protected thing or zone beside a plot's road.

    Attributes
    ----------
    code
        Its id.
    plot, from_m, to_m, low_m, high_m
        Where it lies, metres along and across as works have them.
    kind
        ``restriction``, ``zone``, or that of the asset; an asset's ``low_m`` and ``high_m`` count
        from the left edge of the case's first work until the case is laid.
    start, finish
        Inclusive days; of a pipe that is due, ``finish`` is the day.
    severity
        What the row says.
    cap_m
        Of a zone: most metres opened in one month.
    """

    code: str
    plot: int
    from_m: float
    to_m: float
    low_m: float
    high_m: float
    kind: str = ""
    start: date | None = None
    finish: date | None = None
    severity: str = "medium"
    cap_m: float = 0.0


@dataclass
class Truth:
    """Keys (rule and two names in order) with the severity that they must have, or None if open."""

    found: dict[Key, int | None] = field(default_factory=dict)
    arguable: set[Key] = field(default_factory=set)

    def add(self, rule: str, a: str, b: str = "", severity: int | None = None) -> None:
        key = key_of(rule, a, b)
        if key in self.found and severity != HIGH:
            before = self.found[key]
            open_ = None in (before, severity) and before != HIGH
            severity = None if open_ else max(before, severity or NOTICE)
        self.found[key] = severity

    def doubt(self, rule: str, a: str, b: str = "") -> None:
        self.arguable.add(key_of(rule, a, b))


def key_of(rule: str, a: str, b: str | None = "") -> Key:
    """Return the key of a finding: pairs are unordered."""
    return (rule, a, "") if not b else (rule, *sorted((a, b)))  # type: ignore[return-value]


def day(when: date) -> int:
    return (when - date(1970, 1, 1)).days


def months_after(when: date, months: int) -> date:
    """Return the same day so many months later, or the last day of that month."""
    month = when.month - 1 + months
    year, month = when.year + month // 12, month % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=when.day - 1), following - timedelta(days=1))


def judge(works: Sequence[Work], areas: Sequence[Area], road_class: Sequence[str]) -> Truth:
    """Return what must be found.

    Parameters
    ----------
    works
        All works; ``plot`` says which are neighbours.
    areas
        Restricted periods (``kind`` ``restriction``) and assets.
    road_class
        By plot.
    """
    truth = Truth()
    by_plot: dict[int, list[Work]] = {}
    works = [_as_begun(work) for work in works]
    for work in works:
        by_plot.setdefault(work.plot, []).append(work)
    for plot, here in by_plot.items():
        dated = [w for w in here if w.start and w.finish and w.drawn and w.stage != "withdrawn"]
        main = road_class[plot] in ("arterial", "expressway")
        for one, two in combinations(dated, 2):
            if one.code != two.code and not (finished(one) and finished(two)):
                _concurrent(truth, one, two, main=main)
                _duplicate(truth, one, two)
        _on_stretches(truth, dated)
        for one, two in combinations(dated, 2):
            if one.code != two.code:
                _opportunity(truth, one, two)
        for area in areas:
            if area.plot == plot:
                _of_area(truth, dated, area)
    for work in works:
        _incomplete(truth, work)
        _permit(truth, work)
    _dossiers(truth, works)
    return truth


def _as_begun(work: Work) -> Work:
    """Return the work with the day on which it began: what happened counts before what was filed."""
    began = work.values.get("actual_start")
    return replace(work, start=began) if began else work


# --- facts about one work and about two


def finished(work: Work) -> bool:
    return work.history or work.stage == "completed" or work.finish < AS_OF


def started(work: Work) -> bool:
    return (
        work.history
        or work.stage in ("in_progress", "emergency", "completed")
        or work.start <= AS_OF
    )


def emergency(work: Work) -> bool:
    return work.stage == "emergency" or work.get("work_type") == "emergency"


def method(work: Work) -> str:
    return str(work.get("method") or "open_cut")


def digs(work: Work) -> bool:
    return method(work) in ("open_cut", "trenchless")


def reach_m(work: Work) -> float:
    return WIDE_BUFFER_M if work.get("traffic_impact") in ("lane", "half", "full") else BUFFER_M


def sides(work: Work) -> set[str]:
    """Return the sides of the road that a work is on.

    Both when each holds a quarter of it, or when it is narrower than 4 m and half of it lies within 2 m
    of the centre line.
    """
    width = work.high_m - work.low_m
    left = max(min(work.high_m, 1e9) - max(work.low_m, 0.0), 0.0) / width
    assert not 0.12 < left < 0.27, f"{work}: the side is arguable"
    assert not 0.73 < left < 0.88, f"{work}: the side is arguable"
    inside = max(min(work.high_m, MIDDLE_M) - max(work.low_m, -MIDDLE_M), 0.0) / width
    unsure = 0.45 < inside < 0.55 or (abs(width - 2 * MIDDLE_M) < 0.1 and inside >= 0.55)
    assert min(left, 1 - left) >= 0.25 or width > 4.1 or not unsure, f"{work}: the side is arguable"
    if width < 2 * MIDDLE_M and inside >= 0.5:
        return {"left", "right"}
    return {side for side, share in (("left", left), ("right", 1 - left)) if share >= 0.25}


def distance_m(one: Work, two: Work) -> float:
    along = max(one.from_m - two.to_m, two.from_m - one.to_m, 0.0)
    across = max(one.low_m - two.high_m, two.low_m - one.high_m, 0.0)
    return float(np.hypot(along, across))


def along_m(one: Work, two: Work) -> float:
    return max(one.from_m - two.to_m, two.from_m - one.to_m, 0.0)


def shared_m2(one: Work, two: Work) -> float:
    along = min(one.to_m, two.to_m) - max(one.from_m, two.from_m)
    across = min(one.high_m, two.high_m) - max(one.low_m, two.low_m)
    return max(along, 0.0) * max(across, 0.0)


def windows_meet(one: Work, two: Work) -> bool:
    return one.start <= two.finish and two.start <= one.finish


def within_months(one: Work, two: Work, months: int) -> bool:
    """Tell whether the later window starts at most so many months after the earlier one's last day."""
    return two.start <= months_after(one.finish, months) and one.start <= months_after(
        two.finish, months
    )


def likelihood(one: Work, two: Work) -> float:
    """Return the share of pairs of starts for which the two share a day, by trying all of them."""
    first, days_a = _starts(one)
    second, days_b = _starts(two)
    a, b = first[:, None], second[None, :]
    return float(((a < b + days_b) & (b < a + days_a)).mean())


def _starts(work: Work) -> tuple[np.ndarray, int]:
    window = (work.finish - work.start).days + 1
    days = min(work.days or window, window)
    return day(work.start) + np.arange(window - days + 1), days


# --- rules about pairs


def _concurrent(truth: Truth, one: Work, two: Work, *, main: bool) -> None:
    """High when certain, medium from a quarter on, else notice; one less or more for each reason."""
    if not windows_meet(one, two):
        return
    distance, reach = distance_m(one, two), reach_m(one) + reach_m(two)
    if abs(distance - reach) < 0.45:
        truth.doubt("concurrent_works", one.code, two.code)
    if distance > reach:
        return
    share = likelihood(one, two)
    level = HIGH if share == 1.0 else MEDIUM if share >= 0.25 else NOTICE
    level -= distance > 0
    level -= not method(one) == method(two) == "open_cut"
    level -= not sides(one) & sides(two)
    level += main or "full" in (one.get("traffic_impact"), two.get("traffic_impact"))
    if min(one.finish, two.finish) < AS_OF:
        level = NOTICE
    severity = None if 0 < distance < 0.3 else int(np.clip(level, NOTICE, HIGH))
    truth.add("concurrent_works", one.code, two.code, severity)


def _duplicate(truth: Truth, one: Work, two: Work) -> None:
    if one.history or two.history:
        return
    share = shared_m2(one, two) / min(one.area_m2, two.area_m2)

    def same(name: str) -> bool:
        return one.get(name) is not None and one.get(name) == two.get(name)

    def differ(name: str) -> bool:
        a, b = one.get(name), two.get(name)
        return a is not None and b is not None and a != b

    one_work = same("sector") and same("work_type") and not differ("utility")
    twice = one_work and (differ("funding") or differ("level") or differ("owner_unit"))
    twice = twice or (same("owner_unit") and windows_meet(one, two) and not differ("utility"))
    twice = twice or (same("external_id") and not differ("owner_unit"))
    if not twice:
        return
    arguable = 0.4 < share < 0.6 or emergency(one) or emergency(two)
    if arguable or (share >= 0.5 and not within_months(one, two, 24)):
        truth.doubt("duplicate_project", one.code, two.code)
    elif share >= 0.5:
        truth.add("duplicate_project", one.code, two.code, MEDIUM)


def _dossiers(truth: Truth, works: Iterable[Work]) -> None:
    """One external dossier number on two projects of one unit, wherever they lie."""
    held: dict[object, list[Work]] = {}
    for work in works:
        if work.values.get("external_id") and work.stage != "withdrawn":
            held.setdefault(work.values["external_id"], []).append(work)
    for same in held.values():
        if len({work.get("owner_unit") for work in same}) > 1:
            continue
        if len(same) == 2 and not all(w.finish and finished(w) for w in same):
            truth.add("duplicate_project", same[0].code, same[1].code, MEDIUM)
        elif len(same) > 2:
            for one, two in combinations(same, 2):
                truth.doubt("duplicate_project", one.code, two.code)


_PAIR_RULES = (
    "concurrent_works", "repeat_excavation", "duplicate_project", "no_dig_lockout", "wrong_order",
)  # fmt: skip


def _opportunity(truth: Truth, one: Work, two: Work) -> None:
    """Different units within 50 m along the road, 12 months, and nothing stronger for the pair."""
    keys = [key_of(rule, one.code, two.code) for rule in _PAIR_RULES]
    if any(key in truth.arguable for key in keys):
        truth.doubt("opportunity", one.code, two.code)
        return
    if any(key in truth.found for key in keys):
        truth.found.pop(key_of("opportunity", one.code, two.code), None)
        return
    if not can_join(one, two) or one.get("owner_unit") == two.get("owner_unit"):
        return
    if not within_months(one, two, 12):
        return
    away = along_m(one, two)
    small = min(one.area_m2, two.area_m2)
    limit = 0.8 if away < 100 else 0.0
    nothing_opened = "none" in (method(one), method(two))
    if abs(away - 50.0) < limit or abs(small - 50.0) < 1.5 or nothing_opened:
        truth.doubt("opportunity", one.code, two.code)
    if away <= 50.0 and small >= 50.0 and not nothing_opened:
        truth.add("opportunity", one.code, two.code, NOTICE)


def can_join(one: Work, two: Work) -> bool:
    free = not any(finished(work) or emergency(work) for work in (one, two))
    return free and not (started(one) and started(two))


# --- rules about stretches: the road cut at every end of every dig, left and right by themselves


def _opened(work: Work) -> list[tuple[float, float]]:
    if method(work) == "none":
        return []
    if method(work) == "trenchless" and work.to_m - work.from_m > 2 * PIT_M:
        return [(work.from_m, work.from_m + PIT_M), (work.to_m - PIT_M, work.to_m)]
    return [(work.from_m, work.to_m)]


def _on_stretches(truth: Truth, works: Sequence[Work]) -> None:
    open_works = [work for work in works if method(work) != "none" or work.resurfacing]
    cuts = sorted({end for work in open_works for span in _opened(work) for end in span})
    shared: dict[Key, float] = {}
    for low, high in pairwise(cuts):
        for side in ("left", "right"):
            here = [
                work
                for work in open_works
                if side in sides(work) and any(a <= low and high <= b for a, b in _opened(work))
            ]
            if len(here) > 1 and high - low > 1e-6:
                for key in _on_one(truth, here):
                    shared[key] = shared.get(key, 0.0) + (high - low)
    for key, length in shared.items():
        if length < 3.0:
            truth.arguable.add(key)


def _on_one(truth: Truth, works: Sequence[Work]) -> set[Key]:
    """Judge one stretch; return the keys it speaks for."""
    # A past resurfacing is a surface that may be locked, not an opening.
    chains, doubtful = _openings([work for work in works if not work.resurfacing])
    of = {id(work): number for number, chain in enumerate(chains) for work in chain}
    keys: set[Key] = set()
    for one, two in combinations(works, 2):
        if one.code == two.code:
            continue
        _order(truth, one, two, keys)
        _locked(truth, one, two, keys)
        if one.resurfacing or two.resurfacing or (finished(one) and finished(two)):
            continue
        first, later = (
            (one, two) if (one.start, one.finish) <= (two.start, two.finish) else (two, one)
        )
        if of[id(one)] == of[id(two)]:
            if of[id(one)] in doubtful:
                for rule in ("repeat_excavation", "opportunity"):
                    truth.doubt(rule, one.code, two.code)
            continue
        if windows_meet(one, two):
            truth.doubt("repeat_excavation", one.code, two.code)
            continue
        _again(truth, first, later, keys, chains=chains, of=of, doubtful=doubtful)
    return keys


def _again(
    truth: Truth,
    first: Work,
    later: Work,
    keys: set[Key],
    *,
    chains: list[list[Work]],
    of: dict[int, int],
    doubtful: set[int],
) -> None:
    """Two openings: a repeat if the later one digs, or the right order above ground."""
    within = {
        months: {
            _gap_within(last, start, months)
            for last in (first.finish, max(w.finish for w in chains[of[id(first)]] if w.finish))
            for start in (later.start, min(w.start for w in chains[of[id(later)]] if w.start))
        }
        for months in (12, 24)
    }
    upper = LAYERS[later.kind][0] in (6, 7, 8) and LAYERS[first.kind][1] <= 5
    rule = "opportunity" if upper else "repeat_excavation"
    key = key_of(rule, first.code, later.code)
    if within[24] == {False}:
        return
    unsure = len(within[24]) > 1 or {of[id(first)], of[id(later)]} & doubtful
    if unsure:
        truth.arguable.add(key)
    if upper:
        if can_join(first, later) and not unsure:
            truth.add(rule, first.code, later.code, NOTICE)
            keys.add(key)
        return
    if digs(later) and not unsure:
        often = _often(chains, of[id(first)], of[id(later)])
        close = within[12]
        severity = HIGH if close == {True} or often else MEDIUM
        open_severity = len(close) > 1 or often is None or bool(doubtful)
        truth.add(rule, first.code, later.code, None if open_severity else severity)
        keys.add(key)


def _gap_within(last: date | None, start: date | None, months: int) -> bool:
    return start <= months_after(last, months)


def _openings(works: Sequence[Work]) -> tuple[list[list[Work]], set[int]]:
    """Return chains of works, and which of them may be cut elsewhere (longer than an opening may be)."""
    chains: list[list[Work]] = []
    doubtful: set[int] = set()
    end = -(10**9)
    for work in sorted(works, key=lambda w: (w.start, w.finish, w.code)):
        start, stop = day(work.start), day(work.finish) + 1
        if stop - start > LONGEST_OPENING_DAYS:
            chains.insert(0, [work])  # by itself
            doubtful = {number + 1 for number in doubtful}
            continue
        if start < end + LINK_DAYS and chains and not _is_long(chains[-1]):
            chains[-1].append(work)
        else:
            chains.append([work])
            end = -(10**9)
        end = max(end, stop)
        begin = min(day(w.start) for w in chains[-1] if w.start)
        if end - begin > LONGEST_OPENING_DAYS:
            doubtful.add(len(chains) - 1)
    return chains, doubtful


def _is_long(chain: list[Work]) -> bool:
    work = chain[0]
    return len(chain) == 1 and (work.finish - work.start).days + 1 > LONGEST_OPENING_DAYS


def _often(chains: list[list[Work]], one: int, two: int) -> bool | None:
    """Tell whether three openings, these two among them, lie within 60 months; None if arguable."""
    starts = [min(w.start for w in chain if w.start) for chain in chains]
    answers = set()
    for other in range(len(chains)):
        if other not in (one, two):
            three = sorted((starts[one], starts[two], starts[other]))
            early, late = three[0], three[2]
            near = abs((late - months_after(early, 60)).days)
            answers.add(None if near < 100 else late < months_after(early, 60))
    if True in answers:
        return True
    return None if None in answers else False


def _order(truth: Truth, one: Work, two: Work, keys: set[Key]) -> None:
    """A lower layer that is finished after an upper one, within 12 months."""
    if one.resurfacing or two.resurfacing or (finished(one) and finished(two)):
        return
    lower, upper = (one, two) if LAYERS[one.kind][1] < LAYERS[two.kind][0] else (two, one)
    if LAYERS[lower.kind][1] >= LAYERS[upper.kind][0]:
        return
    if upper.finish < lower.finish <= months_after(upper.finish, 12):
        key = key_of("wrong_order", one.code, two.code)
        keys.add(key)
        # The ledger does not keep what pipe it was: its layer may be any below the road.
        unknown = upper.history and upper.get("utility") is not None
        if unknown or emergency(one) or emergency(two):
            truth.arguable.add(key)
        else:
            truth.add("wrong_order", one.code, two.code, MEDIUM)


def _locked(truth: Truth, one: Work, two: Work, keys: set[Key]) -> None:
    """A surface of a past or planned road work, and an opening on any day while it is locked.

    An emergency is exempt, and counted: a notice below a surface that is there, nothing below a
    planned one.
    """
    for road, dig in ((one, two), (two, one)):
        kind = str(road.get("work_type"))
        if road.get("sector") != "road" or kind not in LOCK_MONTHS or method(road) == "none":
            continue
        if finished(dig) or method(dig) == "none" or emergency(road):
            continue
        there = finished(road)
        rule = "no_dig_period" if there else "no_dig_lockout"
        key = key_of(rule, road.code, dig.code)
        until = months_after(road.finish, LOCK_MONTHS[kind])
        if not (road.finish <= dig.finish and dig.start <= until):
            continue
        if dig.start == until or dig.finish == road.finish or method(dig) == "surface":
            truth.arguable.add(key)
        elif there or not emergency(dig):
            keys.add(key)
            truth.add(rule, road.code, dig.code, NOTICE if emergency(dig) else HIGH)


# --- rules about one work


def _incomplete(truth: Truth, work: Work) -> None:
    if work.history or work.stage == "withdrawn":
        return
    if work.finish and work.start and finished(work):
        return
    lacks = not work.drawn or work.start is None or work.finish is None
    lacks = lacks or ("method" in work.values and work.values["method"] is None)
    area = work.values.get("area_m2")
    if isinstance(area, float) and area > 0:
        off = abs(area - work.area_m2) / max(area, work.area_m2)
        lacks = lacks or off > 0.3
    if lacks:
        truth.add("incomplete_data", work.code, "", NOTICE)


def _of_area(truth: Truth, works: Sequence[Work], area: Area) -> None:
    judged = [work for work in works if not work.history and not finished(work)]
    if area.kind == "restriction":
        _restricted(truth, judged, area)
    elif area.kind == "zone":
        _capped(truth, [work for work in works if not work.history], area)
    elif area.kind in PROTECTED_M:
        _protected(truth, judged, area)
    elif area.kind in ("overhead_line", "pipe_due"):
        _without_partner(truth, works, area)


def _restricted(truth: Truth, works: Sequence[Work], area: Area) -> None:
    """The window meets the period for the place; as severe as the row says where it must meet it."""
    for work in works:
        if work.to_m <= area.from_m or area.to_m <= work.from_m or emergency(work):
            continue
        if work.start <= area.finish and area.start <= work.finish:
            starts, days = _starts(work)
            met = (starts <= day(area.finish)) & (day(area.start) < starts + days)
            severity = SEVERITY.index(area.severity) if met.all() else None
            truth.add("restricted_period", work.code, area.code, severity)


PROTECTED_M = {"metro": 50.0, "trunk_drain": 20.0, "tree": 5.0}


def _away_m(work: Work, area: Area) -> float:
    along = max(work.from_m - area.to_m, area.from_m - work.to_m, 0.0)
    across = max(work.low_m - area.high_m, area.low_m - work.high_m, 0.0)
    return float(np.hypot(along, across))


def _protected(truth: Truth, works: Sequence[Work], area: Area) -> None:
    for work in works:
        away = _away_m(work, area)
        if not digs(work) or abs(away - PROTECTED_M[area.kind]) < 0.55:
            truth.doubt("protection_zone", work.code, area.code)
        elif away <= PROTECTED_M[area.kind]:
            truth.add("protection_zone", work.code, area.code, NOTICE)


def _without_partner(truth: Truth, works: Sequence[Work], area: Area) -> None:
    """A large road work along wires that stay up, or above a pipe that is due."""
    for road in works:
        if road.get("sector") != "road" or road.get("work_type") not in LOCK_MONTHS:
            continue
        if finished(road):
            continue
        key = key_of("missing_partner", road.code, area.code)
        within = area.low_m - road.high_m
        reach = float(np.sqrt(max(15.0**2 - max(within, 0.0) ** 2, 0.0)))
        along = min(road.to_m + reach, area.to_m) - max(road.from_m - reach, area.from_m)
        if within > 15.8 or along < 24.0:
            continue
        if within > 14.2 or along < 32.0:
            truth.arguable.add(key)
            continue
        if area.kind == "pipe_due" and area.finish > months_after(road.finish, 60):
            continue
        partner = "power" if area.kind == "overhead_line" else None
        beside = [
            work
            for work in works
            if work is not road and digs(work) and along_m(work, road) < 15.0
            and (work.get("utility") in (partner, "telecom") or partner is None)
        ]  # fmt: skip
        if (
            any(within_months(work, road, 12) and work.kind == "power" for work in beside)
            and partner
        ):
            if len(works) > 2:
                truth.arguable.add(key)
            continue
        if beside or emergency(road):
            truth.arguable.add(key)
        else:
            truth.add("missing_partner", road.code, area.code, MEDIUM)


def _capped(truth: Truth, works: Sequence[Work], zone: Area) -> None:
    """More metres opened in some month than the cap: every work of that month is told."""
    surely: dict[tuple[int, int], dict[str, float]] = {}
    maybe: dict[tuple[int, int], dict[str, float]] = {}
    for work in works:
        if method(work) == "none":
            continue
        metres = work.to_m - work.from_m
        month = date(work.start.year, work.start.month, 1)
        while month <= work.finish:
            after = months_after(month, 1)
            starts, days = _starts(work)
            inside = (starts < day(after)) & (starts + days > day(month))
            if after > AS_OF:
                at = (month.year, month.month)
                maybe.setdefault(at, {})[work.code] = metres
                if inside.all():
                    surely.setdefault(at, {})[work.code] = metres
            month = after
    told: set[Key] = set()
    for at, codes in maybe.items():
        certain = surely.get(at, {})
        for code in codes:
            key = key_of("volume_cap", code, zone.code)
            if code in certain and sum(certain.values()) > 1.04 * zone.cap_m:
                told.add(key)
            elif sum(codes.values()) > 0.96 * zone.cap_m:
                truth.arguable.add(key)
    urgent = {work.code for work in works if emergency(work) or method(work) == "trenchless"}
    for key in told:
        truth.arguable.discard(key)
        if urgent & set(key):
            truth.arguable.add(key)
        else:
            truth.found[key] = MEDIUM


def _permit(truth: Truth, work: Work) -> None:
    """Actual days, the filed end or the area beyond the permit; occupied for more than three months."""
    value = work.values.get
    first, last = value("permit_start"), value("permit_finish")
    began, ended = value("actual_start"), value("actual_finish")
    key = key_of("permit_exceeded", work.code)
    if not work.start or not work.finish or work.history or work.stage == "withdrawn":
        return
    if finished(work):
        truth.arguable.add(key)
        return
    built = bool(first and began and began < first) or bool(last and ended and ended > last)
    built |= bool(last and began and not ended and last < AS_OF)
    share = value("permit_share")
    built |= bool(share and share < 1 / 1.05)
    if began and (ended or AS_OF) >= months_after(began, 3):
        built = True
    filed = bool(first and not began and work.start < first)
    filed |= bool(last and not ended and work.finish > last)
    if first and last and not began and last >= months_after(first, 3):
        filed = True
    if built:
        truth.add("permit_exceeded", work.code, "", MEDIUM)
    elif filed:
        truth.add("permit_exceeded", work.code)


def judge_closures(
    truth: Truth, works: Sequence[Work], lines: Sequence[int], graph: nx.Graph
) -> None:
    """Closures that together cut off, or make the best way round half as long again.

    Parameters
    ----------
    truth
        What is found is added.
    works
        All works.
    lines
        ``line`` of each plot, as in ``graph``.
    graph
        `accuracy_network.Streets.graph`.
    """
    closing = [
        work for work in works
        if work.get("traffic_impact") == "full" and work.start and work.finish and work.drawn
        and not work.history and work.stage != "withdrawn"
    ]  # fmt: skip
    ends = {data["line"]: (a, b, key) for a, b, key, data in graph.edges(keys=True, data=True)}
    for one, two in combinations(closing, 2):
        same = lines[one.plot] == lines[two.plot] or one.code == two.code
        if same or not windows_meet(one, two) or finished(one) or finished(two):
            continue
        for closed, other in ((one, two), (two, one)):
            alone = _way_round(graph, ends, {lines[closed.plot]}, lines[closed.plot])
            both = _way_round(
                graph, ends, {lines[closed.plot], lines[other.plot]}, lines[closed.plot]
            )
            longer = both / alone
            if np.isinf(alone) or longer <= 1.4:
                continue
            if longer < 1.6:
                truth.doubt("parallel_closure", one.code, two.code)
            else:
                truth.add("parallel_closure", one.code, two.code)


def _way_round(graph: nx.Graph, ends: dict[int, tuple], closed: set[int], line: int) -> float:
    """Return the shortest way between the ends of a line without the closed ones, m."""
    a, b, _ = ends[line]

    def metres(_a: object, _b: object, parallel: dict) -> float | None:
        lengths = [d["length_m"] for d in parallel.values() if d["line"] not in closed]
        return min(lengths) if lengths else None

    try:
        return nx.bidirectional_dijkstra(graph, a, b, weight=metres)[0]
    except nx.NetworkXNoPath:
        return float("inf")
