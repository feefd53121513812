"""What a file made for somebody may show: never contacts, and of others' secrets only a trace.

Whoever may not see a confidential project learns "someone, this quarter, this road" and nothing
finer (`domain.md` §5): no name, unit, code, metres, days, money or place on the map.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import pandas as pd

from coordination.city import City
from coordination.findings import AREAS, Findings
from coordination.projects import PROJECT_FIELDS
from coordination.wording import text


@dataclass(frozen=True)
class Audience:
    """Who reads a file.

    Attributes
    ----------
    unit
        Owner unit whose own confidential projects it sees, or None.
    sees_confidential
        Whether it sees everybody's.
    """

    unit: str | None = None
    sees_confidential: bool = False


COORDINATOR = Audience(sees_confidential=True)
"""The joint-meeting office itself."""
ANYBODY = Audience()
"""A page that goes round a meeting."""
SOMEONE = "confidential-"
"""What the code of a hidden project starts with."""


def audience_of(unit: str | None, *, confidential: bool = False) -> Audience:
    """Return for whom a file is made.

    Parameters
    ----------
    unit
        Owner unit for which it is made; None or nothing for anybody.
    confidential
        Whether it is the office's own copy.

    Examples
    --------
    >>> audience_of("gas") == Audience(unit="gas"), audience_of("") == ANYBODY
    (True, True)
    >>> audience_of("gas", confidential=True) == COORDINATOR
    True
    """
    return COORDINATOR if confidential else Audience(unit=unit or None)


_FINER = (
    "legal_basis", "place", "section_id", "from_m", "to_m", "shared_length_m", "shared_area_m2", "distance_m",
    "overlap_days", "overlap_days_certain", "gap_days", "likelihood", "impact_index",
    "saving_low_wan", "saving_mid_wan", "saving_high_wan", "severity_steps", "sites_a", "sites_b",
    "coordinated", "level",
)  # fmt: skip
_FINER_HOTSPOT = ("section_id", "from_m", "to_m", "shortest_gap_days", "metres_opened")


def hidden_codes(city: City, audience: Audience) -> dict[str, str]:
    """Return the projects that ``audience`` may not see, each with the name it goes by instead.

    Parameters
    ----------
    city
        The whole city.
    audience
        Who reads.

    Returns
    -------
    dict
        Code to ``confidential-1``, ``confidential-2`` …, in the order of the table.
    """
    projects = city.projects
    if audience.sees_confidential or projects.empty:
        return {}
    hidden = projects["confidential"].fillna(value=False).astype(bool)
    if audience.unit is not None:
        hidden &= (projects["owner_unit"] != audience.unit).fillna(value=True).astype(bool)
    codes = projects.loc[hidden, "code"]
    return {str(code): f"{SOMEONE}{rank}" for rank, code in enumerate(codes, start=1)}


def for_audience(city: City, findings: Findings, audience: Audience) -> tuple[City, Findings]:
    """Return the city and the findings as ``audience`` may see them.

    Parameters
    ----------
    city, findings
        The whole truth.
    audience
        Who reads.

    Returns
    -------
    City, Findings
        Contacts are missing. A hidden project keeps a made-up code, the flag ``confidential`` and
        the road and quarter of its sites; a finding with one keeps case, rule, severity, status, road
        and quarter; a hot spot with one keeps road and openings; its rows of the ledger are left out.
    """
    aliases = hidden_codes(city, audience)
    open_city = replace(city, projects=city.projects.assign(contact=None))
    if not aliases:
        return open_city, findings
    return _trace_of_city(open_city, aliases), _trace_of_findings(findings, aliases)


def _trace_of_city(city: City, aliases: dict[str, str]) -> City:
    projects = city.projects.copy()
    hidden = projects["code"].isin(list(aliases))
    projects["code"] = projects["code"].replace(aliases)
    for field in PROJECT_FIELDS:
        if field.name not in ("code", "confidential"):
            projects[field.name] = projects[field.name].mask(hidden)
    names_hidden = projects["depends_on"].map(
        lambda codes: isinstance(codes, str) and any(code in codes for code in aliases)
    )
    projects["depends_on"] = projects["depends_on"].mask(names_hidden.astype(bool))

    sites = city.sites.copy()
    hidden_sites = sites["project_code"].isin(list(aliases))
    sites["project_code"] = sites["project_code"].replace(aliases)
    sites["start"] = _quarter(sites["start"], hidden_sites, first=True)
    sites["finish"] = _quarter(sites["finish"], hidden_sites, first=False)
    kept = {"project_code", "road", "start", "finish", "site_id", sites.geometry.name}
    for name in sites.columns.difference(sorted(kept)):
        sites[name] = sites[name].mask(hidden_sites)
    for name in ("start_precision", "finish_precision"):
        sites[name] = sites[name].mask(hidden_sites, "quarter")
    sites["site_id"] = sites["site_id"].mask(hidden_sites, sites["project_code"])
    sites.loc[hidden_sites, sites.geometry.name] = None
    bundles = city.bundles.assign(code=city.bundles["code"].replace(aliases))
    # Answers name projects, and what they join has been found by now.
    return replace(
        without_ledger_of(city, aliases),
        projects=projects, sites=sites, bundles=bundles, answers={},
    )  # fmt: skip


def without_ledger_of(city: City, codes: Collection[str]) -> City:
    """Return the city without the rows of the ledger that projects wrote, or that bear their codes.

    Such a row names its project, and tells unit, place and day.
    """
    if city.ledger is None or "source" not in city.ledger:
        return city
    kept = ~city.ledger["source"].isin(list(codes))
    return replace(city, ledger=city.ledger[kept].reset_index(drop=True))


def _quarter(
    dates: pd.Series[pd.Timestamp], rows: pd.Series[bool], *, first: bool
) -> pd.Series[pd.Timestamp]:
    quarters = dates.dt.to_period("Q")
    edge = quarters.dt.start_time if first else quarters.dt.end_time.dt.normalize()
    return dates.mask(rows, edge.astype(dates.dtype))


def _trace_of_findings(findings: Findings, aliases: dict[str, str]) -> Findings:
    table = findings.table.copy()
    codes = list(aliases)
    hidden = table["project_a"].isin(codes) | table["project_b"].isin(codes)
    for side in ("project_a", "project_b"):
        table[side] = table[side].replace(aliases)
    for name in (name for name in _FINER if name in table):
        table[name] = table[name].mask(hidden)
    # Which pipe, which town: that is finer than the road.
    area = hidden & table["kind_b"].isin(AREAS)
    for name in ("project_b", "kind_b"):
        table[name] = table[name].mask(area, None)
    # The identity is a hash of the two codes: whoever guesses a code could recognise it.
    names = SOMEONE + table["case_id"].astype("str") + "-" + table.index.astype("str")
    veiled_ids = table.loc[hidden, "finding_id"]
    table["finding_id"] = table["finding_id"].mask(hidden, names)
    table["start"] = _quarter(table["start"], hidden, first=True)
    table["finish"] = _quarter(table["finish"], hidden, first=False)
    for lang in ("zh", "en"):
        table[f"reason_{lang}"] = table[f"reason_{lang}"].mask(
            hidden, text("report.confidential.reason", lang)
        )
    table.loc[hidden, table.geometry.name] = None
    spans = findings.spans
    spans = spans[~spans["finding_id"].isin(veiled_ids)].reset_index(drop=True)

    hotspots = findings.hotspots.copy()
    if not hotspots.empty:
        lists = (
            hotspots["project_codes"]
            .astype("object")
            .map(lambda value: value.split() if isinstance(value, str) else [])
        )
        touched = lists.map(lambda row: not aliases.keys().isdisjoint(row)).astype(bool)
        hotspots["project_codes"] = lists.map(
            lambda row: " ".join(aliases.get(code, code) for code in row)
        )
        for name in _FINER_HOTSPOT:
            hotspots[name] = hotspots[name].mask(touched)
        hotspots.loc[touched, hotspots.geometry.name] = None
    return replace(findings, table=table, spans=spans, hotspots=hotspots)
