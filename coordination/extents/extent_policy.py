"""The numbers by which extents are found. Frozen and passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from coordination.extents.parsed import Compass


@dataclass(frozen=True)
class ExtentPolicy:
    """How near is near, and which customs hold here. All are defaults of the project.

    Attributes
    ----------
    drive_on_right
        Which half of an undivided road ``东向西`` means.
    up_travels
        Where 上行 runs, by road name; ``east_west`` and ``north_south`` stand for all roads that run
        so. Empty: 上行 and 下行 have no meaning tied to a compass, and it is asked which is meant.
    one_crossing_m
        Nodes of a crossing no further apart are one crossing (carriageways that are not joined).
    gap_m
        Unconnected pieces of a road are walked through where no more than this is missing.
    bridge_m
        … and up to this they are joined for a candidate, and it is asked.
    almost_m
        A street that meets a road once, and whose line elsewhere ends this near to it (or crosses
        it on another level), may mean either place: it is asked.
    near_m
        How far a junction may lie from a street that does not meet the road, to be a candidate.
    one_road_m
        Pieces of one name further apart than this may be two roads: it is asked.
    long_road_m
        A whole road longer than this is located with less confidence.
    length_off_share, length_off_m
        A stated length contradicts the measured one from the larger of both on.
    length_other_share
        The stated length chooses among candidates of one name only where all others are off by
        more than this.
    area_off_share
        A stated area contradicts the enclosed one from here on.
    landmark_m
        How near a bridge or a river must come to the road to be on it.
    most_candidates
        How many are offered.
    """

    drive_on_right: bool = True
    up_travels: Mapping[str, Compass] = field(default_factory=lambda: MappingProxyType({}))
    one_crossing_m: float = 40.0
    gap_m: float = 30.0
    bridge_m: float = 600.0
    almost_m: float = 100.0
    near_m: float = 500.0
    one_road_m: float = 800.0
    long_road_m: float = 3000.0
    length_off_share: float = 0.10
    length_off_m: float = 30.0
    length_other_share: float = 0.30
    area_off_share: float = 0.20
    landmark_m: float = 30.0
    most_candidates: int = 8
