"""What a rule is, what it sees and what it gives: a new rule needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.city import City
from coordination.openings import Grounds
from coordination.policy import Policy
from coordination.surfaces import Surfaces
from coordination.wording import text
from geo.road_network import RoadNetwork

CANDIDATE_COLUMNS = (
    "code_left", "code_right", "left", "right", "kind_right", "place", "road", "level", "steps",
    "variant", "items", "number", "widened", "opened", "distance_m", "first_day", "end_day",
    "saving_wan", "basis", "facts", "geometry", "overlap_days", "overlap_days_certain",
    "likelihood", "apart",
)  # fmt: skip
CANDIDATE_SPAN_COLUMNS = ("candidate", "section", "from_m", "to_m", "side")


@dataclass(frozen=True)
class Context:
    """Everything that a rule may look at, worked out once.

    Attributes
    ----------
    works
        `coordination.works.works_table`; ``left``, ``right`` and ``work`` below are its rows.
    projects
        Projects that take part, ``city.projects`` without the withdrawn; RangeIndex.
    network
        The road network, or None: then "same road" is the footprints alone.
    city
        The tables themselves: ledger, restrictions, boundaries, assets as imported.
    opened
        Where each work opens the ground, one polygon (m) per row of ``works``; missing where it does
        not.
    spans
        Where works lie along the roads: ``site`` (row of ``works``)``, section, from_m, to_m, side, area_m2``.
    places
        What of the works lies off the sections: ``site, junction, area_m2`` (-1 is open ground).
    opening_spans
        Where works open the ground along the roads; columns as ``spans``.
    surfaces
        Surfaces that lock the ground below them, made or planned (`coordination.surfaces.surfaces`).
    pairs
        Works of different projects that lie within reach of each other in space and time, at least
        one unfinished; ``bundled`` where an accepted bundle holds them
        (`coordination.meetings.near_pairs`).
    meetings
        The places that those pairs have in common, one row per pair and place: ``pair`` (row of
        ``pairs``), the columns of ``pairs``, ``place, road, shared_m, opposite, main_road``
        (`coordination.meetings.common_places`).
    meeting_spans
        The stretches they share: ``meeting, section, from_m, to_m, side``.
    grounds
        Ground that works open, and in how many openings.
    reopened
        Works that open the same ground in different openings (`coordination.reopened.reopened`).
    policy
        The authority's choices.
    as_of_day
        Day of judgement, days since 1970-01-01.
    answers
        What people answered, by question key: what joins two projects on paper.
    """

    city: City
    works: gpd.GeoDataFrame
    opened: npt.NDArray[np.object_]
    projects: pd.DataFrame
    network: RoadNetwork | None
    spans: pd.DataFrame
    places: pd.DataFrame
    opening_spans: pd.DataFrame
    surfaces: Surfaces
    pairs: pd.DataFrame
    meetings: pd.DataFrame
    meeting_spans: pd.DataFrame
    grounds: Grounds
    reopened: pd.DataFrame
    policy: Policy
    as_of_day: int
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidates:
    """What a rule found, before findings of one pair and road are put together.

    Attributes
    ----------
    pairs
        `CANDIDATE_COLUMNS`. Whom it is about: codes of the two projects (``code_right`` missing
        where the rule names one project), their works (-1 when a project is meant as a whole), and
        ``kind_right``: ``project`` (also a past work: its row of ``works`` tells), or
        ``restriction``, ``asset``, ``zone``: then ``code_right`` is its id and ``right`` -1.
        Where: ``place`` (``road``, ``junction``, ``square``, ``footprints`` or missing), ``road``
        (name or missing), ``geometry`` (polygons, m; missing: what the two works cover together, or
        the work's footprint), ``opened`` (that place is where the ground is opened, not the whole
        footprints), ``distance_m`` (missing: between the two works), ``apart`` (the two share nothing:
        place and spans are those of each).
        When: ``first_day``, ``end_day`` (half-open days of the conflict; -1: from the two windows),
        ``overlap_days``, ``overlap_days_certain``, ``likelihood`` (missing: from the two windows).
        How bad: ``level`` and ``steps`` of the severity (`coordination.severity.graded`),
        ``widened`` (only coarse dates make the match).
        What it says: ``variant`` of the sentence, ``items`` and ``number`` that it names, ``facts``
        (dict of further placeholders or None: texts and numbers are shown as they are, a `Worded`
        is looked up in the reader's language); ``basis`` (text of the legal basis, missing: the
        rule's own); ``saving_wan`` (low, mid, high in 万元, or None: what is dug twice).
    spans
        `CANDIDATE_SPAN_COLUMNS`; ``candidate`` is the row of ``pairs``.
    missing
        What a part of the judgement lacked although the rule ran, codes of ``report.missing``.
    """

    pairs: pd.DataFrame
    spans: pd.DataFrame
    missing: tuple[str, ...] = ()


Reach = Literal["place", "city"]


@dataclass(frozen=True)
class Worded:
    """A fact of a sentence that reads differently in each language.

    Examples
    --------
    >>> Worded("高考", "college entrance examination").text("en")
    'college entrance examination'
    >>> Worded.of("labels.stage.reserve").text("zh")
    '储备库'
    """

    zh: str
    en: str

    @classmethod
    def of(cls, key: str, **params: object) -> Self:
        """Return what a key of the catalogues says in both languages."""
        return cls(text(key, "zh", **params), text(key, "en", **params))

    def text(self, lang: str) -> str:
        """Return one language."""
        return self.zh if lang == "zh" else self.en


class CannotRunError(Exception):
    """Raised by a rule whose tables are there but not good enough to judge on.

    Parameters
    ----------
    *reasons
        What is missing, codes of ``report.missing``, such as ``network_partial``.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


@dataclass(frozen=True)
class RuleWords:
    """What a rule that a city brings itself says; rules of the domain have theirs in the catalogue.

    Attributes
    ----------
    label, legal_basis
        In both languages.
    sentences
        By variant; placeholders as in ``findings.reason`` and the names of `Candidates`' ``facts``.
    """

    label: Worded
    legal_basis: Worded
    sentences: Mapping[str, Worded]


class Rule(Protocol):
    """One rule. It looks at the context and changes nothing.

    Attributes
    ----------
    code
        Code of the rule, as in ``labels.rule``.
    needs
        Tables of the city without which it cannot run (``network``, ``ledger``, …).
    yields_to
        Rules that are stronger: a pair that one of them finds is not found by this one.
    reach
        ``place``: what it finds about a project or a pair rests only on works, past works and areas
        that share ground with them or lie within the policy's distances of them. ``city``: it may
        rest on anything (a zone's total, a detour). Such a rule may have a method ``concerns(works,
        policy)`` that tells which works it looks at (one flag per row of ``works``): what it finds
        rests on them alone, and after an edit nothing else has to be looked at again. Where it
        says ``by_month = True``, what it finds of a project rests on works alone that lie in a
        calendar month with it.
    words
        None for a rule of the domain, whose sentences are ``findings.reason.<code>``.
    """

    @property
    def code(self) -> str:
        """Code of the rule."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Tables of the city that it cannot do without."""

    @property
    def yields_to(self) -> tuple[str, ...]:
        """Codes of stronger rules."""

    @property
    def reach(self) -> Reach:
        """How far away the things may be on which a finding rests."""

    @property
    def words(self) -> RuleWords | None:
        """What it says, where the catalogue does not know it."""

    def run(self, context: Context) -> Candidates:
        """Return what the rule finds.

        Raises
        ------
        CannotRunError
            When its tables are there but not good enough.
        """


_DEFAULTS: dict[str, Any] = {
    "left": -1, "right": -1, "place": None, "road": None, "level": 0, "steps": "base:notice",
    "variant": "plain", "items": "", "number": 0, "widened": False, "opened": False,
    "code_right": None, "kind_right": "project", "distance_m": np.nan, "first_day": -1,
    "end_day": -1, "saving_wan": None, "basis": None, "facts": None, "geometry": None,
    "overlap_days": np.nan, "overlap_days_certain": np.nan, "likelihood": np.nan,
    "apart": False,
}  # fmt: skip


def nothing(missing: tuple[str, ...] = ()) -> Candidates:
    """Return the candidates of a rule that found nothing.

    Parameters
    ----------
    missing
        As for `candidates`.

    Examples
    --------
    >>> len(nothing().pairs), len(nothing().spans)
    (0, 0)
    """
    return candidates(pd.DataFrame({"code_left": np.empty(0, dtype=object)}), missing=missing)


def candidates(
    pairs: pd.DataFrame, spans: pd.DataFrame | None = None, missing: tuple[str, ...] = ()
) -> Candidates:
    """Return candidates with every column, defaults filled in.

    Parameters
    ----------
    pairs
        At least ``code_left``; other columns of `CANDIDATE_COLUMNS` as far as the rule knows them.
    spans
        `CANDIDATE_SPAN_COLUMNS`, ``candidate`` being the index of ``pairs``.
    missing
        What a part of the judgement lacked.
    """
    # All columns at once: one by one they take most of the time of a small answer.
    table = pd.DataFrame(
        {name: pairs[name] if name in pairs else _DEFAULTS[name] for name in CANDIDATE_COLUMNS},
        index=pairs.index,
    )
    if spans is None:
        spans = pd.DataFrame(
            {
                "candidate": np.empty(0, dtype=np.int64),
                "section": np.empty(0, dtype=np.int64),
                "from_m": np.empty(0),
                "to_m": np.empty(0),
                "side": np.empty(0, dtype=object),
            }
        )
    else:
        row_of = pd.Series(np.arange(len(table)), index=table.index)
        spans = spans.assign(candidate=spans["candidate"].map(row_of).astype("int64"))
        spans = spans[list(CANDIDATE_SPAN_COLUMNS)].reset_index(drop=True)
    return Candidates(table.reset_index(drop=True), spans, missing)
