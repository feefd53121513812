"""Their columns and values become ours: by a mapping file, and by the names that lists use.

A mapping file is TOML::

    crs = "EPSG:4326"               # where the file does not say it
    frame = "gcj02"                 # of its degrees: wgs84, gcj02 or bd09
    axes = "yx"                     # northing or latitude first
    time_zone = "Europe/Paris"      # where its dates are at home, if not in the store's zone

    header_row = 3                  # where the header stands, if it is not found by itself

    [columns]                       # our field = their column (several are joined by a blank)
    code = "Référence"
    extent_text = ["voie", "précision"]

    [values.sector]                 # their value = our code; "*" any other value, "" nothing
    "Travaux sur réseau de gaz" = "pipeline"

    [constants]                     # for rows that say nothing
    method = "open_cut"

    [units]                         # theirs × factor = ours
    cost_wan = 0.0001

    [dates]
    style = "dmy"                   # dmy, mdy, ymd or roc
    year = 2025                     # of dates that say none: 3月10日
    list_date = 2025-03-01          # the day that 即日起 means

    [code]
    from = ["permit", "application"]  # the key of rows without a code

    [layers."给水管线"]              # for rows on this layer of a drawing; others are left out
    utility = "water"

and where rows and geometry are, as `data.source_hints` says it (``records``, ``[geometry]``,
``[dxf]``).

Columns that it does not name are matched by `coordination.projects.FIELDS`; what is matched by
neither is named in a note and kept beside the row as filed.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from coordination.faults import Fault, InputRefusedError
from coordination.projects import FIELD, Field
from data.date_text import FIRST_YEAR, LAST_YEAR, STYLES
from data.headers import (
    EXTENT_FROM,
    EXTENT_TO,
    PSEUDO_FIELDS,
    fold,
    hit,
    names_of,
    take_apart,
    units_of,
)
from data.source_hints import HINT_ENTRIES, SourceHints, hints_of

__all__ = [
    "AREA_FIELDS", "LEDGER_FIELDS", "PSEUDO_FIELDS", "ROAD_FIELDS", "ColumnMapping", "Matched",
    "field_of", "fold", "load_mapping", "match_columns", "parse_mapping",
]  # fmt: skip

_DBF_BYTES = 10


@dataclass(frozen=True)
class ColumnMapping:
    """What a mapping file says; see the module for the format.

    Attributes
    ----------
    columns
        Their columns by our field.
    values
        Our code by their value (folded), by our field.
    constants, units
        Value and factor by our field.
    date_style, time_zone, crs, encoding, layer
        As in the file, or None.
    code_from
        Their columns whose values, joined by ``|``, are the code of rows without one.
    year
        The year of dates that state none, or None.
    list_date
        The day from which "from now on" counts, or None.
    layers
        Value by our field, by layer of a drawing, for rows that say nothing.
    hints
        Where rows and geometry are.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str | float | bool] = field(default_factory=dict)
    units: Mapping[str, float] = field(default_factory=dict)
    date_style: str | None = None
    time_zone: str | None = None
    crs: str | None = None
    encoding: str | None = None
    layer: str | None = None
    code_from: tuple[str, ...] = ()
    year: int | None = None
    list_date: date | None = None
    layers: Mapping[str, Mapping[str, str | float | bool]] = field(default_factory=dict)
    hints: SourceHints = field(default_factory=SourceHints)


def load_mapping(path: Path | str, *, fields: Iterable[str] | None = None) -> ColumnMapping:
    """Read a mapping file.

    Raises
    ------
    InputRefusedError
        With every fault of the file: not TOML, unknown sections or fields, values of another kind.
    """
    path = Path(path)
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or ""
        raise InputRefusedError(
            [Fault("file_unreadable", params={"reason": reason})], source=path.name
        ) from None
    except UnicodeDecodeError:
        raise InputRefusedError(
            [Fault("encoding_wrong", params={"encoding": "UTF-8"})], source=path.name
        ) from None
    return parse_mapping(content, source=path.name, fields=fields)


def parse_mapping(
    content: str, *, source: str = "", fields: Iterable[str] | None = None
) -> ColumnMapping:
    r"""Read the text of a mapping file.

    Parameters
    ----------
    content
        TOML.
    source
        What errors call the file.
    fields
        Names that may be mapped; default those of projects, roads, the ledger and areas.

    Raises
    ------
    InputRefusedError
        As `load_mapping`.

    Examples
    --------
    >>> parse_mapping('[columns]\ncode = "Permit"').columns["code"]
    ('Permit',)
    """
    try:
        raw = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        fault = Fault("mapping_not_toml", params={"reason": str(error)})
        raise InputRefusedError([fault], source=source) from None
    faults: list[Fault] = []
    known = (
        frozenset(FIELD) | ROAD_FIELDS | LEDGER_FIELDS | AREA_FIELDS | _PSEUDO
        if fields is None
        else frozenset(fields)
    )

    def section(name: str, *, named_fields: bool = True) -> dict[str, Any]:
        found = raw.get(name, {})
        if not isinstance(found, dict):
            faults.append(Fault("mapping_wrong", params={"entry": name}))
            return {}
        if named_fields:
            faults.extend(
                Fault("mapping_field_unknown", params={"entry": f"[{name}] {key}"})
                for key in found
                if key not in known
            )
        return found

    def checked(name: str, value: Any, kinds: type | tuple[type, ...]) -> bool:
        if isinstance(value, kinds):
            return True
        faults.append(Fault("mapping_wrong", params={"entry": name}))
        return False

    faults.extend(
        Fault("mapping_field_unknown", params={"entry": name})
        for name in sorted(raw.keys() - _ENTRIES)
    )
    columns: dict[str, tuple[str, ...]] = {}
    for name, value in section("columns").items():
        several = [value] if isinstance(value, str) else value
        if checked(f"[columns] {name}", several, list) and all(
            checked(f"[columns] {name}", item, str) for item in several
        ):
            columns[name] = tuple(several)
    values: dict[str, dict[str, str]] = {}
    for name, table in section("values").items():
        if checked(f"[values.{name}]", table, dict):
            values[name] = {fold(their): str(code) for their, code in table.items()}
            faults.extend(_unknown_codes(name, values[name].values()))
    constants = {
        name: value
        for name, value in section("constants").items()
        if checked(f"[constants] {name}", value, (str, int, float, bool))
    }
    for name, value in constants.items():
        faults.extend(_unknown_codes(name, [str(value)]))
    units = {
        name: float(value)
        for name, value in section("units").items()
        if checked(f"[units] {name}", value, (int, float))
    }
    dates = section("dates", named_fields=False)
    style, year, list_date = (dates.get(name) for name in ("style", "year", "list_date"))
    faults.extend(
        Fault("mapping_field_unknown", params={"entry": f"[dates] {name}"})
        for name in dates.keys() - {"style", "year", "list_date"}
    )
    if year is not None and not (type(year) is int and FIRST_YEAR <= year <= LAST_YEAR):
        faults.append(Fault("mapping_wrong", params={"entry": "[dates] year"}))
    if list_date is not None and type(list_date) is not date:
        faults.append(Fault("mapping_wrong", params={"entry": "[dates] list_date"}))
    header_row = raw.get("header_row")
    if header_row is not None and not (type(header_row) is int and header_row >= 1):
        faults.append(Fault("mapping_wrong", params={"entry": "header_row"}))
    if style is not None and style not in STYLES:
        faults.append(Fault("mapping_wrong", params={"entry": "[dates] style"}))
    code_from = section("code", named_fields=False).get("from", [])
    if not isinstance(code_from, list) or not all(isinstance(item, str) for item in code_from):
        faults.append(Fault("mapping_wrong", params={"entry": "[code] from"}))
        code_from = []
    plain: dict[str, str | None] = {}
    for name in ("crs", "time_zone", "encoding", "layer"):
        value = raw.get(name)
        plain[name] = value if value is None or checked(name, value, str) else None
    if plain["time_zone"] is not None and not _is_zone(plain["time_zone"]):
        faults.append(Fault("mapping_wrong", params={"entry": "time_zone"}))
    layers: dict[str, dict[str, str | float | bool]] = {}
    for layer, table in section("layers", named_fields=False).items():
        if checked(f"[layers.{layer}]", table, dict):
            layers[layer] = {
                name: value
                for name, value in table.items()
                if checked(f"[layers.{layer}] {name}", value, (str, int, float, bool))
            }
            for name, value in layers[layer].items():
                faults.extend(_unknown_codes(name, [str(value)]))
                if name not in known:
                    entry = f"[layers.{layer}] {name}"
                    faults.append(Fault("mapping_field_unknown", params={"entry": entry}))
    hints, wrong = hints_of(raw)
    named = [name for several in columns.values() for name in several] + code_from
    hints = replace(hints, header_row=header_row, headers=frozenset(map(fold, named)))
    faults.extend(Fault("mapping_wrong", params={"entry": entry}) for entry in wrong)
    theirs = {name for several in columns.values() for name in several} | {*map(str, code_from)}
    hints = replace(hints, header_row=header_row, headers=frozenset(map(fold, theirs)))
    if faults:
        raise InputRefusedError(faults, source=source)
    return ColumnMapping(
        columns, values, constants, units, style, plain["time_zone"], plain["crs"],
        plain["encoding"], plain["layer"], tuple(code_from), year, list_date,
        layers, hints,
    )  # fmt: skip


ROAD_FIELDS = frozenset(
    {"source_id", "road", "ref", "road_class", "width_m", "lanes", "oneway", "level", "bridge",
     "tunnel", "service", "junction"}
)  # fmt: skip
"""What `data.read_roads` takes from columns."""

LEDGER_FIELDS = frozenset({"ledger_id", "kind", "surface", "day"})
"""What `data.read_history` takes beside the fields of projects."""

AREA_FIELDS = frozenset(
    {"restriction_id", "boundary_id", "severity", "legal_basis", "parent", "recurs", "works",
     "exempt", "mode", "note"}
)  # fmt: skip
"""What `data.read_areas` takes beside those."""

_ENTRIES = HINT_ENTRIES | {
    "crs", "time_zone", "encoding", "layer", "header_row", "columns", "values", "constants", "units",
    "dates", "code", "layers",
}  # fmt: skip

_PSEUDO = frozenset(item.name for item in PSEUDO_FIELDS)  # fmt: skip


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return False
    except KeyError:
        return False
    return True


def _unknown_codes(name: str, values: Iterable[str]) -> list[Fault]:
    codes = FIELD[name].codes if name in FIELD else ()
    return [
        Fault(
            "mapping_code_unknown",
            params={"entry": name, "value": value, "codes": ", ".join(codes)},
        )
        for value in dict.fromkeys(values)
        if codes and value and value not in codes
    ]


@dataclass(frozen=True)
class Matched:
    """Which columns of a table are ours.

    Attributes
    ----------
    columns
        Their columns by our field; `PSEUDO_FIELDS` beside `start` and `finish`.
    units
        Factor by our field where it is not 1, from the mapping or from the header.
    unused
        Columns that nothing asked for.
    faults
        Columns that the mapping names and the table lacks.
    notes
        Columns that would be ours, were their unit known.
    unit_stated
        Fields whose unit the header or the mapping states.
    """

    columns: dict[str, tuple[str, ...]]
    units: dict[str, float]
    unused: tuple[str, ...]
    faults: list[Fault]
    notes: list[Fault] = field(default_factory=list)
    unit_stated: frozenset[str] = frozenset()


def match_columns(
    names: Iterable[str],
    fields: Iterable[Field],
    mapping: ColumnMapping,
    *,
    truncated: bool = False,
) -> Matched:
    """Match the columns of a table to our fields.

    Parameters
    ----------
    names
        Their columns; one below another is ``计划工期 / 开工``.
    fields
        Ours; a column is ours by name, by its Chinese or English label, or by a further header
        (`data.headers.names_of`). The header may give the unit: ``长度(km)``, ``面积/㎡``.
    mapping
        Goes before any match by name.
    truncated
        Names may have been cut to 10 bytes, as in a DBF.

    Examples
    --------
    >>> found = match_columns(["项目编码", "长度（km）", "x"], FIELD.values(), ColumnMapping())
    >>> found.columns, found.units, found.unused
    ({'code': ('项目编码',), 'length_m': ('长度（km）',)}, {'length_m': 1000.0}, ('x',))
    """
    names = list(names)
    fields = list(fields)
    columns: dict[str, tuple[str, ...]] = {}
    units = dict(mapping.units)
    stated = set(units)
    folded = {fold(name): name for name in reversed(names)}
    lasts: dict[str, list[str]] = {}
    for name in names:  # the lower of two headers will do where it is the only one so called
        lasts.setdefault(take_apart(name).leaf[0], []).append(name)
    folded |= {
        leaf: found[0] for leaf, found in lasts.items() if len(found) == 1 and leaf not in folded
    }
    for ours, theirs in mapping.columns.items():
        present = tuple(folded[fold(name)] for name in theirs if fold(name) in folded)
        if present:
            columns[ours] = present
    asked = [*(name for theirs in mapping.columns.values() for name in theirs), *mapping.code_from]
    faults = [
        Fault("mapping_column_missing", params={"column": name, "columns": ", ".join(names)})
        for name in dict.fromkeys(asked)
        if fold(name) not in folded
    ]
    for ours, (only, *others) in columns.items():  # a header named in the mapping keeps its unit
        unit = take_apart(only).unit
        factor = units_of(ours).get(unit) if unit is not None and not others else None
        if factor is not None:
            stated.add(ours)
            if factor != 1.0 or ours in units:
                units.setdefault(ours, factor)
    taken = {name for several in columns.values() for name in several}
    matchable = fields
    if {"start", "finish"} <= {item.name for item in fields}:
        matchable = [*fields, *PSEUDO_FIELDS]
    parts = {name: take_apart(name) for name in names}
    if truncated:
        _match_own_cut(names, fields, columns, taken, mapping)
    for leaf in (False, True):
        for item in matchable:
            if item.name in mapping.columns or item.name in columns:
                continue
            for called in names_of(item):
                found_hit = next(
                    (
                        (name, its)
                        for name in names
                        if name not in taken
                        and (its := hit(parts[name], called, item, leaf=leaf)) is not None
                    ),
                    None,
                )
                if found_hit is None:
                    continue
                name, its = found_hit
                columns[item.name] = (name,)
                taken.add(name)
                if its.unit is not None:
                    stated.add(item.name)
                if its.factor != 1.0:
                    units.setdefault(item.name, its.factor)
                break
    _join_ends(columns, taken)
    if truncated:
        _match_cut(names, fields, columns, taken, mapping)
    used = taken | {folded.get(fold(key), "") for key in mapping.code_from}
    unused = tuple(name for name in names if name not in used)
    notes = [
        Fault("header_unit_unknown", "note", column=name, params={"unit": parts[name].unit or ""})
        for name in unused
        if parts[name].unit is not None
        and field_of(parts[name].base) in _measured() - columns.keys()
    ]
    return Matched(columns, units, unused, faults, notes, frozenset(stated))


def _join_ends(columns: dict[str, tuple[str, ...]], taken: set[str]) -> None:
    """Make an extent of the columns with its two ends, or give them back."""
    ends = [columns.get(item.name) for item in (EXTENT_FROM, EXTENT_TO)]
    if "extent_text" not in columns and ends[0] is not None and ends[1] is not None:
        columns["extent_text"] = (*ends[0], *ends[1])
        return
    for item, theirs in zip((EXTENT_FROM, EXTENT_TO), ends, strict=True):
        if theirs is not None:
            del columns[item.name]
            taken.difference_update(theirs)


@cache
def _by_name() -> dict[str, str]:
    fields = [*FIELD.values(), *PSEUDO_FIELDS]
    return {fold(name): item.name for item in reversed(fields) for name in reversed(names_of(item))}


@cache
def _measured() -> frozenset[str]:
    return frozenset(name for name in FIELD if units_of(name))


def field_of(name: str) -> str | None:
    """Return the field of projects that a header means by itself, or None.

    Examples
    --------
    >>> field_of("掘路长度（m）"), field_of("工程概况")
    ('length_m', None)
    """
    parts = take_apart(name)
    known = _by_name()
    return known.get(parts.whole) or known.get(parts.base) or known.get(parts.leaf[1])


def _match_own_cut(
    names: list[str],
    fields: list[Field],
    columns: dict[str, tuple[str, ...]],
    taken: set[str],
    mapping: ColumnMapping,
) -> None:
    """Match our own names cut to 10 bytes before units are read: diameter_mm is no diameter in m."""
    called = {fold(name): name for name in reversed(names) if name not in taken}
    cuts = Counter(item.name[:_DBF_BYTES] for item in fields)
    for item in fields:
        cut = item.name[:_DBF_BYTES]
        name = called.get(fold(cut))
        free = item.name not in columns and item.name not in mapping.columns
        if len(item.name) > _DBF_BYTES and cuts[cut] == 1 and name is not None and free:
            columns[item.name] = (name,)
            taken.add(name)


def _match_cut(
    names: list[str],
    fields: list[Field],
    columns: dict[str, tuple[str, ...]],
    taken: set[str],
    mapping: ColumnMapping,
) -> None:
    """Match names that a DBF cut to 10 bytes, where only one field can be meant."""
    candidates: dict[str, set[str]] = {}
    for item in fields:
        if item.name in columns or item.name in mapping.columns:
            continue
        for header in names_of(item):
            for encoding in ("utf-8", "gb18030"):
                raw = header.encode(encoding, "ignore")
                if len(raw) > _DBF_BYTES:
                    cut = raw[:_DBF_BYTES].decode(encoding, "ignore")
                    candidates.setdefault(fold(cut), set()).add(item.name)
    for name in names:
        meant = candidates.get(fold(name), set()) - columns.keys()
        if name not in taken and len(meant) == 1:
            columns[meant.pop()] = (name,)
            taken.add(name)
