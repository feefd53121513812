"""The service on the sample town: what it answers, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.demo import Demo
from api.settings import Settings
from data.geopackage_store import open_store

BASE = "http://127.0.0.1:8000"


def service(store: Path) -> TestClient:
    app = create_app(Settings(store=str(store), max_upload_mb=2))
    return TestClient(app, base_url=BASE, raise_server_exceptions=False)


@pytest.fixture
def client(demo_store: Path) -> Iterator[TestClient]:
    with service(demo_store) as client:
        yield client


@pytest.fixture(scope="module")
def reader(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One service for all tests that leave its store as it is."""
    store = Path(shutil.copy(demo.store, tmp_path_factory.mktemp("read") / "town.gpkg"))
    before = store_revision(store)
    with service(store) as client:
        yield client
    assert store_revision(store) == before


def store_revision(path: Path) -> int:
    with open_store(path) as store:
        return store.info().data_revision


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    return document


def test_projects_are_paged_and_whole(reader: TestClient, demo: Demo) -> None:
    seen: list[str] = []
    address: str | None = "/api/v1/projects?limit=150"
    while address:
        answer = reader.get(address).json()
        seen += [item["code"] for item in answer["items"]]
        address = answer["next"]
    with open_store(demo.store) as store:
        stored = store.read_city().projects["code"]
    assert seen == sorted(stored)
    assert answer["total"] == len(seen)


def test_contacts_never_leave(reader: TestClient) -> None:
    answer = reader.get("/api/v1/projects?limit=1000").json()
    assert not [item for item in answer["items"] if "contact" in item]


def test_findings_equal_the_store(reader: TestClient, demo: Demo) -> None:
    answer = reader.get("/api/v1/findings?limit=1000").json()
    table = demo.findings.table
    assert answer["total"] == len(table)
    by_id = {item["finding_id"]: item for item in answer["items"]}
    for row in table.head(50).to_dict("records"):
        item = by_id[row["finding_id"]]
        assert (item["rule"], item["severity"]) == (row["rule"], row["severity"])
        assert item["reason_zh"] == row["reason_zh"]
    assert [run["rule"] for run in answer["rules_run"]] == [r.rule for r in demo.findings.rules_run]


def test_filters_narrow(reader: TestClient, demo: Demo) -> None:
    table = demo.findings.table
    high = reader.get("/api/v1/findings?severity=high&limit=1").json()["total"]
    assert high == int((table["severity"] == "high").sum()) > 0
    code = table["project_a"].iloc[0]
    own = reader.get(f"/api/v1/findings?project={code}&limit=1000").json()["items"]
    assert own
    assert all(code in (item["project_a"], item["project_b"]) for item in own)
    nowhere = reader.get("/api/v1/findings?bbox=2.2,48.8,2.4,48.9").json()
    assert nowhere["total"] == 0
    everywhere = reader.get("/api/v1/projects?bbox=120,30,123,33&limit=1").json()["total"]
    assert everywhere > 250


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/v1/projects/none-such", 404, "http_no_project"),
        ("/api/v1/findings/none-such", 404, "http_no_finding"),
        ("/api/v1/checks/none-such", 404, "http_no_check"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/v1/findings?severity=terrible", 400, "http_unknown_value"),
        ("/api/v1/findings?rule=none", 400, "http_unknown_value"),
        ("/api/v1/findings?bbox=1,2,3", 400, "http_bad_bbox"),
        ("/api/v1/findings?bbox=nan,2,3,4", 400, "http_bad_bbox"),
        ("/api/v1/findings?from=yesterday", 422, "invalid_request"),
        ("/api/v1/projects?limit=0", 422, "invalid_request"),
        ("/static/../settings.py", 404, "not_found"),
    ],
)
def test_bad_questions_get_problem_documents(
    reader: TestClient, address: str, status: int, code: str
) -> None:
    assert problem(reader.get(address), status)["code"] == code


def test_language_is_negotiated(reader: TestClient) -> None:
    zh = reader.get("/api/v1/projects/x").json()["detail"]
    en = reader.get("/api/v1/projects/x", headers={"Accept-Language": "en-GB,en;q=0.9"}).json()
    assert zh == "没有编号为 x 的项目。"
    assert en["detail"] == "There is no project with the code x."


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8000"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_only_this_machine_is_answered(reader: TestClient, headers: dict[str, str]) -> None:
    assert problem(reader.get("/healthz", headers=headers), 403)["code"] == "foreign_host"
    assert reader.get("/healthz", headers={"Origin": BASE}).status_code == 200


def test_large_bodies_are_refused(reader: TestClient) -> None:
    answer = reader.post("/api/v1/imports", files={"file": ("a.csv", b"x" * 3_000_000)})
    problem(answer, 413)


def test_an_import_goes_the_same_way(client: TestClient, demo: Demo) -> None:
    content = (demo.store.parent / "input" / "projects.geojson").read_bytes()
    before = client.get("/readyz").json()["data_revision"]
    same = client.post("/api/v1/imports", files={"file": ("projects.geojson", content)}).json()
    assert same["counts"]["new"] == same["counts"]["changed"] == 0
    assert {row["change"] for row in same["rows"] if row["outcome"] != "refused"} == {"unchanged"}
    assert client.get("/readyz").json()["data_revision"] == before


def test_a_dry_run_writes_nothing(reader: TestClient) -> None:
    feature = tentative("DRY-1")
    body = json.dumps({"type": "FeatureCollection", "features": [feature]})
    answer = reader.post(
        "/api/v1/imports?dry_run=true", files={"file": ("one.geojson", body.encode())}
    ).json()
    assert answer["written"] is False
    assert answer["counts"]["rows"] == 1
    assert reader.get("/api/v1/projects/DRY-1").status_code == 404


def test_bad_rows_are_named(reader: TestClient) -> None:
    feature = tentative("BAD-1", finish="2025-01-01")
    body = json.dumps({"type": "FeatureCollection", "features": [tentative("OK-1"), feature]})
    answer = reader.post("/api/v1/imports", files={"file": ("two.geojson", body.encode())}).json()
    assert answer["written"] is False
    refused = [fault for fault in answer["faults"] if fault["level"] == "refused"]
    assert [(fault["code"], fault["row"]) for fault in refused] == [("finish_before_start", 2)]
    assert reader.get("/api/v1/projects/OK-1").status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.geojson", b""),
        ("junk.bin", bytes(range(256)) * 20),
        ("cut.geojson", b'{"type":"FeatureCollection","features":[{"type":"Fea'),
        ("../../etc/passwd", b"root:x:0:0"),
        ("a.zip", b"PK\x03\x04 not a zip"),
    ],
)
def test_bad_files_are_refused(reader: TestClient, name: str, content: bytes) -> None:
    answer = reader.post("/api/v1/imports", files={"file": (name, content)})
    assert problem(answer, 422)["code"] == "input_refused"


def tentative(code: str, **changes: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[121.25, 31.38], [121.2501, 31.38], [121.2501, 31.3801],
                             [121.25, 31.3801], [121.25, 31.38]]],
        },
        "properties": {
            "项目编号": code, "项目名称": "试验", "项目单位": "试验单位", "行业": "市政管线",
            "施工工艺": "开挖", "计划开工": "2026-04-01", "计划竣工": "2026-05-01",
        } | {{"finish": "计划竣工"}.get(key, key): value for key, value in changes.items()},
    }  # fmt: skip


def test_check_equals_batch(reader: TestClient, demo: Demo) -> None:
    """Checking stored projects in place of themselves gives the findings of the batch."""
    source = json.loads((demo.store.parent / "input" / "projects.geojson").read_text("utf-8"))
    filed = {feature["properties"]["项目编号"] for feature in source["features"]}
    table = demo.findings.table
    pairs = table[table["rule"].isin(("concurrent_works", "repeat_excavation"))]
    codes = [c for c in pairs["project_a"].drop_duplicates() if c in filed][:3]
    own_features = [f for f in source["features"] if f["properties"]["项目编号"] in codes]
    body = {"type": "FeatureCollection", "features": own_features}
    answer = reader.post("/api/v1/checks", json=body)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert sorted(project["code"] for project in document["projects"]) == sorted(codes)
    for project in document["projects"]:
        own = (table["project_a"] == project["code"]) | (table["project_b"] == project["code"])
        found = table.loc[own, ["finding_id", "severity", "reason_zh"]]
        expected = set(found.itertuples(index=False, name=None))
        got = {(f["finding_id"], f["severity"], f["reason_zh"]) for f in project["findings"]}
        assert got == expected
        undecided = {severity for _, severity, _ in expected} & {"medium", "high"}
        grave = table[own & table["severity"].isin(("medium", "high"))]
        blocked = grave["rule"].isin(("no_dig_period", "restricted_period")).any()
        assert project["verdict"] == (
            "blocked" if blocked else "coordinate" if undecided else "clear"
        )


def test_a_check_is_kept_as_evidence(client: TestClient) -> None:
    document = client.post("/api/v1/checks", json=tentative("NEW-1")).json()
    assert [project["code"] for project in document["projects"]] == ["NEW-1"]
    again = client.get(f"/api/v1/checks/{document['check_id']}").json()
    assert again == document
    assert client.get("/api/v1/projects/NEW-1").status_code == 404


def test_a_check_that_cannot_be_understood_gives_no_verdict(reader: TestClient) -> None:
    bad = tentative("BAD-2", finish="2025-01-01")
    document = problem(reader.post("/api/v1/checks", json=bad), 422)
    assert [entry["code"] for entry in document["errors"]] == ["finish_before_start"]
    assert (
        problem(reader.post("/api/v1/checks", json={"type": "Point"}), 422)["code"]
        == "http_no_geojson"
    )
    assert problem(reader.post("/api/v1/checks", json=[1]), 422)["code"] == "invalid_request"


def test_a_decision_stays_through_the_next_detection(
    client: TestClient, demo: Demo, demo_store: Path
) -> None:
    from typer.testing import CliRunner

    from api.cli import app

    finding_id = demo.findings.table["finding_id"].iloc[0]
    decision = {"status": "resolved", "note": "四月例会", "agreed_item": "同沟同槽"}
    answer = client.post(f"/api/v1/findings/{finding_id}/decisions", json=decision)
    assert answer.status_code == 201, answer.text
    run = CliRunner().invoke(app, ["detect", "--store", str(demo_store)])
    assert run.exit_code == 0, run.output
    after = client.get(f"/api/v1/findings/{finding_id}").json()
    assert after["status"] == "resolved"
    assert [row["note"] for row in after["decisions"]] == ["四月例会"]


def test_an_unknown_decision_is_refused(reader: TestClient, demo: Demo) -> None:
    finding_id = demo.findings.table["finding_id"].iloc[0]
    address = f"/api/v1/findings/{finding_id}/decisions"
    assert problem(reader.post(address, json={"status": "done"}), 422)["code"] == "invalid_request"
    assert problem(reader.post(address, json={"status": "cleared"}), 422)
    assert problem(reader.post("/api/v1/findings/none/decisions", json={"status": "resolved"}), 404)


def test_pages_and_documents(reader: TestClient) -> None:
    start = reader.get("/?lang=en")
    assert "Meeting map" in start.text
    assert "<script" in reader.get("/maps/conflicts").text
    docs = reader.get("/docs").text
    assert "http://" not in docs
    assert "https://" not in docs
    assert reader.get("/static/swagger-ui-bundle.js").status_code == 200
    paths = reader.get("/openapi.json").json()["paths"]
    assert {"/api/v1/imports", "/api/v1/checks", "/api/v1/projects", "/api/v1/findings"} <= set(
        paths
    )
    assert reader.get("/healthz").json()["status"] == "ok"


def test_mistakes_of_ours_keep_their_details(
    demo_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    app = create_app(Settings(store=str(demo_store)))
    monkeypatch.setattr(app.state.snapshots, "newest", broken)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/projects?lang=en")
    assert problem(answer, 500)["code"] == "internal_error"
    assert "secret" not in answer.text


def test_a_wrong_method_says_which_are_right(reader: TestClient) -> None:
    answer = reader.delete("/api/v1/findings")
    assert problem(answer, 405)["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("name", ["..", "a\0b.geojson", "a" * 300 + ".geojson", "/etc/passwd", ""])
def test_names_of_uploads_are_made_plain(reader: TestClient, name: str) -> None:
    content = json.dumps(feature("U1")).encode()
    answer = reader.post("/api/v1/imports?dry_run=true", files={"file": (name or " ", content)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["counts"]["accepted"] == 1


@pytest.mark.parametrize("code", ["沪/12?#", "a b", "🚧", "'; DROP TABLE projects;--"])
def test_any_code_has_an_address(client: TestClient, code: str) -> None:
    files = {"file": ("f.geojson", json.dumps(feature(code)).encode())}
    assert client.post("/api/v1/imports", files=files).status_code == 200
    answer = client.get("/api/v1/projects/" + quote(code, safe=""))
    assert answer.status_code == 200, answer.text
    assert answer.json()["code"] == code


def test_one_place_is_a_box_too(reader: TestClient) -> None:
    answer = reader.get("/api/v1/projects?bbox=2.3,48.8,2.3,48.8")
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == 0


def test_half_a_letter_in_a_check_is_no_mistake_of_ours(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/checks",
        content=json.dumps(feature("\ud800")),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["projects"][0]["code"] == "?"
    again = client.get("/api/v1/checks/" + answer.json()["check_id"])
    assert again.json() == answer.json()


def feature(code: str) -> dict[str, Any]:
    line = {"type": "LineString", "coordinates": [[121.25, 31.38], [121.251, 31.38]]}
    days = {"start": "2026-03-01", "finish": "2026-04-01", "method": "open_cut"}
    return {"type": "Feature", "geometry": line, "properties": {"code": code, "name": code} | days}
