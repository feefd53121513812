"""Restricted periods, boundaries and assets: plain layers beside the list of projects."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from coordination.faults import Fault, InputRefusedError
from coordination.policy import FootprintPolicy
from coordination.project_checks import check_windows
from coordination.projects import UTILITIES, Field
from coordination.wording import LANGUAGES, table
from data.column_mapping import ColumnMapping, fold, load_mapping, match_columns
from data.coordinates import AS_WRITTEN, Coordinates
from data.field_values import read_fields
from data.place_rows import ground_of, place_rows
from data.read_layers import read_layer
from data.restriction_rows import judged_rows, made_ids, with_base_years

AreaKind = Literal["restrictions", "boundaries", "assets"]

_FIELDS: dict[AreaKind, tuple[Field, ...]] = {
    "restrictions": (
        Field("restriction_id", "text", "site", "编号", "id", ("fid", "objectid")),
        Field("name", "text", "site", "名称", "name"),
        Field("kind", "text", "site", "类型", "kind", ("类别",)),
        Field("road", "text", "site", "道路名称", "road", ("路名", "道路")),
        Field("start", "date", "site", "开始", "start", ("开始日期", "起始日期", "起")),
        Field("finish", "date", "site", "结束", "finish", ("结束日期", "截止日期", "止", "end")),
        Field("severity", "text", "site", "级别", "severity"),
        Field("legal_basis", "text", "site", "依据", "legal basis", ("法律依据",)),
        Field("recurs", "text", "site", "周期", "recurs", ("重复", "频次")),
        Field("town", "text", "site", "街镇", "town", ("所属街镇", "镇")),
        Field("road_class", "text", "site", "道路等级", "road class", ("等级",)),
        Field("works", "text", "site", "适用施工", "works", ("限制施工", "适用对象")),
        Field("exempt", "text", "site", "豁免", "exempt", ("例外", "豁免对象")),
        Field("mode", "text", "site", "管控方式", "mode", ("方式", "限制方式")),
        Field("note", "text", "site", "备注", "note", ("说明", "remark")),
    ),
    "boundaries": (
        Field("boundary_id", "text", "site", "编号", "id", ("fid", "objectid")),
        Field("code", "text", "site", "代码", "code", ("adcode", "行政区划代码")),
        Field("name", "text", "site", "名称", "name", ("街镇", "区划名称")),
        Field("name_en", "text", "site", "英文名称", "English name"),
        Field("level", "text", "site", "级别", "level"),
        Field("parent", "text", "site", "上级", "parent"),
    ),
    "assets": (
        Field("asset_id", "text", "site", "编号", "id", ("fid", "objectid", "设施编号", "设施编码")),
        Field("kind", "text", "site", "类型", "kind", ("类别", "设施类别", "设施类型")),
        Field("name", "text", "site", "名称", "name", ("设施名称", "桥名", "河道名称")),
        Field("road", "text", "site", "道路名称", "road", ("路名", "道路", "所在道路")),
        Field("owner_unit", "text", "site", "权属单位", "owner unit", ("管养单位", "单位")),
        Field("due", "date", "site", "到期", "due", ("应更新日期", "到期日期")),
        Field("value", "number", "site", "数值", "value", ("流量",)),
        Field("unit", "text", "site", "计量单位", "unit"),
        Field("utility", "code", "site", "管线类型", "utility", (), UTILITIES),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class ReadAreas:
    """A layer as read.

    Attributes
    ----------
    areas
        Columns of the kind, ``source`` and ``geometry`` in `crs`: MultiPolygon, of assets what was
        drawn, points and lines too.
    rows
        ``row``, ``code`` (the row's id), ``outcome``: ``accepted``, ``repaired`` or ``refused``.
    faults
        Everything that was found.
    crs
        The metric working CRS.
    """

    areas: gpd.GeoDataFrame
    rows: pd.DataFrame
    faults: list[Fault]
    crs: CRS


def read_areas(
    path: Path | str,
    kind: AreaKind,
    *,
    mapping: ColumnMapping | Path | str | None = None,
    crs: CRS | str | int | None = None,
    encoding: str | None = None,
    layer: str | None = None,
    said: Coordinates = AS_WRITTEN,
    working_crs: CRS | None = None,
    time_zone: str | None = None,
) -> ReadAreas:
    """Read a layer; a row without a place is refused, and of boundaries one without an area.

    Restrictions may name their place instead of drawing it: road, town, road class or the whole
    city. Days without a year (``06-01``) recur yearly (`data.restriction_rows`).

    Kinds of assets that have a word of ours (``labels.asset_kind``) get its code, so that bridges,
    rivers and places with a name are found as the ends of extents; any other kind stays as written.

    Parameters
    ----------
    path, mapping, crs, encoding, layer, said, working_crs, time_zone
        As `data.read_projects.read_projects`.
    kind
        Which layer it is.

    Raises
    ------
    InputRefusedError
        When the file as a whole cannot be read.
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
    fields = _FIELDS[kind]
    names = [str(name) for name in source.table.columns if name != "geometry"]
    matched = match_columns(names, fields, mapping, truncated=source.format == "shapefile")
    if matched.faults:
        raise InputRefusedError(matched.faults, source=source.source)
    if not len(source.table):
        raise InputRefusedError([Fault("file_empty")], source=source.source)
    restricted = kind == "restrictions"
    written = source.table
    every_year = np.zeros(len(written), dtype=bool)
    if restricted:
        written, every_year = with_base_years(written, matched.columns)
    read = read_fields(
        written, matched, fields, mapping, numbers=source.numbers,
        time_zone=time_zone or "Asia/Shanghai",
    )  # fmt: skip
    places = place_rows(source, working_crs)
    faults = [*source.faults, *read.faults, *places.faults]
    rows = read.table
    numbers = source.numbers
    faults += check_windows(rows.assign(row=numbers), {n: c[0] for n, c in matched.columns.items()})
    told = {fault.row for fault in faults if fault.level == "refused"}
    if restricted:
        columns = {name: names[0] for name, names in matched.columns.items()}
        rows, more = judged_rows(rows, numbers, columns, every_year, places.geometry)
        faults += [fault for fault in more if fault.level == "note" or fault.row not in told]
    drawn = kind == "assets"
    if drawn:
        rows["kind"] = _asset_kinds(rows["kind"])
    nowhere = ~shapely.is_geometry(places.geometry)
    lacking = nowhere if drawn else shapely.get_dimensions(places.geometry) != 2
    lacking &= not restricted
    code = "asset_without_place" if drawn else "not_an_area"
    faults += [Fault(code, row=int(row)) for row in numbers[lacking] if int(row) not in told]
    name = fields[0].name
    made = (
        made_ids(rows, places.geometry)
        if restricted
        else [
            None if wkb is None else f"auto-{hashlib.sha256(wkb).hexdigest()[:12]}"
            for wkb in shapely.to_wkb(places.geometry)
        ]
    )
    rows[name] = rows[name].fillna(pd.Series(made, index=rows.index, dtype="str"))
    twice = (rows[name].duplicated() & rows[name].notna()).to_numpy()
    faults += [
        Fault("area_id_twice", row=int(row), params={"id": str(given)})
        for row, given in zip(numbers[twice], rows.loc[twice, name], strict=True)
    ]
    refused = np.isin(
        numbers, [f.row for f in faults if f.level == "refused" and f.row is not None]
    )
    refused |= any(fault.level == "refused" and fault.row is None for fault in faults)
    mended = np.isin(numbers, [f.row or 0 for f in faults if f.level == "repaired"])
    areas = places.geometry
    if not drawn:
        widths = pd.DataFrame(
            index=rows.index, columns=["width_m", "utility", "sector", "position"]
        )
        areas, _ = ground_of(areas, widths.astype("float64"), FootprintPolicy())
    areas_table = gpd.GeoDataFrame(
        rows.assign(source=source.source), geometry=areas, crs=places.crs
    )
    outcome = np.select([refused, mended], ["refused", "repaired"], "accepted").astype(object)
    return ReadAreas(
        areas_table[~refused].reset_index(drop=True),
        pd.DataFrame({"row": numbers, "code": rows[name], "outcome": outcome}),
        sorted(faults, key=lambda fault: (fault.level != "refused", fault.row or 0)),
        places.crs,
    )


def _asset_kinds(written: pd.Series[str]) -> pd.Series[str]:
    """Return our code for each kind that has one, and every other as written."""
    ours = {
        fold(word): code
        for lang in LANGUAGES
        for code, words in table("labels.asset_kind", lang).items()
        for word in (code, *words.split(" / "))
    }
    return written.map(lambda word: ours.get(fold(word), word), na_action="ignore").astype("str")
