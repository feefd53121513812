"""What ``project_b`` of a finding stands for where it names no project: a period, an asset, a zone."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from coordination.assets import called
from coordination.city import City
from coordination.findings import AREAS
from coordination.rules.protocol import Worded
from coordination.wording import LANGUAGES


@dataclass(frozen=True)
class Partner:
    """Name and kind of what is no project.

    Attributes
    ----------
    kind
        ``restriction``, ``asset`` or ``zone``.
    name
        What people call it, with its kind; its id where it has no name.
    owner_unit
        Of an asset, else missing.
    """

    kind: str
    name: Worded
    owner_unit: str | None = None


def partners(city: City, table: pd.DataFrame) -> dict[tuple[str, str], Partner]:
    """Return name and kind of every restriction, asset and zone that findings name, by kind and id.

    An expected year of an announced period (``R-1@2027``) bears the period's name and the year. A
    period of the policy, and what was taken out of the city since, goes by its id.

    Parameters
    ----------
    city
        Its restrictions, assets and boundaries.
    table
        Findings: ``project_b``, ``kind_b``.
    """
    named = table.loc[table["kind_b"].isin(AREAS), ["project_b", "kind_b"]].drop_duplicates()
    known = {
        "restriction": _restrictions(city.restrictions),
        "asset": _assets(city.assets),
        "zone": _zones(city.boundaries),
    }
    found = {}
    for code, kind in named.astype("object").itertuples(index=False, name=None):
        base, _, year = str(code).partition("@")
        name, owner = known[kind].get(code) or known[kind].get(base) or (Worded(base, base), None)
        if kind == "restriction":
            name = Worded.of(f"report.partner.{'expected' if year else 'period'}",
                             name=name.zh, year=year)  # fmt: skip
        elif kind == "zone":
            zh = Worded.of("report.partner.zone", name=name.zh).zh
            name = Worded(zh, Worded.of("report.partner.zone", name=name.en).en)
        found[kind, str(code)] = Partner(kind, name, owner)
    return found


OTHER_COLUMNS = ("other_zh", "other_en")


def with_others(city: City, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return findings with what people call the restriction, asset or zone that each names.

    Parameters
    ----------
    city
        Its restrictions, assets and boundaries.
    table
        Findings, as their reader may see them.

    Returns
    -------
    geopandas.GeoDataFrame
        ``table`` with `OTHER_COLUMNS`, missing where ``project_b`` is a project or a past work.
    """
    known = partners(city, table)
    named = [known.get((kind, str(code)))
             for kind, code in zip(table["kind_b"], table["project_b"], strict=True)]  # fmt: skip
    zh, en = ([one and one.name.text(lang) for one in named] for lang in LANGUAGES)
    columns = {name: pd.Series(words, index=table.index, dtype="object")
               for name, words in zip(OTHER_COLUMNS, (zh, en), strict=True)}  # fmt: skip
    return table.assign(**columns)


Known = dict[str, tuple[Worded, str | None]]


def _restrictions(table: gpd.GeoDataFrame | None) -> Known:
    if table is None:
        return {}
    kind = table["kind"] if "kind" in table else table["restriction_id"]
    name = table["name"].fillna(kind).fillna(table["restriction_id"]).astype("str")
    return {
        str(code): (Worded(one, one), None)
        for code, one in zip(table["restriction_id"], name, strict=True)
    }


def _assets(table: gpd.GeoDataFrame | None) -> Known:
    if table is None or table.empty:
        return {}
    unit = table["owner_unit"].astype("object")
    owner = unit.where(unit.notna(), None)
    return {
        str(code): (name, one)
        for code, name, one in zip(table["asset_id"], called(table), owner, strict=True)
    }


def _zones(table: gpd.GeoDataFrame | None) -> Known:
    if table is None:
        return {}
    names = table["name"].fillna(table["boundary_id"]).astype("str")
    english = table["name_en"].fillna(names).astype("str") if "name_en" in table else names
    return {
        str(code): (Worded(zh, en), None)
        for code, zh, en in zip(table["boundary_id"], names, english, strict=True)
    }
