"""Centre lines from any layer, also with the attributes of OpenStreetMap, as the network wants them."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from coordination.faults import Fault, InputRefusedError
from coordination.projects import Field
from coordination.wording import LANGUAGES, table
from data.column_mapping import ColumnMapping, fold, load_mapping, match_columns
from data.coordinates import AS_WRITTEN, Coordinates
from data.field_values import read_fields
from data.place_rows import place_rows
from data.read_layers import Layer, read_layer

LANE_WIDTH_M = 3.5
"""Width of one lane where a line says its lanes and not its width."""

LINK_WIDTH_M = 7.0
"""Width of a slip road that says neither."""

_FIELDS = (
    Field("source_id", "text", "site", "道路编号", "road id",
          ("id", "osm_id", "osm_way_id", "@id", "full_id", "gid", "fid", "objectid")),
    Field("road", "text", "site", "道路名称", "road name",
          ("路名", "道路名", "道路", "名称", "name", "name:zh", "street", "街道名称")),
    Field("ref", "text", "site", "路线编号", "route number", ("ref",)),
    Field("road_class", "text", "site", "道路等级", "road class",
          ("highway", "fclass", "等级", "道路类别", "class", "type")),
    Field("width_m", "number", "site", "宽度", "width (m)", ("width", "路宽", "路幅宽度")),
    Field("lanes", "number", "site", "车道数", "lanes"),
    Field("oneway", "text", "site", "单行", "one way", ("单向", "单行道")),
    Field("level", "text", "site", "层", "level", ("layer",)),
    Field("bridge", "text", "site", "桥梁", "bridge", ("桥",)),
    Field("tunnel", "text", "site", "隧道", "tunnel"),
    Field("service", "text", "site", "内部道路", "service"),
    Field("junction", "text", "site", "环岛", "junction"),
)  # fmt: skip
_TAGS = ("highway", "name", "ref", "width", "lanes", "oneway", "layer", "bridge", "tunnel", "service",
         "junction")  # fmt: skip

_CLASS_OF_HIGHWAY = {
    "motorway": "expressway", "trunk": "expressway", "primary": "arterial",
    "secondary": "secondary", "tertiary": "local", "unclassified": "local", "residential": "local",
    "living_street": "local", "pedestrian": "local", "service": "local", "road": "local",
    "busway": "local",
}  # fmt: skip
_FURTHER_NAMES = {
    "高架路": "expressway", "高速公路": "expressway", "主干道": "arterial", "次干道": "secondary",
    "支路道路": "local", "街坊路": "local", "城市支路": "local", "城市主干路": "arterial",
    "城市次干路": "secondary", "城市快速路": "expressway",
}  # fmt: skip
_NOT_ROADS = frozenset(
    {"footway", "cycleway", "path", "steps", "bridleway", "corridor", "platform", "elevator",
     "construction", "proposed", "track", "raceway", "abandoned", "razed", "rest_area", "services",
     "via_ferrata", "escape"}
)  # fmt: skip
_PRIVATE_SERVICE = frozenset({"parking_aisle", "driveway", "drive-through", "emergency_access"})
_YES = frozenset({"yes", "true", "1", "t", "是", "y", "单向", "单向道", "单行"})
_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class ReadRoads:
    """Centre lines as read.

    Attributes
    ----------
    centre_lines
        RangeIndex; ``source_id``, ``road`` (missing for an unnamed one), ``road_class``
        (``expressway``, ``arterial``, ``secondary``, ``local``, or missing), ``width_m`` (of what
        the line stands for; may be missing), ``oneway``, ``level`` (0 on the ground), ``geometry``
        LineString in `crs`, in the direction of traffic where ``oneway``.
    rows
        ``row`` (as a person counts it), ``code`` (its source id), ``outcome``: ``accepted``,
        ``refused``, or ``left_out`` (ways for feet and cycles, points, areas).
    faults
        What was found; what was left out is counted by kind.
    crs
        The metric working CRS.
    """

    centre_lines: gpd.GeoDataFrame
    rows: pd.DataFrame
    faults: list[Fault]
    crs: CRS


def read_roads(
    path: Path | str,
    *,
    mapping: ColumnMapping | Path | str | None = None,
    crs: CRS | str | int | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    said: Coordinates = AS_WRITTEN,
    working_crs: CRS | None = None,
) -> ReadRoads:
    """Read road centre lines.

    Understood are columns by their usual names, the attributes of OpenStreetMap (``highway``,
    ``lanes``, ``oneway``, ``layer``, ``bridge``, ``tunnel``, also inside a column ``tags`` or
    ``other_tags``), and any others by a mapping.

    Parameters
    ----------
    path, crs, encoding, layer, said
        As `data.read_layers.read_layer`.
    mapping
        A mapping or its file (``data.column_mapping.ROAD_FIELDS``).
    working_crs
        The store's CRS in metres; None chooses one by the place.

    Raises
    ------
    InputRefusedError
        When the file cannot be read or holds no line.
    """
    if isinstance(mapping, Path | str):
        mapping = load_mapping(mapping)
    mapping = mapping or ColumnMapping()
    source = read_layer(
        path,
        layer=layer or mapping.layer,
        encoding=encoding or mapping.encoding,
        crs=crs if crs is not None else mapping.crs,
        said=said,
        hints=mapping.hints,
    )
    attributes = _with_tags(pd.DataFrame(source.table).drop(columns="geometry", errors="ignore"))
    names = [str(name) for name in attributes.columns]
    matched = match_columns(names, _FIELDS, mapping, truncated=source.format == "shapefile")
    if matched.faults:
        raise InputRefusedError(matched.faults, source=source.source)
    read = read_fields(
        attributes, matched, _FIELDS, mapping, numbers=source.numbers, time_zone="UTC"
    )
    places = place_rows(source, working_crs)
    faults = [*source.faults, *read.faults, *places.faults]
    rows = read.table
    numbers = source.numbers
    column = " + ".join(matched.columns.get("road_class", ("road_class",)))

    # Not understood is refused; understood and no road is left out, counted by kind.
    refused = np.isin(
        numbers, [f.row for f in faults if f.level == "refused" and f.row is not None]
    )
    kind = _left_out_as(rows, places.geometry, refused)
    faults += [
        Fault("road_left_out", "note", params={"kind": str(name), "count": int(count)})
        for name, count in pd.Series(kind).dropna().value_counts(sort=False).items()
    ]
    kept = ~refused & pd.isna(kind)
    if not kept.any():
        raise InputRefusedError([*faults, Fault("no_road_lines")], source=source.source)
    rows["road_class"], notes = _classes(rows, mapping, kept, source.numbers, column)
    rows["source_id"] = _source_ids(rows["source_id"], source)
    lines = _lines(rows[kept], places.geometry[kept], places.crs)
    outcome = np.select([refused, ~kept], ["refused", "left_out"], "accepted").astype(object)
    return ReadRoads(
        lines,
        pd.DataFrame({"row": numbers, "code": rows["source_id"], "outcome": outcome}),
        sorted(faults + notes, key=lambda fault: (fault.level != "refused", fault.row or 0)),
        places.crs,
    )


def _with_tags(attributes: pd.DataFrame) -> pd.DataFrame:
    """Take the tags of OpenStreetMap out of a column that holds all of them together."""
    held = next((name for name in ("tags", "other_tags") if name in attributes), None)
    if held is None:
        return attributes
    tags = [_tags_of(cell) for cell in attributes[held]]
    present = {str(name) for name in attributes.columns}
    further = {
        name: pd.Series([tag.get(name) for tag in tags], index=attributes.index, dtype=object)
        for name in _TAGS
        if name not in present and any(name in tag for tag in tags)
    }
    return attributes.drop(columns=held).assign(**further)


def _tags_of(cell: Any) -> dict[str, str]:
    text = str(cell)
    if text.startswith("{"):
        try:
            read = json.loads(text)
        except json.JSONDecodeError:
            return {}
        return {str(k): str(v) for k, v in read.items()}
    return dict(_HSTORE.findall(text))


def _left_out_as(
    rows: pd.DataFrame, geometry: npt.NDArray[np.object_], refused: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Return why a row is no road, as a kind to count by, or None."""
    kind = np.full(len(rows), None, dtype=object)
    highway = rows["road_class"].str.casefold()
    service = rows["service"].str.casefold()
    for value in _NOT_ROADS:
        kind[(highway == value).to_numpy(dtype=bool)] = value
    for value in _PRIVATE_SERVICE:
        kind[((highway == "service") & (service == value)).to_numpy(dtype=bool)] = value
    dimension = np.where(shapely.is_geometry(geometry), shapely.get_dimensions(geometry), -1)
    kind[dimension == 0] = "Point"
    kind[dimension == 2] = "Polygon"
    kind[(dimension == -1) & ~refused] = "–"
    kind[refused] = None
    return kind


def _classes(
    rows: pd.DataFrame,
    mapping: ColumnMapping,
    kept: npt.NDArray[np.bool_],
    numbers: npt.NDArray[np.int64],
    column: str,
) -> tuple[pd.Series[str], list[Fault]]:
    """Return our class of every road; what is unknown counts as local and is named."""
    known = {fold(name): code for name, code in _FURTHER_NAMES.items()}
    for lang in LANGUAGES:
        for code, label in table("labels.road_class", lang).items():
            known |= {fold(code): code, fold(label): code}
    for highway, code in _CLASS_OF_HIGHWAY.items():
        known |= {highway: code, f"{highway}_link": code}
    known |= mapping.values.get("road_class", {})
    fallback = mapping.values.get("road_class", {}).get("*")
    classes = rows["road_class"].map(
        lambda text: known.get(fold(text), fallback), na_action="ignore"
    )
    unknown = rows.loc[
        kept & (rows["road_class"].notna() & classes.isna()).to_numpy(), "road_class"
    ]
    notes = [
        Fault(
            "road_class_unknown",
            "note",
            row=int(numbers[places[0]]),
            column=column,
            params={"found": str(value)[:80], "count": len(places)},
        )
        for value, places in unknown.groupby(unknown).groups.items()
    ]
    rows["link"] = rows["road_class"].str.casefold().str.endswith("_link", na=False)
    return classes.astype("str"), notes


def _source_ids(given: pd.Series[str], source: Layer) -> pd.Series[str]:
    """Return ids that stay the same in the next edition: the source's own, else of the geometry."""
    if not isinstance(source.table, gpd.GeoDataFrame) or given.notna().all():
        return given
    made = [
        None if wkb is None else f"line-{hashlib.sha256(wkb).hexdigest()[:12]}"
        for wkb in shapely.to_wkb(np.asarray(source.table.geometry.array, dtype=object))
    ]
    return given.fillna(pd.Series(made, index=given.index, dtype="str"))


def _lines(rows: pd.DataFrame, geometry: npt.NDArray[np.object_], crs: CRS) -> gpd.GeoDataFrame:
    oneway = rows["oneway"].str.casefold()
    backwards = (oneway == "-1").to_numpy(dtype=bool)
    implied = oneway.isna() & (
        rows["junction"].isin(["roundabout", "circular"])
        | (rows["link"] & rows["road_class"].eq("expressway"))
    )
    lanes = rows["lanes"].where(rows["lanes"] > 0)
    width = rows["width_m"].where(rows["width_m"] > 0).fillna(lanes * LANE_WIDTH_M)
    width = width.where(width.notna() | ~rows["link"], LINK_WIDTH_M)
    table = pd.DataFrame(
        {
            "source_id": rows["source_id"],
            "road": rows["road"].fillna(rows["ref"]),
            "road_class": rows["road_class"],
            "width_m": width,
            "oneway": (oneway.isin(_YES) | backwards | implied).astype(bool),
            "level": _levels(rows),
        }
    )
    geometry = geometry.copy()
    geometry[backwards] = shapely.reverse(geometry[backwards])
    parts, owner = shapely.get_parts(geometry, return_index=True)
    exploded = table.iloc[owner].reset_index(drop=True)
    nth = pd.Series(owner).groupby(owner).cumcount()
    exploded["source_id"] = exploded["source_id"].where(
        (nth == 0).to_numpy(), exploded["source_id"] + "/" + (nth + 1).astype("str")
    )
    return gpd.GeoDataFrame(exploded, geometry=parts, crs=crs)


def _levels(rows: pd.DataFrame) -> pd.Series[int]:
    """Return 0 on the ground, above it for bridges, below it for tunnels."""
    stated = pd.to_numeric(rows["level"], errors="coerce")
    bridge = rows["bridge"].notna() & ~rows["bridge"].isin(["no", "0", "否", "F", "False", "false"])
    tunnel = rows["tunnel"].notna() & ~rows["tunnel"].isin(
        ["no", "0", "否", "F", "False", "false", "building_passage", "culvert"]
    )
    guessed = bridge.astype(int) - tunnel.astype(int)
    return stated.fillna(guessed).clip(-9, 9).round().astype(int)
