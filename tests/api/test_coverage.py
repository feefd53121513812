"""The quality of the data: over HTTP, on the command line and in the report."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.settings import Settings
from coordination.quality import DEFAULT, GROUPS, STATES

LIST = (
    "项目编号,项目名称,项目单位,街镇,道路名称,施工工艺,计划开工,计划竣工,估算投资(万元)\n"
    "A,给水,水务局,安亭镇,甲路,开挖,2027-03-01,2027-05-01,20\n"
    "B,燃气,燃气公司,安亭镇,甲路,,2027-03,2027-05,\n"
    "C,路灯,=1+1,,乙路,,,,\n"
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    source, path = tmp_path / "list.csv", tmp_path / "town.gpkg"
    source.write_text(LIST, "utf-8")
    answer = CliRunner().invoke(app, ["import", "projects", str(source), "--store", str(path)])
    assert answer.exit_code == 0, answer.output
    return path


@pytest.fixture
def client(store: Path) -> Iterator[TestClient]:
    service = create_app(Settings(store=str(store)))
    with TestClient(
        service, base_url="http://127.0.0.1:8000", raise_server_exceptions=False
    ) as client:
        yield client


def test_coverage_by_unit_town_and_file(client: TestClient) -> None:
    told = client.get("/api/v1/coverage").json()
    # A: time 25, cost 10, method 15, unit 10, code 5, road 5. B: months count 0.9. C has three.
    assert told["score"] == pytest.approx((70.0 + 42.5 + 20.0) / 3, abs=0.05)
    assert told["weights"] == dict(DEFAULT.weights)
    by = {(row["by"], row["name"]): row for row in told["rows"]}
    assert set(by) == {
        ("all", ""), ("unit", "水务局"), ("unit", "燃气公司"), ("unit", "=1+1"), ("town", "安亭镇"),
        ("town", ""), ("file", "list.csv"),
    }  # fmt: skip
    whole = by["all", ""]
    assert {name: part["projects"] for name, part in whole["coverage"].items()} == {
        "place": 0, "time": 2, "cost": 1, "complete": 0,
    }  # fmt: skip
    assert set(whole["groups"]) == set(GROUPS)
    for group in whole["groups"].values():
        assert sum(group[state] for state in STATES) == 3
    assert by["unit", "水务局"]["score"] == 70.0
    assert by["unit", "水务局"]["coverage"]["cost"]["share"] == 1.0


def test_coverage_of_some_kinds_only(client: TestClient) -> None:
    told = client.get("/api/v1/coverage", params={"by": ["town", "all"]}).json()
    assert {row["by"] for row in told["rows"]} == {"town", "all"}


def test_a_wrong_kind_is_a_problem_with_its_field(client: TestClient) -> None:
    answer = client.get("/api/v1/coverage?by=street")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == 422
    assert "by" in json.dumps(document["errors"])


def test_a_missing_store_is_a_problem(tmp_path: Path) -> None:
    service = create_app(Settings(store=str(tmp_path / "none.gpkg")))
    with TestClient(
        service, base_url="http://127.0.0.1:8000", raise_server_exceptions=False
    ) as client:
        answer = client.get("/api/v1/coverage")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "store_missing"


def test_the_command_says_the_same_and_writes_no_formula(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "quality.csv"
    answer = CliRunner().invoke(
        app, ["quality", "--store", str(store), "--by", "unit", "--out", str(out), "--json"]
    )
    assert answer.exit_code == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert {row["by"] for row in told["rows"]} == {"all", "unit"}
    assert "3 个项目" in answer.stderr
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert [row["by"] for row in rows] == ["all", "unit", "unit", "unit"]
    assert not any(row["name"].startswith("=") for row in rows)


def test_the_report_shows_it_by_unit_and_town(store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    assert CliRunner().invoke(app, ["detect", "--store", str(store)]).exit_code == 0
    for lang in ("zh", "en"):
        answer = CliRunner().invoke(
            app, ["report", "--store", str(store), "--out", str(folder / lang), "--lang", lang]
        )
        assert answer.exit_code == 0, answer.output
        page = (folder / lang / "index.html").read_text("utf-8")
        table = page[page.index('id="quality"') :]
        table = table[: table.index("</table>")]
        for cell in ("水务局", "燃气公司", "安亭镇", ">70<", ">42<", ">20<"):
            assert cell in table
