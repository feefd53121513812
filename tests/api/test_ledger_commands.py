"""``digonce ledger …`` and ``/api/v1/ledger`` on a small town."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.settings import Settings

ROWS = """项目编号,项目名称,建设单位,行业,项目类别,项目阶段,是否开挖,道路名称,计划开工,计划竣工,wkt
R1,甲路改建,市政,城市道路,改建,竣工,开挖,甲路,2025-03-01,2025-06-30,"POLYGON((121.25 31.39,121.252 31.39,121.252 31.3901,121.25 31.3901,121.25 31.39))"
R2,甲路大修,市政,城市道路,大修,批复,开挖,甲路,2026-03-01,2026-06-30,"POLYGON((121.25 31.39,121.252 31.39,121.252 31.3901,121.25 31.3901,121.25 31.39))"
G1,甲路燃气,燃气,市政管线,新建,批复,开挖,甲路,2027-03-01,2027-04-30,"POLYGON((121.251 31.39,121.2515 31.39,121.2515 31.39003,121.251 31.39003,121.251 31.39))"
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "plan.csv").write_text(ROWS, encoding="utf-8")
    path = tmp_path / "town.gpkg"
    run(path, "init", "--crs", "EPSG:4549")
    run(path, "import", "projects", str(tmp_path / "plan.csv"), "--crs", "EPSG:4326",
        "--frame", "wgs84")  # fmt: skip
    return path


def run(store: Path, *args: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, [*args, "--store", str(store), "--json", "--lang", "en"])
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


def test_the_ledger_of_a_completed_project(store: Path) -> None:
    entries = run(store, "ledger", "list")["entries"]
    assert {(row["source"], row["kind"], row["locked_until"]) for row in entries} == {
        ("R1", "opening", "2030-06-30"), ("R1", "resurfacing", "2030-06-30"),
    }  # fmt: skip
    (one,) = run(store, "ledger", "list", "--kind", "resurfacing")["entries"]
    name = one["ledger_id"]
    assert run(store, "ledger", "show", name)["day"] == "2025-06-30"
    refused = run(store, "ledger", "correct", name, "--set", "day=2021-06-30", code=2)
    assert refused["error"] == "ledger.error.reason"
    told = run(
        store, "ledger", "correct", name, "--set", "start=2021-03-01", "--set", "day=2021-06-30",
        "--reason", "验收单",
    )  # fmt: skip
    assert told["changed"]
    _, change = run(store, "ledger", "history", name)["changes"]
    assert change["values"]["day"] == {"before": "2025-06-30", "after": "2021-06-30"}
    assert change["reason"].endswith("验收单")
    assert run(store, "ledger", "show", name)["locked_until"] == "2026-06-30"
    assert run(store, "ledger", "show", "nobody", code=2)["error"] == "ledger.error.entry"


def test_who_is_locked_out(store: Path) -> None:
    answer = run(store, "ledger", "locked-by", "R2", "--as-of", "2026-01-01")
    (row,) = answer["locked_out"]
    assert (row["code"], row["days"], row["free_from"]) == ("G1", 61, "2029-07-01")
    assert answer["months"] == 36
    assert run(store, "ledger", "locked-by", code=2)["error"] == "ledger.error.which"


def test_over_http(store: Path) -> None:
    client = TestClient(create_app(Settings(store=str(store))), base_url="http://127.0.0.1:8000")
    page = client.get("/api/v1/ledger", params={"kind": "resurfacing"}).json()
    assert page["total"] == 1
    assert client.get("/api/v1/ledger", params={"since": "2025-07-01"}).json()["total"] == 0
    told = client.get("/api/v1/ledger/locked-by/R2", params={"as-of": "2026-01-01"}).json()
    assert [row["code"] for row in told["locked_out"]] == ["G1"]
    assert client.get("/api/v1/ledger/locked-by/X").status_code == 404
    assert client.get("/api/v1/ledger", params={"kind": "hole"}).status_code == 400
