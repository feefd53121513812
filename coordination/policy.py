"""The authority's choices: distances, gaps, periods, widths. Frozen and passed in.

Every number below is a default of the project unless its line names a source; sample values are to
be confirmed by the authority (示例，需本单位核定).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from coordination.approval_policy import ApprovalPolicy, FeePolicy, SiteVisitPolicy
from coordination.rule_policy import (
    ClosurePolicy,
    MovePolicy,
    NoDigPolicy,
    OrderPolicy,
    PartnerPolicy,
    PermitPolicy,
    ProtectionPolicy,
    RestrictedPolicy,
    VolumePolicy,
)
from coordination.schedule_policy import PlanPolicy
from coordination.stage_policy import ReviewPolicy, StagePolicy
from geo.linear_reference import AssignmentRule


def _frozen(table: dict[str, float]) -> Mapping[str, float]:
    return MappingProxyType(table)


@dataclass(frozen=True)
class NetworkPolicy:
    """How centre lines become a network, and footprints are assigned to it.

    Attributes
    ----------
    width_m
        Road width by class where the source gives none.
    corner_radius_m
        Added to half the crossing road's width: where the junction mouth lies.
    cover_share
        A footprint is assigned to a section of which it covers at least this share.
    own_share
        … or on which at least this share of its own length lies.
    continue_m
        … or of which it covers this much while it comes without a break from an assigned section
        of the same road.
    middle_m
        No side is certain this close to the centre line: a footprint narrower than twice this with
        half of it there is on both sides. So exactly are plans and centre lines drawn.
    same_square_iou
        Two footprints assigned nowhere are the same square from this intersection over union on.
    """

    width_m: Mapping[str, float] = field(
        default_factory=lambda: _frozen(
            {"expressway": 30.0, "arterial": 24.0, "secondary": 18.0, "local": 10.0}
        )
    )
    corner_radius_m: float = 8.0
    cover_share: float = 0.70
    own_share: float = 0.30
    continue_m: float = 15.0
    middle_m: float = 2.0
    same_square_iou: float = 0.8

    def assignment_rule(self) -> AssignmentRule:
        """Return when a footprint is on a section, and on which side of it."""
        return AssignmentRule(
            cover_share=self.cover_share,
            own_share=self.own_share,
            continue_m=self.continue_m,
            middle_m=self.middle_m,
        )


@dataclass(frozen=True)
class FootprintPolicy:
    """The ground that a dig occupies where only a line or a point is known.

    Attributes
    ----------
    width_m
        Width of the strip around a line, by sector (pipes by utility first), else ``default``.
    point_width_m
        Side of the square around a point.
    position_width_m
        Width by position where the row and the kind of work give none.
    """

    width_m: Mapping[str, float] = field(
        default_factory=lambda: _frozen(
            {
                "sewer": 4.0, "storm": 4.0, "water": 2.5, "gas": 2.0, "power": 2.0, "telecom": 1.5,
                "heat": 4.0, "signal": 1.5, "lighting": 1.5, "road": 10.0, "drainage": 4.0,
                "greening": 3.0, "fire": 2.0, "traffic": 1.5, "pipeline": 2.5, "default": 3.0,
            }
        )
    )  # fmt: skip
    point_width_m: float = 4.0
    position_width_m: Mapping[str, float] = field(
        default_factory=lambda: _frozen({"footway": 3.0, "cycleway": 3.5, "verge": 3.0})
    )


@dataclass(frozen=True)
class ImpactPolicy:
    """Weights and points of the impact index, after Helsinki's open formula.

    Attributes
    ----------
    weights
        Share of each part in the index; they sum to 1.
    duration_days, duration_points
        Points below the first number of days, below the second, and from there on.
    length_m, length_points
        The same for the affected length.
    class_points, volume_points
        Points by road class; the volume's stand in for a traffic count that is not known.
    vehicles_per_day, vehicle_points
        Points of a counted volume: below the first number of vehicles a day, and so on.
    lane_points
        Points by traffic impact.
    yellow_from, red_from
        The index from which a finding is shown yellow or red.
    """

    weights: Mapping[str, float] = field(
        default_factory=lambda: _frozen(
            {"duration": 0.10, "road_class": 0.20, "volume": 0.25, "lanes": 0.25, "length": 0.20}
        )
    )
    duration_days: tuple[int, ...] = (14, 91)
    duration_points: tuple[float, ...] = (1.0, 3.0, 5.0)
    length_m: tuple[float, ...] = (10.0, 100.0, 500.0)
    length_points: tuple[float, ...] = (2.0, 3.0, 4.0, 5.0)
    class_points: Mapping[str, float] = field(
        default_factory=lambda: _frozen(
            {"expressway": 5.0, "arterial": 4.0, "secondary": 3.0, "local": 1.0, "default": 2.0}
        )
    )
    volume_points: Mapping[str, float] = field(
        default_factory=lambda: _frozen(
            {"expressway": 5.0, "arterial": 4.0, "secondary": 3.0, "local": 1.0, "default": 2.0}
        )
    )
    vehicles_per_day: tuple[float, ...] = (1_000.0, 5_000.0, 15_000.0, 30_000.0)
    vehicle_points: tuple[float, ...] = (1.0, 2.0, 3.0, 4.0, 5.0)
    lane_points: Mapping[str, float] = field(
        default_factory=lambda: _frozen(
            {"none": 1.0, "footway": 2.0, "lane": 3.0, "half": 4.0, "full": 5.0}
        )
    )
    yellow_from: float = 3.0
    red_from: float = 4.0


@dataclass(frozen=True)
class Policy:
    """One authority's policy; the defaults are those of `domain.md` §5.

    Attributes
    ----------
    version
        Stands on every finding and file.
    link_days, max_opening_days
        Works on one stretch that follow each other within ``link_days`` are one opening, of at
        most ``max_opening_days``.
    buffer_m, buffer_impact_m
        Reach of a work; the larger one where its traffic impact is lane, half or full [GIPOD].
    repeat_months, repeat_high_months
        Largest gap between openings that counts as a repeat; up to the second it is high.
    repeat_count, repeat_count_months
        That many openings within that many months are high as well.
    likely
        Likelihood from which a possible meeting counts as medium.
    opportunity_m, opportunity_months, opportunity_area_m2
        Reach, gap and least size of an opportunity.
    reinstatement_yuan_m2
        Low, mid and high rate per kind of surface (Zhejiang fee table, old prices).
    duration_days
        Typical duration by work type, in days per 100 m, where a row has none (least 3 days).
    blocking_rules
        A project that one of these finds is blocked in the check before approval.
    main_roads
        Road classes on which concurrent works count one level more.
    min_shared_m, min_shared_m2
        Less than this shared along a section, or on the ground where there is no network, is how
        neighbours are drawn, not ground that is opened twice.
    pit_m
        Length of the pits at the two ends of a trenchless work whose pits are unknown.
    same_place_share, duplicate_months
        Two projects are at the same place when they share this much of the smaller footprint, and
        may be duplicates when their windows are at most this far apart.
    size_tolerance
        A stated length or area contradicts the geometry when it is off by more than this share.
    text_apart_m
        Words that lead further than this from what was drawn are noted.
    cases_within_m
        Off the roads, findings that share a project and lie this near to each other are one case.
    reassess_days, reassess_area_m2, reassess_area_share
        A decision is put up again when a date moved more than this in all, or the shared area
        changed by more than this much or this share.
    most_saved_share
        Two works together save at most this share of what they cost (about 70 % of an open cut's
        cost is street side, and half of that is shared).
    impact
        Points and weights of the impact index.
    no_dig, order, restricted, partner, closure, volume, protection, permit, move
        Choices for single rules (`coordination.rule_policy`).
    approval, site_visit, fees
        Tiers of approval, joint site visits, fees (`coordination.approval_policy`).
    stages, review
        Gates of the stages, deadlines of the review (`coordination.stage_policy`).
    plan
        Weights and limits of the integrated schedule (`coordination.schedule_policy`).
    own_rules
        Parameters of rules that a city brings itself, by code of the rule.
    """

    version: str = "default-2"
    network: NetworkPolicy = field(default_factory=NetworkPolicy)
    footprint: FootprintPolicy = field(default_factory=FootprintPolicy)
    link_days: int = 14
    max_opening_days: int = 180
    buffer_m: float = 5.0
    buffer_impact_m: float = 10.0
    repeat_months: int = 24
    repeat_high_months: int = 12
    repeat_count: int = 3
    repeat_count_months: int = 60
    likely: float = 0.25
    opportunity_m: float = 50.0
    opportunity_months: int = 12
    opportunity_area_m2: float = 50.0
    reinstatement_yuan_m2: Mapping[str, tuple[float, float, float]] = field(
        default_factory=lambda: MappingProxyType(
            {
                "asphalt": (140.0, 220.0, 300.0),
                "concrete": (120.0, 185.0, 250.0),
                "footway": (80.0, 190.0, 300.0),
            }
        )
    )
    duration_days: Mapping[str, float] = field(
        default_factory=lambda: _frozen(
            {
                "new": 30.0, "rebuild": 30.0, "widen": 40.0, "major_repair": 20.0,
                "medium_repair": 12.0, "minor_repair": 6.0, "upkeep": 4.0, "renovation": 20.0,
                "emergency": 3.0, "default": 15.0,
            }
        )
    )  # fmt: skip
    blocking_rules: tuple[str, ...] = ("no_dig_period", "restricted_period")
    main_roads: tuple[str, ...] = ("expressway", "arterial")
    min_shared_m: float = 1.0
    min_shared_m2: float = 1.0
    pit_m: float = 10.0
    same_place_share: float = 0.5
    duplicate_months: int = 24
    size_tolerance: float = 0.3
    text_apart_m: float = 100.0
    cases_within_m: float = 50.0
    reassess_days: int = 7
    reassess_area_m2: float = 50.0
    reassess_area_share: float = 0.30
    most_saved_share: float = 0.35
    impact: ImpactPolicy = field(default_factory=ImpactPolicy)
    no_dig: NoDigPolicy = field(default_factory=NoDigPolicy)
    order: OrderPolicy = field(default_factory=OrderPolicy)
    restricted: RestrictedPolicy = field(default_factory=RestrictedPolicy)
    partner: PartnerPolicy = field(default_factory=PartnerPolicy)
    closure: ClosurePolicy = field(default_factory=ClosurePolicy)
    volume: VolumePolicy = field(default_factory=VolumePolicy)
    protection: ProtectionPolicy = field(default_factory=ProtectionPolicy)
    permit: PermitPolicy = field(default_factory=PermitPolicy)
    move: MovePolicy = field(default_factory=MovePolicy)
    approval: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    site_visit: SiteVisitPolicy = field(default_factory=SiteVisitPolicy)
    fees: FeePolicy = field(default_factory=FeePolicy)
    stages: StagePolicy = field(default_factory=StagePolicy)
    review: ReviewPolicy = field(default_factory=ReviewPolicy)
    plan: PlanPolicy = field(default_factory=PlanPolicy)
    own_rules: Mapping[str, Mapping[str, object]] = field(
        default_factory=lambda: MappingProxyType({})
    )
