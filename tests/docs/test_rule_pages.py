"""Every rule has a page, and the page and its drawing say and show what the code does.

Head, lower part and drawing are made from the code and from the planted cities of
`rule_situations`; after a change run this file as a program
(``.venv/bin/python tests/docs/test_rule_pages.py``), which writes them anew.
"""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rule_drawing import drawing
from rule_pages import (
    BEGIN,
    INDEX_BEGIN,
    LACKS,
    PARAMETERS,
    WRITTEN,
    facts,
    head,
    index_table,
    rule_of,
    severity_steps,
)
from rule_situations import SITUATIONS, judged, planted

from coordination import detect
from coordination.detection import RULE_CODES, RULES
from coordination.policy_settings import settings

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "rules"
AGAIN = "write it anew: .venv/bin/python tests/docs/test_rule_pages.py"


def page_of(code: str) -> Path:
    return FOLDER / f"{code}.md"


def written(code: str) -> str:
    """Return what people wrote on the page, between the parts that the code writes."""
    after = page_of(code).read_text(encoding="utf-8").partition(WRITTEN)[2]
    return after.partition(BEGIN)[0].strip()


def sentences() -> dict[str, tuple[str, str]]:
    """Return the first sentence of each page in Chinese and English."""
    told = {}
    for code in SITUATIONS:
        zh, en = written(code).split("\n\n")[:2]
        told[code] = (zh, en)
    return told


def page(code: str) -> str:
    return f"{head(code)}\n{written(code)}\n\n{facts(code)}"


def index() -> str:
    kept = (FOLDER / "index.md").read_text(encoding="utf-8").partition(INDEX_BEGIN)[0]
    return f"{kept}{INDEX_BEGIN}\n\n{index_table(sentences())}"


def test_every_rule_has_a_page() -> None:
    assert tuple(SITUATIONS) == (*RULE_CODES[:9], "volume_cap", *RULE_CODES[10:])
    assert set(PARAMETERS) == set(RULE_CODES)
    pages = {path.stem for path in FOLDER.glob("*.md")} - {"index", "own_rule"}
    assert pages == set(RULE_CODES)
    assert {path.stem for path in (FOLDER / "drawings").glob("*.svg")} == set(RULE_CODES)


@pytest.mark.parametrize("code", RULE_CODES)
def test_the_drawing_shows_a_finding_and_its_near_miss(code: str) -> None:
    made, found, miss = planted(code)
    a, b = made.pair
    rows = found.table
    named = rows["project_a"].eq(a) & (rows["project_b"].eq(b) if b else rows["project_b"].isna())
    assert named.any()
    assert not len(miss.table)
    (run,) = [run for run in miss.rules_run if run.rule == code]
    assert run.ran, "a near miss of a rule that did not run shows nothing"


@pytest.mark.parametrize("code", RULE_CODES)
def test_page_and_drawing_say_what_the_code_does(code: str) -> None:
    assert page_of(code).read_text(encoding="utf-8") == page(code), AGAIN
    file = FOLDER / "drawings" / f"{code}.svg"
    assert file.read_text(encoding="utf-8") == drawing(code), AGAIN


@pytest.mark.parametrize("code", RULE_CODES)
def test_a_drawing_fetches_nothing(code: str) -> None:
    told = (FOLDER / "drawings" / f"{code}.svg").read_text(encoding="utf-8")
    assert re.findall(r"https?://[^\"' ]*", told) == ["http://www.w3.org/2000/svg"]
    assert "<script" not in told
    assert "href" not in told
    assert "<title>" in told


@pytest.mark.parametrize("code", RULE_CODES)
def test_both_languages_say_equally_much(code: str) -> None:
    for part in re.split(r"^## ", written(code), flags=re.MULTILINE)[1:]:
        _, zh, en = part.split("\n\n", 2)
        assert len(zh.splitlines()) == len(en.strip().splitlines())
        assert re.search("[\u4e00-\u9fff]", zh)
        assert not re.search("[\u4e00-\u9fff]", en)


@pytest.mark.parametrize("code", RULE_CODES)
def test_no_setting_that_the_rule_reads_is_missing_on_its_page(code: str) -> None:
    known = {one.path.rpartition(".")[2] for one in settings()}
    source = inspect.getsource(sys.modules[type(rule_of(code)).__module__])
    read = set(re.findall(r"policy\.(?:[a-z_]+\.)?([a-z_0-9]+)\b", source)) & known
    assert read <= {path.rpartition(".")[2] for path in PARAMETERS[code]}
    assert set(PARAMETERS[code]) <= {one.path for one in settings()}
    named = set(re.findall(r"`([a-z_.0-9]+)`", written(code)))
    settings_named = {name for name in named if name in {one.path for one in settings()}}
    assert settings_named <= set(PARAMETERS[code])


def test_the_steps_of_a_severity_are_found_in_the_code() -> None:
    assert dict(severity_steps("concurrent_works")) == {
        "only_buffers": "-1", "not_open_cut": "-1", "opposite_sides": "-1", "place": "-1", "over": "-3",
        "closure_or_main_road": "+1",
    }  # fmt: skip
    assert severity_steps("volume_cap") == [("possible_only", "-1")]
    assert severity_steps("no_dig_period") == [("emergency", "-2")]
    assert severity_steps("opportunity") == []


TABLES = ("network", "ledger", "restrictions", "boundaries", "assets")


@pytest.mark.parametrize(
    ("code", "table"),
    [(code, name) for code, (stops, partly) in LACKS.items() for name in TABLES
     if name in (*stops, *partly)],
)  # fmt: skip
def test_what_a_rule_lacks_without_a_table_stands_on_its_page(code: str, table: str) -> None:
    made = planted(code)[0].found
    bare = judged(replace(made, city=replace(made.city, **{table: None})), code)
    (run,) = [run for run in bare.rules_run if run.rule == code]
    stops, _ = LACKS[code]
    assert (run.ran, run.missing) == (table not in stops, (table,))


def test_rules_without_a_list_of_needs_run_on_projects_alone() -> None:
    made = planted("concurrent_works")[0].found
    alone = [rule for rule in RULES if not LACKS.get(rule.code, ((), ()))[0]]
    bare = detect(replace(made.city, network=None), made.policy, as_of=made.as_of, rules=alone)
    ran = {run.rule for run in bare.rules_run if run.ran}
    assert ran == {rule.code for rule in alone}


def test_the_index_lists_every_rule() -> None:
    assert (FOLDER / "index.md").read_text(encoding="utf-8") == index(), AGAIN


if __name__ == "__main__":
    for name in SITUATIONS:
        (FOLDER / "drawings" / f"{name}.svg").write_text(drawing(name), encoding="utf-8")
        page_of(name).write_text(page(name), encoding="utf-8")
    (FOLDER / "index.md").write_text(index(), encoding="utf-8")
