"""All rules over one city, on one day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from coordination.assemble import assemble
from coordination.city import City
from coordination.findings import Findings, RuleRun
from coordination.hotspots import hotspots
from coordination.meetings import common_places, near_pairs, pair_key
from coordination.openings import (
    depended_codes,
    grounds,
    joined_labels,
    shared_grounds,
    stretch_grounds,
)
from coordination.policy import Policy
from coordination.reopened import reopened
from coordination.rules.concurrent_works import ConcurrentWorks
from coordination.rules.duplicate_project import DuplicateProject
from coordination.rules.incomplete_data import IncompleteData
from coordination.rules.missing_partner import MissingPartner
from coordination.rules.no_dig_lockout import NoDigLockout
from coordination.rules.no_dig_period import NoDigPeriod
from coordination.rules.opportunity import Opportunity
from coordination.rules.parallel_closure import ParallelClosure
from coordination.rules.permit_exceeded import PermitExceeded
from coordination.rules.protection_zone import ProtectionZone
from coordination.rules.protocol import Candidates, CannotRunError, Context, Rule
from coordination.rules.repeat_excavation import RepeatExcavation
from coordination.rules.restricted_period import RestrictedPeriod
from coordination.rules.volume_cap import VolumeCap
from coordination.rules.wrong_order import WrongOrder
from coordination.surfaces import Surfaces, surfaces, with_spans
from coordination.works import pits, works_table
from geo.linear_reference import Assignments, assign

RULES: tuple[Rule, ...] = (
    ConcurrentWorks(),
    RepeatExcavation(),
    NoDigPeriod(),
    NoDigLockout(),
    WrongOrder(),
    RestrictedPeriod(),
    MissingPartner(),
    DuplicateProject(),
    ParallelClosure(),
    ProtectionZone(),
    VolumeCap(),
    PermitExceeded(),
    Opportunity(),
    IncompleteData(),
)
"""The rules that are built; a stronger one stands before those that yield to it."""

RULE_CODES = (
    "concurrent_works", "repeat_excavation", "no_dig_period", "no_dig_lockout", "wrong_order",
    "restricted_period", "missing_partner", "duplicate_project", "parallel_closure", "volume_cap",
    "protection_zone", "permit_exceeded", "opportunity", "incomplete_data",
)  # fmt: skip
"""All rules that the domain knows, in its order."""


def detect(
    city: City,
    policy: Policy,
    *,
    as_of: date | np.datetime64,
    rules: Sequence[Rule] = RULES,
) -> Findings:
    """Return what the rules find in a city, judged on one day.

    Pure: the same tables, policy and day give the same findings, whatever the order of the rows.

    Parameters
    ----------
    city
        The tables.
    policy
        The authority's choices.
    as_of
        Day of judgement: a finding needs at least one work that is not finished on it.
    rules
        The rules to run; a city may add its own. A rule stands after those to which it yields.

    Returns
    -------
    Findings
        All findings ``open``; `coordination.review.merge` brings earlier decisions back. Its
        ``rules_run`` lists every rule of the domain, also those that could not run.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from pyproj import CRS
    >>> from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
    >>> none = pd.DataFrame()
    >>> sites = gpd.GeoDataFrame(as_fields(none, SITE_FIELDS), geometry=gpd.GeoSeries([]), crs=4549)
    >>> city = City(CRS(4549), as_fields(none, PROJECT_FIELDS), sites.assign(project_code=""))
    >>> findings = detect(city, Policy(), as_of=date(2025, 1, 1))
    >>> len(findings.table), [run.rule for run in findings.rules_run if run.ran][:2]
    (0, ['concurrent_works', 'repeat_excavation'])
    """
    day = pd.Timestamp(as_of).to_datetime64().astype("datetime64[D]")
    return judged(look(city, policy, day), rules)


def judged(
    context: Context,
    rules: Sequence[Rule] = RULES,
    *,
    with_hotspots: bool = True,
    naming: Collection[str] | None = None,
) -> Findings:
    """Return what the rules find in what they see.

    Parameters
    ----------
    context
        `look`.
    rules
        As for `detect`.
    with_hotspots
        Whether to look for hot spots: a check before approval is not about them.
    naming
        Codes of the projects of which findings are wanted, all where it is None. Cases off the
        roads hang together from finding to finding: their ids may differ from those of all.
    """
    city, policy = context.city, context.policy
    found, runs = run_rules(city, context, rules)
    if naming is not None:
        found = [(code, about(one, naming)) for code, one in found]
    words = {rule.code: rule.words for rule in rules if rule.words is not None}
    table, spans = assemble(found, context, words)
    network = city.network if with_hotspots else None
    spots = hotspots(context.grounds, context.works, network, context.as_of_day, city.crs)
    counts = table["rule"].value_counts()
    return Findings(
        table=table,
        spans=spans,
        hotspots=spots,
        rules_run=tuple(replace(run, found=int(counts.get(run.rule, 0))) for run in runs),
        as_of=np.datetime64(context.as_of_day, "D"),
        policy_version=policy.version,
        data_revision=city.data_revision,
    )


def look(city: City, policy: Policy, as_of: np.datetime64) -> Context:
    """Return what rules see.

    Parameters
    ----------
    city, policy, as_of
        As for `detect`.
    """
    as_of_day = int(as_of.astype("datetime64[D]").astype(np.int64))
    projects = city.projects[city.projects["stage"].ne("withdrawn")].reset_index(drop=True)
    works = works_table(city, policy, as_of_day)
    usable = (works["placed"] & works["dated"]).to_numpy(dtype=bool)
    shapes = _only(works.geometry.to_numpy(), usable)
    trenchless = works["method"].eq("trenchless").to_numpy(dtype=bool)
    opened = _only(shapes, works["opens"].to_numpy(dtype=bool))
    opened[trenchless] = pits(opened[trenchless], policy.pit_m)
    made = surfaces(city, works, policy, as_of_day)
    spans, places, opening_spans, recorded = _assign(
        works, shapes, opened, made, city=city, policy=policy
    )
    bundled = _bundled(city.bundles)
    pairs = near_pairs(
        works,
        within_m=max(policy.opportunity_m, 2 * policy.buffer_m, 2 * policy.buffer_impact_m),
        gap_months=max(policy.repeat_months, policy.opportunity_months, policy.duplicate_months),
        bundled=bundled,
    )
    meetings, meeting_spans = common_places(
        pairs, works, Assignments(spans, places), city.network, policy
    )
    parts = []
    alone = meetings["same_square"].to_numpy(dtype=bool)
    if city.network is not None:
        parts.append(stretch_grounds(opening_spans, city.network))
    else:
        alone = np.ones(len(meetings), dtype=bool)
    parts.append(shared_grounds(meetings[alone], opened, policy))
    found = grounds(
        parts,
        works,
        joined_labels(works["code"], _bundle_links(city.bundles)),
        joined_labels(works["code"], _dependencies(projects)),
        policy,
    )
    return Context(
        city=city,
        works=works,
        opened=opened,
        projects=projects,
        network=city.network,
        spans=spans,
        places=places,
        opening_spans=opening_spans,
        surfaces=with_spans(made, spans, recorded),
        pairs=pairs,
        meetings=meetings,
        meeting_spans=meeting_spans,
        grounds=found,
        reopened=reopened(works, found, bundled, policy),
        policy=policy,
        as_of_day=as_of_day,
        answers=city.answers,
    )


def run_rules(
    city: City, context: Context, rules: Sequence[Rule]
) -> tuple[list[tuple[str, Candidates]], list[RuleRun]]:
    """Run each rule whose tables are there; a weaker one leaves pairs to a stronger one.

    Parameters
    ----------
    city
        To see which tables are there.
    context
        What the rules see.
    rules
        In order.
    """
    found: dict[str, Candidates] = {}
    runs = {code: RuleRun(code, ran=False, missing=("not_built",)) for code in RULE_CODES}
    for rule in rules:
        missing = tuple(name for name in rule.needs if getattr(city, name) is None)
        if missing:
            runs[rule.code] = _run_of(rule, missing)
            continue
        try:
            one = rule.run(context)
        except CannotRunError as error:
            runs[rule.code] = _run_of(rule, error.reasons)
            continue
        runs[rule.code] = replace(_run_of(rule, ()), missing=one.missing)
        stronger = [found[code] for code in rule.yields_to if code in found]
        found[rule.code] = _without(one, [other for other in stronger if len(other.pairs)])
    return list(found.items()), list(runs.values())


def _run_of(rule: Rule, missing: tuple[str, ...]) -> RuleRun:
    if rule.words is None:
        return RuleRun(rule.code, ran=not missing, missing=missing)
    label = rule.words.label
    return RuleRun(rule.code, not missing, missing, label_zh=label.zh, label_en=label.en)


def _keys(one: Candidates) -> pd.Series[str]:
    return pair_key(one.pairs["code_left"], one.pairs["code_right"])


def _without(one: Candidates, stronger: Sequence[Candidates]) -> Candidates:
    if not stronger or not len(one.pairs):
        return one
    taken: set[str] = set().union(*(_keys(other) for other in stronger))
    return _only_pairs(one, ~_keys(one).isin(taken).to_numpy(dtype=bool))


def about(one: Candidates, codes: Collection[str]) -> Candidates:
    """Return the candidates that name one of these projects.

    Parameters
    ----------
    one
        What a rule found.
    codes
        Of the projects. Something else that bears such a code comes along.
    """
    left, right = one.pairs["code_left"].isin(codes), one.pairs["code_right"].isin(codes)
    return _only_pairs(one, (left | right).to_numpy(dtype=bool))


def _only_pairs(one: Candidates, kept: npt.NDArray[np.bool_]) -> Candidates:
    if kept.all():
        return one
    number = np.cumsum(kept) - 1
    spans = one.spans[kept[one.spans["candidate"].to_numpy(dtype=np.int64)]]
    return Candidates(
        one.pairs[kept].reset_index(drop=True),
        spans.assign(candidate=number[spans["candidate"].to_numpy(dtype=np.int64)]).reset_index(
            drop=True
        ),
        one.missing,
    )


def _assign(
    works: pd.DataFrame,
    shapes: npt.NDArray[np.object_],
    opened: npt.NDArray[np.object_],
    made: Surfaces,
    *,
    city: City,
    policy: Policy,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return spans and places of the works, spans where they open the ground, and of the surfaces
    that only the ledger knows.
    """  # noqa: D205 the sentence is one
    if city.network is None:
        none = np.empty(0, dtype=np.int64)
        spans = pd.DataFrame({"site": none, "section": none})
        return spans, pd.DataFrame({"site": none, "junction": none}), spans, spans
    rule = policy.network.assignment_rule()
    trenchless = np.flatnonzero(works["method"].eq("trenchless").to_numpy())
    named = works["road"].to_numpy(dtype=object)
    recorded = np.flatnonzero(made.table["work"].to_numpy() < 0)
    # Whole footprints and, behind them, the pits of the trenchless works and the surfaces of the
    # ledger: one look at the network.
    found = assign(
        np.concatenate([shapes, opened[trenchless], made.shapes[recorded]]),
        city.network,
        rule,
        road_hint=np.concatenate(
            [named, named[trenchless], made.table["road"].to_numpy(dtype=object)[recorded]]
        ),
    )
    site = found.spans["site"].to_numpy()
    whole = site < len(works)
    behind = len(works) + len(trenchless)
    of_ledger = found.spans[site >= behind]
    opens = ~shapely.is_missing(opened)
    opens[trenchless] = False
    opening_site = np.concatenate([np.where(opens, np.arange(len(works)), -1), trenchless])
    opening_spans = found.spans[site < behind]
    opening_spans = opening_spans.assign(site=opening_site[opening_spans["site"].to_numpy()])
    places = found.places[found.places["site"] < len(works)].reset_index(drop=True)
    return (
        found.spans[whole].reset_index(drop=True),
        places,
        opening_spans[opening_spans["site"] >= 0].reset_index(drop=True),
        of_ledger.assign(site=recorded[of_ledger["site"].to_numpy() - behind]),
    )


def _only(shapes: npt.NDArray[np.object_], where: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    """Return the shapes that are wanted, the others missing."""
    kept = np.full(len(shapes), None, dtype=object)
    kept[where] = shapes[where]
    return kept


def _bundled(bundles: pd.DataFrame) -> frozenset[str]:
    """Return the pairs of projects that an accepted bundle holds."""
    if not len(bundles):
        return frozenset()
    both = bundles.merge(bundles, on="bundle_id")
    both = both[both["code_x"] < both["code_y"]]
    return frozenset(pair_key(both["code_x"], both["code_y"]))


def _dependencies(projects: pd.DataFrame) -> list[tuple[str, str]]:
    depends = projects[projects["depends_on"].notna()]
    return [
        (code, other)
        for code, named in zip(depends["code"], depends["depends_on"], strict=True)
        for other in depended_codes(named)
    ]


def _bundle_links(bundles: pd.DataFrame) -> list[tuple[str, str]]:
    return [
        link
        for _, codes in bundles.groupby("bundle_id")["code"]
        for link in pairwise(sorted(codes))
    ]
