"""What the authority chooses for bundles and schedules. Frozen and passed in.

All values are samples, to be confirmed by the authority (示例，需本单位核定).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class CorridorRow:
    """Parallel roads of which only so many may be closed at once.

    Attributes
    ----------
    id
        What people call the corridor; unique.
    roads
        Names of its roads, whole: 东西南北 make different roads.
    most_closures
        Full closures that may lie on its roads at the same time.
    """

    id: str
    roads: tuple[str, ...]
    most_closures: int = 1


@dataclass(frozen=True)
class PlanPolicy:
    """Weights and limits of the integrated schedule (`coordination.scheduling`).

    Attributes
    ----------
    closed_day_yuan_m
        What a day on which one metre of one side of a road is closed weighs against money, yuan, by
        class of road; ``default`` off the network. Never zero where closures shall count: metres
        alone were cut by a fifth while closed metre-days rose.
    move_yuan_day
        What moving one project by one day from its filed dates weighs, yuan: so much that a move of
        months has to save some ten thousand yuan, so little that hardly any ground is opened twice for it.
    bundle_least_m
        Metres that two projects open together at least where they belong into one bundle; less is
        enough where it is half of what the shorter one opens.
    surface_lag_days
        By how many days a dig below the road ends before the road base, footway or surface above it:
        the time that these need once the last trench is filled. Where they take less in all, that.
    crews
        Most projects that a unit carries out at the same time, by unit; a unit that is not here has
        no limit.
    corridors
        Corridors of parallel roads.
    upkeep_work_types, upkeep_least_sectors
        Kinds of work that are routine upkeep, and of how many sectors a package has to be
        (`coordination.upkeep`).
    """

    closed_day_yuan_m: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {"expressway": 8.0, "arterial": 5.0, "secondary": 3.0, "local": 1.0, "default": 1.0}
        )
    )
    move_yuan_day: float = 100.0
    bundle_least_m: float = 50.0
    surface_lag_days: int = 7
    crews: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    corridors: tuple[CorridorRow, ...] = ()
    upkeep_work_types: tuple[str, ...] = ("upkeep", "minor_repair")
    upkeep_least_sectors: int = 2
