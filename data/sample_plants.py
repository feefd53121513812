"""Lays the scenarios of `data.sample_scenarios` on pieces of road that nothing else comes near."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from data.sample_network import TownPlan
from data.sample_rule_scenarios import in_turn
from data.sample_scenarios import AreaSpec, Place, Scenario, SiteSpec, Truth, Work
from data.sample_works import KINDS

CLEAR_M = 75.0
"""No other work comes nearer to a planted one: more than any rule reaches."""

_EXTENT_M: dict[Place, float] = {
    "section": 56.0, "dual": 60.0, "service": 60.0, "elevated": 60.0, "rename": 95.0, "corner": 128.0,
}  # fmt: skip
"""How far the works of a scenario lie from its origin."""

_SCARCE_FIRST: tuple[Place, ...] = (
    "rename", "elevated", "service", "dual", "corner", "section",
)  # fmt: skip


@dataclass(frozen=True)
class Plants:
    """The planted works and what they mean.

    Attributes
    ----------
    sites
        One row per site: ``project`` (number), ``planted`` (True), ``history``, the site's place (``run``, ``from_m``,
        ``to_m``, ``low_m``, ``high_m``, ``drawn``) and the values of its fields as codes.
    planted, near_misses
        ``rule``, ``first``, ``second`` (numbers of projects; -1 where a rule has one, the ``id`` of
        an area as text), ``case``.
    areas
        One row per restricted period, zone or asset: ``layer``, ``id``, ``run``, ``from_m``,
        ``to_m``, ``low_m``, ``high_m``, ``drawn``, ``values``.
    """

    sites: pd.DataFrame
    planted: pd.DataFrame
    near_misses: pd.DataFrame
    areas: pd.DataFrame


@dataclass(frozen=True)
class _Spot:
    """A free piece of road: a run and a place on it for each of its one or two roads."""

    runs: tuple[int, ...]
    at_m: tuple[float, ...]
    x: float
    y: float


def scenarios_for(projects: int) -> list[Scenario]:
    """Return the scenarios that a town of that size holds.

    Up to about 380 projects each once, as far as two thirds of the projects carry them; from 1,800
    projects on every scenario comes once per 900 projects.

    Examples
    --------
    >>> len(scenarios_for(400)) == len(in_turn()), len(scenarios_for(3000)) == 3 * len(in_turn())
    (True, True)
    """
    wanted = in_turn() * max(1, projects // 900)
    works = np.cumsum([len(scenario.works) for scenario in wanted])
    return list(wanted[: int(np.searchsorted(works, projects * 2 / 3, side="right"))])


def plant(plan: TownPlan, projects: int, rng: np.random.Generator) -> Plants:
    """Place scenarios for a town of ``projects`` projects.

    A scenario for which the town has no free piece of road (very small towns only) is left out.
    """
    spots = {place: _candidates(plan, place) for place in _SCARCE_FIRST}
    for place, found in spots.items():
        spots[place] = [found[k] for k in rng.permutation(len(found))]
    taken = np.empty((0, 3))
    sites: list[dict[str, object]] = []
    areas: list[dict[str, object]] = []
    truth: dict[str, list[tuple[str, int, int | str, str]]] = {"planted": [], "near": []}
    project = 0
    wanted = scenarios_for(projects)
    for number in sorted(range(len(wanted)), key=lambda k: _SCARCE_FIRST.index(wanted[k].place)):
        scenario = wanted[number]
        spot = _take(spots[scenario.place], taken, _EXTENT_M[scenario.place])
        if spot is None:
            continue
        taken = np.vstack([taken, [spot.x, spot.y, _EXTENT_M[scenario.place]]])
        for offset, work in enumerate(scenario.works):
            sites += _site_rows(plan, spot, work, project + offset, number)
        first = len(areas)
        areas += [
            _area_row(plan, spot, area, first + offset)
            for offset, area in enumerate(scenario.areas)
        ]
        for kind, cases in (("planted", scenario.planted), ("near", scenario.near)):
            truth[kind] += _numbered(cases, project, first, scenario.name)
        project += len(scenario.works)
    columns = ["rule", "first", "second", "case"]
    return Plants(
        sites=pd.DataFrame(sites),
        planted=pd.DataFrame(truth["planted"], columns=columns),
        near_misses=pd.DataFrame(truth["near"], columns=columns),
        areas=pd.DataFrame(areas, columns=list(_AREA_COLUMNS)),
    )


_AREA_COLUMNS = (
    "layer", "id", "run", "from_m", "to_m", "low_m", "high_m", "drawn", "values",
)  # fmt: skip


def _area_id(number: int) -> str:
    return f"ZY{number + 1:04d}"


def _numbered(
    cases: Truth, project: int, area: int, name: str
) -> Iterator[tuple[str, int, int | str, str]]:
    """Yield what is claimed with the numbers of projects and the ids of areas."""
    for rule, a, b in cases:
        second = (
            _area_id(area + int(b[1:])) if isinstance(b, str) else -1 if b is None else project + b
        )
        yield rule, project + a, second, name


def _area_row(plan: TownPlan, spot: _Spot, area: AreaSpec, number: int) -> dict[str, object]:
    half_m = float(plan.runs["width_m"].iloc[spot.runs[0]]) / 2
    low, high = (-half_m - 12.0, half_m + 12.0) if area.beside is None else area.beside
    if area.beside is not None:
        low, high = low + half_m, high + half_m
    return {
        "layer": area.layer, "id": _area_id(number), "run": spot.runs[0],
        "from_m": spot.at_m[0] + area.span[0], "to_m": spot.at_m[0] + area.span[1],
        "low_m": low, "high_m": high, "drawn": area.drawn, "values": dict(area.values),
    }  # fmt: skip


def _take(spots: list[_Spot], taken: npt.NDArray[np.float64], extent_m: float) -> _Spot | None:
    """Return the next spot that keeps clear of all taken ones, and forget those before it."""
    while spots:
        spot = spots.pop()
        away = np.hypot(taken[:, 0] - spot.x, taken[:, 1] - spot.y)
        if (away > taken[:, 2] + extent_m + CLEAR_M).all():
            return spot
    return None


def _site_rows(
    plan: TownPlan, spot: _Spot, work: Work, project: int, number: int
) -> Iterator[dict[str, object]]:
    """Yield the sites of one work as codes and metres."""
    kind = KINDS[work.kind]
    for order, site in enumerate(work.sites, start=1):
        run = spot.runs[site.run]
        half_m = float(plan.runs["width_m"].iloc[run]) / 2
        low, high = _across(site, half_m)
        days = site.days
        if days is None and site.start and site.finish:
            days = (date.fromisoformat(site.finish) - date.fromisoformat(site.start)).days + 1
        dossier = work.values.get("external_id")
        given = dict(work.values) | ({"external_id": f"案{number:04d}{dossier}"} if dossier else {})
        yield {
            "project": project, "planted": True, "history": work.history, "kind": work.kind, "run": run,
            "from_m": spot.at_m[site.run] + site.span[0], "to_m": spot.at_m[site.run] + site.span[1],
            "low_m": low, "high_m": high, "drawn": site.drawn, "site_id": str(order),
            "start": site.start, "finish": site.finish,
            "duration_days": days,
            "owner_unit": kind.units[work.unit], "stage": work.stage, "level": "district",
            "funding": "区级财政", "area_factor": work.area_factor,
            "length_factor": work.length_factor, "traffic_impact": "lane",
            "given": given,
        }  # fmt: skip


def _across(site: SiteSpec, half_m: float) -> tuple[float, float]:
    low, high = site.across[0] * half_m, site.across[1] * half_m
    if site.trench_m is None:
        return low, high
    middle = (low + high) / 2
    return middle - site.trench_m / 2, middle + site.trench_m / 2


def _candidates(plan: TownPlan, place: Place) -> list[_Spot]:
    """Return all pieces of road that would do for a kind of place."""
    find = {
        "section": _sections, "dual": _duals, "service": _services, "elevated": _elevated,
        "rename": _renames, "corner": _corners,
    }[place]  # fmt: skip
    return _away_from_elevated(plan, find(plan), 0.0 if place == "elevated" else 40.0, place)


def _away_from_elevated(
    plan: TownPlan,
    spots: list[tuple[tuple[int, ...], tuple[float, ...]]],
    more_m: float,
    place: Place,
) -> list[_Spot]:
    if not spots:
        return []
    runs = plan.runs.geometry.to_numpy()
    points = shapely.line_interpolate_point(
        runs[[run[0] for run, _ in spots]], [at[0] for _, at in spots]
    )
    away = shapely.distance(points, runs[-1])
    keep = (away > _EXTENT_M[place] + more_m) | (place == "elevated")
    xy = shapely.get_coordinates(points)
    return [
        _Spot(run, at, float(xy[k, 0]), float(xy[k, 1]))
        for k, (run, at) in enumerate(spots)
        if keep[k]
    ]


_Spots = list[tuple[tuple[int, ...], tuple[float, ...]]]


def _long_edges(plan: TownPlan, least_m: float, kinds: tuple[str, ...]) -> pd.DataFrame:
    edges = plan.edges
    kind = plan.runs["kind"].to_numpy()[edges["run"]]
    return edges[
        edges["plain"] & (edges["to_m"] - edges["from_m"] >= least_m) & np.isin(kind, kinds)
    ]


_SINGLE = ("primary", "secondary", "local")


def _sections(plan: TownPlan) -> _Spots:
    edges = _long_edges(plan, 180.0, _SINGLE)
    middle = (edges["from_m"] + edges["to_m"]) / 2
    return [((run,), (at,)) for run, at in zip(edges["run"].tolist(), middle, strict=True)]


def _duals(plan: TownPlan) -> _Spots:
    edges = _long_edges(plan, 180.0, ("dual",))
    runs = plan.runs
    lines = runs.geometry.to_numpy()
    twin_of = {
        (road, track): number
        for number, (road, track) in enumerate(zip(runs["road"], runs["track"], strict=True))
    }
    spots: _Spots = []
    for run, low, high in zip(edges["run"], edges["from_m"], edges["to_m"], strict=True):
        if runs["track"].iloc[run] == -1:
            twin = twin_of[runs["road"].iloc[run], 1]
            here = shapely.line_interpolate_point(lines[run], (low + high) / 2)
            there = float(shapely.line_locate_point(lines[twin], here))
            spots.append(((int(run), twin), (float(low + high) / 2, there)))
    return spots


def _services(plan: TownPlan) -> _Spots:
    spots: _Spots = []
    ends = plan.nodes.groupby("run")["other"].agg(["nunique", "size", "first"])
    ends = ends[(ends["nunique"] == 1) & (ends["size"] == 2)]
    length = plan.runs.geometry.length.to_numpy()
    middle = plan.nodes.groupby(["run", "other"])["at_m"].mean()
    for service, main in zip(ends.index.to_numpy(), ends["first"].to_numpy(), strict=True):
        at = (float(middle[main, service]), float(length[service]) / 2)
        spots.append(((int(main), int(service)), at))
    return spots


def _elevated(plan: TownPlan) -> _Spots:
    edges = _long_edges(plan, 180.0, _SINGLE)
    lines = plan.runs.geometry.to_numpy()
    above = lines[-1]
    spots: _Spots = []
    crossed = shapely.intersection(lines[edges["run"]], above)
    for run, low, high, points in zip(
        edges["run"], edges["from_m"], edges["to_m"], crossed, strict=True
    ):
        for point in shapely.get_parts(points):
            at = float(shapely.line_locate_point(lines[run], point))
            up = float(shapely.line_locate_point(above, point))
            if low + 75 < at < high - 75 and _angle(lines[run], at, above, up) > 40.0:
                spots.append(((int(run), len(lines) - 1), (at, up)))
    return spots


def _angle(a: shapely.LineString, at_a: float, b: shapely.LineString, at_b: float) -> float:
    """Return the angle between two lines [degrees, 0 to 90]."""
    ways = []
    for line, at in ((a, at_a), (b, at_b)):
        here, there = line.interpolate(max(at - 5, 0.0)), line.interpolate(at + 5)
        ways.append(np.arctan2(there.y - here.y, there.x - here.x))
    turn = abs(np.rad2deg(ways[0] - ways[1])) % 180
    return float(min(turn, 180 - turn))


def _renames(plan: TownPlan) -> _Spots:
    runs, edges = plan.runs, plan.edges
    number = {
        road: k for k, (road, track) in enumerate(zip(runs["road"], runs["track"], strict=True))
        if track == 0
    }  # fmt: skip
    spots: _Spots = []
    for road, first in number.items():
        second = number.get(road[:-2] + {"西": "东", "南": "北"}.get(road[-2], "?") + "路", -1)
        if second >= 0 and runs["kind"].iloc[first] in _SINGLE:
            last = edges[edges["run"] == first].iloc[-1]
            next_ = edges[edges["run"] == second].iloc[0]
            long = all(edge["to_m"] - edge["from_m"] > 125 for edge in (last, next_))
            if long and last["plain"] and next_["plain"]:
                spots.append(((first, second), (float(last["to_m"]), 0.0)))
    return spots


def _corners(plan: TownPlan) -> _Spots:
    """Return crossings of two single roads that both go on, with long free pieces all round."""
    edges, nodes = plan.edges, plan.nodes
    kind = plan.runs["kind"].to_numpy()
    length = (edges["to_m"] - edges["from_m"]).where(edges["plain"], 0.0)
    before = dict(zip(zip(edges["run"], edges["to_m"], strict=True), length, strict=True))
    after = dict(zip(zip(edges["run"], edges["from_m"], strict=True), length, strict=True))
    at_of = dict(zip(zip(nodes["run"], nodes["other"], strict=True), nodes["at_m"], strict=True))
    spots: _Spots = []
    for run, other, at in zip(nodes["run"], nodes["other"], nodes["at_m"], strict=True):
        there = at_of.get((other, run), -1.0)
        around = [
            table.get(key, 0.0) for key in ((run, at), (other, there)) for table in (before, after)
        ]
        if min(around) >= 150.0 and kind[run] in _SINGLE and kind[other] in _SINGLE:
            spots.append(((int(run), int(other)), (float(at), float(there))))
    return spots
