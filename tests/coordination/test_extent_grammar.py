"""What the grammar of extents understands, string by string, and what never shakes it."""

from __future__ import annotations

import csv
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lark import Lark

from coordination.extents import grammar
from coordination.extents.grammar import LONGEST_TEXT, parse_column, parse_extents
from coordination.extents.parsed import End, Extent, ParsedText

Place = tuple[Any, ...]


def end_of(end: End) -> Place:
    """Return kind and name, then chainage or offset where there is one."""
    out: Place = (end.kind, end.name)
    if end.chainage_m is not None:
        out += (end.chainage_m,)
    if end.towards is not None:
        out += (end.offset_m, end.towards)
    return out


def told(extent: Extent) -> dict[str, Any]:
    """Return what is set, without text and rest."""
    out: dict[str, Any] = {"kind": extent.kind}
    for name in (
        "roads", "place", "carriageway", "travel", "side", "position", "bounds_excluded",
        "length_m", "width_m", "area_m2",
    ):  # fmt: skip
        if value := getattr(extent, name):
            out[name] = value
    if extent.ends:
        out["ends"] = [end_of(end) for end in extent.ends]
    return out


def reasons(parsed: ParsedText) -> list[str]:
    return [fault.code.removeprefix("extent_text.") for fault in parsed.faults]


def stretch(road: str, one: Place, two: Place, **more: Any) -> dict[str, Any]:
    return {"kind": "stretch", "roads": (road,), "ends": [one, two], **more}


def road(name: str) -> Place:
    return ("road", name)


def whole(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "whole_road", "roads": (name,), **more}


FORMS: dict[str, list[dict[str, Any]]] = {
    # the strings of the domain's own list
    "仓场路(嘉罗公路-和政路)": [stretch("仓场路", road("嘉罗公路"), road("和政路"))],
    "博园路（嘉松北路—墨玉路）": [stretch("博园路", road("嘉松北路"), road("墨玉路"))],
    "博园路下行(嘉松北路-墨玉南路)": [
        stretch("博园路", road("嘉松北路"), road("墨玉南路"), carriageway="down")
    ],
    "民丰路(一号桥-墨玉路)": [stretch("民丰路", ("bridge", "一号桥"), road("墨玉路"))],
    "武威路(众仁路—镇界)": [stretch("武威路", road("众仁路"), ("boundary", ""))],
    "四平路—吴淞路(新港路—海宁路)": [
        {"kind": "stretch", "roads": ("四平路", "吴淞路"), "ends": [road("新港路"), road("海宁路")]}
    ],
    "北沿公路(东瑞路至建设公路)东向西": [
        stretch("北沿公路", road("东瑞路"), road("建设公路"), travel=("east", "west"))
    ],
    "天山路从天中路至芙蓉江路": [stretch("天山路", road("天中路"), road("芙蓉江路"))],
    "博乐路西侧和塔城路": [whole("博乐路", side="west"), whole("塔城路")],
    "沪宜公路路口": [{"kind": "junction", "roads": ("沪宜公路",)}],
    "博乐路西侧和塔城路沪宜公路路口": [
        whole("博乐路", side="west"),
        {"kind": "junction", "roads": ("塔城路", "沪宜公路")},
    ],
    "红房子桥": [{"kind": "place", "place": "红房子桥"}],
    "A路-B路-C路-D路合围区域(不含上述道路)": [
        {
            "kind": "area", "bounds_excluded": True,
            "ends": [road("A路"), road("B路"), road("C路"), road("D路")],
        }
    ],
    "K0+000～K1+200": [
        {"kind": "stretch", "ends": [("chainage", "", 0.0), ("chainage", "", 1200.0)]}
    ],
    # roads in one cell
    "嘉绣路、惠裕路、嘉美路": [whole("嘉绣路"), whole("惠裕路"), whole("嘉美路")],
    "嘉绣路\n惠裕路": [whole("嘉绣路"), whole("惠裕路")],
    "嘉罗公路和和政路": [whole("嘉罗公路"), whole("和政路")],
    "嘉罗公路和平路": [whole("嘉罗公路和平路")],
    "A路（B路-C路）、D路（E路-F路）": [
        stretch("A路", road("B路"), road("C路")), stretch("D路", road("E路"), road("F路"))
    ],
    "1、A路(B路-C路)；2、D路(E路-F路)": [
        stretch("A路", road("B路"), road("C路")), stretch("D路", road("E路"), road("F路"))
    ],
    "A路(B路-C路、D路-E路)": [
        stretch("A路", road("B路"), road("C路")), stretch("A路", road("D路"), road("E路"))
    ],
    "A路(B路-C路)、(D路-E路)": [
        stretch("A路", road("B路"), road("C路")), stretch("A路", road("D路"), road("E路"))
    ],
    # ends
    "博园路(K0+120-K12.5)": [
        stretch("博园路", ("chainage", "", 120.0), ("chainage", "", 12500.0))
    ],
    "廣勝路(6K+043M~6K+176M)": [
        stretch("廣勝路", ("chainage", "", 6043.0), ("chainage", "", 6176.0))
    ],
    "上大路(汇丰河-桃浦河)": [stretch("上大路", ("river", "汇丰河"), ("river", "桃浦河"))],
    "武威路(众仁路—南翔镇界)": [stretch("武威路", road("众仁路"), ("boundary", "南翔镇"))],
    "武威路(嘉定宝山区界-众仁路)": [
        stretch("武威路", ("boundary", "嘉定宝山区"), road("众仁路"))
    ],
    "武威路(众仁路-路底)": [stretch("武威路", road("众仁路"), ("place", "路底"))],
    "博园路(墨玉路以西100米-嘉松北路向西约200米)": [
        stretch("博园路", ("road", "墨玉路", 100.0, "west"), ("road", "嘉松北路", 200.0, "west"))
    ],
    "博园路(墨玉路西侧50m-嘉松北路)": [
        stretch("博园路", ("road", "墨玉路", 50.0, "west"), road("嘉松北路"))
    ],
    "彭封路(彭赵中区至嘉新公路)": [stretch("彭封路", ("place", "彭赵中区"), road("嘉新公路"))],
    "博园路嘉松北路—墨玉路": [stretch("博园路", road("嘉松北路"), road("墨玉路"))],
    "陇南路(星华公路-外环线)": [stretch("陇南路", road("星华公路"), road("外环线"))],
    "共和新路(自忠路-外滩)": [stretch("共和新路", road("自忠路"), ("place", "外滩"))],
    # parts of the road
    "博乐路西侧": [whole("博乐路", side="west")],
    "博园路东侧人行道": [whole("博园路", side="east", position="footway")],
    "博园路东半幅(A路-B路)": [stretch("博园路", road("A路"), road("B路"), side="east")],
    "博园路上行下行": [whole("博园路")],
    "博园路两侧绿化带": [whole("博园路", position="verge")],
    "胜辛北路": [whole("胜辛北路")],
    "博园路全线": [whole("博园路")],
    "嘉罗公路（全路段）": [whole("嘉罗公路")],
    # junctions, bridges, places
    "A路/B路路口": [{"kind": "junction", "roads": ("A路", "B路")}],
    "A路与B路交叉口": [{"kind": "junction", "roads": ("A路", "B路")}],
    "博园路(墨玉路路口)": [{"kind": "junction", "roads": ("博园路", "墨玉路")}],
    "嘉罗公路1号桥": [{"kind": "place", "roads": ("嘉罗公路",), "place": "嘉罗公路1号桥"}],
    "G15沈海高速/汇旺路桥洞": [
        {
            "kind": "place", "roads": ("G15沈海高速", "汇旺路"),
            "place": "G15沈海高速/汇旺路桥洞",
        }
    ],
    "外滩": [{"kind": "place", "place": "外滩"}],
    "南大街": [whole("南大街")],
    "外环线": [whole("外环线")],
    "新建一路": [whole("新建一路")],
    "中山北二路": [whole("中山北二路")],
    "延安东路隧道": [whole("延安东路隧道")],
    "永春東七路599號旁": [{"kind": "place", "place": "永春東七路599號旁"}],
    # areas
    "A路、B路、C路、D路围合范围": [
        {"kind": "area", "ends": [road("A路"), road("B路"), road("C路"), road("D路")]}
    ],
    "东至A路、西至B路、南至C路、北至D路": [
        {
            "kind": "area",
            "ends": [
                ("road", "A路", 0.0, "west"), ("road", "B路", 0.0, "east"),
                ("road", "C路", 0.0, "north"), ("road", "D路", 0.0, "south"),
            ],
        }
    ],
    "A路以东、B路以西、C路以南、D路以北区域": [
        {
            "kind": "area",
            "ends": [
                ("road", "A路", 0.0, "east"), ("road", "B路", 0.0, "west"),
                ("road", "C路", 0.0, "south"), ("road", "D路", 0.0, "north"),
            ],
        }
    ],
    # sizes and words of work
    "博园路长2444米 宽9米": [whole("博园路", length_m=2444.0, width_m=9.0)],
    "博园路(A路～B路，全长1.2公里)沥青1538㎡": [
        stretch("博园路", road("A路"), road("B路"), length_m=1200.0, area_m2=1538.0)
    ],
    "新建博园路(A路-B路)": [stretch("博园路", road("A路"), road("B路"))],
    "嘉定区马陆镇博园路(A路-B路)": [stretch("博园路", road("A路"), road("B路"))],
    "博园路(A路-B路)绕行墨玉路、嘉松北路": [stretch("博园路", road("A路"), road("B路"))],
    # English
    "Invermay Ave 122 m East of King High Ave to 101 m East of King High Ave": [
        stretch(
            "Invermay Ave",
            ("road", "King High Ave", 122.0, "east"),
            ("road", "King High Ave", 101.0, "east"),
        )
    ],
    "A Street from B Street to C Street": [stretch("A Street", road("B Street"), road("C Street"))],
    "Oxford Rd between York Street and Zion Road": [
        stretch("Oxford Rd", road("York Street"), road("Zion Road"))
    ],
    "Oxford Rd (York St - Zion Rd)": [stretch("Oxford Rd", road("York St"), road("Zion Rd"))],
    "Oxford Rd at York St": [{"kind": "junction", "roads": ("Oxford Rd", "York St")}],
}  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_every_form(text: str) -> None:
    assert [told(extent) for extent in parse_extents(text).extents] == FORMS[text]


DOUBTFUL = {
    "塔城路东段": "part_not_named",
    "博园路等处": "near_only",
    "博园路除墨玉路路口外": "near_only",
    "博园路(近墨玉路)": "one_name_only",
    "博园路(墨玉路)": "one_name_only",
    "博园路(中学门口)": "one_name_only",
    "博园路(A路-B路-C路)": "several_ends",
    "博园路 墨玉路": "roads_side_by_side",
    "A路/B路": "roads_with_slash",
}


@pytest.mark.parametrize("text", DOUBTFUL)
def test_some_part_of_a_road_is_never_all_of_it(text: str) -> None:
    parsed = parse_extents(text)
    assert [(extent.kind, extent.ends) for extent in parsed.extents] == [("stretch", ())]
    assert DOUBTFUL[text] in reasons(parsed)


def test_a_place_near_two_roads_is_neither_road() -> None:
    (only,) = parse_extents("大同十街與大同九街往南40M(建桿)").extents
    assert (only.kind, only.place) == ("place", "大同十街與大同九街往南40M")


@pytest.mark.parametrize(
    "text",
    ["待定", "详见附件", "无", "/", "大中修", "3月10日至7月30日 封闭施工", "沥青1538㎡", "。"],
)
def test_words_of_work_are_no_place(text: str) -> None:
    parsed = parse_extents(text)
    assert parsed.extents == ()
    assert reasons(parsed) == ["nothing_named"]


def test_an_empty_cell_has_nothing_to_say() -> None:
    assert parse_extents(" ") == ParsedText(" ", (), ())


def test_what_does_not_fit_is_kept_as_a_place_that_nobody_knows() -> None:
    parsed = parse_extents("A路、B路-C路，D路（E路-F路）")
    assert [extent.kind for extent in parsed.extents] == ["stretch", "stretch", "stretch"]
    assert parsed.extents[0].ends == ()  # the ends behind the comma may be those of the first
    assert "road_missing" in reasons(parsed)
    parsed = parse_extents("博园路大修墨玉路养护")
    assert [extent.kind for extent in parsed.extents] == ["place"]
    assert reasons(parsed) == ["not_understood"]


def test_shared_ends_are_two_stretches_and_said() -> None:
    parsed = parse_extents("A路、B路（C路-D路）")
    assert [extent.text for extent in parsed.extents] == ["A路(C路-D路)", "B路(C路-D路)"]
    assert [told(extent) for extent in parsed.extents] == [
        stretch("A路", road("C路"), road("D路")), stretch("B路", road("C路"), road("D路"))
    ]  # fmt: skip
    assert reasons(parsed) == ["shared_ends"]


def test_a_size_behind_several_roads_is_nobodys() -> None:
    parsed = parse_extents("A路、B路 约430米")
    assert [extent.length_m for extent in parsed.extents] == [None, None]
    assert reasons(parsed) == ["size_of_several"]


COLUMNS: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("仓场路", "嘉罗公路-和政路", [stretch("仓场路", road("嘉罗公路"), road("和政路"))]),
    ("仓场路", "(嘉罗公路-和政路)", [stretch("仓场路", road("嘉罗公路"), road("和政路"))]),
    ("仓场路", "自嘉罗公路至路底", [stretch("仓场路", road("嘉罗公路"), ("place", "路底"))]),
    ("仓场路", "仓场路(嘉罗公路-和政路)", [stretch("仓场路", road("嘉罗公路"), road("和政路"))]),
    ("仓场路(嘉罗公路-和政路)", "", [stretch("仓场路", road("嘉罗公路"), road("和政路"))]),
    ("仓场路(嘉罗公路-和政路)", "大修", [stretch("仓场路", road("嘉罗公路"), road("和政路"))]),
    ("仓场路", "全线", [whole("仓场路")]),
    ("仓场路", "", [whole("仓场路")]),
    ("仓场路", "大修", [whole("仓场路")]),
    ("仓场路", "待定", [{"kind": "stretch", "roads": ("仓场路",)}]),
    ("仓场路", "东段", [{"kind": "stretch", "roads": ("仓场路",)}]),
    ("仓场路", "墨玉路", [{"kind": "stretch", "roads": ("仓场路",)}]),
    ("仓场路", "墨玉路口", [{"kind": "junction", "roads": ("仓场路", "墨玉路")}]),
    ("仓场路", "红房子桥", [{"kind": "place", "roads": ("仓场路",), "place": "红房子桥"}]),
    ("A路、B路", "C路-D路",
     [stretch("A路", road("C路"), road("D路")), stretch("B路", road("C路"), road("D路"))]),
    ("外环线", "K0+000～K1+200",
     [stretch("外环线", ("chainage", "", 0.0), ("chainage", "", 1200.0))]),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text", "expected"), COLUMNS)
def test_a_column_with_the_road(column: str, text: str, expected: list[dict[str, Any]]) -> None:
    assert [told(extent) for extent in parse_extents(text, road=column).extents] == expected


def test_another_road_than_the_columns_is_said() -> None:
    parsed = parse_extents("博园路(A路-B路)", road="仓场路")
    assert parsed.extents[0].roads == ("博园路",)
    assert reasons(parsed) == ["road_differs"]


def test_a_column_is_read_once_per_text() -> None:
    first, none, again = parse_column(["博园路", None, "博园路"])
    assert first is again
    assert none.extents == ()
    with pytest.raises(ValueError, match="zip"):
        parse_column(["博园路"], [])


def test_rest_keeps_the_words_of_work_and_text_the_place_as_written() -> None:
    (only,) = parse_extents(
        "富蕴路（福海路—沪宜公路）燃气管道更换 即日起-2017年5月17日 东侧人行道 683米"
    ).extents
    assert only.text == "富蕴路(福海路—沪宜公路)"
    assert only.rest == ("燃气管道更换", "即日起-2017年5月17日")


# --- the announcements ---------------------------------------------------------------------------

ANNOUNCED = {  # first extent of each: kind, roads, names of the ends; more extents below
    "仓场路(": ("stretch", ("仓场路",), ("嘉罗公路", "和政路")),
    "澄浏中路(": ("stretch", ("澄浏中路",), ("仓场东路", "塔城东路")),
    "民丰路(": ("stretch", ("民丰路",), ("一号桥", "墨玉路")),
    "南大街(": ("stretch", ("南大街",), ("塔城路", "沙霞路")),
    "墅沟路(": ("stretch", ("墅沟路",), ("新成路", "茹水路")),
    "清峪路(": ("stretch", ("清峪路",), ("丰庄西路", "花家浜路")),
    "红房子桥": ("place", (), ()),
    "博园路下行(": ("stretch", ("博园路",), ("嘉松北路", "墨玉南路")),
    "胜辛北路下行(": ("stretch", ("胜辛北路",), ("宝钱公路", "胜竹路")),
    "陇南路下行(": ("stretch", ("陇南路",), ("星华公路", "外环线")),
    "胜辛南路": ("whole_road", ("胜辛南路",), ()),
    "博园路(": ("stretch", ("博园路",), ("嘉松北路", "墨玉路")),
    "新建一路(": ("stretch", ("新建一路",), ("澄浏公路", "启秀路")),
    "嘉罗公路1号桥": ("place", ("嘉罗公路",), ()),
    "博乐路西侧": ("whole_road", ("博乐路",), ()),
    "马陆塘下立交": ("place", (), ()),
    "G15沈海高速/汇旺路桥洞": ("place", ("G15沈海高速", "汇旺路"), ()),
    "树屏路(": ("stretch", ("树屏路",), ("嘉行公路", "柳湖路")),
    "富蕴路(": ("stretch", ("富蕴路",), ("福海路", "沪宜公路")),
    "嘉好路": ("whole_road", ("嘉好路",), ()),
    "嘉绣路": ("whole_road", ("嘉绣路",), ()),
    "彭封路(": ("stretch", ("彭封路",), ("彭赵中区", "嘉新公路")),
    "德富路": ("whole_road", ("德富路",), ()),
    "武威路(": ("stretch", ("武威路",), ("众仁路", "")),
    "江浦路(": ("stretch", ("江浦路",), ("中山北二路", "抚顺路")),
    "上大路(": ("stretch", ("上大路",), ("汇丰河", "桃浦河")),
}


@pytest.mark.real_data
def test_the_announcements(real_data: Path) -> None:
    path = real_data / "zh_jiading_projects" / "announcements.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        texts = [row["raw_text"] for row in csv.DictReader(file)]
    assert len(texts) == 26
    seen = set()
    for text in texts:
        begin = max((key for key in ANNOUNCED if text.startswith(key)), key=len)
        parsed = parse_extents(text)
        first = parsed.extents[0]
        assert (first.kind, first.roads, tuple(e.name for e in first.ends)) == ANNOUNCED[begin]
        assert parsed.faults == ()
        seen.add(begin)
    assert seen == set(ANNOUNCED)
    several = {
        text[:3]: [road for extent in parse_extents(text).extents for road in extent.roads]
        for text in texts
        if len(parse_extents(text).extents) > 1
    }
    assert several == {
        "博乐路": ["博乐路", "塔城路", "沪宜公路"],
        "嘉绣路": ["嘉绣路", "惠裕路", "嘉美路"],
        "德富路": ["德富路", "裕民南路", "阿克苏路", "洪德路"],
    }


def without_blanks(text: str) -> str:
    return "".join(text.split())


@pytest.mark.real_data
def test_real_names_stay_whole(real_data: Path) -> None:
    lines = (real_data / "shanghai_road_names" / "shanghai_all_roads.txt").read_text("utf-8")
    names = [unicodedata.normalize("NFKC", line.strip()) for line in lines.splitlines()][::4]
    wrong = []
    for place, name in enumerate(names):
        one, two = names[place - 1], names[place - 2]
        if {"-", "/", ",", "("} & set(name + one + two):
            continue
        parsed = parse_extents(f"{name}({one}-{two})")
        found = [[*extent.roads, *(end.name for end in extent.ends)] for extent in parsed.extents]
        want = [without_blanks(each) for each in (name, one, two)]
        if [[without_blanks(each) for each in each_found] for each_found in found] != [want]:
            wrong.append((name, one, two))
    # Car parks, ramps and passages of the list have names that say nothing: 临时便道, 车行道.
    assert len(wrong) <= 0.03 * len(names), wrong


@pytest.mark.real_data
def test_addresses_of_taiwan_are_never_whole_roads(real_data: Path) -> None:
    layer = json.loads((real_data / "taiwan_roaddig" / "taichung.geojson").read_text("utf-8"))
    texts = sorted({row["properties"]["地點"] or "" for row in layer["features"]})[::3]
    for text in texts:
        parsed = parse_extents(text)
        for extent in parsed.extents:
            if extent.kind == "whole_road":
                assert "號" not in extent.roads[0]
            if extent.kind == "stretch" and extent.ends and extent.roads:
                assert len(extent.ends) == 2
    known = {
        "公園路(中華路~大誠街)": [stretch("公園路", road("中華路"), road("大誠街"))],
        "福安路(福科路~福順路)-B": [stretch("福安路", road("福科路"), road("福順路"))],
        "互愛巷1弄": [whole("互愛巷1弄")],
        "樹王路369號": [{"kind": "place", "place": "樹王路369號"}],
    }
    for text, expected in known.items():
        assert [told(extent) for extent in parse_extents(text).extents] == expected


# --- what never changes the result ---------------------------------------------------------------

NAMES = ["博园路", "嘉松北路", "墨玉南路", "中山北二路", "新建一路", "共和新路", "南大街", "真南路",
         "沪宜公路", "和政路", "世纪大道", "民生路249弄", "自忠路", "江桥北路"]  # fmt: skip
ENDS = [*NAMES, "一号桥", "红房子桥", "桃浦河", "彭赵中区", "南翔镇界", "墨玉路以西100米"]
SEPARATORS = ["-", "–", "—", "－", "―", "~", "～", "至", "到", "→", "——", " - ", "—\n"]
BRACKETS = ["()", "（）", "〔〕", "[]", "【】", " ()", "\n（）", "( )"]
SIDES = {"": {}, "下行": {"carriageway": "down"}, "东侧": {"side": "east"}}


@given(
    st.sampled_from(NAMES), st.sampled_from(ENDS), st.sampled_from(ENDS),
    st.sampled_from(SEPARATORS), st.sampled_from(BRACKETS), st.sampled_from(list(SIDES)),
    st.sampled_from(["", " 大修", "道路大修 约430米", "（二期）"]),
)  # fmt: skip
@settings(max_examples=300)
def test_separators_brackets_and_blanks_never_change_the_result(
    name: str, one: str, two: str, separator: str, brackets: str, part: str, work: str
) -> None:
    opened, closed = brackets.strip()[0], brackets.strip()[-1]
    before = brackets[: brackets.index(opened)]
    text = f"{name}{part}{before}{opened}{one}{separator}{two}{closed}{work}"
    plain = f"{name}{part}({one}-{two}){work}"
    found, expected = parse_extents(text), parse_extents(plain)
    assert [told(extent) for extent in found.extents] == [told(e) for e in expected.extents]
    (only,) = found.extents
    assert (only.kind, only.roads) == ("stretch", (name,))
    assert len(only.ends) == 2
    for key, value in SIDES[part].items():
        assert getattr(only, key) == value


@given(st.sampled_from(list(FORMS)))
@settings(max_examples=120)
def test_width_never_changes_the_result(text: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and c not in "-~" else c for c in text)
    assert [told(e) for e in parse_extents(wide).extents] == FORMS[text]


# --- what never shakes it ------------------------------------------------------------------------

LETTERS = "路街弄桥河镇界东西南北侧至到和与从自由AB1290Kkm()（）-—~、,;；/× \n+.号段口区大道公长宽米上下行全线合围以不含年月日新建一中𝒳\u200b\ud800"


@given(st.one_of(st.text(alphabet=LETTERS, max_size=60), st.text(max_size=60)), st.booleans())
@settings(max_examples=1500)
@example("-", False)
@example("()", True)
@example("K", False)
@example("1、", True)
def test_no_text_raises(text: str, with_road: bool) -> None:
    parsed = parse_extents(text, road="博园路" if with_road else None)
    assert parsed.text == text
    for extent in parsed.extents:
        assert extent.text
    for fault in parsed.faults:
        assert fault.text("zh")
        assert fault.text("en")
        assert fault.level == "note"
    if text.strip() and not with_road and not parsed.extents:
        assert parsed.faults


@pytest.mark.parametrize(
    "text",
    [
        "(" * 20_000, "-" * 20_000, "A路(" * 5_000, "A路-" * 5_000, "和" * 20_000, "路" * 20_000,
        "从至" * 10_000, "1" * 20_000, " " * 20_000 + "路", "2025年" * 4_000, "桥a" * 10_000,
        "自A路" * 6_000, "between and " * 1_600, "河至" * 10_000, ";1、" * 6_000, "东" * 20_000,
    ],
)  # fmt: skip
def test_long_cells_are_cut_and_end(text: str) -> None:
    parsed = parse_extents(text)
    assert "text_cut" in reasons(parsed)
    assert len(parsed.extents) <= LONGEST_TEXT


def test_the_grammar_has_no_conflict() -> None:
    rules = Path(grammar.__file__).with_name("extents.lark").read_text(encoding="utf-8")
    # strict: every conflict of the grammar is an error
    Lark(rules, parser="lalr", lexer=grammar._Words, strict=True)
