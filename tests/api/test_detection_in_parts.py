"""Detection part by part ends where one run ends, in this process and on a cluster."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from api.cli import app
from coordination import City, Policy, detect
from coordination.findings import Findings
from coordination.findings_in_parts import detect_in_parts
from data.geopackage_store import open_store

AS_OF = date(2026, 3, 1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    done = CliRunner().invoke(app, ["demo", "--out", str(folder)])
    assert done.exit_code == 0, done.output
    return folder / "digonce.gpkg"


@pytest.fixture(scope="module")
def town(store: Path) -> tuple[City, Policy]:
    with open_store(store) as opened:
        policy = opened.policy()
        assert policy is not None
        return opened.read_city(), policy


def same(one: Findings, other: Findings) -> None:
    for name in ("table", "spans", "hotspots"):
        plain = [
            pd.DataFrame(getattr(found, name)).drop(columns="geometry", errors="ignore")
            for found in (one, other)
        ]
        plain = [table.astype(object).where(table.notna(), None) for table in plain]
        pd.testing.assert_frame_equal(*plain)
    places = [shapely.normalize(found.table.geometry.to_numpy()) for found in (one, other)]
    missing = [shapely.is_missing(shapes) for shapes in places]
    assert missing[0].tolist() == missing[1].tolist()
    assert shapely.equals_exact(places[0][~missing[0]], places[1][~missing[0]], 1e-6).all()
    assert one.rules_run == other.rules_run


@pytest.mark.parametrize("network", [True, False])
def test_parts_end_where_one_run_ends(town: tuple[City, Policy], *, network: bool) -> None:
    city, policy = town
    if not network:
        city = replace(city, network=None)
    whole = detect(city, policy, as_of=AS_OF)
    assert len(whole.table) > 200
    parts = []

    def run(answer, given):  # noqa: ANN001, ANN202
        for part in given:
            parts.append(part)
            yield answer(part)

    same(detect_in_parts(city, policy, as_of=AS_OF, most_projects=120, run=run), whole)
    assert len(parts) >= 4
    assert sorted(code for part in parts for code in part.codes) == sorted(city.projects["code"])
    assert max(len(part.city.projects) for part in parts) < len(city.projects)


def test_a_cluster_writes_the_same_findings(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "town.gpkg"
    shutil.copy(store, copy)
    with open_store(copy) as opened:
        before = opened.read_findings()
    done = CliRunner().invoke(
        app, ["detect", "--store", str(copy), "--engine", "dask", "--workers", "1", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["counts"]["findings"] > 200
    with open_store(copy) as opened:
        after = opened.read_findings()
    assert before is not None
    assert after is not None
    same(after, before)


def test_an_engine_that_does_not_exist_is_named(store: Path) -> None:
    done = CliRunner().invoke(
        app, ["detect", "--store", str(store), "--engine", "spark", "--lang", "en"]
    )
    assert done.exit_code == 2
    assert "There is no engine spark; use local or dask." in done.stderr
