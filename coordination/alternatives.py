"""Other windows for one project, found by search over the rules and judged by all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.alternative_words import reason, why_none
from coordination.assemble import assemble
from coordination.candidate_windows import candidate_windows, surroundings
from coordination.city import City
from coordination.detection import about, look, run_rules
from coordination.findings import Findings, naming
from coordination.movable import movable_windows
from coordination.neighbourhood import neighbourhood
from coordination.other_windows import Alternative, Search
from coordination.policy import Policy
from coordination.review import merge
from coordination.rules.protocol import Context, Rule, Worded
from coordination.shared_openings import SHARED_COLUMNS, shared_openings
from coordination.weighing import blocking, told_of, undecided, weight
from coordination.works import works_table

Concerns = Callable[[pd.DataFrame, Policy], npt.NDArray[np.bool_]]
_WAN = list(SHARED_COLUMNS[2:])
_ENOUGH_WAN = 0.01
_LEAST_TRIES = 3


@dataclass(frozen=True)
class Judge:
    """All that it takes to judge a project in another window.

    Attributes
    ----------
    city
        The city with all tentative projects.
    policy, as_of, rules
        As for `coordination.detection.detect`.
    ran
        Codes of the rules that ran over the whole city: one that looks at all of it is asked again
        only if it can answer.
    earlier, decisions
        What the store holds of earlier findings and decisions, or None.
    """

    city: City
    policy: Policy
    as_of: np.datetime64
    rules: Sequence[Rule]
    ran: frozenset[str]
    earlier: Findings | None = None
    decisions: pd.DataFrame | None = None

    def local(self, code: str) -> City:
        """Return the part of the city on which the findings of a project rest."""
        return neighbourhood(self.city, [code], self.policy)

    def near_rules(self) -> list[Rule]:
        """Return the rules that look no further than that part."""
        return [rule for rule in self.rules if rule.reach == "place"]

    def far_rules(self, works: gpd.GeoDataFrame) -> list[Rule]:
        """Return those that look at the whole city, could, and may have a say about some works."""
        far = [rule for rule in self.rules if rule.reach == "city" and rule.code in self.ran]
        return [rule for rule in far if _concerned(rule, works, self.policy).any()]

    def far_city(self, rules: Sequence[Rule]) -> City:
        """Return the city of the projects that rules of the whole city look at."""
        as_of_day = int(self.as_of.astype("datetime64[D]").astype(np.int64))
        works = works_table(self.city, self.policy, as_of_day)
        mask = np.zeros(len(works), dtype=bool)
        for rule in rules:
            mask |= _concerned(rule, works, self.policy)
        codes = set(works["code"].to_numpy(dtype=object)[mask])
        projects, sites = self.city.projects, self.city.sites
        kept = sites["project_code"].isin(codes).to_numpy(dtype=bool)
        return replace(
            self.city,
            projects=projects[projects["code"].isin(codes)].reset_index(drop=True),
            sites=sites[kept].reset_index(drop=True),
        )

    def judged(self, city: City, code: str, rules: Sequence[Rule]) -> Judged:
        """Return what the rules find of a project, with the statuses of earlier decisions."""
        context = look(city, self.policy, self.as_of)
        found, _ = run_rules(city, context, rules)
        words = {rule.code: rule.words for rule in rules if rule.words is not None}
        table, spans = assemble([(name, about(one, [code])) for name, one in found], context, words)
        own = Findings(table, spans, table.iloc[0:0], (), self.as_of, self.policy.version)
        if self.earlier is not None and self.decisions is not None:
            before = replace(self.earlier, table=_of(self.earlier.table, code))
            own = merge(own, before, self.decisions, city, self.policy)
        kept = own.table[own.table["status"] != "cleared"]
        return Judged(_of(kept, code), context)


@dataclass(frozen=True)
class Judged:
    """The findings of a project in one window, and what the rules saw."""

    findings: gpd.GeoDataFrame
    context: Context


def _concerned(rule: Rule, works: gpd.GeoDataFrame, policy: Policy) -> npt.NDArray[np.bool_]:
    """Tell which works a rule of the whole city looks at: what it says itself, else all."""
    concerns = cast("Concerns | None", getattr(rule, "concerns", None))
    return np.ones(len(works), dtype=bool) if concerns is None else concerns(works, policy)


def _of(table: gpd.GeoDataFrame, code: str) -> gpd.GeoDataFrame:
    own: gpd.GeoDataFrame = table[naming(table, [code])].reset_index(drop=True)
    return own


def moved(city: City, code: str, start_day: int, finish_day: int) -> City:
    """Return the city in which a project lies in another window.

    Parameters
    ----------
    city
        The tables.
    code
        The project; its sites move together, and where they have one window all take the new one.
    start_day, finish_day
        Half-open days; as long as its sites take together, or else they have one window.
    """
    sites = city.sites.copy()
    own = sites["project_code"].eq(code).to_numpy(dtype=bool)
    start, finish = (pd.to_datetime(sites.loc[own, name]) for name in ("start", "finish"))
    new_start = pd.Timestamp(np.datetime64(start_day, "D"))
    new_finish = pd.Timestamp(np.datetime64(finish_day - 1, "D"))
    by = new_start - start.min()
    if (finish.max() + by) == new_finish:
        sites.loc[own, "start"] = start + by
        sites.loc[own, "finish"] = finish + by
    else:
        sites.loc[own, "start"] = new_start
        sites.loc[own, "finish"] = new_finish
    for name in ("start_precision", "finish_precision"):
        sites.loc[own, name] = "day"
    return replace(city, sites=sites)


@dataclass(frozen=True)
class _Filed:
    """A project as it was filed: part of the city, movable window, findings, shared openings."""

    code: str
    local: City
    window: pd.Series[Any]
    own: gpd.GeoDataFrame
    shared: pd.DataFrame
    far: list[Rule]
    far_city: City | None


@dataclass(frozen=True)
class Survey:
    """What lies around the projects as they were filed.

    Attributes
    ----------
    context
        What rules see of the city with all tentative projects.
    windows
        `coordination.movable.movable_windows` of that.
    """

    context: Context
    windows: pd.DataFrame


def survey(context: Context) -> Survey:
    """Look around once, for the search and for bundles that projects could join."""
    city = context.city
    windows = movable_windows(
        city.projects, city.sites, context.works, context.policy, as_of_day=context.as_of_day
    )
    return Survey(context, windows)


def search(judge: Judge, place: Survey, code: str, own: gpd.GeoDataFrame) -> Search:
    """Return the best other windows of a project.

    Candidates begin or end where something around the project does
    (`coordination.candidate_windows`); the most promising are judged by the very rules of the
    batch, over the part of the city on which the answer rests. What is proposed leaves nothing that
    blocks and weighs less than the filed window, or as much and saves money; best first: by what
    remains, by what it saves, by how far it is moved; two proposals start at least
    ``policy.move.apart_days`` apart.

    Parameters
    ----------
    judge
        The city and how to judge.
    place
        `survey` of the city with the project.
    code
        The project.
    own
        Its findings in the filed window.
    """
    policy, projects = judge.policy, judge.city.projects
    context, windows = place.context, place.windows
    safety = _is_safety(projects, code)
    if code not in windows.index:
        return _none("undated", own, policy, safety=safety)
    window = windows.loc[[code]].iloc[0]
    if isinstance(window["why"], str):
        return _none(window["why"], own, policy, safety=safety, stage=_stage(projects, code))
    limits = (_date(window["earliest_day"]), _date(window["latest_day"] - 1))
    earliest, latest = limits
    around = surroundings(context, code, (int(window["earliest_day"]), int(window["latest_day"])))
    if not weight(own, policy) and not around.digs_there.any():
        none = _none("not_needed", own, policy, safety=safety)
        return replace(none, earliest=earliest, latest=latest)
    mine = context.works[context.works["code"].eq(code)]
    far = judge.far_rules(mine)
    shared, wide = shared_openings(context, code), judge.far_city(far) if far else None
    filed = _Filed(code, judge.local(code), window, own, shared, far, wide)
    table = _spread(candidate_windows(around, window, policy), policy)
    found: list[Alternative] = []
    judged: list[gpd.GeoDataFrame] = []
    for start, finish in zip(
        table["start_day"].tolist(), table["finish_day"].tolist(), strict=True
    ):
        then = _judged(judge, filed, (start, finish))
        judged.append(then.findings)
        found += _better(judge, filed, then, (start, finish))
        if _enough(found, policy):
            break
    best = _diverse(found, policy)
    if best:
        return Search(tuple(best), None, None, earliest, latest, len(judged))
    until = int(around.shut[:, 1].max()) - 1 if len(around.shut) else None
    why = _why(own, judged, policy)
    none = _none(why, own, policy, safety=safety, until=until, limits=limits)
    return replace(none, tried=len(judged), earliest=earliest, latest=latest)


def _judged(judge: Judge, filed: _Filed, days: tuple[int, int]) -> Judged:
    """Return the findings of a project in another window; rules of the whole city last."""
    code = filed.code
    then = judge.judged(moved(filed.local, code, *days), code, judge.near_rules())
    table = then.findings
    if filed.far_city is None or blocking(table, judge.policy).any():
        return then
    if weight(table, judge.policy) > weight(filed.own, judge.policy):
        return then
    more = judge.judged(moved(filed.far_city, code, *days), code, filed.far).findings
    both = pd.concat([table, more], ignore_index=True) if len(more) else table
    return replace(then, findings=gpd.GeoDataFrame(both, geometry="geometry", crs=table.crs))


def _better(
    judge: Judge, filed: _Filed, judged: Judged, days: tuple[int, int]
) -> list[Alternative]:
    """Return the window as an alternative, if it is one."""
    own, shared, window, then = filed.own, filed.shared, filed.window, judged.findings
    policy = judge.policy
    before, after = weight(own, policy), weight(then, policy)
    if blocking(then, policy).any() or after > before:
        return []
    start, finish = days
    sharing = shared_openings(judged.context, filed.code)
    fees = _fees(own) - _fees(then)
    saves = (sharing[_WAN].sum() - shared[_WAN].sum()).to_numpy(dtype=float) + fees
    # Nobody is sent to dig a street twice so as not to meet, unless the filed window is shut.
    if saves[1] < -_ENOUGH_WAN and not blocking(own, policy).any():
        return []
    if after == before and saves[1] < _ENOUGH_WAN:
        return []
    was, now = told_of(own, filed.code), told_of(then, filed.code)
    names = {one.finding_id: one for one in was}
    later = {one.finding_id for one in now}
    moved_days = start - int(window["start_day"])
    filed_days = int(window["finish_day"] - window["start_day"])
    low, mid, high = sorted(round(float(value), 2) for value in saves)
    plain = Alternative(
        start=_date(start),
        finish=_date(finish - 1),
        moved_days=moved_days,
        narrowed=finish - start < filed_days,
        avoids=tuple(
            one
            for one in was
            if one.finding_id not in later and one.rule != "opportunity" and one.undecided
        ),
        eases=tuple(
            one for one in now if one.finding_id in names and one.rank < names[one.finding_id].rank
        ),
        remains=tuple(one for one in now if one.finding_id in names),
        adds=tuple(one for one in now if one.finding_id not in names),
        shares_with=tuple(sharing.index),
        saves_wan=(low, mid, high),
        formula=Worded("", ""),
        reason=Worded("", ""),
        weight=after,
    )
    formula, sentence = reason(plain, sharing, shared, fees, policy)
    return [replace(plain, formula=formula, reason=sentence)]


def _fees(own: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Return the fees for digging early that findings tell, 10,000 yuan."""
    rows = own[own["rule"].eq("no_dig_period") & undecided(own)]
    columns = ["saving_low_wan", "saving_mid_wan", "saving_high_wan"]
    fees: npt.NDArray[np.float64] = np.nan_to_num(rows[columns].to_numpy(dtype=float)).sum(axis=0)
    return fees


def _spread(table: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Return the windows to judge: the most promising, first those that do not lie side by side."""
    starts: list[int] = []
    first: list[int] = []
    second: list[int] = []
    for position, start in enumerate(table["start_day"].tolist()):
        near = any(abs(start - other) < policy.move.apart_days for other in starts)
        (second if near else first).append(position)
        if not near:
            starts.append(start)
    tries = policy.move.tries
    # A neighbour of a promising window may be right where that window itself is not.
    kept = sorted(first[: max(tries - 4, 1)] + second[:4])[:tries]
    # Where nothing looks better the rules judge a few all the same: the first look is a guess.
    hopeful = table["promising"].to_numpy(dtype=bool)
    kept = [at for at in kept if hopeful[at]] or kept[:_LEAST_TRIES]
    return table.iloc[kept]


def _enough(found: Sequence[Alternative], policy: Policy) -> bool:
    clean = [one for one in found if not one.weight]
    return len(_diverse(clean, policy)) >= policy.move.alternatives


def _diverse(found: Sequence[Alternative], policy: Policy) -> list[Alternative]:
    """Return the best, no two of which start close to each other."""
    best: list[Alternative] = []
    for one in sorted(
        found, key=lambda one: (one.weight, -one.saves_wan[1], abs(one.moved_days), one.start)
    ):
        apart = [abs((one.start - other.start).days) for other in best]
        if len(best) < policy.move.alternatives and all(
            days >= policy.move.apart_days for days in apart
        ):
            best.append(one)
    return best


def _why(own: gpd.GeoDataFrame, judged: Sequence[gpd.GeoDataFrame], policy: Policy) -> str:
    """Return the code of why none of the judged windows would do."""
    if not judged:
        return "no_room"
    rules = [set(then.loc[blocking(then, policy), "rule"]) for then in judged]
    if all(rules):
        return "locked" if all("no_dig_period" in one for one in rules) else "restricted"
    return "not_better" if weight(own, policy) else "not_needed"


def _none(
    why: str,
    own: gpd.GeoDataFrame,
    policy: Policy,
    *,
    safety: bool,
    stage: str | None = None,
    until: int | None = None,
    limits: tuple[date, date] | None = None,
) -> Search:
    if why in {"no_room", "not_better", "locked", "restricted"} and safety:
        why = "safety"
    if why != "emergency" and not weight(own, policy) and why != "not_needed":
        why = "not_needed"
    day = None if until is None else _date(until)
    return Search((), why, why_none(why, stage=stage, until=day, limits=limits))


def _is_safety(projects: pd.DataFrame, code: str) -> bool:
    flag = projects.loc[projects["code"] == code, "safety_critical"].astype("object")
    return bool(flag.eq(True).any())


def _stage(projects: pd.DataFrame, code: str) -> str | None:
    stage = projects.loc[projects["code"] == code, "stage"].iloc[0]
    return stage if isinstance(stage, str) else None


def _date(day: Any) -> date:
    told: date = np.datetime64(int(day), "D").astype(object)
    return told
