"""The working CRS of a store: one for all layers, chosen once."""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from coordination.faults import UsageError
from data import geopackage_schema as schema
from data.geopackage_rows import frame_crs
from data.geopackage_writer import Writer, read_meta

DEFAULT_CRS = CRS.from_epsg(4549)
"""CGCS2000, 3-degree zone, CM 120 E: the plane system of Shanghai."""

_FIRST_OWN_SRS_ID = 100_000


def stored_crs(meta: Mapping[str, str]) -> CRS | None:
    """Return the working CRS, or None while nothing chose one."""
    return CRS.from_user_input(meta["crs"]) if "crs" in meta else None


def refuse_crs(crs: CRS) -> None:
    """Refuse a CRS that is not a plane one in metres.

    Raises
    ------
    coordination.faults.UsageError
        ``store.crs_not_metric``.
    """
    if not crs.is_projected or {axis.unit_name for axis in crs.axis_info} != {"metre"}:
        raise UsageError("store.crs_not_metric", crs=_crs_name(crs))


def set_crs(writer: Writer, crs: CRS) -> None:
    """Fix the working CRS of all layers, and describe it in the file.

    Raises
    ------
    coordination.faults.UsageError
        ``store.crs_not_metric``; ``store.crs_fixed`` once a layer holds geometry in another.
    """
    stored = stored_crs(read_meta(writer.connection))
    if stored is not None and stored == crs:
        return
    refuse_crs(crs)
    if stored is not None and _holds_geometry(writer):
        raise UsageError("store.crs_fixed", stored=_crs_name(stored), crs=_crs_name(crs))
    srs_id = _register_crs(writer, crs)
    names = [(srs_id, table.name) for table in schema.LAYERS]
    for table in ("gpkg_contents", "gpkg_geometry_columns"):
        writer.connection.executemany(
            f"UPDATE {table} SET srs_id = ? WHERE table_name = ?",
            names,
        )
    authority = _authority(crs)
    writer.set_meta("srs_id", str(srs_id), logged=False)
    writer.set_meta("crs", ":".join(authority) if authority else crs.to_wkt())


def _register_crs(writer: Writer, crs: CRS) -> int:
    try:
        definition = crs.to_wkt("WKT1_GDAL", output_axis_rule=True)  # as GDAL writes it
    except CRSError as error:
        raise UsageError("store.crs_not_metric", crs=_crs_name(crs)) from error
    authority = _authority(crs)
    if authority and authority[1].isdigit():
        srs_id, organization, number = int(authority[1]), authority[0], int(authority[1])
    else:
        (last,) = writer.connection.execute(
            "SELECT max(srs_id) FROM gpkg_spatial_ref_sys"
        ).fetchone()
        srs_id = max(_FIRST_OWN_SRS_ID, last + 1)
        organization, number = "NONE", srs_id
    writer.connection.execute(
        "INSERT INTO gpkg_spatial_ref_sys"
        " (srs_name, srs_id, organization, organization_coordsys_id, definition)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (srs_id) DO NOTHING",
        (crs.name, srs_id, organization, number, definition),
    )
    return srs_id


def _holds_geometry(writer: Writer) -> bool:
    return any(
        writer.connection.execute(
            f"SELECT EXISTS (SELECT 1 FROM {table.name} WHERE geom IS NOT NULL)"
        ).fetchone()[0]
        for table in schema.LAYERS
    )


def adopt_crs(writer: Writer, frame: gpd.GeoDataFrame) -> None:
    """Hold ``frame`` to the working CRS; the first geometry chooses it.

    Raises
    ------
    coordination.faults.UsageError
        ``store.crs_missing``, or as `set_crs` does.
    """
    if not _has_places(frame):
        return  # without a geometry there is nothing to hold, and nothing chooses
    crs = frame_crs(frame)
    if crs is None:
        raise UsageError("store.crs_missing")
    set_crs(writer, crs)


def _has_places(frame: pd.DataFrame) -> bool:
    """Return whether any row of ``frame`` has a geometry."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return False
    return bool(frame.geometry.notna().any())


def _authority(crs: CRS) -> tuple[str, str] | None:
    """Return authority and code if they mean exactly this CRS."""
    found = crs.to_authority()
    if found is None or CRS.from_authority(*found) != crs:
        return None
    return found[0], found[1]


def _crs_name(crs: CRS) -> str:
    authority = _authority(crs)
    return ":".join(authority) if authority else crs.name
