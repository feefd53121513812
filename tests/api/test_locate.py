"""``digonce locate`` and its endpoint: words to places, with candidates where they are doubtful."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from api.app import create_app
from api.cli import app
from api.settings import Settings
from data.geopackage_store import create_store, open_store

EAST, NORTH = 600_000, 3_470_000
ROADS = (
    f'甲路,10,"LINESTRING ({EAST} {NORTH}, {EAST + 1000} {NORTH})"\n'
    f'乙路,10,"LINESTRING ({EAST + 100} {NORTH - 200}, {EAST + 100} {NORTH + 200})"\n'
    f'丙路,10,"LINESTRING ({EAST + 500} {NORTH - 200}, {EAST + 500} {NORTH + 200})"\n'
    f'丁南路,10,"LINESTRING ({EAST + 900} {NORTH - 200}, {EAST + 900} {NORTH + 200})"\n'
)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    (folder / "roads.csv").write_text(f"name,width,wkt\n{ROADS}", "utf-8")
    answer = run("import", "roads", folder / "roads.csv", "--crs", "EPSG:4549",
                 "--store", folder / "town.gpkg")  # fmt: skip
    assert answer.exit_code == 0, answer.stderr
    return folder / "town.gpkg"


@pytest.fixture
def store(town: Path, tmp_path: Path) -> Path:
    path = tmp_path / "town.gpkg"
    path.write_bytes(town.read_bytes())
    return path


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.csv"
    path.write_text(
        "编号,道路名称,起讫点\n1,甲路,乙路—丙路\n2,甲路,乙路—丁路\n3,,甲路（乙路—丙路）、甲路（丙路—丁路）\n"
        "4,,\n5,,无名大道（东街—西街）\n",
        "utf-8",
    )
    return path


def located(store: Path, *arguments: str | Path) -> dict[str, Any]:
    answer = run("locate", *arguments, "--store", store, "--json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


def test_one_feature_per_row_as_the_interface_says(store: Path, words: Path) -> None:
    document = located(store, words)
    features = document["features"]
    assert document["type"] == "FeatureCollection"
    assert [feature["properties"]["row"] for feature in features] == [0, 1, 2, 3, 4]
    assert [feature["properties"]["status"] for feature in features] == [
        "located", "ask", "ask", "unknown", "unknown",
    ]  # fmt: skip
    first = features[0]
    assert set(first["properties"]) == {
        "row", "text", "status", "confidence", "length_m", "reason_zh", "reason_en", "candidates",
        "parts",
    }  # fmt: skip
    assert first["properties"]["text"] == "甲路 乙路—丙路"
    assert (first["properties"]["confidence"], first["properties"]["length_m"]) == (0.95, 374.0)
    line = shapely.from_geojson(json.dumps(first["geometry"]))
    assert line.geom_type == "MultiLineString"
    assert 121 < line.centroid.x < 121.1
    best = features[1]["properties"]["candidates"][0]
    assert set(best) == {"key", "distance_m", "reason_zh", "reason_en", "geometry"}
    assert "丁南路" in best["reason_zh"]
    assert features[1]["geometry"] is None


def test_a_row_of_several_places_keeps_what_was_found(store: Path, words: Path) -> None:
    third = located(store, words)["features"][2]
    assert third["geometry"]["type"] == "MultiLineString"
    parts = third["properties"]["parts"]
    assert [part["status"] for part in parts] == ["located", "ask"]
    assert parts[0]["geometry"] is not None
    assert parts[1]["candidates"]
    assert third["properties"]["confidence"] == 0


def test_the_file_is_the_document_and_a_person_reads_counts(
    store: Path, words: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.geojson"
    answer = run("locate", words, "--store", store, "--out", out, "--lang", "en")
    assert answer.exit_code == 0
    assert answer.stdout == ""
    assert "5 rows: 1 located, 2 to be asked, 2 unknown." in answer.stderr
    assert "best candidate:" in answer.stderr
    assert json.loads(out.read_text("utf-8")) == located(store, words)


def test_an_answer_is_remembered_for_the_next_file(
    store: Path, words: Path, tmp_path: Path
) -> None:
    file = tmp_path / "questions.csv"
    assert run("locate", words, "--store", store, "--questions", file).exit_code == 0
    lines = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert [line["row"] for line in lines] == ["3", "4", "6"]
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, list(lines[0]))
        writer.writeheader()
        writer.writerow(lines[0] | {"answer": "1"})
    again = located(store, words, "--answers", file)
    assert again["features"][1]["properties"]["confidence"] == 1.0
    assert located(store, words)["features"][1]["properties"]["confidence"] == 1.0


def test_the_column_may_be_named_and_a_wrong_one_is_wrong_usage(
    store: Path, tmp_path: Path
) -> None:
    path = tmp_path / "raw.csv"
    path.write_text("raw_text,other\n甲路（乙路—丙路）,1\n", "utf-8")
    features = located(store, path, "--text", "raw_text")["features"]
    assert features[0]["properties"]["status"] == "located"
    for arguments in ((), ("--text", "rawtext"), ("--road", "street")):
        assert run("locate", path, "--store", store, *arguments).exit_code == 2


def test_without_roads_or_a_readable_file_it_says_so(words: Path, tmp_path: Path) -> None:
    create_store(tmp_path / "empty.gpkg").close()
    empty = run("locate", words, "--store", tmp_path / "empty.gpkg", "--lang", "en")
    assert empty.exit_code == 2
    assert "Import roads first" in empty.stderr
    assert run("locate", words, "--store", tmp_path / "none.gpkg").exit_code == 4
    (tmp_path / "bad.csv").write_bytes(b"\x00\x01\x02")
    assert run("locate", tmp_path / "bad.csv", "--store", tmp_path / "empty.gpkg").exit_code == 3


def client(store: Path) -> TestClient:
    return TestClient(
        create_app(Settings(store=str(store))), base_url="http://127.0.0.1",
        client=("127.0.0.1", 50_000),
    )  # fmt: skip


def test_the_service_locates_and_remembers_answers(store: Path) -> None:
    service = client(store)
    document = service.post(
        "/api/v1/locate", json={"texts": ["甲路（乙路—丁路）", None, "乙路—丙路"],
                                "roads": [None, None, "甲路"]},
    ).json()  # fmt: skip
    statuses = [feature["properties"]["status"] for feature in document["features"]]
    assert statuses == ["ask", "unknown", "located"]
    assert service.post("/api/v1/locate", json={"texts": ["a"], "roads": []}).status_code == 422
    assert service.get("/api/v1/answers").json() == {"answers": []}
    with open_store(store) as opened:
        assert opened.answers() == {}
    key = document["features"][0]["properties"]["candidates"][0]["key"]
    said = {"kind": "extent", "subject": "甲路(乙路-丁路)", "answer": key}
    body = {"answers": [said]}
    assert service.put("/api/v1/answers", json=body).json()["new"] == 1
    assert service.put("/api/v1/answers", json=body).json()["unchanged"] == 1
    again = service.post("/api/v1/locate", json={"texts": ["甲路（乙路—丁路）"]}).json()
    assert again["features"][0]["properties"]["confidence"] == 1.0
    assert [one["answer"] for one in service.get("/api/v1/answers").json()["answers"]] == [key]
    assert service.put("/api/v1/answers", json={"answers": [said | {"answer": None}]}).json()[
        "changed"
    ] == 1  # fmt: skip
    assert service.get("/api/v1/answers").json() == {"answers": []}
    differing = {"answers": [said, said | {"answer": "none"}]}
    assert service.put("/api/v1/answers", json=differing).status_code == 422
    assert service.put("/api/v1/answers", json={"answers": [{"kind": "x"}]}).status_code == 422
