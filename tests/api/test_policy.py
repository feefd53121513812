"""Which policy is in force: file, else adopted, else built in; and the history of the adopted ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from api.app import create_app
from api.cli import app
from api.policies import policy_in_force
from api.settings import Settings
from coordination.faults import InputRefusedError
from data.geopackage_store import create_store, open_store

RUNNER = CliRunner()
A, B = 'version = "2026-1"\nlink_days = 21\n', 'version = "2026-2"\nlink_days = 30\n'


def run(*words: str | Path) -> Result:
    return RUNNER.invoke(app, [str(word) for word in words])


def document(*words: str | Path) -> dict:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "plan.gpkg"
    create_store(path).close()
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "a.toml", tmp_path / "b.toml"
    for path, text in zip(paths, (A, B), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_the_built_in_policy_holds_until_one_is_adopted(store: Path) -> None:
    shown = document("policy", "show", "--store", store)
    assert (shown["version"], shown["source"], shown["stated"]) == ("default-2", "built_in", [])
    assert document("policy", "list", "--store", store) == {"policies": []}


def test_show_needs_no_store(tmp_path: Path) -> None:
    assert document("policy", "show", "--store", tmp_path / "none.gpkg")["version"] == "default-2"
    assert not (tmp_path / "none.gpkg").exists()


def test_an_adopted_policy_is_in_force_and_changes_the_data(
    store: Path, files: tuple[Path, Path]
) -> None:
    done = document("policy", "adopt", files[0], "--store", store)
    assert (done["version"], done["adopted"], done["data_revision"]) == ("2026-1", True, 1)
    shown = document("policy", "show", "--store", store)
    assert (shown["version"], shown["source"]) == ("2026-1", "adopted")
    assert shown["stated"] == ["link_days", "version"]
    assert (shown["policy"]["link_days"], shown["policy"]["repeat_months"]) == (21, 24)
    with open_store(store) as opened:
        assert opened.info().data_revision == 1
        (change,) = opened.changes()
    assert (change.table, change.key, change.action, change.actor) == (
        "policies", "2026-1", "insert", "cli",
    )  # fmt: skip
    assert change.after is not None
    assert change.after["toml"] == A


def test_adopting_the_same_again_changes_nothing(store: Path, files: tuple[Path, Path]) -> None:
    run("policy", "adopt", files[0], "--store", store)
    files[0].write_text('# other words\nlink_days = 21\nversion = "2026-1"\n', encoding="utf-8")
    done = document("policy", "adopt", files[0], "--store", store)
    assert (done["adopted"], done["data_revision"]) == (False, 1)


def test_a_version_keeps_its_content(store: Path, files: tuple[Path, Path]) -> None:
    run("policy", "adopt", files[0], "--store", store)
    files[0].write_text(A.replace("21", "22"), encoding="utf-8")
    for lang, said in (
        ("en", "Version 2026-1 is already adopted with other content: give it a new version.\n"),
        ("zh", "版本 2026-1 已采用，但内容不同：请换一个新的版本号。\n"),
    ):
        refused = run("policy", "adopt", files[0], "--store", store, "--lang", lang)
        assert (refused.exit_code, refused.stderr) == (3, said)
    assert document("policy", "show", "--store", store)["policy"]["link_days"] == 21
    files[0].write_text('version = "default-2"\nlink_days = 22\n', encoding="utf-8")
    refused = run("policy", "adopt", files[0], "--store", store)
    assert (refused.exit_code, "default-2" in refused.stderr) == (3, True)


def test_an_earlier_version_can_come_back(store: Path, files: tuple[Path, Path]) -> None:
    for file in (*files, files[0]):
        run("policy", "adopt", file, "--store", store)
    adopted = document("policy", "list", "--store", store)["policies"]
    assert [one["version"] for one in adopted] == ["2026-1", "2026-2", "2026-1"]
    assert [one["in_force"] for one in adopted] == [False, False, True]
    assert [one["revision"] for one in adopted] == [1, 2, 3]
    assert {one["actor"] for one in adopted} == {"cli"}
    told = run("policy", "list", "--store", store, "--lang", "en")
    assert told.stdout.count("in force") == 1
    assert told.stdout.splitlines()[2].endswith("data revision 3 · in force")


def test_a_file_goes_before_the_store_and_bears_its_content(
    store: Path, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("policy", "adopt", files[0], "--store", store)
    same = document("policy", "show", "--store", store, "--policy", files[0])
    assert (same["version"], same["source"]) == ("2026-1", "file")
    other = document("policy", "show", "--store", store, "--policy", files[1])
    assert other["version"] == f"2026-2+{other['digest']}"
    files[0].write_text(A.replace("21", "22"), encoding="utf-8")
    edited = document("policy", "show", "--store", store, "--policy", files[0])
    assert edited["version"] == f"2026-1+{edited['digest']}"
    assert edited["digest"] != same["digest"]
    monkeypatch.setenv("DIGONCE_POLICY", str(files[1]))
    assert document("policy", "show", "--store", store)["policy"]["link_days"] == 30
    named = document("policy", "show", "--store", store, "--policy", files[0])
    assert named["policy"]["link_days"] == 22


def test_commands_judge_by_the_policy_in_force(demo_store: Path, files: tuple[Path, Path]) -> None:
    everything = document("detect", "--store", demo_store)
    assert everything["policy_version"] == "sample-town-1"
    files[0].write_text(
        'version = "2026-1"\nopportunity_m = 0\nopportunity_area_m2 = 1000000\n', encoding="utf-8"
    )
    run("policy", "adopt", files[0], "--store", demo_store)
    fewer = document("detect", "--store", demo_store)
    assert fewer["policy_version"] == "2026-1"
    found = {
        name: {run["rule"]: run["found"] for run in one["rules_run"]}["opportunity"]
        for name, one in (("all", everything), ("fewer", fewer))
    }
    assert found["fewer"] < found["all"]
    one = document("detect", "--store", demo_store, "--policy", files[1])
    assert one["policy_version"].startswith("2026-2+")


def test_diff_tells_old_new_and_the_rules(store: Path, files: tuple[Path, Path]) -> None:
    run("policy", "adopt", files[0], "--store", store)
    files[1].write_text(
        'version = "2026-2"\nlink_days = 21\n[no_dig.months]\nnew = 48\n[fees]\n'
        "early_factor_by_year = [5, 3, 1]\n",
        encoding="utf-8",
    )
    told = document("policy", "diff", files[1], "--store", store)
    assert (told["old"], told["new"]) == ("2026-1", "2026-2")
    assert told["changes"] == [
        {"path": "version", "old": "2026-1", "new": "2026-2", "rules": []},
        {"path": "no_dig.months.new", "old": 60.0, "new": 48.0,
         "rules": ["no_dig_period", "no_dig_lockout"]},
        {"path": "fees.early_factor_by_year", "old": [5.0, 4.0, 3.0, 2.0, 1.0],
         "new": [5.0, 3.0, 1.0], "rules": []},
    ]  # fmt: skip
    said = run("policy", "diff", "2026-1", files[1], "--store", store, "--lang", "en")
    assert said.stdout.splitlines() == [
        "no_dig.months.new: 60 → 48 (touches: no-dig period, no-dig lockout)",
        "fees.early_factor_by_year: [5, 4, 3, 2, 1] → [5, 3, 1]",
    ]
    said = run("policy", "diff", "default-2", files[1], "--store", store, "--lang", "zh")
    assert said.stdout.splitlines()[0] == "link_days：14 → 21（涉及：重复开挖）"
    unknown = run("policy", "diff", "2027-1", "--store", store, "--lang", "en")
    assert (unknown.exit_code, "never adopted a version 2027-1" in unknown.stderr) == (2, True)


def test_check_names_every_fault_and_exits_3(files: tuple[Path, Path]) -> None:
    assert document("policy", "check", files[0])["version"] == "2026-1"
    files[0].write_text('link_day = 21\nbuffer_m = "5 m"\n', encoding="utf-8")
    refused = run("policy", "check", files[0], "--lang", "en")
    assert refused.exit_code == 3
    assert refused.stderr.splitlines()[:3] == [
        "link_day: there is no such setting. Did you mean link_days? Correct the name, or take it out.",
        'buffer_m: expected a number, found "5 m". Write it without quotes and units, such as 12.5.',
        'version: expected the version of this policy, found none. Add a line such as version = "2026-1"; it stands on every finding.',
    ]
    assert run("policy", "check", files[0].parent / "none.toml").exit_code == 2


def test_a_faulty_file_stops_a_command_before_it_writes(
    store: Path, files: tuple[Path, Path]
) -> None:
    files[0].write_text("version = 1", encoding="utf-8")
    assert run("detect", "--store", store, "--policy", files[0]).exit_code == 3
    with open_store(store) as opened:
        assert opened.read_findings() is None
    with pytest.raises(InputRefusedError):
        create_app(Settings(store=str(store), policy=files[0]))


def test_show_is_a_file_that_reads_to_the_same_policy(
    store: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    run("policy", "adopt", files[0], "--store", store)
    for lang in ("zh", "en"):
        shown = tmp_path / f"{lang}.toml"
        told = run("policy", "show", "--store", store, "--lang", lang)
        shown.write_text(told.stdout, encoding="utf-8")
        assert "link_days = 21  # " in told.stdout
        with open_store(store) as opened:
            policy = policy_in_force(Settings(store=str(store)), opened)
            assert policy_in_force(Settings(store=str(store), policy=shown), opened) == policy


def test_http_tells_the_policy_in_force_and_its_versions(
    store: Path, files: tuple[Path, Path]
) -> None:
    for file in files:
        run("policy", "adopt", file, "--store", store)
    with TestClient(create_app(Settings(store=str(store))), base_url="http://localhost") as client:
        now = client.get("/api/v1/policy").json()
        assert (now["version"], now["source"], now["data_revision"]) == ("2026-2", "adopted", 2)
        assert now["policy"]["link_days"] == 30
        versions = client.get("/api/v1/policy/versions").json()["versions"]
        assert [one["version"] for one in versions] == ["2026-1", "2026-2"]
        first = client.get("/api/v1/policy/versions/2026-1").json()
        assert (first["toml"], first["in_force"], first["policy"]["link_days"]) == (A, False, 21)
        file = client.get("/api/v1/policy/file", params={"lang": "en"})
        assert "link_days = 30  # stated by 2026-2" in file.text
        missing = client.get("/api/v1/policy/versions/2030")
        assert (missing.status_code, missing.json()["code"]) == (404, "policy_no_version")


def test_http_judges_by_the_file_it_was_started_with(store: Path, files: tuple[Path, Path]) -> None:
    run("policy", "adopt", files[0], "--store", store)
    service = create_app(Settings(store=str(store), policy=files[1]))
    files[1].write_text("nonsense", encoding="utf-8")
    with TestClient(service, base_url="http://localhost") as client:
        now = client.get("/api/v1/policy").json()
    assert (now["source"], now["policy"]["link_days"]) == ("file", 30)
