"""What openings cost, said to the solver.

Two works that may share an opening do so or not: one literal on all their stretches. Where three and
more may, each work is either the first of an opening or follows one that started before it, and
before the finish that the opening has reached so far plus ``link_days``. What an opening costs is added
up along the way: the dearest member so far, and the days from its first start to the furthest finish so
far. Openings are those of `geo.intervals.openings`: works are taken by their starts, and one joins the
running opening unless that would be too long. Redundant sums say what so many openings cost at least, without which the
solver's own bound would be next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from coordination.schedule_model import Model, Term
from coordination.schedule_stretches import OpeningGroup, opening_groups

MILLIMETRES = 1_000
"""Metres are counted in whole millimetres, rounded down."""


def add_openings(model: Model) -> None:
    """Add what the openings cost in which a project that may be moved has a work."""
    for number, group in enumerate(opening_groups(model.problem, model.reach)):
        if model.all_stay(group.works):
            continue
        if len(group.works) == 1:
            _add_one(model, group)
        elif len(group.works) == 2:
            _add_two(model, group)
        else:
            _Chain(model, number, group).add()


def metres_of(group: OpeningGroup) -> int:
    """Return the length of a group's stretches in whole millimetres."""
    return int(group.length_m * MILLIMETRES)


def _add_one(model: Model, group: OpeningGroup) -> None:
    model.money.append(group.mid_fen[0])
    model.metres.append(metres_of(group))
    model.occupation.append(model.length(group.works[0]) * group.day_fen)


def _add_two(model: Model, group: OpeningGroup) -> None:
    x, y = group.works
    problem, cp = model.problem, model.model
    bundled = problem.bundle[x] >= 0 and problem.bundle[x] == problem.bundle[y]
    tied = problem.dependent[x] >= 0 and problem.dependent[x] == problem.dependent[y]
    link = problem.link_days
    joined = cp.new_bool_var(f"j{x}_{y}")
    model.require(model.begin(y) - model.end(x) <= link - 1, [joined])
    model.require(model.begin(x) - model.end(y) <= link - 1, [joined])
    if not (bundled or tied):
        model.require(model.end(y) - model.begin(x) <= problem.max_opening_days, [joined])
        model.require(model.end(x) - model.begin(y) <= problem.max_opening_days, [joined])
    dearer, cheaper = group.mid_fen
    if not bundled:
        apart = [cp.new_bool_var("") for _ in range(4)]
        model.require(model.begin(y) >= model.end(x) + link, [apart[0]])
        model.require(model.begin(x) >= model.end(y) + link, [apart[1]])
        most = problem.max_opening_days
        model.require(model.end(y) - model.begin(x) >= most + 1, [apart[2]])
        model.require(model.end(x) - model.begin(y) >= most + 1, [apart[3]])
        cp.add_bool_or([joined, *apart[: 2 if tied else 4]])
    millimetres = metres_of(group)
    # A bundle is one opening however far apart its works are; nothing is closed in between.
    together = 1 if bundled else joined
    model.shared.setdefault((x, y), []).append(lambda: together)
    model.money.append(dearer + cheaper - cheaper * together)
    model.metres.append(2 * millimetres - millimetres * together)
    if group.day_fen:
        closed = _closed_by_two(model, x, y, joined)
        model.occupation.append(closed * group.day_fen)


def _closed_by_two(model: Model, x: int, y: int, joined: Term) -> Term:
    cp = model.model
    long = model.end_high[x] - model.begin_low[x] + model.end_high[y] - model.begin_low[y]
    closed = cp.new_int_var(0, long + model.problem.link_days, f"c{x}_{y}")
    one, other = model.days[x], model.days[y]
    cp.add(closed >= one + other - min(one, other) * joined)
    for work in (x, y):
        if model.may_rest(work):
            cp.add(closed >= model.length(work))
    model.require(closed >= model.end(y) - model.begin(x), [joined])
    model.require(closed >= model.end(x) - model.begin(y), [joined])
    if model.may_rest(x) or model.may_rest(y):
        model.require(closed >= model.length(x) + model.length(y), [joined.negated()])
    return closed


class _Chain:
    """Openings of three works and more, counted along the order of their starts."""

    def __init__(self, model: Model, number: int, group: OpeningGroup) -> None:
        self.model, self.group, self.name = model, group, f"g{number}"
        works = group.works
        problem = model.problem
        self.earliest = min(model.begin_low[work] for work in works)
        self.latest = max(model.end_high[work] for work in works)
        for label in (problem.bundle, problem.dependent):
            held = label[list(works)]
            if (held >= 0).sum() > len(set(held[held >= 0].tolist())):
                model.exact = False

    def add(self) -> None:
        """Add the group's money, closed days and metres."""
        model, cp, works = self.model, self.model.model, self.group.works
        costs, problem = self.group.mid_fen, self.model.problem
        arcs = self._arcs()
        reach: list[Term] = []
        dearest: list[Term] = []
        head: list[Term] = []
        opens: list[Term] = []
        for y, work in enumerate(works):
            into = [literal for (_, z), literal in arcs.items() if z == y]
            if not into:
                opens.append(1)
                reach.append(model.end(work))
                dearest.append(costs[y])
                head.append(model.begin(work))
                continue
            opens.append(cp.new_bool_var(f"{self.name}o{y}"))
            cp.add_exactly_one([opens[y], *into])
            out = [literal for (x, _), literal in arcs.items() if x == y]
            if len(out) > 1:
                cp.add_at_most_one(out)
            reach.append(cp.new_int_var(model.end_low[work], self.latest, ""))
            dearest.append(model.one_of(cost for cost in costs if cost >= costs[y]))
            head.append(cp.new_int_var(self.earliest, model.begin_high[work], ""))
        paid: list[Term] = []
        closed: list[Term] = []
        for y, work in enumerate(works):
            if isinstance(opens[y], int):
                paid.append(costs[y])
                closed.append(model.length(work))
                continue
            # A follower costs what it is dearer than the dearest so far.
            own_paid = model.one_of({0, costs[y], *(max(costs[y] - cost, 0) for cost in costs)})
            own_closed = cp.new_int_var(0, self.latest - self.earliest, "")
            model.require(own_paid >= costs[y], [opens[y]])
            model.require(own_closed >= model.length(work), [opens[y]])
            model.require(head[y] <= model.begin(work))
            model.require(reach[y] >= model.end(work))
            model.require(head[y] == model.begin(work), [opens[y]])
            model.require(reach[y] == model.end(work), [opens[y]])
            model.require(dearest[y] == costs[y], [opens[y]])
            for (x, z), literal in arcs.items():
                if z != y:
                    continue
                model.require(head[y] == head[x], [literal])
                model.require(model.begin(work) <= reach[x] + (problem.link_days - 1), [literal])
                model.require(reach[y] >= reach[x], [literal])
                model.require(own_closed >= reach[y] - reach[x], [literal])
                model.require(dearest[y] >= dearest[x], [literal])
                model.require(own_paid >= dearest[y] - dearest[x], [literal])
                model.require(model.end(work) - head[y] <= problem.max_opening_days, [literal])
            self._reach_is_reached(y, work, reach, arcs, opens)
            paid.append(own_paid)
            closed.append(own_closed)
        self._numbers: list[Term] = []
        for x, one in enumerate(works):
            for y in range(x + 1, len(works)):
                model.shared.setdefault((one, works[y]), []).append(
                    partial(self._same, x, y, arcs, opens)
                )
        self._in_turn(arcs, opens)
        self._joins_if_it_can(arcs, opens, reach, head)
        self._at_least(opens, paid, closed)
        millimetres = metres_of(self.group)
        model.money += paid
        model.occupation += [days * self.group.day_fen for days in closed]
        model.metres += [millimetres * one for one in opens]

    def _reach_is_reached(
        self,
        y: int,
        work: int,
        reach: Sequence[Term],
        arcs: dict[tuple[int, int], Term],
        opens: Sequence[Term],
    ) -> None:
        """Let the reach of a follower be its own finish or that of the one before it."""
        cp = self.model.model
        further = cp.new_bool_var("")
        self.model.require(reach[y] <= self.model.end(work), [further])
        cp.add_implication(opens[y], further)
        for (x, z), literal in arcs.items():
            if z == y:
                self.model.require(reach[y] <= reach[x], [literal, further.negated()])

    def _arcs(self) -> dict[tuple[int, int], Term]:
        """Return, per ordered pair that may follow each other in an opening, whether it does."""
        model, works = self.model, self.group.works
        most, link = model.problem.max_opening_days, model.problem.link_days
        found: dict[tuple[int, int], Term] = {}
        for x, one in enumerate(works):
            for y, other in enumerate(works):
                if x == y or max(model.days[one], model.days[other]) > most:
                    continue
                tie = model.tie(one, other)
                if model.begin_low[one] + tie > model.begin_high[other]:
                    continue
                furthest = min(self.latest, model.begin_high[one] + most)
                if model.begin_low[other] >= furthest + link:
                    continue
                if model.end_low[other] - model.begin_high[one] > most:
                    continue
                literal = model.model.new_bool_var(f"{self.name}l{x}_{y}")
                model.model.add_implication(literal, model.before(one, other))
                found[x, y] = literal
        return found

    def _same(
        self, x: int, y: int, arcs: dict[tuple[int, int], Term], opens: Sequence[Term]
    ) -> Term:
        """Return whether two works are in one opening: both know the first work of theirs."""
        cp = self.model.model
        if not self._numbers:
            most = len(opens) - 1
            self._numbers += [cp.new_int_var(0, most, "") for _ in opens]
            for z, first in enumerate(opens):
                self.model.require(self._numbers[z] == z, [] if isinstance(first, int) else [first])
            for (before, after), literal in arcs.items():
                self.model.require(self._numbers[before] == self._numbers[after], [literal])
        same = cp.new_bool_var("")
        self.model.require(self._numbers[x] == self._numbers[y], [same])
        self.model.require(self._numbers[x] != self._numbers[y], [same.negated()])
        return same

    def _in_turn(self, arcs: dict[tuple[int, int], Term], opens: Sequence[Term]) -> None:
        """Let no opening begin between the starts of a work and the one that follows it.

        Works are taken in the order of their starts, and one that is too much for the running opening
        begins the next, with which the later ones go on.
        """
        model, works, most = self.model, self.group.works, self.model.problem.max_opening_days
        if self.latest - self.earliest <= most:
            return
        for (x, z), literal in arcs.items():
            for y, work in enumerate(works):
                # One that is too long by itself counts apart and interrupts nothing.
                if y in {x, z} or model.days[work] + self._rest(work) > most:
                    continue
                if model.begin_high[work] < model.begin_low[works[x]]:
                    continue
                if model.begin_low[work] > model.begin_high[works[z]]:
                    continue
                clause = [literal.negated()]
                clause += [model.before(work, works[x]), model.before(works[z], work)]
                if not isinstance(opens[y], int):
                    clause.append(opens[y].negated())
                model.model.add_bool_or(clause)

    def _joins_if_it_can(
        self,
        arcs: dict[tuple[int, int], Term],
        opens: Sequence[Term],
        reach: Sequence[Term],
        head: Sequence[Term],
    ) -> None:
        """Let an opening begin only with a work that the running one cannot take."""
        model, works, problem = self.model, self.group.works, self.model.problem
        cp = model.model
        for x, y in arcs:
            one, other = works[x], works[y]
            late, long = cp.new_bool_var(""), cp.new_bool_var("")
            model.require(model.begin(other) >= reach[x] + problem.link_days, [late])
            model.require(model.end(other) - head[x] >= problem.max_opening_days + 1, [long])
            clause = [opens[y].negated(), model.before(other, one), late, long]
            for w, between in enumerate(works):
                if w in {x, y} or model.days[between] + self._rest(between) > (
                    problem.max_opening_days
                ):
                    continue
                if model.begin_high[between] < model.begin_low[one]:
                    continue
                if model.begin_low[between] > model.begin_high[other]:
                    continue
                ends = cp.new_bool_var("")
                if not isinstance(opens[w], int):
                    cp.add_implication(ends, opens[w])
                cp.add_implication(ends, model.before(one, between))
                cp.add_implication(ends, model.before(between, other))
                clause.append(ends)
            cp.add_bool_or(clause)

    def _rest(self, work: int) -> int:
        return sum(end - begin for begin, end in self.model.pauses.get(work, ()))

    def _at_least(
        self, opens: Sequence[Term], paid: Sequence[Term], closed: Sequence[Term]
    ) -> None:
        """Say what so many openings cost at least: the dearest work, and the cheapest ones beside."""
        model, cp = self.model, self.model.model
        costs = sorted(self.group.mid_fen)
        days = sorted(model.days[work] for work in self.group.works)
        count = sum(opens)
        cp.add(count >= 1)
        model.require(sum(paid) >= costs[-1] + costs[0] * (count - 1))
        model.require(sum(closed) >= days[-1] + days[0] * (count - 1))
