"""The report: what it says, in both languages, and what it never says."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from coordination.audience import COORDINATOR
from coordination.findings import RuleRun
from data.report_page import report_page, write_report


def page(meeting: Any, **options: Any) -> str:
    return report_page(meeting.findings, meeting.city, meeting.provenance, **options)


class Tags(HTMLParser):
    """Collects tags and their attributes, and holds every tag to its end."""

    VOID = ("meta", "link", "br", "img")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_folder_is_whole_in_itself(meeting: Any, tmp_path: Path) -> None:
    index = write_report(tmp_path, meeting.findings, meeting.city, meeting.provenance)
    assert index == tmp_path / "index.html"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "findings.csv", "findings.geojson", "hotspots.csv", "index.en.html", "index.html",
        "provenance.json",
    ]  # fmt: skip
    assert '<html lang="zh-CN">' in index.read_text("utf-8")
    english = (tmp_path / "index.en.html").read_text("utf-8")
    assert '<html lang="en">' in english
    assert 'href="index.html"' in english


def test_english_first(meeting: Any, tmp_path: Path) -> None:
    index = write_report(tmp_path, meeting.findings, meeting.city, meeting.provenance, lang="en")
    assert "Road works coordination report" in index.read_text("utf-8")
    assert "道路作业统筹报告" in (tmp_path / "index.zh.html").read_text("utf-8")


def test_figures_stand_first(meeting: Any) -> None:
    text = page(meeting, lang="en")
    cards = re.findall(r'class="label">(.*?)</div><div class="value">(.*?)</div>', text)
    assert cards == [
        ("projects", "7"), ("cases", "3"), ("findings", "6"), ("opened more than once", "320 m"),
        ("metres opened in all", "820 m"), ("estimated saving", "169,000 yuan"),
        ("projects with complete data", "71%"), ("rules that ran", "5 / 7"),
    ]  # fmt: skip
    assert text.index('id="figures"') < text.index('id="roads"') < text.index('id="cases"')
    assert "2 cases need coordination, 2 of them high." in text
    assert text.index("First of all: ") < text.index('id="figures"')
    assert "估算，不作为结算依据" in page(meeting)


def test_rules_that_did_not_run_are_named(meeting: Any) -> None:
    text = page(meeting, lang="en")
    assert "<b>no-dig period</b> · lacks road ledger" in text
    assert "<b>wrong order</b> · not in this version" in text
    assert "ran, found nothing" in text
    all_ran = replace(meeting.findings, rules_run=(RuleRun("opportunity", ran=True),))
    assert "did not run" not in page(replace_findings(meeting, all_ran), lang="en")


def replace_findings(meeting: Any, findings: Any) -> Any:
    return replace(meeting, findings=findings)


def test_a_case_says_everything_about_itself(meeting: Any) -> None:
    text = page(meeting)
    case = text[text.index('id="case-1"') : text.index('id="case-2"')]
    for said in (
        "仓场路", "交叉作业", "重复开挖", "统筹机会", "给水公司", "燃气公司", "区交通委", "市政管线",
        "年度计划", "批复", "2025-04-15 – 2025-06-30", "320.0 万元", "两项工程在仓场路重叠。",
        "47 天，其中必然重叠 20 天", "224 天", "100%", "180 米", "360 平方米", "K0+080–K0+260",
        "7.9（5.0–10.8）万元", "16.9（11.0–22.8）万元", "起点高", "单位意见", "会议议定事项",
        "改建 · 开挖", "项目 1 与 2",
    ):  # fmt: skip
        assert said in case, said
    assert case.count('<span class="blank">') == 3


def test_cases_come_worst_first_and_settled_last(meeting: Any) -> None:
    text = page(meeting)
    heads = re.findall(r"<h3>(.*?)</h3><span class=\"mark (\w+)\"", text)
    assert heads == [
        ("事项 1 · 仓场路", "high"), ("事项 2 · 博园路", "high"), ("事项 3 · 博园路", "medium"),
    ]  # fmt: skip
    assert 'class="settled"' in text


def test_hostile_names_are_text(meeting: Any) -> None:
    for lang in ("zh", "en"):
        text = page(meeting, lang=lang, audience=COORDINATOR)
        assert "&lt;script&gt;document.title=&#39;owned&#39;&lt;/script&gt;" in text
        assert "&lt;b&gt;单位&lt;/b&gt;" in text
        tags = Tags(text)
        assert tags.open == []
        assert "script" not in {tag for tag, _ in tags.seen}
        assert not [name for _, attrs in tags.seen for name in attrs if name.startswith("on")]


def test_nothing_comes_from_a_network(meeting: Any) -> None:
    text = page(meeting, pictures={"plan:c1": "<svg></svg>"}, other_page="index.en.html")
    places = [
        value
        for _, attrs in Tags(text).seen
        for name, value in attrs.items()
        if name in ("href", "src", "xlink:href", "action", "data")
    ]
    assert all(place is not None and place.startswith(("#", "index.")) for place in places)
    assert "default-src 'none'" in text
    assert "url(" not in text
    assert "@import" not in text


def test_contacts_never_and_secrets_only_as_a_trace(meeting: Any) -> None:
    text = page(meeting)
    for secret in ("13800000000", "张三", "机密光缆", "机要处", "2025-06-10", "66.0 万元"):
        assert secret not in text
    assert "某单位（涉密）" in text
    assert "2025年第2季度" in text
    full = page(meeting, audience=COORDINATOR)
    assert "机密光缆" in full
    assert "13800000000" not in full


def test_a_unit_gets_its_own_cases_and_room_for_its_answer(meeting: Any, tmp_path: Path) -> None:
    index = write_report(
        tmp_path, meeting.findings, meeting.city, meeting.provenance, unit="给水公司"
    )
    text = index.read_text("utf-8")
    assert "致：给水公司" in text
    assert "博园路" not in text
    assert text.count('<span class="blank">') == 1
    assert "缺少作业范围。" in text
    assert "请逐项填写意见" in text
    order = ["请逐项填写意见", 'id="index"', "单位（盖章）", 'id="cases"', 'id="figures"']
    places = [text.index(part) for part in order]
    assert places == sorted(places), "a letter starts with what it asks and where to answer"
    assert "单位（盖章）" not in page(meeting)
    own = page(meeting, unit="机要处")
    assert "机密光缆" not in own  # the audience decides, not the address
    write_report(tmp_path, meeting.findings, meeting.city, meeting.provenance, unit="机要处")
    assert "机密光缆" in index.read_text("utf-8")


def test_a_unit_without_cases(meeting: Any) -> None:
    assert "当前没有需要统筹的事项。" in page(meeting, unit="没有这家单位")


def test_what_is_only_listed_is_said(meeting: Any) -> None:
    text = page(meeting, lang="en", detailed=1)
    assert "3 cases, worst first; the first 1 are described one by one, the other 2" in text
    assert text.count("<article") == 1
    rest = text[text.index('id="rest"') :]
    assert "Case 2" in rest
    assert "Case 3" in rest
    assert "<article" not in page(meeting, detailed=0)


def test_provenance_is_at_the_foot(meeting: Any) -> None:
    foot = page(meeting, lang="en").split("<footer>")[1]
    for said in ("2025-03-15T09:00:00+08:00", "default-1", "digonce 0.1.0", "Data revision", "7"):
        assert said in foot


def test_equal_input_gives_equal_pages_apart_from_the_time(meeting: Any) -> None:
    later = replace(meeting.provenance, run_at="2031-01-01T00:00:00+08:00")
    assert page(meeting) == page(meeting)
    assert page(meeting).replace("2025-03-15T09:00:00+08:00", "2031-01-01T00:00:00+08:00") == page(
        replace(meeting, provenance=later)
    )


def test_pictures_stand_with_their_case(meeting: Any) -> None:
    marks = {"plan:c1": "<svg id='p'></svg>", "gantt:c1": "<svg id='g'></svg>"}
    text = page(meeting, pictures={**marks, "road:仓场路": "<svg id='r'></svg>"})
    assert text.index("id='r'") < text.index('id="case-1"') < text.index("id='p'")
    assert text.index("id='g'") < text.index('id="case-2"')


def test_finished_work_of_the_ledger_is_a_member(meeting: Any) -> None:
    table = meeting.findings.table.copy()
    table.loc[1, "project_a"] = "L-9"
    ledger = gpd.GeoDataFrame(
        {
            "ledger_id": ["L-9"], "road": ["仓场路"], "kind": ["opening"], "sector": ["drainage"],
            "method": ["open_cut"], "owner_unit": ["排水所"], "work_type": ["rebuild"],
            "start": pd.to_datetime(["2023-02-01"]), "finish": pd.to_datetime(["2023-03-09"]),
        },
        geometry=[None],
        crs=4549,
    )  # fmt: skip
    text = report_page(
        replace(meeting.findings, table=table), replace(meeting.city, ledger=ledger),
        meeting.provenance,
    )  # fmt: skip
    assert "历史工程" in text
    assert "2023-02-01 – 2023-03-09" in text


def test_without_network_the_page_says_so(meeting: Any) -> None:
    bare = replace(meeting.findings, hotspots=meeting.findings.hotspots.iloc[:0])
    text = report_page(
        bare,
        replace(meeting.city, network=None),
        replace(meeting.provenance, place_basis="footprints"),
    )
    assert "未导入路网" in text


def test_nothing_found_is_a_page_too(meeting: Any) -> None:
    nothing = replace(
        meeting.findings,
        table=meeting.findings.table.iloc[:0],
        spans=meeting.findings.spans.iloc[:0],
        hotspots=meeting.findings.hotspots.iloc[:0],
    )
    text = report_page(nothing, meeting.city, meeting.provenance, lang="en")
    assert "Nothing needs coordination at present." in text
    assert "No stretch is opened more than once." in text


def test_a_large_case_is_cut_and_says_so(meeting: Any) -> None:
    count = 45
    table = pd.concat([meeting.findings.table.iloc[[0]]] * count, ignore_index=True)
    table["project_a"] = [f"X{number}" for number in range(count)]
    table["finding_id"] = [f"{number:016x}" for number in range(count)]
    text = page(replace_findings(meeting, replace(meeting.findings, table=table)), lang="en")
    assert "16 more projects, see findings.csv." in text
    assert "15 more findings, see findings.csv." in text


@pytest.mark.parametrize(("options", "said"), [({"lang": "fr"}, "lang"), ({"detailed": -1}, "-1")])
def test_wrong_use_is_refused(
    meeting: Any, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        write_report(tmp_path, meeting.findings, meeting.city, meeting.provenance, **options)
    assert list(tmp_path.iterdir()) == []


def test_missing_numbers_are_left_out_of_a_finding(meeting: Any) -> None:
    table = meeting.findings.table.copy()
    table["likelihood"] = np.nan
    text = page(replace_findings(meeting, replace(meeting.findings, table=table)))
    assert "相遇可能性：" not in text
    assert "<dt>相遇可能性</dt>" not in text
    assert "<dt>共同长度</dt>" in text
