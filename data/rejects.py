"""The rows that were refused, with their own columns and the reason, to be mended and sent again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from coordination.faults import Fault
from coordination.wording import text
from data.read_layers import Layer
from data.write_layers import inert, write_csv, write_geojson


def write_rejects(path: Path, layer: Layer, faults: Sequence[Fault], lang: str = "zh") -> int:
    """Write the refused rows of a layer.

    Parameters
    ----------
    path
        ``.geojson`` or ``.json`` gives GeoJSON in WGS 84 (rows whose geometry could not be read
        have none); anything else CSV that Excel reads, geometry as WKT in the layer's CRS.
    layer
        The layer as read.
    faults
        All faults of the import; those that refuse a row select it. A fault of the whole file
        selects every row.
    lang
        Language of the reason and of the heads of the two added columns.

    Returns
    -------
    int
        Number of rows written; with none the file has a header only.
    """
    reasons: dict[tuple[str | None, int | None], list[str]] = {}
    for fault in faults:
        if fault.level == "refused":
            reasons.setdefault((fault.sheet, fault.row), []).append(fault.text(lang))
    numbers = layer.places
    whole = reasons.get((None, None), [])
    chosen = [i for i, row in enumerate(numbers) if row in reasons or whole]
    table = layer.table.iloc[chosen].copy()
    row_name, reason_name = text("reading.row", lang), text("reading.reason", lang)
    table.insert(0, row_name, [_place(*numbers[i]) for i in chosen])
    table.insert(
        1, reason_name, ["\n".join([*reasons.get(numbers[i], []), *whole]) for i in chosen]
    )
    if path.suffix.lower() in (".geojson", ".json"):
        if not isinstance(table, gpd.GeoDataFrame):
            nowhere = gpd.GeoSeries(np.full(len(table), None), index=table.index, crs=4326)
            table = gpd.GeoDataFrame(table, geometry=nowhere)
        write_geojson(path, table)
        return len(chosen)
    if isinstance(table, gpd.GeoDataFrame):
        wkt = shapely.to_wkt(table.geometry.to_numpy(), rounding_precision=-1)
        table = pd.DataFrame(table.drop(columns="geometry")).assign(geometry=wkt)
    for name in table.columns[2:]:
        words = table[name]
        # A number keeps its minus; any other text that a spreadsheet would run is made inert.
        table[name] = words.where(pd.to_numeric(words, errors="coerce").notna(), inert(words))
    write_csv(path, table)
    return len(chosen)


def _place(sheet: str | None, row: int) -> int | str:
    return row if sheet is None else f"{sheet}!{row}"
