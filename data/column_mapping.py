"""Their columns and values become ours: by a mapping file, and by the names that lists use.

A mapping file is TOML::

    crs = "EPSG:4326"               # where the file does not say it
    time_zone = "Europe/Paris"      # where its dates are at home, if not in the store's zone

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

    [code]
    from = ["permit", "application"]  # the key of rows without a code

Columns that it does not name are matched by `coordination.projects.FIELDS`; what is matched by
neither is named in a note and kept beside the row as filed.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from coordination.faults import Fault, InputRefusedError
from coordination.projects import FIELD, Field
from data.date_text import STYLES

_UNITS: dict[str, dict[str, float]] = {
    "m": {"m": 1.0, "米": 1.0, "km": 1000.0, "公里": 1000.0, "千米": 1000.0, "mm": 0.001},
    "mm": {"mm": 1.0, "毫米": 1.0, "cm": 10.0, "m": 1000.0, "米": 1000.0},
    "m2": {"m2": 1.0, "平方米": 1.0, "平米": 1.0, "公顷": 1e4, "ha": 1e4, "亩": 10000 / 15},
    "wan": {"万元": 1.0, "万": 1.0, "元": 1e-4, "亿元": 1e4},
    "days": {"天": 1.0, "日": 1.0, "日历天": 1.0, "d": 1.0, "days": 1.0},
}
_BRACKET = re.compile(r"(.+?)[(\[]([^()\[\]]+)[)\]]")
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
        frozenset(FIELD) | ROAD_FIELDS | LEDGER_FIELDS | AREA_FIELDS
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
    style = section("dates", named_fields=False).get("style")
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
    if faults:
        raise InputRefusedError(faults, source=source)
    return ColumnMapping(
        columns, values, constants, units, style, plain["time_zone"], plain["crs"],
        plain["encoding"], plain["layer"], tuple(code_from),
    )  # fmt: skip


ROAD_FIELDS = frozenset(
    {"source_id", "road", "ref", "road_class", "width_m", "lanes", "oneway", "level", "bridge",
     "tunnel", "service", "junction"}
)  # fmt: skip
"""What `data.read_roads` takes from columns."""

LEDGER_FIELDS = frozenset({"ledger_id", "kind", "surface", "day"})
"""What `data.read_history` takes beside the fields of projects."""

AREA_FIELDS = frozenset({"restriction_id", "boundary_id", "severity", "legal_basis", "parent"})
"""What `data.read_areas` takes beside those."""

_ENTRIES = frozenset(
    {"crs", "time_zone", "encoding", "layer", "columns", "values", "constants", "units", "dates",
     "code"}
)  # fmt: skip


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


def fold(text: object) -> str:
    """Return a text as it is compared: full width folded, blanks gone, case ignored.

    Examples
    --------
    >>> fold("估算投资（万元） ") == fold("估算投资(万元)")
    True
    """
    return "".join(unicodedata.normalize("NFKC", str(text)).split()).casefold()


@dataclass(frozen=True)
class Matched:
    """Which columns of a table are ours.

    Attributes
    ----------
    columns
        Their columns by our field.
    units
        Factor by our field where it is not 1, from the mapping or from the header's bracket.
    unused
        Columns that nothing asked for.
    faults
        Columns that the mapping names and the table lacks.
    """

    columns: dict[str, tuple[str, ...]]
    units: dict[str, float]
    unused: tuple[str, ...]
    faults: list[Fault]


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
        Their columns.
    fields
        Ours; a column is ours by name, by its Chinese or English label, or by a further header.
        A bracket may give the unit: ``长度(km)``.
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
    folded = {fold(name): name for name in reversed(names)}
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
    taken = {name for several in columns.values() for name in several}
    for item in fields:
        if item.name in mapping.columns:
            continue
        for header in (item.name, item.zh, item.en, *item.headers):
            hit = _hit(header, item, folded, taken)
            if hit is not None:
                name, factor = hit
                columns[item.name] = (name,)
                taken.add(name)
                if factor != 1.0:
                    units.setdefault(item.name, factor)
                break
    if truncated:
        _match_cut(names, fields, columns, taken, mapping)
    used = taken | {folded.get(fold(key), "") for key in mapping.code_from}
    return Matched(columns, units, tuple(name for name in names if name not in used), faults)


def _hit(
    header: str, item: Field, folded: dict[str, str], taken: set[str]
) -> tuple[str, float] | None:
    """Return the column that is called so, and the factor of the unit in its bracket."""
    wanted = fold(header)
    if wanted in folded and folded[wanted] not in taken:
        return folded[wanted], 1.0
    if item.kind not in ("number", "integer"):
        return None
    bare = _BRACKET.fullmatch(wanted)
    base = bare[1] if bare else wanted
    factors = _UNITS.get(item.name.rpartition("_")[2], {})
    for name, original in folded.items():
        match = _BRACKET.fullmatch(name)
        if match and match[1] == base and match[2] in factors and original not in taken:
            return original, factors[match[2]]
    if bare and base in folded and folded[base] not in taken:
        return folded[base], 1.0
    return None


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
        for header in (item.name, item.zh, item.en, *item.headers):
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
