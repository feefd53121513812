"""Any sequence of imports leaves what a plain dictionary would hold, and the log tells the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from data.geopackage_geometry import as_multi, decode, encode, wkb_of
from data.geopackage_store import GeopackageStore, create_store
from data.store import ImportOutcome

Site = tuple[str, str | None, float | None, int | None, tuple[int, int] | None]
Project = tuple[str | None, float | None, bool | None, int | None, tuple[Site, ...]]
Model = dict[str, Project]

METRIC = CRS(4549)
DAYS = np.arange("2024-01-01", "2027-01-01", dtype="datetime64[D]")

texts = st.none() | st.text(max_size=8) | st.sampled_from(["墨玉路", "🚧", "'\"", "NULL"])
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
places = st.none() | st.tuples(st.integers(0, 50), st.integers(1, 20))
site_values = st.tuples(texts, numbers, st.none() | st.integers(0, len(DAYS) - 1), places)
any_project = st.tuples(
    texts,
    numbers,
    st.none() | st.booleans(),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.lists(site_values, max_size=3).map(
        lambda sites: tuple((str(number), *site) for number, site in enumerate(sites))
    ),
)
# Two of these differ in one thing only: what a careless comparison would miss.
twins = st.tuples(
    st.just("雨水管"), st.just(1.5), st.just(value=True), st.just(7),
    st.tuples(
        st.tuples(
            st.just("0"), st.just("墨玉路"), st.sampled_from([2.0, 2.5]), st.sampled_from([3, 4]),
            st.sampled_from([(0, 5), (0, 6)]),
        )
    ),
)  # fmt: skip
projects = twins | any_project
imports = st.lists(
    st.dictionaries(st.sampled_from("ABCDE"), projects, max_size=4), min_size=1, max_size=6
)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("blank") / "blank.gpkg"
    create_store(path, crs=METRIC).close()
    return path


def square(place: tuple[int, int] | None) -> shapely.MultiPolygon | None:
    if place is None:
        return None
    west, size = place
    return shapely.MultiPolygon([shapely.box(west, 0, west + size, size)])


def put(store: GeopackageStore, batch: Model) -> ImportOutcome:
    codes = list(batch)
    rows = [(code, *site) for code in codes for site in batch[code][4]]
    columns = list(zip(*(batch[code][:4] for code in codes), strict=True)) or [()] * 4
    table = pd.DataFrame(
        {
            "code": pd.Series(codes, dtype="str"),
            "remark": pd.Series(list(columns[0]), dtype="str"),
            "cost_wan": pd.Series(list(columns[1]), dtype="float64"),
            "fixed": pd.Series(list(columns[2]), dtype="boolean"),
            "priority": pd.Series(list(columns[3]), dtype="Int64"),
        }
    )
    days = [np.datetime64("NaT") if row[4] is None else DAYS[row[4]] for row in rows]
    sites = gpd.GeoDataFrame(
        {
            "project_code": pd.Series([row[0] for row in rows], dtype="str"),
            "site_id": pd.Series([row[1] for row in rows], dtype="str"),
            "road": pd.Series([row[2] for row in rows], dtype="str"),
            "width_m": pd.Series([row[3] for row in rows], dtype="float64"),
            "start": pd.Series(np.array(days, dtype="datetime64[us]")),
        },
        geometry=gpd.GeoSeries([square(row[5]) for row in rows], crs=METRIC),
    )
    with store.transaction("tester") as transaction:
        return transaction.put_projects(table, sites, pd.DataFrame({"project_code": []}))


def held(store: GeopackageStore) -> Model:
    city = store.read_city()
    model: Model = {}
    for row in city.projects.itertuples():
        own = city.sites[city.sites["project_code"] == row.code]
        model[row.code] = (
            plain(row.remark), plain(row.cost_wan), plain(row.fixed), plain(row.priority),
            tuple(
                (
                    site.site_id, plain(site.road), plain(site.width_m),
                    None if site.start is pd.NaT else int(
                        (np.datetime64(site.start, "D") - DAYS[0]).astype(int)
                    ),
                    corner(site.geometry),
                )
                for site in own.itertuples()
            ),
        )  # fmt: skip
    return model


def plain(value: object) -> object:
    return None if pd.isna(value) else value


def corner(geometry: shapely.MultiPolygon | None) -> tuple[int, int] | None:
    if geometry is None:
        return None
    west, _, east, _ = geometry.bounds
    return int(west), int(east - west)


def replayed(store: GeopackageStore) -> Model:
    model: Model = {}
    for change in store.changes():
        if change.table != "projects":
            continue
        if change.after is None:
            del model[change.key]
            continue
        assert (change.before is None) == (change.key not in model)
        after = change.after
        model[change.key] = (
            after.get("remark"), after.get("cost_wan"), after.get("fixed"), after.get("priority"),
            tuple(
                (
                    site["site_id"], site.get("road"), site.get("width_m"),
                    int((np.datetime64(site["start"]) - DAYS[0]).astype(int))
                    if "start" in site else None,
                    corner(shapely.from_wkb(site["geometry"])) if "geometry" in site else None,
                )
                for site in after["sites"]
            ),
        )  # fmt: skip
    return model


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=imports)
def test_imports_add_up_to_a_dictionary_and_the_log_tells_it(
    blank: Path, batches: list[Model]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copyfile(blank, Path(folder) / "town.gpkg"))
        model: Model = {}
        revision = 0
        with GeopackageStore(path) as store:
            for batch in batches:
                changed = {code for code in batch if batch[code] != model.get(code)}
                revision += bool(changed)
                outcome = put(store, batch)
                assert {*outcome.new} == changed - model.keys()
                assert {*outcome.changed} == changed & model.keys()
                assert outcome.revision == store.info().data_revision == revision
                model |= batch
            store.verify()
            assert held(store) == model
            assert replayed(store) == model


coordinates = st.floats(-1e7, 1e7, allow_nan=False, width=32)


@settings(deadline=None, max_examples=60)
@given(corners=st.lists(st.none() | st.tuples(coordinates, coordinates), max_size=8))
def test_blobs_hold_their_geometry_and_its_envelope(
    corners: list[tuple[float, float] | None],
) -> None:
    geometries = np.empty(len(corners), dtype=object)
    geometries[:] = [
        None if corner is None else shapely.box(*corner, corner[0] + 3, corner[1] + 2)
        for corner in corners
    ]
    multi = as_multi(geometries, "MULTIPOLYGON")
    blobs = encode(multi, 4549)
    assert shapely.to_wkb(decode(blobs)).tolist() == shapely.to_wkb(multi).tolist()
    for corner, blob in zip(corners, blobs, strict=True):
        assert (blob is None) == (corner is None)
        if blob is not None and corner is not None:
            envelope = np.frombuffer(blob, dtype="<f8", count=4, offset=8).tolist()
            assert envelope == [corner[0], corner[0] + 3, corner[1], corner[1] + 2]
            assert np.frombuffer(blob, dtype="<i4", count=1, offset=4).tolist() == [4549]
            assert wkb_of(blob) == blob[40:]
