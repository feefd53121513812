"""Rows that can go in become projects and sites, and what was filed is kept beside them."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.policy import Policy
from coordination.projects import PROJECT_FIELDS, SITE_FIELDS, as_fields
from coordination.text_places import PlacedRows
from data.coordinates import crs_text
from data.place_rows import ground_of
from data.read_layers import Layer


def sites_of(good: pd.DataFrame, placed: PlacedRows) -> pd.DataFrame:
    """Return one row per site: what its words say goes into the row that it comes from."""
    split = placed.part > 0
    sites = good.iloc[placed.origin] if split.any() else good.copy()
    values = placed.values.set_axis(sites.index)
    for name in values.columns.difference(["inferred", "confirmed"]):
        sites[name] = values[name]
    sites["site_id"] = _part_ids(sites, placed.part)
    for name in ("inferred", "confirmed"):
        sites[name] = _joined_names(values[name], sites[name].replace("", None))
    return sites


def _joined_names(one: pd.Series[str], other: pd.Series[str]) -> pd.Series[str]:
    """Return the names of fields of both, separated by blanks."""
    if other.isna().all():
        return one.astype("str")
    joined = one.astype(object).fillna("") + " " + other.astype(object).fillna("")
    return joined.str.strip().replace("", None).astype("str")


def _part_ids(sites: pd.DataFrame, part: npt.NDArray[np.int64]) -> pd.Series[str]:
    """Return the site's id: that of the row, with a number where the row names several places."""
    ids = sites["site_id"].astype(object).to_numpy(copy=True)
    split = part > 0
    ids[split] = [f"{site}.{number}" for site, number in zip(ids[split], part[split], strict=True)]
    if split.any():
        # A list that numbers sites of its own like this keeps its numbers.
        named = pd.DataFrame({"code": sites["code"].to_numpy(), "id": ids})
        twice = named.duplicated(keep=False).to_numpy() & split
        ids[twice] = [f"{site}+" for site in ids[twice]]
    return pd.Series(ids, index=sites.index, dtype="str")


def project_tables(
    rows: pd.DataFrame,
    sites: pd.DataFrame,
    drawn: npt.NDArray[np.object_],
    located: npt.NDArray[np.object_],
    *,
    policy: Policy,
    crs: CRS,
) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """Return the tables of projects and sites.

    Parameters
    ----------
    rows
        One row per row of the list that can go in, project columns repeated.
    sites
        Of `sites_of`.
    drawn
        The geometry that each site's row has, shape (k,).
    located
        Footprints that words led to, missing elsewhere, shape (k,).
    policy
        Widths of what was drawn as a line or a point.
    crs
        Of the geometries, in metres.
    """
    names = [item.name for item in PROJECT_FIELDS if item.name != "code"]
    # The first value that any row of the project gives; rows do not contradict each other.
    projects = rows.groupby("code", sort=False)[names].first().reset_index()
    footprints, source = ground_of(drawn, sites, policy.footprint)
    by_words = shapely.is_geometry(located)
    footprints[by_words], source[by_words] = located[by_words], "text"
    table = as_fields(sites, SITE_FIELDS)
    table.insert(0, "project_code", sites["code"].astype("str"))
    table["footprint_source"] = pd.Series(source, index=sites.index, dtype="str")
    for name in ("place_confidence", "inferred", "confirmed"):
        table[name] = sites[name]
    frame = gpd.GeoDataFrame(table, geometry=footprints, crs=crs).reset_index(drop=True)
    return as_fields(projects, PROJECT_FIELDS), frame


def filings_of(rows: pd.DataFrame, source: Layer) -> pd.DataFrame:
    """Return what was filed, as it was: geometry in its own CRS and every cell of the row."""
    at = rows.index.to_numpy()
    shapes = _shapes(source)[at]
    kinds = [None if shape is None else shape.geom_type for shape in shapes]
    crs = None if source.crs is None else crs_text(source.crs, source.said)
    filings = pd.DataFrame(
        {
            "project_code": rows["code"].to_numpy(),
            "site_id": rows["site_id"].to_numpy(),
            "source_file": source.source,
            "source_row": rows["row"].to_numpy(),
            "geometry_type": pd.Series(kinds, dtype="str"),
            "crs": pd.Series([crs if kind else None for kind in kinds], dtype="str"),
            "wkb": pd.Series(wkb_of(source)[at], dtype=object),
            "row_json": pd.Series(row_documents(source.table.loc[rows.index]), dtype="str"),
        }
    )
    return filings.reset_index(drop=True)


def _shapes(source: Layer) -> npt.NDArray[np.object_]:
    if isinstance(source.table, gpd.GeoDataFrame):
        return np.asarray(source.table.geometry.array, dtype=object)
    return np.full(len(source.table), None, dtype=object)


def wkb_of(source: Layer) -> npt.NDArray[np.object_]:
    """Return every row's geometry as filed; missing stays missing."""
    return np.asarray(shapely.to_wkb(_shapes(source)), dtype=object)


def row_documents(table: pd.DataFrame) -> list[str]:
    """Return every row as a JSON object of the cells that say something."""
    plain = pd.DataFrame(table).drop(columns="geometry", errors="ignore").astype(object)
    plain = plain.where(plain.notna(), None)
    names = [str(name) for name in plain.columns]
    return [
        json.dumps(
            {name: value for name, value in zip(names, values, strict=True) if value is not None},
            ensure_ascii=False,
            default=_json_value,
        )
        for values in plain.itertuples(index=False, name=None)
    ]


def _json_value(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
