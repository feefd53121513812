"""The authority's choices: distances, gaps, periods, widths. Frozen and passed in.

Every number below is a default of the project unless its line names a source; sample values are to
be confirmed by the authority (示例，需本单位核定).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


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
    same_square_iou: float = 0.8


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
    """

    version: str = "default-1"
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
