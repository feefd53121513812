"""Feeds in JSON and XML: records found, flattened, and their geometry wherever it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from coordination.faults import InputRefusedError
from data.column_mapping import parse_mapping
from data.read_layers import Layer, read_layer
from data.source_hints import SourceHints

LINE = {"type": "LineString", "coordinates": [[121.2, 31.3], [121.3, 31.3]]}


def put(path: Path, content: Any) -> Path:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, "utf-8")
    return path


def feed(folder: Path, content: Any, **how: Any) -> Layer:
    return read_layer(put(folder / "feed.json", content), **how)


def refused(path: Path, **how: Any) -> str:
    with pytest.raises(InputRefusedError) as caught:
        read_layer(path, **how)
    fault = next(f for f in reversed(caught.value.faults) if f.level == "refused")
    assert fault.text("zh")
    assert fault.text("en")
    return fault.code


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"results": rows},
        lambda rows: {"Closure": rows, "total": 2},
        lambda rows: {"links": [{"rel": "self", "href": "x"}], "data": {"items": rows}},
    ],
)
def test_records_are_found_wherever_they_are(tmp_path: Path, wrap: Any) -> None:
    layer = feed(
        tmp_path, wrap([{"a": 1, "at": {"road": "仓场路"}}, {"a": 2, "kinds": ["x", "y"]}])
    )
    assert layer.format == "json"
    assert layer.table["a"].tolist() == [1, 2]
    assert layer.table["at.road"].fillna("").tolist() == ["仓场路", ""]
    assert layer.table["kinds"].fillna("").tolist() == ["", "x; y"]
    assert layer.crs is None


def test_lines_of_documents(tmp_path: Path) -> None:
    layer = feed(tmp_path, '{"a": 1}\n\n{"a": 2}\n')
    assert layer.table["a"].tolist() == [1, 2]
    features = "\n".join(
        "\x1e" + json.dumps({"type": "Feature", "properties": {"n": n}, "geometry": LINE})
        for n in (1, 2)
    )
    layer = feed(tmp_path, features)
    assert (layer.format, layer.table["n"].tolist()) == ("geojson", [1, 2])


def test_several_lists_are_asked_about(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", {"rows": [{"a": 1}], "plans": [{"b": 1}, {"b": 2}]})
    assert refused(path) == "records_several"
    assert len(read_layer(path, layer="plans").table) == 2
    assert len(read_layer(path, hints=SourceHints(records="rows")).table) == 1
    assert refused(path, layer="none") == "layer_missing"


def test_geometry_as_object_feature_or_text(tmp_path: Path) -> None:
    for value in (LINE, {"type": "Feature", "geometry": LINE, "properties": {}}, json.dumps(LINE)):
        layer = feed(tmp_path, [{"n": 1, "shape": value}, {"n": 2, "shape": None}])
        assert layer.table.geometry[0].equals(shapely.LineString([(121.2, 31.3), (121.3, 31.3)]))
        assert layer.table.geometry.isna().tolist() == [False, True]
        assert layer.crs is not None


def test_the_column_that_says_most_is_taken_and_a_point_fills_gaps(tmp_path: Path) -> None:
    point = {"lon": 121.25, "lat": 31.31}
    layer = feed(tmp_path, [{"geo_point_2d": point, "geo_shape": LINE}, {"geo_point_2d": point}])
    assert [shape.geom_type for shape in layer.table.geometry] == ["LineString", "Point"]
    note = next(fault for fault in layer.faults if fault.code == "geometry_from_second")
    assert (note.row, note.params["count"]) == (2, 1)


def test_lists_of_places_are_areas_lines_and_points(tmp_path: Path) -> None:
    ring = [{"lat": 31.3, "lng": 121.2}, {"lat": 31.3, "lng": 121.3}, {"lat": 31.4, "lng": 121.3}]
    rows = [{"at": {"polygon": [*ring, ring[0]]}}, {"at": {"polygon": ring[:2]}}, {"at": {"polygon": ring[:1]}},
            {"at": {"polygon": None, "lat": 31.3, "lng": 121.2}}]  # fmt: skip
    layer = feed(tmp_path, rows)
    assert [shape.geom_type for shape in layer.table.geometry] == [
        "Polygon",
        "LineString",
        "Point",
        "Point",
    ]


def test_two_columns_of_one_kind_are_asked_about(tmp_path: Path) -> None:
    rows = [{"a": LINE, "b": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}}]
    path = put(tmp_path / "a.json", rows)
    assert refused(path) == "geometry_columns_several"
    layer = read_layer(path, hints=SourceHints(column="b"))
    assert layer.table.geometry[0].coords[1] == (1.0, 1.0)


def test_a_mapping_says_where_things_are(tmp_path: Path) -> None:
    mapping = parse_mapping(
        'records = "works"\ncrs = "EPSG:4549"\n[geometry]\nlon = "place.e"\nlat = "place.n"\n'
    )
    rows = {"works": [{"place": {"e": "620000", "n": "3470000"}}], "other": [{"a": 1}]}
    layer = feed(tmp_path, rows, hints=mapping.hints, crs=mapping.crs)
    assert layer.table.geometry[0].coords[0] == (620000.0, 3470000.0)
    north = SourceHints(column="p", north_first=True)
    layer = feed(tmp_path, [{"p": "3470000, 620000"}], hints=north, crs="EPSG:4549")
    assert layer.table.geometry[0].coords[0] == (620000.0, 3470000.0)
    with pytest.raises(InputRefusedError):
        parse_mapping('[geometry]\nlon = "x"\n')


def test_a_field_that_the_mapping_names_and_the_feed_lacks(tmp_path: Path) -> None:
    path = put(tmp_path / "a.json", [{"a": 1}])
    assert refused(path, hints=SourceHints(column="shape")) == "mapping_column_missing"


def test_what_is_no_record_is_named(tmp_path: Path) -> None:
    layer = feed(tmp_path, [{"a": 1}, 7, {"a": 3}])
    assert [(fault.code, fault.row) for fault in layer.faults] == [("record_unreadable", 2)]


def test_esri_json(tmp_path: Path) -> None:
    outer = [[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]
    hole = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]
    base = np.array([620000, 3470000])
    rings = [(np.array(ring) + base).tolist() for ring in (outer, hole)]
    document = {
        "spatialReference": {"wkid": 102100, "latestWkid": 4549},
        "features": [
            {"attributes": {"n": 1}, "geometry": {"rings": rings}},
            {"attributes": {"n": 2}, "geometry": {"paths": [rings[0][:2]]}},
            {"attributes": {"n": 3}, "geometry": {"x": 620000, "y": 3470000}},
            {"attributes": {"n": 4}},
            {"attributes": {"n": 5}, "geometry": {"rings": "no"}},
        ],
    }
    layer = feed(tmp_path, document)
    assert layer.crs is not None
    assert layer.crs.to_epsg() == 4549
    assert layer.table.geometry[0].area == 96
    assert layer.table.geometry[1].length == 10
    assert layer.table.geometry.isna().tolist() == [False, False, False, True, True]
    assert [(fault.code, fault.row) for fault in layer.faults] == [("geometry_unreadable", 5)]


def test_xml_of_elements_and_of_attributes(tmp_path: Path) -> None:
    text = """<?xml version='1.0' encoding='GBK'?><list xmlns='urn:x'><made>1</made>
    <work no='1'><road>仓场路</road><at><e>620000</e><n>3470000</n></at></work>
    <work no='2'><road>博园路</road><road>民丰路</road><at/></work></list>"""
    path = tmp_path / "a.xml"
    path.write_bytes(text.encode("gbk"))
    layer = read_layer(path, crs="EPSG:4549", hints=SourceHints(lon="at.e", lat="at.n"))
    assert layer.format == "xml"
    assert layer.table["no"].tolist() == ["1", "2"]
    assert layer.table["road"].tolist() == ["仓场路", "博园路; 民丰路"]
    assert layer.table.geometry.isna().tolist() == [False, True]


def test_one_record_in_xml_is_named_by_the_layer(tmp_path: Path) -> None:
    path = put(tmp_path / "a.xml", "<list><work><road>A路</road></work></list>")
    assert refused(path) == "records_missing"
    assert read_layer(path, layer="work").table["road"].tolist() == ["A路"]


# --- Text columns of tables ---


@pytest.mark.parametrize(
    ("cells", "crs", "kind"),
    [
        (["SRID=4549;LINESTRING (5e5 3e6, 6e5 3e6)", "POLYGON EMPTY"], None, None),
        (["SRID=4549;POINT (500000 3000000)", "SRID=4549;POINT (500001 3000000)"], "EPSG:4549", "Point"),
        (['"[121.2,31.3],[121.3,31.3]"', '"[121.2,31.3]"'], None, "LineString"),
        (["0101000000000000000000F03F0000000000000040"] * 2, None, "Point"),
        (["0101000020E6100000000000000000F03F0000000000000040"] * 2, "EPSG:4326", "Point"),
    ],
)  # fmt: skip
def test_geometry_in_a_column_of_a_table(
    tmp_path: Path, cells: list[str], crs: str | None, kind: str | None
) -> None:
    quoted = [cell if cell.startswith('"') else f'"{cell}"' for cell in cells]
    path = put(
        tmp_path / "a.csv", "code,shape\n" + "".join(f"{n},{c}\n" for n, c in enumerate(quoted))
    )
    if kind is None:
        assert refused(path) == "srid_mixed"
        return
    layer = read_layer(path, crs=None if crs else "EPSG:4326")
    assert layer.crs is not None
    assert layer.crs.to_string() == (crs or "EPSG:4326")
    assert layer.table.geometry[0].geom_type == kind


def test_the_portals_point_is_latitude_first(tmp_path: Path) -> None:
    text = "ref;road;geo_point_2d\nA;r;48.8623, 2.2992\nB;r;48.8, 2.2\n"
    layer = read_layer(put(tmp_path / "a.csv", text))
    assert layer.table.geometry[0].coords[0] == (2.2992, 48.8623)


@pytest.mark.parametrize(
    "text", ["1" + " " * 20_000 + "x", "[1,2]" + " " * 20_000 + "x", "SRID=" + "9" * 20_000]
)
def test_no_text_makes_the_search_slow(tmp_path: Path, text: str) -> None:
    layer = read_layer(put(tmp_path / "a.csv", f'code,geo_point_2d\nA,"{text}"\n'))
    assert len(layer.table) == 1


# --- Real feeds ---

SAYS_NO_CRS = {
    "canton_zurich_baustellen_live_pull.json": "EPSG:2056",
    "dortmund_geplant.json": "EPSG:4326",
    "helsinki_kaivuilmoitus_live_pull.json": "EPSG:3879",
    "jersey_roadworks_real.json": "EPSG:3109",
    "madrid_incidencias_live_pull.xml": "EPSG:4326",
    "oslo_soksys_activities_live_pull.json": "EPSG:25832",
    "roma_interventi_live_pull.json": "EPSG:4326",
    "streetmanager_permits_sandbox.json": "EPSG:27700",
    "toronto_road_restrictions.json": "EPSG:4326",
    "vialietuva_remontas.csv": "EPSG:3346",
    "vienna_baustellen_live_pull.json": "EPSG:31256",
}
ROWS = {
    "act_ttm_live_pull.json": 5, "amsterdam_roadworks_real.json": 3, "berlin_baustellen_live_pull.json": 5,
    "canton_zurich_baustellen_live_pull.json": 4, "chicagodot_permits_live_pull.json": 6,
    "copenhagen_gravetilladelser_live_pull.json": 6, "dc_construction_permits.json": 7,
    "dortmund_geplant.json": 3, "france_rennes_roadworks.json": 3, "france_toulouse_roadworks.json": 3,
    "helsinki_kaivuilmoitus_live_pull.json": 6, "jersey_roadworks_real.json": 7,
    "lisboa_condicionamentos_live_pull.json": 7, "lyon_roadworks.json": 6,
    "madrid_incidencias_live_pull.xml": 7, "milano_manomissione_live_pull.json": 4,
    "ogc_brandenburg_baustelleninfo.json": 5, "ogc_hamburg_baustellen.json": 3,
    "oslo_soksys_activities_live_pull.json": 13, "paris_chantiers_live_pull.json": 5,
    "quebec_travaux_routiers.json": 7, "roma_interventi_live_pull.json": 6,
    "streetmanager_permits_sandbox.json": 3, "tas_roadworks_live_pull.json": 4,
    "toronto_road_restrictions.json": 5, "vancouver_under_construction.json": 2,
    "vialietuva_remontas.csv": 0, "vienna_baustellen_live_pull.json": 4,
    "zurich_tiefbauprojekte_live_pull.json": 3,
}  # fmt: skip


@pytest.mark.real_data
@pytest.mark.parametrize("name", ROWS)
def test_every_city_feed_is_read(real_data: Path, name: str) -> None:
    hints = SourceHints(
        records="rows" if name.startswith("streetmanager") else None,
        north_first=name.startswith(("roma", "vialietuva")),
    )
    layer = read_layer(
        real_data / "city_feed_samples" / name, crs=SAYS_NO_CRS.get(name), hints=hints
    )
    assert layer.crs is not None
    assert layer.table.geometry.notna().any()
    assert len(layer.table) == ROWS[name] or name == "vialietuva_remontas.csv"
    # One sample was shortened by whoever published it, and its areas do not close.
    unread = [fault.code for fault in layer.faults if fault.level == "refused"]
    assert unread == (["geometry_unreadable"] * 4 if name == "lyon_roadworks.json" else [])


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "rows", "areas"),
    [("newtaipei_union_nocontacts", 1056, 678), ("pingtung_union_nocontacts", 437, 0)],
)
def test_feeds_of_taiwan_as_published(real_data: Path, name: str, rows: int, areas: int) -> None:
    layer = read_layer(real_data / "taiwan_roaddig" / "raw" / f"{name}.json", crs="EPSG:4326")
    kinds = layer.table.geometry.geom_type.value_counts()
    assert (len(layer.table), int(kinds.get("Polygon", 0))) == (rows, areas)
    assert layer.table["date.start.year"].notna().all()


@pytest.mark.real_data
def test_the_trunk_roads_of_england_as_published(real_data: Path) -> None:
    files = sorted((real_data / "england_he_roadworks" / "raw").glob("*.xml"))
    rows = [len(read_layer(path).table) for path in files]
    assert (len(rows), sum(rows)) == (15, 23421)
