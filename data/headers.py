"""What lists call our fields, and the units that their headers state (``headers.toml`` beside this).

A header may carry its unit (``长度(km)``, ``面积/㎡``, ``金额：元``) and may stand below another one,
as ``计划工期 / 开工``.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from coordination.projects import FIELD, Field

BELOW = " / "
"""Stands between a header and the one below it."""

WINDOW = Field("window", "text", "site", "施工时间", "period")
"""A column with start and finish in one cell; it fills `start` and `finish`, and is none of ours."""

PLAN_YEAR = Field("plan_year", "text", "site", "实施年度", "plan year")
"""A column with the year that dates without one belong to."""

EXTENT_FROM = Field("extent_from", "text", "site", "起点", "from")
EXTENT_TO = Field("extent_to", "text", "site", "讫点", "to")
"""Two columns that together are an extent; only both of them, and only where no other column is."""

PSEUDO_FIELDS = (WINDOW, PLAN_YEAR, EXTENT_FROM, EXTENT_TO)
"""Columns that are matched beside ours and only say something of them."""

_BRACKET = re.compile(r"(.+?)[(\[【〔](?:单位[:：]?|單位[:：]?)?([^()\[\]【】〔〕]+)[)\]】〕]")
_AFTER = re.compile(r"(.+?)[/:：,，_]([^/:：,，_]+)")
_ACTUAL = re.compile(r"实际|實際|许可|許可|批准|核准|actual|permit")


def fold(text: object) -> str:
    """Return a text as it is compared: full width folded, blanks gone, case ignored.

    Examples
    --------
    >>> fold("估算投资（万元） ") == fold("估算投资(万元)")
    True
    """
    return "".join(unicodedata.normalize("NFKC", str(text)).split()).casefold()


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads((files("data") / "headers.toml").read_text(encoding="utf-8"))


@cache
def words(name: str) -> frozenset[str]:
    """Return the folded words of a list of the catalogue (``serial``, ``totals``, ``notes`` …)."""
    return frozenset(fold(word) for word in _catalogue()["words"][name])


@cache
def names_of(item: Field) -> tuple[str, ...]:
    """Return everything that lists call a field, the better names first.

    Examples
    --------
    >>> names_of(FIELD["road"])[:4]
    ('road', '道路名称', 'road', '路名')
    """
    return (item.name, item.zh, item.en, *item.headers, *_catalogue()["fields"].get(item.name, ()))


def units_of(name: str) -> Mapping[str, float]:
    """Return the units in which a field may be given (folded), each with its factor to ours.

    Examples
    --------
    >>> units_of("length_m")["km"], units_of("road")
    (1000.0, {})
    """
    return _units().get(name.rpartition("_")[2], {}) if "_" in name else {}


@cache
def _units() -> dict[str, dict[str, float]]:
    return {
        kind: {fold(unit): float(factor) for unit, factor in units.items()}
        for kind, units in _catalogue()["units"].items()
    }


@cache
def every_unit() -> frozenset[str]:
    """Return all units that are known, folded."""
    return frozenset(unit for units in _units().values() for unit in units)


@dataclass(frozen=True)
class Header:
    """A column's name, taken apart.

    Attributes
    ----------
    whole
        Folded, as one text.
    base
        Without the unit.
    unit
        What stands in its bracket or behind its stroke or colon, or None.
    group
        The folded header above, or an empty text.
    leaf
        What stands below that, with and without its unit; equal to `whole` and `base` without one.
    """

    whole: str
    base: str
    unit: str | None
    group: str
    leaf: tuple[str, str]


def take_apart(name: str) -> Header:
    """Return the parts of a header.

    Examples
    --------
    >>> take_apart("估算投资（万元）").unit, take_apart("面积/㎡").base
    ('万元', '面积')
    >>> take_apart("计划工期 / 开工").leaf
    ('开工', '开工')
    """
    group, _, below = name.rpartition(BELOW)
    whole, leaf, group = fold(name.replace(BELOW, "")), fold(below), fold(group.replace(BELOW, ""))
    base, unit = _without_unit(leaf)
    if unit is None and group:
        group, unit = _without_unit(group)
        unit = unit if unit in every_unit() else None
    return Header(whole, group + base if group else base, unit, group, (leaf, base))


def _without_unit(folded: str) -> tuple[str, str | None]:
    match = _BRACKET.fullmatch(folded)
    if match:
        return match[1].rstrip(":："), match[2]
    match = _AFTER.fullmatch(folded)
    if match and match[2] in every_unit():
        return match[1], match[2]
    return folded, None


@dataclass(frozen=True)
class Hit:
    """A column that can be a field.

    Attributes
    ----------
    factor
        theirs × factor = ours.
    unit
        The unit that its header states, or None.
    """

    factor: float
    unit: str | None


def hit(header: Header, name: str, item: Field, *, leaf: bool = False) -> Hit | None:
    """Tell whether a header is one of the names of a field.

    Parameters
    ----------
    header
        Of `take_apart`.
    name
        One of `names_of` the field.
    item
        The field.
    leaf
        Compare what stands below the group alone. A group that says 实际 or 许可 keeps its columns
        from being the planned ones.
    """
    if leaf and (not header.group or _ACTUAL.search(header.group)):
        return None
    whole, base = header.leaf if leaf else (header.whole, header.base)
    wanted = fold(name)
    if whole == wanted:
        # The name itself may state a unit: 估算投资(万元).
        unit = header.unit if item.kind in ("number", "integer") else None
        return Hit(units_of(item.name).get(unit or "", 1.0), unit)
    if item.kind not in ("number", "integer"):
        return None
    own, own_unit = _without_unit(wanted)
    if base not in (own, wanted):
        return None
    if header.unit is None:
        return Hit(1.0, None) if own_unit is not None or base == wanted else None
    factor = units_of(item.name).get(header.unit)
    return None if factor is None else Hit(factor, header.unit)


@cache
def known_headers() -> frozenset[str]:
    """Return every folded name of every field of projects, without units."""
    items = [*FIELD.values(), *PSEUDO_FIELDS]
    return frozenset(_without_unit(fold(name))[0] for item in items for name in names_of(item))


def is_known(name: str, further: Iterable[str] = ()) -> bool:
    """Tell whether a header is one that is known here, or one of ``further`` (folded).

    Examples
    --------
    >>> is_known("计划工期 / 开工"), is_known("估算投资：万元"), is_known("沪宜公路")
    (True, True, False)
    """
    header = take_apart(name)
    candidates = {header.whole, header.base, *header.leaf}
    return bool(candidates & known_headers()) or bool(candidates & frozenset(further))
