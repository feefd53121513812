"""What the store remembers of questions: answers, other names of roads, how sure a place is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from data.geopackage_store import GeopackageStore, create_store

METRIC = CRS(4549)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GeopackageStore]:
    with create_store(tmp_path / "town.gpkg", crs=METRIC) as store:
        yield store


def answers_of(*said: tuple[str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(
        {"kind": "extent", "subject": [text for text, _ in said], "answer": [a for _, a in said]}
    )


def put_answers(store: GeopackageStore, *said: tuple[str, str | None], actor: str = "li") -> int:
    with store.transaction(actor) as change:
        return change.put_answers(answers_of(*said)).revision


def test_an_answer_holds_for_the_same_words_in_other_widths(store: GeopackageStore) -> None:
    put_answers(store, ("博园路（A路—B路）", "墨玉南路"), ("C路", "none"))
    assert store.answers() == {"extent:博园路(a路—b路)": "墨玉南路", "extent:c路": "none"}
    given = store.answers_given()
    assert given["subject"].tolist() == ["博园路（A路—B路）", "C路"]
    assert given["actor"].tolist() == ["li", "li"]
    assert given["revision"].tolist() == [1, 1]
    assert given["at"].str.endswith("Z").all()


def test_the_same_answer_again_changes_nothing_not_even_who_gave_it(store: GeopackageStore) -> None:
    put_answers(store, ("C路", "none"))
    assert put_answers(store, (" c路", "none"), actor="wang") == 1
    assert store.answers_given()["actor"].tolist() == ["li"]


def test_an_answer_is_changed_and_taken_back_and_the_log_tells(store: GeopackageStore) -> None:
    put_answers(store, ("C路", "none"))
    put_answers(store, ("C路", "text:D路"), actor="wang")
    assert store.answers() == {"extent:c路": "text:D路"}
    put_answers(store, ("C路", None), ("E路", None))
    assert store.answers() == {}
    told = [(change.table, change.key, change.action, change.actor) for change in store.changes()]
    assert told == [
        ("answers", "extent:c路", "insert", "li"),
        ("answers", "extent:c路", "update", "wang"),
        ("answers", "extent:c路", "delete", "li"),
    ]
    assert store.changes()[1].before["answer"] == "none"
    assert store.changes()[1].after["answer"] == "text:D路"


def test_two_answers_to_one_question_are_a_mistake(store: GeopackageStore) -> None:
    with pytest.raises(ValueError, match="one answer"):
        put_answers(store, ("C路", "none"), ("C 路", "D路"))
    assert store.info().log_revision == 0


def aliases_of(name: str = "沪宜公路") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "alias": ["老沪宜公路", "博乐北路"],
            "name": [name, "博乐路"],
            "valid_from": pd.to_datetime(["2010-01-01", None]),
            "valid_to": pd.to_datetime([None, "2019-12-31"]),
            "source": "names.csv",
        }
    )


def test_other_names_of_roads_come_back_with_their_days(store: GeopackageStore) -> None:
    assert store.read_city().aliases is None
    with store.transaction("li") as change:
        outcome = change.put_aliases(aliases_of())
    assert outcome.new == ("老沪宜公路 = 沪宜公路 (2010-01-01)", "博乐北路 = 博乐路")
    aliases = store.read_city().aliases
    assert aliases is not None
    assert list(aliases) == ["alias", "name", "valid_from", "valid_to", "source"]
    assert aliases["name"].tolist() == ["沪宜公路", "博乐路"]
    assert aliases["valid_from"].isna().tolist() == [False, True]
    with store.transaction("li") as change:
        again = change.put_aliases(aliases_of())
    assert (again.unchanged, again.revision) == (outcome.new, outcome.revision)


def test_names_that_were_imported_and_are_none_are_not_the_same_as_never(
    store: GeopackageStore,
) -> None:
    with store.transaction("li") as change:
        change.put_aliases(aliases_of().iloc[:0])
    aliases = store.read_city().aliases
    assert aliases is not None
    assert aliases.empty


def test_how_sure_a_place_is_stays_with_the_site(store: GeopackageStore) -> None:
    sites = gpd.GeoDataFrame(
        {
            "project_code": ["A", "A"],
            "site_id": ["1", "2"],
            "footprint_source": ["text", "line"],
            "place_confidence": [0.9, np.nan],
            "inferred": ["geometry position", None],
            "confirmed": [None, None],
        },
        geometry=[shapely.box(0, 0, 9, 9), shapely.box(0, 0, 5, 5)],
        crs=METRIC,
    )
    projects = pd.DataFrame({"code": ["A"]})
    filings = pd.DataFrame({"project_code": ["A", "A"], "site_id": ["1", "2"]})

    def put(sites: gpd.GeoDataFrame) -> tuple[str, ...]:
        with store.transaction("li") as change:
            return change.put_projects(projects, sites, filings).changed

    put(sites)
    read = store.read_city().sites
    assert read["place_confidence"].fillna(-1).tolist() == [0.9, -1.0]
    assert read["inferred"].fillna("").tolist() == ["geometry position", ""]
    assert put(sites) == ()
    assert put(sites.assign(place_confidence=[1.0, np.nan])) == ("A",)
