"""Detection part by part, so that several processes or machines can share one city.

Why it ends where one run ends: projects are dealt out to parts, and the findings that name a part's
own projects are found in their `coordination.neighbourhood`, where detection says of them what it
says in the whole city. What names projects of two parts is found twice and told once: a finding
belongs to the part of the first project that it names. Rules of reach ``city`` run once, over all
works that they look at; a hot spot belongs to the part in which its section lies; orders and cases
are made over everything in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.city import City
from coordination.detection import RULE_CODES, RULES, look
from coordination.findings import Findings, RuleRun
from coordination.found_parts import (
    Found,
    ordered,
    run_part,
    run_wide,
    spans_of,
    stacked,
    with_cases,
)
from coordination.hotspots import hotspots, worst_first
from coordination.neighbourhood import neighbourhood
from coordination.policy import Policy
from coordination.rules.protocol import Rule
from geo.network_parts import STRIPS_M, sections_around
from geo.tiles import split_plane, tiles_touched


@dataclass(frozen=True)
class Part:
    """What one process is given: some projects, all that their findings rest on, and sections.

    Attributes
    ----------
    city
        The neighbourhood of the projects.
    codes
        The projects whose findings are wanted.
    section_ids
        The sections whose hot spots are wanted.
    """

    city: City
    codes: frozenset[str]
    section_ids: frozenset[str]


@dataclass(frozen=True)
class PartFound:
    """What one part answers with."""

    found: Found
    hotspots: gpd.GeoDataFrame


Runner = Callable[[Callable[[Part], PartFound], Iterable[Part]], Iterable[PartFound]]
"""Carries out a function on parts, in order; `map` does it in this process."""


def detect_in_parts(
    city: City,
    policy: Policy,
    *,
    as_of: date | np.datetime64,
    rules: Sequence[Rule] = RULES,
    most_projects: int = 2_000,
    run: Runner = map,
) -> Findings:
    """Return what `coordination.detect` finds, found part by part.

    Parameters
    ----------
    city, policy, as_of, rules
        As for `coordination.detect`.
    most_projects
        About so many projects per part; memory of a process follows from it.
    run
        Who works on the parts.

    Returns
    -------
    Findings
        The same as of one run: rows, order, cases, spans, hot spots, counts.

    Examples
    --------
    >>> from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
    >>> from pyproj import CRS
    >>> none = pd.DataFrame()
    >>> sites = gpd.GeoDataFrame(as_fields(none, SITE_FIELDS), geometry=gpd.GeoSeries([]), crs=4549)
    >>> city = City(CRS(4549), as_fields(none, PROJECT_FIELDS), sites.assign(project_code=""))
    >>> len(detect_in_parts(city, Policy(), as_of=date(2025, 1, 1)).table)
    0
    """
    day = pd.Timestamp(as_of).to_datetime64().astype("datetime64[D]")
    near = [rule for rule in rules if rule.reach == "place"]
    far = [rule for rule in rules if rule.reach == "city"]

    def answer(part: Part) -> PartFound:
        return detect_part(part, policy, day, near)

    answers = list(run(answer, parts_of(city, policy, most_projects)))
    found = [one.found for one in answers]
    if far:
        found.append(run_wide(city, far, policy, day))
    tables = [(one.table, one.spans) for one in found]
    table = ordered(with_cases(stacked(rows for rows, _ in tables), policy))
    counts = table["rule"].value_counts()
    runs = {code: RuleRun(code, ran=False, missing=("not_built",)) for code in RULE_CODES} | {
        rule.code: _run_of(rule, found) for rule in rules
    }
    spots = stacked([one.hotspots for one in answers])
    spots = spots.loc[worst_first(spots.reset_index(names="row"))["row"]].reset_index(drop=True)
    return Findings(
        table=table,
        spans=spans_of(table, tables),
        hotspots=spots,
        rules_run=tuple(replace(one, found=int(counts.get(one.rule, 0))) for one in runs.values()),
        as_of=day,
        policy_version=policy.version,
        data_revision=city.data_revision,
    )


def parts_of(city: City, policy: Policy, most_projects: int) -> Iterable[Part]:
    """Deal out a city's projects by where their first site lies, and its sections by their middle.

    Parameters
    ----------
    city, policy
        As for `coordination.detect`.
    most_projects
        About so many per part. Projects without a place go to the first part.
    """
    sites = city.sites.drop_duplicates("project_code")
    middle = shapely.get_coordinates(shapely.centroid(_placed(sites.geometry.to_numpy())))
    tiles = split_plane(middle, most_projects)
    place = pd.DataFrame(
        middle, index=sites.loc[~(sites.geometry.isna() | sites.geometry.is_empty), "project_code"]
    ).reindex(city.projects["code"])
    tile_of = _tiles_of(tiles, place.to_numpy(dtype=np.float64))
    code = city.projects["code"].to_numpy(dtype=object)
    section_tile = np.empty(0, dtype=np.int64)
    if city.network is not None:
        lines = city.network.sections.geometry.to_numpy(dtype=object)
        halfway = shapely.line_interpolate_point(lines, 0.5, normalized=True)
        section_tile = _tiles_of(tiles, shapely.get_coordinates(halfway).reshape(-1, 2))
    for number in range(len(tiles)):
        yield _part(city, policy, frozenset(code[tile_of == number]), section_tile == number)


def _part(city: City, policy: Policy, codes: frozenset[str], own: npt.NDArray[np.bool_]) -> Part:
    if city.network is None:
        return Part(neighbourhood(city, codes, policy), codes, frozenset())
    sections = city.network.sections
    lines = sections.geometry.to_numpy(dtype=object)
    footprints = city.sites.geometry.to_numpy()[city.sites["project_code"].isin(codes).to_numpy()]
    touched, _ = sections_around(footprints, sections, beside_m=STRIPS_M, outside_m=0.0)
    around = np.union1d(touched, np.flatnonzero(own))
    # All works on a section count for its hot spots, and on what its own works share.
    part = neighbourhood(city, codes, policy, shapes=lines[around])
    ids = sections["section_id"].to_numpy(dtype=object)[own]
    return Part(part, codes, frozenset(ids))


def _placed(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    known: npt.NDArray[np.object_] = shapes[
        ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    ]
    return known


def _tiles_of(
    tiles: npt.NDArray[np.float64], points: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return the tile of each point; the first for those that are nowhere."""
    result = np.zeros(len(points), dtype=np.int64)
    # A point lies in one of the half-open tiles, and touches none beside it.
    row, tile = tiles_touched(tiles, np.concatenate([points, points], axis=1))
    result[row] = tile
    return result


def detect_part(part: Part, policy: Policy, day: np.datetime64, rules: Sequence[Rule]) -> PartFound:
    """Return what rules of reach ``place`` find of a part's own projects, and its hot spots.

    Parameters
    ----------
    part
        One of `parts_of`.
    policy, day, rules
        As for `coordination.detect`.
    """
    context = look(part.city, policy, day)
    found = run_part(part.city, context, rules)
    known = found.table["project_a"].isin(part.city.projects["code"])
    first = found.table["project_a"].where(known, found.table["project_b"])
    own = found.table[first.isin(part.codes)]
    spans = found.spans[found.spans["finding_id"].isin(own["finding_id"])]
    spots = hotspots(
        context.grounds, context.works, part.city.network, context.as_of_day, part.city.crs
    )
    return PartFound(
        Found(own, spans, found.runs), spots[spots["section_id"].isin(part.section_ids)]
    )


def _run_of(rule: Rule, found: Sequence[Found]) -> RuleRun:
    """Return how a rule ran in the city: a part may hold no work of the kind that it needs."""
    runs = [one.runs[rule.code] for one in found if rule.code in one.runs]
    ran = [one for one in runs if one.ran]
    lacks = tuple(dict.fromkeys(name for one in ran or runs for name in one.missing))
    return replace((ran or runs)[0], missing=lacks)
