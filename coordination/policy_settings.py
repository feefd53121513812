"""What may stand in a policy: every setting with its kind, unit, default and limits.

The settings are the fields of `coordination.policy.Policy` and of the dataclasses below it; nothing
is listed twice. A name tells its unit, and the unit its range (`UNITS`); what differs is in
`LIMITS`, and what settings must keep among each other in the tables below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from coordination.findings import SEVERITIES, STATUSES
from coordination.policy import Policy
from coordination.projects import (
    METHODS,
    POSITIONS,
    SECTORS,
    STAGES,
    TRAFFIC_IMPACTS,
    UTILITIES,
    WORK_TYPES,
)
from coordination.restrictions import CODES as PERIOD_CODES
from geo.road_network import ROAD_CLASSES

MOST_OF = {"months": 1200.0, "days": 36_500.0, "m": 1e6, "share": 1.0}
MOST = 1e9
"""No setting is larger, by its unit or at all: what is, is a slip of the keys."""


@dataclass(frozen=True)
class Limits:
    """What a setting may be; for lists and tables this holds for each of their values.

    Attributes
    ----------
    least, most
        Of a number, both inclusive; ``most`` None is that of the unit.
    codes
        Of a text; None for any text that is not empty.
    keys
        Of a table, beside those of its default; None for any.
    filled
        Whether a list needs an entry.
    """

    least: float = 0.0
    most: float | None = None
    codes: tuple[str, ...] | None = None
    keys: tuple[str, ...] | None = ()
    filled: bool = False


UNITS: tuple[tuple[str, str], ...] = (
    ("yuan_m2", "yuan_m2"), ("m2", "m2"), ("m", "m"), ("days", "days"), ("months", "months"),
    ("wan", "wan"), ("share", "share"), ("factor", "times"), ("factor_by_year", "times"),
)  # fmt: skip
"""How a name ends, and the unit that it states (key of ``policy.unit``)."""

_SHARE = Limits(most=1.0)
_ANY_SHARE = Limits(most=100.0)  # of what may double or more
_POINTS = Limits(most=5.0)
_CLASSES = Limits(codes=ROAD_CLASSES)

RULE_CODE = "rule"
"""Stands among codes for those of the rules: an installation may have more than the domain's."""

LIMITS: Mapping[str, Limits] = {
    "version": Limits(),
    "network.width_m": Limits(least=1.0, keys=ROAD_CLASSES),
    "network.same_square_iou": _SHARE,
    "footprint.width_m": Limits(least=0.1, keys=(*UTILITIES, *SECTORS, "default")),
    "footprint.point_width_m": Limits(least=0.1),
    "footprint.position_width_m": Limits(least=0.1, keys=POSITIONS),
    "link_days": Limits(least=1),
    "max_opening_days": Limits(least=1),
    "repeat_count": Limits(least=2),
    "likely": _SHARE,
    "duration_days": Limits(least=0.1, keys=(*WORK_TYPES, "default")),
    "reinstatement_yuan_m2": Limits(keys=None),
    "blocking_rules": Limits(codes=(RULE_CODE,)),
    "main_roads": _CLASSES,
    "size_tolerance": Limits(),
    "reassess_area_share": _ANY_SHARE,
    "impact.weights": _SHARE,
    "impact.duration_points": _POINTS,
    "impact.length_points": _POINTS,
    "impact.class_points": Limits(most=5.0, keys=(*ROAD_CLASSES, "default")),
    "impact.volume_points": Limits(most=5.0, keys=(*ROAD_CLASSES, "default")),
    "impact.vehicle_points": _POINTS,
    "impact.lane_points": Limits(most=5.0, keys=TRAFFIC_IMPACTS),
    "impact.yellow_from": _POINTS,
    "impact.red_from": _POINTS,
    "no_dig.months": Limits(keys=WORK_TYPES),
    "restricted.severity": Limits(codes=SEVERITIES),
    **{f"restricted.periods.{name}": Limits(codes=codes) for name, codes in PERIOD_CODES.items()},
    "restricted.periods.works": Limits(codes=PERIOD_CODES["works"], filled=True),
    "partner.work_types": Limits(codes=WORK_TYPES),
    "partner.underground_work_types": Limits(codes=WORK_TYPES),
    "closure.impacts": Limits(codes=TRAFFIC_IMPACTS),
    "closure.oneway_impacts": Limits(codes=TRAFFIC_IMPACTS),
    "closure.longer_share": _ANY_SHARE,
    "volume.opened_m": Limits(keys=None),
    "volume.closed_lane_m": Limits(keys=None),
    "volume.lane_width_m": Limits(least=1.0),
    "move.tries": Limits(least=1),
    "protection.within_m": Limits(keys=None),
    "permit.area_share": _ANY_SHARE,
    "move.within_days": Limits(keys=STAGES),
    "move.plan_year_stages": Limits(codes=STAGES),
    "stages.blocking_severities": Limits(codes=SEVERITIES, keys=STAGES),
    "stages.blocking_rules": Limits(codes=(RULE_CODE,), keys=STAGES),
    "stages.needs": Limits(codes=("place", "time", "cost"), keys=STAGES),
    "stages.settled": Limits(codes=STATUSES),
    "approval.tiers": Limits(filled=True),
    "approval.rows": Limits(filled=True),
    "approval.rows.least_impact": _POINTS,
    "approval.rows.sectors": Limits(codes=SECTORS),
    "approval.rows.work_types": Limits(codes=WORK_TYPES),
    "approval.rows.methods": Limits(codes=METHODS),
    "site_visit.least_impact": _POINTS,
    "site_visit.least_findings": Limits(least=1),
    "site_visit.least_utilities": Limits(least=1),
    "fees.early_factor_by_year": Limits(filled=True),
    "plan.closed_day_yuan_m": Limits(keys=(*ROAD_CLASSES, "default")),
    "plan.upkeep_work_types": Limits(codes=WORK_TYPES, filled=True),
    "plan.upkeep_least_sectors": Limits(least=1),
    "plan.crews": Limits(least=1, keys=None),
    "plan.corridors.roads": Limits(filled=True),
    "plan.corridors.most_closures": Limits(least=1),
    "own_rules": Limits(keys=None),
}
"""What the name of a setting does not say of it."""

NOT_ABOVE: tuple[tuple[str, str], ...] = (
    ("repeat_high_months", "repeat_months"),
    ("buffer_m", "buffer_impact_m"),
    ("impact.yellow_from", "impact.red_from"),
)
"""Settings of which the first is at most the second."""

RISING = ("no_dig.fee_factor", "reinstatement_yuan_m2")
"""Lists (or tables of lists) that never fall: low, mid, high."""

ASCENDING = ("impact.duration_days", "impact.length_m", "impact.vehicles_per_day")
"""Lists in which each number is larger than the one before."""

DESCENDING = ("protection.within_m",)
"""Lists in which each number is smaller than the one before."""

SUMS_TO_ONE = ("impact.weights",)

ONE_MORE: tuple[tuple[str, str], ...] = (
    ("impact.duration_points", "impact.duration_days"),
    ("impact.length_points", "impact.length_m"),
    ("impact.vehicle_points", "impact.vehicles_per_day"),
)
"""Lists of which the first has one entry more than the second."""

_EVERY_RULE = ("*",)
_PLACES = ("concurrent_works", "repeat_excavation", "no_dig_period", "no_dig_lockout",
           "wrong_order", "restricted_period", "duplicate_project", "opportunity")  # fmt: skip
RULES_TOUCHED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("network", _PLACES),
    ("footprint", _EVERY_RULE),
    ("duration_days", _EVERY_RULE),
    ("link_days", ("repeat_excavation",)),
    ("max_opening_days", ("repeat_excavation",)),
    ("buffer", ("concurrent_works",)),
    ("repeat", ("repeat_excavation",)),
    ("likely", ("concurrent_works",)),
    ("opportunity", ("opportunity",)),
    ("main_roads", ("concurrent_works", "parallel_closure")),
    ("min_shared", ("concurrent_works", "repeat_excavation")),
    ("pit_m", ("repeat_excavation", "no_dig_period", "wrong_order")),
    ("same_place_share", ("duplicate_project",)),
    ("duplicate_months", ("duplicate_project",)),
    ("size_tolerance", ("incomplete_data",)),
    ("text_apart_m", ("incomplete_data",)),
    ("no_dig", ("no_dig_period", "no_dig_lockout")),
    ("order", ("wrong_order",)),
    ("restricted", ("restricted_period",)),
    ("partner", ("missing_partner",)),
    ("closure", ("parallel_closure",)),
    ("volume", ("volume_cap",)),
    ("protection", ("protection_zone",)),
    ("permit", ("permit_exceeded",)),
)
"""The rules whose findings a setting may change, by the beginning of its path; ``*`` is all of them.
Settings that are not here change values, verdicts, deadlines or papers, but no finding."""


@dataclass(frozen=True)
class Setting:
    """One setting: a field that is no table of further settings.

    Attributes
    ----------
    path
        As it is called in a file, tables in front: ``no_dig.months``; a column of a table of rows
        is ``approval.rows.tier``.
    hint
        Its type.
    default
        Of the built-in policy; None for a column of rows.
    unit
        Key of ``policy.unit``: ``m``, ``days``, …; empty where it has none.
    limits
        What it may be.
    """

    path: str
    hint: Any
    default: Any
    unit: str
    limits: Limits


def unit_of(path: str) -> str:
    """Return the unit that a name states.

    Examples
    --------
    >>> unit_of("no_dig.months"), unit_of("approval.rows.least_cost_wan"), unit_of("version")
    ('months', 'wan', '')
    """
    name = path.rpartition(".")[2]
    return next((unit for end, unit in UNITS if name == end or name.endswith(f"_{end}")), "")


def limits_of(path: str) -> Limits:
    """Return what a setting may be, from `LIMITS` or else from its unit.

    Examples
    --------
    >>> limits_of("most_saved_share").most
    1.0
    """
    limits = LIMITS.get(path, Limits())
    if limits.most is None:
        return replace(limits, most=MOST_OF.get(unit_of(path), MOST))
    return limits


@cache
def hints_of(kind: type) -> dict[str, Any]:
    """Return the types of a dataclass's fields."""
    return get_type_hints(kind)


def row_kind(hint: Any) -> type | None:
    """Return the dataclass of which ``hint`` is a list of rows, or None."""
    arguments = get_args(hint)
    if get_origin(hint) is tuple and len(arguments) == 2 and is_dataclass(arguments[0]):
        return cast("type", arguments[0])
    return None


def is_table(hint: Any) -> bool:
    """Tell whether ``hint`` is a table of values by key."""
    return get_origin(hint) is Mapping


def optional(hint: Any) -> tuple[Any, bool]:
    """Return a type without None, and whether None was in it."""
    if get_origin(hint) in (Union, UnionType):
        kept = [argument for argument in get_args(hint) if argument is not NoneType]
        if len(kept) == 1:
            return kept[0], True
    return hint, False


def default_of(field: Field[Any]) -> Any:
    """Return the default of a field, or `dataclasses.MISSING`."""
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def settings(kind: type = Policy, *, above: str = "") -> Iterator[Setting]:
    """Return every setting of a policy, in the order of the fields; a table of rows and its columns.

    Examples
    --------
    >>> [one.path for one in settings() if one.path.startswith("order")]
    ['order.months']
    """
    hints = hints_of(kind)
    for field in fields(kind):
        path, (hint, _) = f"{above}{field.name}", optional(hints[field.name])
        default = default_of(field)
        if isinstance(hint, type) and is_dataclass(hint):
            yield from settings(hint, above=f"{path}.")
            continue
        yield Setting(path, hint, default, unit_of(path), limits_of(path))
        if (row := row_kind(hint)) is not None:
            yield from settings(row, above=f"{path}.")


def tables(kind: type = Policy, *, above: str = "") -> Iterator[tuple[str, type]]:
    """Return the path and class of every dataclass below a policy."""
    for name, hint in hints_of(kind).items():
        if isinstance(hint, type) and is_dataclass(hint):
            yield f"{above}{name}", hint
            yield from tables(hint, above=f"{above}{name}.")


def rules_touched(path: str, every: tuple[str, ...]) -> tuple[str, ...]:
    """Return the rules whose findings a setting may change, in the order of ``every``.

    Examples
    --------
    >>> rules_touched("no_dig.months.new", ("no_dig_period", "opportunity", "no_dig_lockout"))
    ('no_dig_period', 'no_dig_lockout')
    >>> rules_touched("fees.early_factor_by_year", ("no_dig_period",))
    ()
    """
    if path.startswith("own_rules."):
        return tuple(code for code in every if code == path.split(".")[1])
    for beginning, touched in RULES_TOUCHED:
        if path == beginning or path.startswith((f"{beginning}.", f"{beginning}_")):
            return every if touched == _EVERY_RULE else tuple(c for c in every if c in touched)
    return ()


def kind_of(hint: Any) -> Literal["number", "whole", "text", "flag", "day", "list", "table", "any"]:
    """Return what a value of this type is called in a file."""
    hint, _ = optional(hint)
    names: dict[Any, Any] = {float: "number", int: "whole", str: "text", bool: "flag"}
    if hint in names:
        name: Literal["number", "whole", "text", "flag"] = names[hint]
        return name
    if get_origin(hint) is tuple:
        return "list"
    if is_table(hint):
        return "table"
    return "any" if hint is object else "text" if get_origin(hint) is Literal else "day"
