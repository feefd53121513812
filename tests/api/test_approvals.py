"""``digonce approvals`` and its answer over HTTP."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.approvals import LIST_COLUMNS
from api.cli import app
from api.settings import Settings
from coordination.works import DONE_STAGES
from data.geopackage_store import open_store

RUNNER = CliRunner()


def test_every_open_project_has_a_tier(demo_store: Path, tmp_path: Path) -> None:
    out = tmp_path / "approvals.csv"
    result = RUNNER.invoke(
        app, ["approvals", "--store", str(demo_store), "--out", str(out), "--json", "--lang", "en"]
    )
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    with open_store(demo_store) as store:
        projects = store.read_city().projects
    open_codes = set(projects.loc[~projects["stage"].isin(DONE_STAGES), "code"])
    assert {one["code"] for one in told["projects"]} == open_codes
    assert sum(told["counts"].values()) == len(open_codes)
    assert told["site_visits"] == sum(one["site_visit"] for one in told["projects"]) > 0
    assert (told["policy_version"], told["fresh"]) == ("sample-town-1", True)
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == LIST_COLUMNS
    assert len(rows) == len(open_codes)
    assert f"Joint site visits: {told['site_visits']}" in result.stderr


def test_findings_of_another_policy_are_told(demo_store: Path, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        'version = "2026-1"\n[[approval.rows]]\ntier = "joint"\n', encoding="utf-8"
    )  # fmt: skip
    RUNNER.invoke(app, ["policy", "adopt", str(file), "--store", str(demo_store)])
    result = RUNNER.invoke(app, ["approvals", "--store", str(demo_store), "--json"])
    told = json.loads(result.stdout)
    assert (told["fresh"], told["policy_version"]) == (False, "2026-1")
    assert {one["tier"] for one in told["projects"]} == {"joint"}
    assert "请先运行 digonce detect" in result.stderr


def test_http_filters_and_pages(demo_store: Path) -> None:
    service = create_app(Settings(store=str(demo_store)))
    with TestClient(service, base_url="http://localhost") as client:
        everything = client.get("/api/v1/approvals", params={"limit": 1000}).json()
        visited = client.get("/api/v1/approvals", params={"site_visit": True, "limit": 5}).json()
        joint = client.get("/api/v1/approvals", params={"tier": "joint", "limit": 1000}).json()
        unit = everything["projects"][0]["owner_unit"]
        own = client.get("/api/v1/approvals", params={"unit": unit, "limit": 1000}).json()
    assert everything["total"] == len(everything["projects"]) > 100
    assert visited["total"] == everything["site_visits"]
    assert len(visited["projects"]) == 5
    assert joint["total"] == everything["counts"]["joint"]
    assert {one["owner_unit"] for one in own["projects"]} == {unit}
    assert own["total"] == sum(one["owner_unit"] == unit for one in everything["projects"])
