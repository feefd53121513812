"""The tables of findings, and what goes with every answer.

One finding per rule, unordered pair of projects (or project, or project and restriction) and road;
``finding_id`` is a hash of exactly these (`finding_ids`), never of dates, metres, sections or
revisions, so that a decision stays with its finding when the plan moves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import CRS

from coordination.wording import table

AREAS = ("restriction", "asset", "zone")
"""What ``project_b`` may name beside projects and past works."""
SEVERITIES = ("notice", "medium", "high")
STATUSES = (
    "open", "notified", "negotiating", "resolved", "not_mergeable", "deferred", "waived",
    "to_reassess", "cleared",
)  # fmt: skip

FINDING_COLUMNS = (
    "finding_id", "case_id", "rule", "severity", "status", "project_a", "project_b", "place",
    "road", "section_id", "from_m", "to_m", "shared_length_m", "shared_area_m2", "distance_m",
    "overlap_days", "overlap_days_certain", "gap_days", "likelihood", "start", "finish",
    "impact_index", "saving_low_wan", "saving_mid_wan", "saving_high_wan", "legal_basis",
    "reason_zh", "reason_en",
)  # fmt: skip
"""The columns of ``findings.csv``, in order: a promise to others, it may only grow at its end."""

DETAIL_COLUMNS = ("severity_steps", "sites_a", "sites_b", "coordinated", "level", "kind_b")
"""Kept beside `FINDING_COLUMNS` in the store and in GeoJSON. ``severity_steps``: how the severity
came about, codes joined by spaces, such as ``base:high side:-1``; ``sites_a``, ``sites_b``: site ids
joined by spaces; ``coordinated``: the dossier number or agreement that already joins the two;
``level``: ``yellow`` or ``red`` of the impact index, else missing; ``kind_b``: what ``project_b``
names: ``project``, ``ledger`` (a past work), ``restriction``, ``asset`` or ``zone`` (its id), missing
where it is empty."""

SPAN_COLUMNS = ("finding_id", "road", "section_id", "from_m", "to_m", "side")
"""The places of a finding; ``from_m``, ``to_m`` along the section, ``side`` left, right or both."""

HOTSPOT_COLUMNS = (
    "road", "section_id", "from_m", "to_m", "openings_24m", "openings_60m", "shortest_gap_days",
    "metres_opened", "project_codes",
)  # fmt: skip


_NUMBERS = frozenset(
    (
        "from_m", "to_m", "shared_length_m", "shared_area_m2", "distance_m", "overlap_days",
        "overlap_days_certain", "gap_days", "likelihood", "impact_index", "saving_low_wan",
        "saving_mid_wan", "saving_high_wan",
    )
)  # fmt: skip
_DATES = frozenset(("start", "finish"))


def no_findings(crs: CRS | None) -> gpd.GeoDataFrame:
    """Return a table of findings without rows, each column of the kind that it has with some.

    Examples
    --------
    >>> none = no_findings(CRS(4549))
    >>> len(none), none["overlap_days"].dtype, none["start"].dtype
    (0, dtype('float64'), dtype('<M8[us]'))
    """
    kinds = dict.fromkeys(_NUMBERS, "float64") | dict.fromkeys(_DATES, "datetime64[us]")
    names = dict.fromkeys((*FINDING_COLUMNS, *DETAIL_COLUMNS))
    columns = {name: pd.Series(dtype=kinds.get(name, "object")) for name in names}
    return gpd.GeoDataFrame(columns, geometry=np.empty(0, dtype=object), crs=crs)


def no_spans() -> pd.DataFrame:
    """Return a table of spans of findings without rows."""
    return pd.DataFrame(
        {
            name: pd.Series(dtype="float64" if name in _NUMBERS else "object")
            for name in SPAN_COLUMNS
        }
    )


@dataclass(frozen=True)
class RuleRun:
    """Whether a rule ran, and if it could not, what was missing.

    Attributes
    ----------
    rule
        Code of the rule.
    ran
        False when data that it needs is missing.
    missing
        What was missing (``network``, ``ledger``, ``restrictions``, ``assets``), or the reason
        ``not_built`` for a rule that this version does not have.
    found
        How many findings it gave.
    label_zh, label_en
        What people call a rule that a city brings itself; empty for those of the domain, whose names
        are in the catalogue (`rule_labels`).
    """

    rule: str
    ran: bool
    missing: tuple[str, ...] = ()
    found: int = 0
    label_zh: str = ""
    label_en: str = ""

    def label(self, lang: str) -> str:
        """Return what people call the rule; its code where nobody named it.

        Examples
        --------
        >>> RuleRun("repeat_excavation", ran=True).label("zh")
        '重复开挖'
        >>> RuleRun("night_works", True, label_zh="夜间施工", label_en="night works").label("en")
        'night works'
        """
        own = self.label_zh if lang == "zh" else self.label_en
        return own or table("labels.rule", lang).get(self.rule, self.rule)

    def document(self) -> dict[str, object]:
        """Return the run as machines read it; labels only where the catalogue has none."""
        told: dict[str, object] = {
            "rule": self.rule, "ran": self.ran, "missing": list(self.missing), "found": self.found
        }  # fmt: skip
        if self.label_zh or self.label_en:
            told |= {"label_zh": self.label_zh, "label_en": self.label_en}
        return told


def rule_labels(runs: Iterable[RuleRun], lang: str) -> dict[str, str]:
    """Return what people call each rule, also those that a city brings itself.

    Parameters
    ----------
    runs
        ``rules_run`` of the findings.
    lang
        ``zh`` or ``en``.

    Examples
    --------
    >>> own = RuleRun("night_works", True, label_zh="夜间施工", label_en="night works")
    >>> labels = rule_labels([own], "en")
    >>> labels["night_works"], labels["volume_cap"]
    ('night works', 'volume cap')
    """
    return table("labels.rule", lang) | {run.rule: run.label(lang) for run in runs}


@dataclass(frozen=True)
class Findings:
    """What detection found on one day.

    Attributes
    ----------
    table
        `FINDING_COLUMNS` and `DETAIL_COLUMNS`, one row per finding, worst first; ``geometry`` is
        the shared place (MultiPolygon in the city's CRS). ``start``, ``finish`` (inclusive dates)
        are the common or joint period. Missing numbers are NaN.
    spans
        `SPAN_COLUMNS`, one row per place of a finding.
    hotspots
        `HOTSPOT_COLUMNS`, worst first; ``geometry`` is the stretch (LineString). Empty without a
        network.
    rules_run
        One entry per rule that `domain.md` knows, in its order.
    as_of
        The day on which everything was judged.
    policy_version
        Version of the policy.
    data_revision
        Revision of the store's data.
    """

    table: gpd.GeoDataFrame
    spans: pd.DataFrame
    hotspots: gpd.GeoDataFrame
    rules_run: tuple[RuleRun, ...]
    as_of: np.datetime64
    policy_version: str
    data_revision: int = 0


@dataclass(frozen=True)
class Provenance:
    """What every file and page states about where its figures come from.

    Attributes
    ----------
    data_revision, policy_version, software_version
        What was computed from what, by what.
    as_of
        The day of judgement, ISO.
    run_at
        RFC 3339 time of the run: the only thing that may differ between two runs on equal input.
    place_basis
        ``network`` when "same road" is by assignment, ``footprints`` without a network.
    """

    data_revision: int
    policy_version: str
    software_version: str
    as_of: str
    run_at: str
    place_basis: Literal["network", "footprints"] = "network"


def naming(findings: pd.DataFrame, codes: Collection[str]) -> npt.NDArray[np.bool_]:
    """Tell which findings name one of these projects, shape ``(n,)``.

    The second name may be that of a restriction, an asset or a zone: one that equals a project's
    code does not make it that project's finding.

    Examples
    --------
    >>> two = pd.DataFrame({"project_a": ["A", "A"], "project_b": ["B", "B"],
    ...     "kind_b": ["project", "zone"]})
    >>> naming(two, ["B"]).tolist()
    [True, False]
    """
    wanted = list(codes)
    second = findings["kind_b"].isna() | findings["kind_b"].eq("project")
    named = findings["project_a"].isin(wanted) | (second & findings["project_b"].isin(wanted))
    return named.to_numpy(dtype=np.bool_)


def finding_ids(
    rule: str,
    project_a: pd.Series[str],
    project_b: pd.Series[str],
    road: pd.Series[str],
    kind_b: pd.Series[str] | None = None,
) -> list[str]:
    """Return the identity of each finding: a hash of rule, unordered pair and road.

    Parameters
    ----------
    rule
        Code of the rule.
    project_a, project_b
        Project codes, same length; ``project_b`` missing where a rule has one project.
    road
        Name of the road, of the junction or square, or missing.
    kind_b
        What ``project_b`` names, None for projects: an area (restriction, asset, zone) stays behind
        the project, since names of the two may be the same.

    Returns
    -------
    list of str
        16 hexadecimal digits each.

    Examples
    --------
    >>> ab = finding_ids("concurrent_works", pd.Series(["A"]), pd.Series(["B"]), pd.Series(["R"]))
    >>> ba = finding_ids("concurrent_works", pd.Series(["B"]), pd.Series(["A"]), pd.Series(["R"]))
    >>> ab == ba
    True
    """
    keys = zip(
        project_a.astype("object").where(project_a.notna(), ""),
        project_b.astype("object").where(project_b.notna(), ""),
        road.astype("object").where(road.notna(), ""),
        [False] * len(road) if kind_b is None else kind_b.isin(AREAS),
        strict=True,
    )
    pairs = (((a, b) if area else sorted((a, b)), place) for a, b, place, area in keys)
    return [
        hashlib.sha256("\x1f".join((rule, *pair, place)).encode()).hexdigest()[:16]
        for pair, place in pairs
    ]
