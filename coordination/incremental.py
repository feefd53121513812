"""Detection after an edit: look again only at what the edit can affect.

Why it ends where a full run ends. What a finding says of two projects rests, by every rule of reach
``place``, on the two, on what shares ground with them or lies within `reach_m` of them, and on what
joins them on paper. So an edit can only change findings that name a project which is edited, lies
within reach of where an edited one lies or lay, or is joined with it on paper (a dossier number of
two, a chain of dependencies, a bundle). These projects are *affected*: every finding that names one
is dropped and found again in their `neighbourhood`, where detection says of them what it says in the
whole city. All other findings stay. Time is never used to leave a work out: openings chain from work
to work, and periods of rules are long.

Rules of reach ``city`` run anew on every work that they look at (``concerns(works, policy)`` of the
rule tells which; without it they look at all). Hot spots are found again on every section
on which an edited work may lie or lay, from all works that lie there. Orders and the cases off
the roads, which hang together step by step, are made over all findings; they cost little.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import cast

import geopandas as gpd
import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.city import City
from coordination.detection import RULE_CODES, detect, look
from coordination.dossiers import NUMBERS, PROGRAMME_FROM
from coordination.findings import (
    Findings,
    RuleRun,
)
from coordination.found_parts import (
    Concerns,
    names_any,
    ordered,
    rows_where,
    run_part,
    run_wide,
    spans_of,
    stacked,
    with_cases,
)
from coordination.hotspots import hotspots, worst_first
from coordination.neighbourhood import neighbourhood, reach_m
from coordination.openings import depended_codes
from coordination.policy import Policy
from coordination.projects import PROJECT_FIELDS, as_fields
from coordination.rules.protocol import Context, Rule
from coordination.works import works_table
from geo.nearby_pairs import nearby_pairs
from geo.network_parts import STRIPS_M, sections_around

Shapes = npt.NDArray[np.object_]
_NO_CODES: frozenset[str] = frozenset()


def _no_shapes() -> Shapes:
    return np.empty(0, dtype=object)


def _no_projects() -> pd.DataFrame:
    return as_fields(pd.DataFrame(), PROJECT_FIELDS)


def _no_bundles() -> pd.DataFrame:
    return pd.DataFrame(columns=["bundle_id", "code"], dtype="object")


@dataclass(frozen=True)
class Edit:
    """What changed since the findings were made.

    Attributes
    ----------
    codes
        Projects that came, went or changed, or whose sites did, or whose row in the ledger did.
    ledger_ids
        Past works that came, went or changed.
    shapes
        Where these lay before, shape (n,), polygons (m).
    projects
        These projects as they were (`PROJECT_FIELDS`); those that came are not in it.
    sites
        The sites of these projects as they were (`SITE_FIELDS` and ``project_code``); None where it
        is not known: then rules that may look anywhere look again in any case.
    bundles
        The bundles as they were, where they changed; None where they did not.
    whole
        Something else changed (roads, restrictions, boundaries, assets, answers): everything is
        looked at again.

    Examples
    --------
    >>> Edit(codes=frozenset({"A"})).whole
    False
    """

    codes: frozenset[str] = _NO_CODES
    ledger_ids: frozenset[str] = _NO_CODES
    shapes: Shapes = field(default_factory=_no_shapes)
    projects: pd.DataFrame = field(default_factory=_no_projects)
    sites: gpd.GeoDataFrame | None = None
    bundles: pd.DataFrame | None = None
    whole: bool = False


def edit_between(before: City, after: City) -> Edit:
    """Return the edit that leads from one city to another.

    Parameters
    ----------
    before, after
        Two states of one city.
    """
    tables = ("restrictions", "boundaries", "assets", "network", "aliases")
    whole = any(getattr(before, name) is not getattr(after, name) for name in tables)
    whole |= dict(before.answers) != dict(after.answers)
    whole |= (before.ledger is None) != (after.ledger is None)
    codes = _changed_keys(before.projects, after.projects, "code", ignored=("revision",))
    codes |= _changed_keys(before.sites, after.sites, "project_code")
    ids: set[str] = set()
    if before.ledger is not None and after.ledger is not None:
        ids = _changed_keys(before.ledger, after.ledger, "ledger_id")
        # What a project completed speaks for it.
        for ledger in (before.ledger, after.ledger):
            rows = ledger["ledger_id"].astype("str").isin(ids)
            codes |= set(ledger.loc[rows, "source"].dropna())
    bundled = not before.bundles.reset_index(drop=True).equals(after.bundles.reset_index(drop=True))
    return Edit(
        codes=frozenset(codes),
        ledger_ids=frozenset(ids),
        shapes=_places(before, codes, ids),
        projects=before.projects[before.projects["code"].isin(codes)].reset_index(drop=True),
        sites=rows_where(before.sites, before.sites["project_code"].isin(codes)),
        bundles=before.bundles if bundled else None,
        whole=whole,
    )


def _changed_keys(
    before: pd.DataFrame, after: pd.DataFrame, key: str, *, ignored: Collection[str] = ()
) -> set[str]:
    """Return the keys whose rows are not the same in both tables, in number, order or values."""

    def rows(table: pd.DataFrame) -> dict[str, list[tuple[object, ...]]]:
        plain = pd.DataFrame(table.drop(columns=[name for name in ignored if name in table]))
        plain = plain[sorted(plain.columns)]
        if "geometry" in plain:
            plain["geometry"] = shapely.to_wkb(plain["geometry"].to_numpy(dtype=object))
        values = plain.astype("object").where(plain.notna(), None)
        told: dict[str, list[tuple[object, ...]]] = {}
        for name, row in zip(plain[key], values.itertuples(index=False, name=None), strict=True):
            told.setdefault(str(name), []).append(row)
        return told

    one, two = rows(before), rows(after)
    return {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}


def update(
    previous: Findings,
    city: City,
    edit: Edit,
    policy: Policy,
    *,
    as_of: date | np.datetime64,
    rules: Sequence[Rule],
) -> Findings:
    """Return what `coordination.detect` finds in a city, from what it found before an edit.

    Parameters
    ----------
    previous
        What detection found before, by the same policy and rules; cleared findings must not be
        among them. Statuses do not matter and come back ``open``.
    city
        The city after the edit.
    edit
        What changed.
    policy
        The authority's choices, those of ``previous``.
    as_of
        Day of judgement; another one than that of ``previous`` means a full run.
    rules
        The rules, those of ``previous``.

    Returns
    -------
    Findings
        The same as of a full run: rows, order, cases, spans, hot spots, counts.
    """
    day = pd.Timestamp(as_of).to_datetime64().astype("datetime64[D]")
    if (
        edit.whole
        or day != previous.as_of
        or policy.version != previous.policy_version
        or not {rule.code for rule in rules} <= {run.rule for run in previous.rules_run}
        or _yields_afar(rules)
        or _words_changed(city, edit)
    ):
        return detect(city, policy, as_of=day, rules=rules)
    joined = _joined(city, edit)
    places = np.concatenate([edit.shapes, _places(city, edit.codes | joined, edit.ledger_ids)])
    affected = edit.codes | joined | _mates(city, edit) | _codes_near(city, places, policy)
    lines, section_ids = _sections(city, places)
    near = neighbourhood(city, affected, policy, shapes=lines)
    context = look(near, policy, day)
    local = run_part(near, context, [rule for rule in rules if rule.reach == "place"])
    ran = {run.rule: run for run in previous.rules_run}
    if any(
        run.ran and set(ran[code].missing) - set(run.missing) for code, run in local.runs.items()
    ):
        # Something was lacking that the part does not lack: only the whole city tells whether still.
        return detect(city, policy, as_of=day, rules=rules)
    far = [
        rule
        for rule in rules
        if rule.reach == "city" and _looks_at_edit(rule, city, edit, policy, day)
    ]
    wide = run_wide(city, far, policy, day) if far else run_part(near, context, far)
    stays = (
        ~names_any(previous.table, affected) & previous.table["rule"].isin(local.runs).to_numpy()
    )
    # What a rule does not look at changes nothing of what it found, wherever that is.
    unseen = {rule.code for rule in rules} - local.runs.keys() - wide.runs.keys()
    stays |= previous.table["rule"].isin(unseen).to_numpy()
    parts = [
        (previous.table[stays], previous.spans),
        (local.table[names_any(local.table, affected)], local.spans),
        (wide.table, wide.spans),
    ]
    table = ordered(with_cases(stacked(rows for rows, _ in parts), policy))
    counts = table["rule"].value_counts()
    runs = {code: RuleRun(code, ran=False, missing=("not_built",)) for code in RULE_CODES} | {
        rule.code: (local.runs | wide.runs).get(rule.code, ran[rule.code]) for rule in rules
    }
    return Findings(
        table=table,
        spans=spans_of(table, parts),
        hotspots=_spots(previous, context, section_ids),
        rules_run=tuple(replace(run, found=int(counts.get(run.rule, 0))) for run in runs.values()),
        as_of=day,
        policy_version=policy.version,
        data_revision=city.data_revision,
    )


def _looks_at_edit(rule: Rule, city: City, edit: Edit, policy: Policy, day: np.datetime64) -> bool:
    """Tell whether a rule that may look anywhere looks at an edited work, as it was or is."""
    concerns = cast("Concerns | None", getattr(rule, "concerns", None))
    if concerns is None or edit.sites is None or edit.ledger_ids or edit.bundles is not None:
        return True
    after = city.projects["code"].isin(edit.codes)
    own = city.sites["project_code"].isin(edit.codes)
    states = (
        (edit.projects, edit.sites),
        (city.projects[after].reset_index(drop=True), rows_where(city.sites, own)),
    )
    return any(
        concerns(
            works_table(
                replace(city, projects=projects, sites=sites, ledger=None), policy,
                int(day.astype(np.int64)),
            ),
            policy,
        ).any()
        for projects, sites in states
    )  # fmt: skip


# ---- what an edit can affect ------------------------------------------------------------------


def _yields_afar(rules: Sequence[Rule]) -> bool:
    """Tell whether a rule yields to one of another reach: then they have to run together."""
    reach = {rule.code: rule.reach for rule in rules}
    return any(
        reach.get(stronger, rule.reach) != rule.reach
        for rule in rules
        for stronger in rule.yields_to
    )


def _words_changed(city: City, edit: Edit) -> bool:
    """Tell whether words change that join projects on paper, wherever they lie."""
    if not any(key.endswith("[remark]") or "[bundle_with:" in key for key in city.answers):
        return False
    names = [name for name in ("code", "stage", "remark", *NUMBERS) if name in city.projects]
    after = city.projects[city.projects["code"].isin(edit.codes)]
    return bool(_changed_keys(edit.projects[names], after[names], "code"))


def _links(projects: pd.DataFrame) -> set[tuple[str, str]]:
    """Return who depends on whom among projects that take part."""
    depends = projects[projects["depends_on"].notna() & projects["stage"].ne("withdrawn")]
    return {
        (code, other)
        for code, named in zip(depends["code"], depends["depends_on"], strict=True)
        for other in depended_codes(named)
    }


def _packs(bundles: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the members of each bundle in a chain."""
    return {
        link
        for _, codes in bundles.groupby("bundle_id")["code"]
        for link in pairwise(sorted(codes))
    }


def _joined(city: City, edit: Edit) -> set[str]:
    """Return the projects that changed links join or no longer join, link by link."""
    edited = city.projects["code"].isin(edit.codes)
    own = (_links(edit.projects), _links(city.projects[edited]))
    bundles = city.bundles if edit.bundles is None else edit.bundles
    changed = {code for link in own[0] ^ own[1] for code in link}
    if edit.bundles is not None:
        packs = [set(zip(rows["bundle_id"], rows["code"], strict=True)) for rows in
                 (edit.bundles, city.bundles)]  # fmt: skip
        changed |= {code for _, code in packs[0] ^ packs[1]}
        ids = {pack for pack, _ in packs[0] ^ packs[1]}
        changed |= {code for pack, code in packs[0] | packs[1] if pack in ids}
    if not changed:
        return set()
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(changed)
    others = _links(city.projects[~edited])
    graph.add_edges_from(others | own[0] | own[1] | _packs(bundles) | _packs(city.bundles))
    return {code for part in nx.connected_components(graph) if part & changed for code in part}


def _mates(city: City, edit: Edit) -> set[str]:
    """Return the projects that share a dossier number with an edited one, where it tells a pair."""
    edited = city.projects["code"].isin(edit.codes)
    numbers = pd.concat([edit.projects["external_id"], city.projects.loc[edited, "external_id"]])
    others = city.projects[~edited & city.projects["stage"].ne("withdrawn")]
    others = others[others["external_id"].isin(set(numbers.dropna()))]
    carriers = others.groupby("external_id")["code"].transform("size")
    # From three carriers on a number is a programme, with and without the edited ones.
    return set(others.loc[carriers < PROGRAMME_FROM, "code"])


def _codes_near(city: City, places: Shapes, policy: Policy) -> set[str]:
    _, near = nearby_pairs(places, city.sites.geometry.to_numpy(), within_m=reach_m(policy))
    return set(city.sites["project_code"].to_numpy(dtype=object)[np.unique(near)])


def _places(city: City, codes: Collection[str], ledger_ids: Collection[str]) -> Shapes:
    """Return where projects lie, and past works: these, and those that the projects completed."""
    own = city.sites["project_code"].isin(codes).to_numpy(dtype=bool)
    shapes = [city.sites.geometry.to_numpy(dtype=object)[own]]
    if city.ledger is not None and len(city.ledger):
        rows = city.ledger["ledger_id"].astype("str").isin(ledger_ids)
        rows |= city.ledger["source"].isin(codes)
        shapes.append(city.ledger.geometry.to_numpy(dtype=object)[rows.to_numpy(dtype=bool)])
    return np.concatenate(shapes)


def _sections(city: City, places: Shapes) -> tuple[Shapes, set[str]]:
    """Return the sections on which places may lie: their lines and ids."""
    if city.network is None:
        return _no_shapes(), set()
    sections = city.network.sections
    touched, _ = sections_around(places, sections, beside_m=STRIPS_M, outside_m=0.0)
    ids = sections["section_id"].to_numpy(dtype=object)[touched]
    return sections.geometry.to_numpy(dtype=object)[touched], set(ids)


def _spots(previous: Findings, context: Context, section_ids: set[str]) -> gpd.GeoDataFrame:
    """Return the hot spots: those of sections that were looked at anew, and all others."""
    fresh = hotspots(
        context.grounds, context.works, context.network, context.as_of_day, context.city.crs
    )
    stays = ~previous.hotspots["section_id"].isin(section_ids)
    both = stacked([previous.hotspots[stays], fresh[fresh["section_id"].isin(section_ids)]])
    spots: gpd.GeoDataFrame = both.loc[worst_first(both.reset_index(names="row"))["row"]]
    return spots.reset_index(drop=True)
