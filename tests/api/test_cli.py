"""The command line: exit statuses, messages in both languages, JSON alone on standard output."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.demo import Demo
from data.geopackage_store import open_store


def run(*words: str | Path, **environment: str) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env=environment)


FEATURE = (
    '{{"type":"Feature","geometry":{{"type":"LineString","coordinates":[[121.25,31.38],[121.251,31.38]]}},'
    '"properties":{{"项目编号":"{code}","项目名称":"甲","行业":"市政管线","计划开工":"2026-03-01",'
    '"计划竣工":"{finish}","施工工艺":"开挖"}}}}'
)


def features(path: Path, **finishes: str) -> Path:
    rows = [FEATURE.format(code=code, finish=finish) for code, finish in finishes.items()]
    path.write_text('{"type":"FeatureCollection","features":[' + ",".join(rows) + "]}", "utf-8")
    return path


def test_version_and_help() -> None:
    assert run("--version").output == "digonce 0.1.0\n"
    for command in (
        (), ("demo",), ("init",), ("import", "roads"), ("import", "projects"), ("import", "history"),
        ("detect",), ("pairs",), ("check",), ("map",), ("report",), ("serve",), ("store", "verify"),
    ):  # fmt: skip
        answer = run(*command, "--help")
        assert answer.exit_code == 0
        assert re.search("[\u4e00-\u9fff]", answer.output)


def test_demo_finds_what_was_planted(demo: Demo) -> None:
    assert len(demo.planted) >= 50
    assert len(demo.near_misses) >= 50
    assert demo.missed.to_dict("records") == []
    assert demo.wrong.to_dict("records") == []


def test_demo_leaves_what_the_interface_promises(demo: Demo) -> None:
    folder = demo.store.parent
    for name in ("digonce.gpkg", "map.html", "report/index.html", "planted.csv", "near_misses.csv"):
        assert (folder / name).stat().st_size > 0
    head = (folder / "planted.csv").read_text("utf-8").splitlines()[0]
    assert head == "rule,project_a,project_b"
    with open_store(demo.store) as store:
        assert str(store.info().as_of) == "2026-03-01"


def test_demo_spares_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    answer = run("demo", "--out", tmp_path, "--lang", "en")
    assert answer.exit_code == 2
    assert "no demo output" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_import_twice_changes_nothing(demo_store: Path, demo: Demo) -> None:
    source = demo.store.parent / "input" / "projects.geojson"
    before = open_store(demo_store).info()
    answer = run("import", "projects", source, "--store", demo_store, "--json")
    assert answer.exit_code == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert document["counts"]["new"] == document["counts"]["changed"] == 0
    assert open_store(demo_store).info().data_revision == before.data_revision


def test_refused_rows_stop_the_import(tmp_path: Path) -> None:
    source = features(tmp_path / "two.geojson", A="2026-04-01", B="2026-01-01")
    store = tmp_path / "new.gpkg"
    answer = run("import", "projects", source, "--store", store, "--lang", "en")
    assert answer.exit_code == 3
    assert "Row 2, column 计划竣工" in answer.stderr
    assert "Nothing was written" in answer.stderr
    assert not store.exists()
    answer = run("import", "projects", source, "--store", store, "--partial",
                 "--rejects", tmp_path / "rejects.csv")  # fmt: skip
    assert answer.exit_code == 3
    with open_store(store) as opened:
        assert opened.read_city().projects["code"].tolist() == ["A"]
    assert "2026-01-01" in (tmp_path / "rejects.csv").read_text("utf-8-sig")


def test_dry_run_leaves_no_store(tmp_path: Path) -> None:
    source = features(tmp_path / "one.geojson", A="2026-04-01")
    store = tmp_path / "new.gpkg"
    assert run("import", "projects", source, "--store", store, "--dry-run").exit_code == 0
    assert not store.exists()


def test_works_without_a_network(tmp_path: Path) -> None:
    source = features(tmp_path / "two.geojson", A="2026-04-01", B="2026-05-01")
    store = tmp_path / "new.gpkg"
    assert run("import", "projects", source, "--store", store).exit_code == 0
    answer = run("detect", "--store", store, "--as-of", "2026-03-10", "--lang", "en", "--json")
    assert answer.exit_code == 0, answer.stderr
    assert "No road network" in answer.stderr
    document = json.loads(answer.stdout)
    assert document["counts"]["findings"] >= 1
    page = tmp_path / "map.html"
    assert run("map", "--store", store, "--out", page).exit_code == 0
    assert run("report", "--store", store, "--out", tmp_path / "report").exit_code == 0
    assert page.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("import", "projects", "none.geojson"), 2, "none.geojson"),
        (("import", "projects", "here.txt", "--frame", "utm"), 2, "utm"),
        (("import", "projects", "here.txt", "--crs", "EPSG:nonsense"), 2, "EPSG:nonsense"),
        (("import", "projects", "here.txt"), 3, "here.txt"),
        (("detect", "--as-of", "tomorrow", "--store", "s.gpkg"), 2, "tomorrow"),
        (("detect", "--store", "none.gpkg"), 4, "none.gpkg"),
        (("map", "--store", "none.gpkg", "--out", "m.html"), 4, "none.gpkg"),
        (("report", "--store", "here.txt", "--out", "r"), 4, "here.txt"),
        (("serve", "--store", "none.gpkg"), 2, "--demo"),
        (("serve", "--host", "0.0.0.0", "--demo"), 2, "0.0.0.0"),
        (("init", "--store", "here.txt"), 2, "here.txt"),
        (("init", "--store", "new.gpkg", "--crs", "EPSG:4326"), 2, "EPSG:4326"),
        (("detect", "--store", "postgresql://localhost/x"), 4, "PostGIS"),
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_mistakes_get_a_status_and_a_sentence(
    words: tuple[str, ...], status: int, said: str, lang: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("here.txt").write_text("nothing of use\n", "utf-8")
    answer = run(*words, "--lang", lang)
    assert answer.exit_code == status, answer.output
    assert said in answer.stderr
    assert "Traceback" not in answer.output
    assert bool(re.search("[\u4e00-\u9fff]", answer.stderr)) == (lang == "zh")


def test_json_errors_are_documents(tmp_path: Path) -> None:
    answer = run("detect", "--store", tmp_path / "none.gpkg", "--json", "--lang", "en")
    assert answer.exit_code == 4
    assert json.loads(answer.stdout)["error"].startswith("store.")


def test_a_newer_store_is_refused_by_name(demo_store: Path) -> None:
    with sqlite3.connect(demo_store) as connection:
        connection.execute("INSERT INTO schema_versions VALUES (999, 'later', '2030-01-01')")
    connection.close()
    answer = run("detect", "--store", demo_store, "--lang", "en")
    assert answer.exit_code == 4
    assert "999" in answer.stderr


def test_the_same_input_gives_the_same_bytes(demo_store: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        answer = run("detect", "--store", demo_store, "--out", tmp_path / name)
        assert answer.exit_code == 0
    stamp = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
    for file in ("findings.csv", "findings.geojson", "hotspots.csv"):
        one, two = ((tmp_path / name / file).read_bytes() for name in ("one", "two"))
        assert stamp.sub(b"", one) == stamp.sub(b"", two)
        assert len(one) > 100


def test_backup_and_verify(demo_store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backup.gpkg"
    assert run("store", "verify", "--store", demo_store).exit_code == 0
    assert run("store", "backup", copy, "--store", demo_store).exit_code == 0
    assert run("store", "verify", "--store", copy).exit_code == 0
    with open_store(copy) as left, open_store(demo_store) as right:
        assert left.read_city().projects.equals(right.read_city().projects)


def test_check_says_no_only_when_blocked(demo_store: Path, tmp_path: Path) -> None:
    source = features(tmp_path / "far.geojson", NEW1="2026-04-01")
    answer = run("check", source, "--store", demo_store, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert json.loads(answer.stdout)["projects"][0]["code"] == "NEW1"


def test_a_moved_store_keeps_working(demo: Demo, tmp_path: Path) -> None:
    moved = tmp_path / "中文 名字.gpkg"
    shutil.copy(demo.store, moved)
    assert run("detect", "--store", moved).exit_code == 0


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("detect", "--nonsense"), "没有 --nonsense。", "There is no --nonsense. "),
        (("nonsense",), "没有 nonsense。", "There is no nonsense. "),
        (("import", "projects"), "缺少 file。", "file is missing. "),
        (("pairs", "x.csv", "--out", "y.csv", "--gap-days", "x"), "--gap-days 的值", "--gap-days"),
    ],
)
def test_wrong_usage_is_a_document_too(words: tuple[str, ...], zh: str, en: str) -> None:
    for lang, said in (("zh", zh), ("en", en)):
        answer = run(*words, "--json", DIGONCE_LANG=lang)
        assert answer.exit_code == 2
        assert said in answer.stderr
        document = json.loads(answer.stdout)
        assert document["error"] == "cli.usage"
        assert said in document["detail"]


def test_a_bad_setting_is_named() -> None:
    answer = run("detect", "--json", DIGONCE_LANG="fr")
    assert answer.exit_code == 2
    assert "DIGONCE_LANG" in answer.stderr
    assert json.loads(answer.stdout)["error"] == "cli.error.setting"


def test_check_reads_standard_input(demo_store: Path, tmp_path: Path) -> None:
    source = features(tmp_path / "far.geojson", NEW1="2026-04-01").read_bytes()
    words = ["check", "-", "--store", str(demo_store), "--json"]
    answer = CliRunner().invoke(app, words, input=source)
    assert answer.exit_code == 0, answer.stderr
    assert json.loads(answer.stdout)["projects"][0]["code"] == "NEW1"
    assert CliRunner().invoke(app, words, input=b"").exit_code == 3


def test_no_output_replaces_what_is_read(demo_store: Path, tmp_path: Path) -> None:
    source = features(tmp_path / "one.geojson", A="2026-04-01")
    before = source.read_bytes(), demo_store.read_bytes()
    for words in (
        ("import", "projects", source, "--store", demo_store, "--rejects", source),
        ("import", "projects", source, "--store", demo_store, "--rejects", demo_store),
        ("map", "--store", demo_store, "--out", demo_store),
        ("pairs", source, "--out", source),
    ):
        answer = run(*words, "--lang", "en")
        assert answer.exit_code == 2
        assert "would be replaced" in answer.stderr
    assert (source.read_bytes(), demo_store.read_bytes()) == before


def test_an_output_that_cannot_be_written_stops_the_import(
    demo_store: Path, tmp_path: Path
) -> None:
    source = features(tmp_path / "one.geojson", A="2026-04-01")
    nowhere = source / "rejects.csv"
    answer = run("import", "projects", source, "--store", demo_store, "--rejects", nowhere)
    assert answer.exit_code == 2
    assert source.name in answer.stderr  # the folder of the rejects, which is a file
    with open_store(demo_store) as store:
        assert "A" not in set(store.read_city().projects["code"])
    assert run("map", "--store", demo_store, "--out", source / "m.html").exit_code == 2


def test_rejects_speak_the_language_of_the_command(tmp_path: Path) -> None:
    source = features(tmp_path / "two.geojson", A="2026-01-01")
    rejects = tmp_path / "rejects.csv"
    run("import", "projects", source, "--store", tmp_path / "s.gpkg", "--lang", "en",
        "--rejects", rejects)  # fmt: skip
    assert "is before start" in rejects.read_text("utf-8-sig")


@pytest.mark.parametrize(
    "words", [("init",), ("store", "upgrade"), ("import", "projects", "f.csv")]
)
def test_a_server_is_no_file(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("f.csv").write_text("项目编号\nA\n", "utf-8")
    answer = run(*words, "--store", "postgresql://localhost/x")
    assert answer.exit_code == 4
    assert "PostGIS" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["f.csv"]


def test_pairs_name_rows_left_out_in_their_document(tmp_path: Path) -> None:
    source = tmp_path / "p.geojson"
    source.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"properties":{}}]}'
    )
    answer = run("pairs", source, "--out", tmp_path / "p.csv", "--json")
    assert answer.exit_code == 0, answer.stderr
    faults = json.loads(answer.stdout)["faults"]
    assert [(fault["code"], fault["row"]) for fault in faults] == [("pairs.no_geometry", 1)]
