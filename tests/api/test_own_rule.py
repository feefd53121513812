"""The example package of docs/rules/own_rule.md, found as an installed one, in every place people look."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from api.app import create_app
from api.cli import app
from api.rules import installed_rules, rule_label
from api.settings import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "own_rule"
PAGE = EXAMPLE.parents[1] / "rules" / "own_rule.md"
BASE = "http://127.0.0.1:8000"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the package where an installer would: its module, and its entry points beside it."""
    folder = tmp_path / "site-packages"
    about = folder / "city_rules-1.0.dist-info"
    about.mkdir(parents=True)
    shutil.copy(EXAMPLE / "city_rules.py", folder)
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = project["entry-points"]["digonce.rules"]
    lines = [f"{name} = {where}" for name, where in points.items()]
    (about / "entry_points.txt").write_text("\n".join(["[digonce.rules]", *lines]) + "\n")
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("city_rules", None)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store with one long and one short work that take a lane."""
    features = [
        _feature("A", "2026-03-01", "2026-05-31"),
        _feature("B", "2026-03-01", "2026-04-20"),
    ]
    file = tmp_path / "plan.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    path = tmp_path / "town.gpkg"
    assert run("init", "--store", path, "--crs", "EPSG:4549").exit_code == 0
    assert run("import", "projects", file, "--store", path, "--frame", "wgs84").exit_code == 0
    return path


def _feature(code: str, start: str, finish: str) -> dict[str, Any]:
    west = 121.25 if code == "A" else 121.26
    ring = [[west, 31.38], [west + 0.0004, 31.38], [west + 0.0004, 31.3801], [west, 31.3801]]
    return {
        "type": "Feature",
        "properties": {
            "code": code, "name": f"工程{code}", "owner_unit": "燃气", "stage": "approved",
            "method": "open_cut", "sector": "pipeline", "work_type": "new", "utility": "gas",
            "site_id": "1", "start": start, "finish": finish, "traffic_impact": "lane",
        },
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }  # fmt: skip


def test_the_page_shows_the_example_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in ("city_rules.py", "pyproject.toml"):
        assert (EXAMPLE / name).read_text(encoding="utf-8").strip() in page


@pytest.mark.usefixtures("installed")
def test_an_installed_rule_runs_and_is_told_by_its_name(store: Path, tmp_path: Path) -> None:
    assert [rule.code for rule in installed_rules()][-1] == "long_occupation"
    assert rule_label("long_occupation", "en") == "long occupation"
    told = run(
        "detect",
        "--store",
        store,
        "--as-of",
        "2026-01-01",
        "--lang",
        "zh",
        "--out",
        tmp_path / "out",
    )
    assert told.exit_code == 0
    assert "占道过久" in told.output
    report = json.loads((tmp_path / "out" / "findings.geojson").read_text(encoding="utf-8"))
    (row,) = [
        one["properties"] for one in report["features"]
        if one["properties"]["rule"] == "long_occupation"
    ]  # fmt: skip
    assert (row["project_a"], row["project_b"], row["severity"]) == ("A", None, "medium")
    assert row["reason_zh"].startswith(
        "A 工程A（燃气）占用车道 92 天，超过 60 天，请缩短工期或分段施工。"
    )
    assert row["reason_en"].startswith("A 工程A (燃气) takes a lane for 92 days, more than 60;")
    assert row["legal_basis"] == "本市规定，示例 / a rule of this city, sample"

    listed = run("review", "list", "--store", store, "--lang", "en", "--rule", "long_occupation")
    assert listed.exit_code == 0
    assert "long occupation" in listed.output

    assert run("map", "--store", store, "--out", tmp_path / "map.html").exit_code == 0
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert '"rule.long_occupation":"占道过久"' in page
    assert '"rule.long_occupation":"long occupation"' in page

    assert run("report", "--store", store, "--out", tmp_path / "report").exit_code == 0
    assert "占道过久" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    english = (tmp_path / "report" / "index.en.html").read_text(encoding="utf-8")
    assert "long occupation" in english

    with TestClient(create_app(Settings(store=str(store), demo=True)), base_url=BASE) as client:
        answer = client.get("/api/v1/findings", params={"rule": "long_occupation"})
        assert (answer.status_code, answer.json()["total"]) == (200, 1)
        (ran,) = [one for one in answer.json()["rules_run"] if one["rule"] == "long_occupation"]
        assert ran["label_en"] == "long occupation"
        assert client.get("/api/v1/findings", params={"rule": "nonsense"}).status_code == 400


@pytest.mark.usefixtures("installed")
def test_its_parameters_stand_in_the_policy_and_it_can_block(store: Path, tmp_path: Path) -> None:
    policy = tmp_path / "town.toml"
    policy.write_text(
        'version = "2026-1"\nblocking_rules = ["long_occupation"]\n'
        "[own_rules.long_occupation]\nmost_days = 45\n",
        encoding="utf-8",
    )
    told = run("detect", "--store", store, "--as-of", "2026-01-01", "--policy", policy, "--json")
    assert told.exit_code == 0
    runs = {one["rule"]: one for one in json.loads(told.stdout)["rules_run"]}
    assert runs["long_occupation"]["found"] == 2


def test_what_an_uninstalled_rule_found_is_still_told(
    store: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("installed")
    assert run("detect", "--store", store, "--as-of", "2026-01-01").exit_code == 0
    folder = next(path for path in sys.path if path.endswith("site-packages") and "/pytest" in path)
    sys.path.remove(folder)
    importlib.invalidate_caches()
    assert rule_label("long_occupation", "en") == "long_occupation"
    for words in (
        ("map", "--out", tmp_path / "map.html"),
        ("report", "--out", tmp_path / "r"),
        ("review", "list"),
    ):
        assert run(*words, "--store", store, "--lang", "en").exit_code == 0
    assert "long occupation" in (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
