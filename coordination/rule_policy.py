"""What the authority chooses for single rules: periods, distances, caps. Frozen and passed in.

All numbers are defaults of the project or follow `coordination.policy`; sample values are to be
confirmed by the authority (示例，需本单位核定).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Numbers = Mapping[str, float]


def frozen(**values: float) -> Numbers:
    """Return numbers by name that nobody changes."""
    return MappingProxyType(values)


@dataclass(frozen=True)
class NoDigPolicy:
    """How long a surface is left closed after it was made (``no_dig_period``, ``no_dig_lockout``).

    Attributes
    ----------
    months
        Calendar months by the kind of work that made the surface; a kind that is not here locks
        nothing. National regulation on city roads, art. 33: 5 years when new, rebuilt or widened, 3
        years after a major repair.
    unknown_months
        For a surface whose kind of work is not known; the finding says so.
    fee_factor
        Least and most of the fee for digging early, as a multiple of the reinstatement.
    """

    months: Numbers = field(
        default_factory=lambda: frozen(new=60, rebuild=60, widen=60, major_repair=36)
    )
    unknown_months: int = 36
    fee_factor: tuple[float, float] = (1.0, 5.0)


@dataclass(frozen=True)
class OrderPolicy:
    """``wrong_order``.

    Attributes
    ----------
    months
        The lower layer's finish is in the wrong order up to this long after the upper one's.
    """

    months: int = 12


@dataclass(frozen=True)
class RestrictedPeriodRow:
    """One restricted period of the policy's table; imported ones have the same columns.

    The place is where all that is named holds together: nothing named is the whole city. Areas that
    were drawn come by ``digonce import restrictions``.

    Attributes
    ----------
    id
        Names the row on findings; unique among the policy's.
    name
        What people call the period; announcements of one name are one series.
    start, finish
        First and last day, ``2026-10-01``; of a yearly one ``10-01``. Without both: always, or, of
        an announced one, nothing was announced yet.
    recurs
        ``once``, ``yearly`` or ``announced`` (`coordination.calendar`).
    kind
        Festival, fair, examination, flood season …, in the authority's words.
    road, town
        Name of a road with all its carriageways and sections; name or code of a town.
    road_class
        Classes of road.
    works
        Whom it concerns: ``all``, ``opens`` (ground or surface), ``excavation`` (ground), ``lane``,
        ``half``, ``full`` (closes at least so much); any of those named.
    exempt
        Who is free of it beside emergencies: ``safety_critical``.
    mode
        ``forbid``, or ``pause``: the work may rest meanwhile.
    severity
        Missing: the policy's.
    legal_basis, note
        What stands on findings.
    """

    id: str
    name: str
    start: str | None = None
    finish: str | None = None
    recurs: str = "once"
    kind: str | None = None
    road: str | None = None
    town: str | None = None
    road_class: tuple[str, ...] = ()
    works: tuple[str, ...] = ("all",)
    exempt: tuple[str, ...] = ()
    mode: str = "forbid"
    severity: str | None = None
    legal_basis: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class RestrictedPolicy:
    """``restricted_period``.

    Attributes
    ----------
    severity
        Severity of a period whose row states none.
    expected_margin_days
        A period that is announced each year, and not yet for the year of a work, is expected so
        many days around those of its latest announcement.
    periods
        The authority's table; restrictions that were imported are added to it.
    """

    severity: str = "medium"
    expected_margin_days: int = 30
    periods: tuple[RestrictedPeriodRow, ...] = ()


@dataclass(frozen=True)
class PartnerPolicy:
    """``missing_partner``.

    Attributes
    ----------
    within_m
        An overhead line or a pipe lies along a work when it is this near.
    least_m
        … over at least this length.
    work_types
        Kinds of road work that ask for partners.
    partner_months
        An undergrounding project counts as the partner when its time is at most this far away.
    underground_work_types
        Kinds of work that put overhead lines below the ground.
    due_months
        Pipes due for renewal within this long after the work's end, or before it, should go along.
    """

    within_m: float = 15.0
    least_m: float = 30.0
    work_types: tuple[str, ...] = ("new", "rebuild", "widen", "major_repair")
    partner_months: int = 12
    underground_work_types: tuple[str, ...] = ("new", "rebuild", "widen", "renovation")
    due_months: int = 60


@dataclass(frozen=True)
class ClosurePolicy:
    """``parallel_closure``.

    Attributes
    ----------
    impacts
        Traffic impacts that close a section for through traffic.
    oneway_impacts
        The same for a section that is one carriageway of its own.
    longer_share
        A detour that both closures lengthen by more than this share beyond what either does alone.
    least_joined_share, most_no_way_round_share
        A network is too partial to judge detours on when less than the first share of its length
        hangs together, or more than the second lies where there is no way round
        (`geo.network_completeness`).
    """

    impacts: tuple[str, ...] = ("full",)
    oneway_impacts: tuple[str, ...] = ("full",)
    longer_share: float = 0.5
    least_joined_share: float = 0.75
    most_no_way_round_share: float = 0.5


@dataclass(frozen=True)
class VolumePolicy:
    """``volume_cap``: most that may be open in a zone in one month; missing means no cap.

    Attributes
    ----------
    opened_m
        Opened length, m. The key is a zone (name or code of a boundary; ``default`` for any other
        town), with a month where the cap holds for it alone: ``安亭镇``, ``安亭镇@10`` (each October),
        ``default@2026-11``. The closest key counts.
    closed_lane_m
        Length of closed lanes, m, by the same keys.
    lane_width_m
        Roads count as having one lane per so many metres.
    """

    opened_m: Numbers = field(default_factory=frozen)
    closed_lane_m: Numbers = field(default_factory=frozen)
    lane_width_m: float = 3.5


@dataclass(frozen=True)
class ProtectionPolicy:
    """``protection_zone``.

    Attributes
    ----------
    within_m
        Distances by kind of asset, each a zone of its own, nearest last: metro 50/30/10 m, trunk
        drain 20/3 m.
    """

    within_m: Mapping[str, tuple[float, ...]] = field(
        default_factory=lambda: MappingProxyType(
            {"metro": (50.0, 30.0, 10.0), "trunk_drain": (20.0, 3.0), "tree": (5.0,)}
        )
    )


@dataclass(frozen=True)
class PermitPolicy:
    """``permit_exceeded``.

    Attributes
    ----------
    occupation_months
        Longest occupation of a road under one permit.
    area_share
        An area is beyond the permit from this share above it on.
    look_back_months
        What ended is looked at for so long: as-built figures exist only afterwards.
    """

    occupation_months: int = 3
    area_share: float = 0.05
    look_back_months: int = 12


@dataclass(frozen=True)
class MovePolicy:
    """How far a project may be moved where its filing does not say so, and what the check proposes.

    Attributes
    ----------
    within_days
        Days either way, by stage.
    plan_year_stages
        Stages in which a project moves within its plan year. Any other stage does not move.
    ready_days
        So long after the day of judgement a project that is moved forward starts at the soonest, where
        its filing does not say how soon it may: the time that its design, tender and permit take. Not
        for safety repairs.
    alternatives
        Most alternative windows that the check before approval proposes.
    apart_days
        Two proposed windows start at least this far apart.
    tries
        Most windows that are judged by all the rules before the check gives up.
    """

    within_days: Numbers = field(default_factory=lambda: frozen(annual_plan=90, approved=30))
    plan_year_stages: tuple[str, ...] = ("proposed", "preliminary", "reserve", "carried_over")
    ready_days: int = 30
    alternatives: int = 3
    apart_days: int = 14
    tries: int = 12
