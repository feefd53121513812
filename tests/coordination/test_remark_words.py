"""What words say and, more often, do not say."""

from __future__ import annotations

import pytest

from coordination.remark_words import mentioned, names_a_work, read_text

SAYS = [
    ("外立面整治", "method", "none"),
    ("店招店牌更新", "method", "none"),
    ("桥梁护栏涂装", "method", "none"),
    ("信号灯立杆更换", "method", "none"),
    ("沿街杆线整治", "method", "none"),
    ("facade renovation", "method", "none"),
    ("采用非开挖修复", "method", "trenchless"),
    ("DN300 顶管穿越沪宜公路", "method", "trenchless"),
    ("水平定向钻敷设电力排管", "method", "trenchless"),
    ("CIPP 紫外光固化", "method", "trenchless"),
    ("内衬修复", "method", "trenchless"),
    ("cipp lining of the sewer", "method", "trenchless"),
    ("trenchless, no excavation needed", "method", "trenchless"),
    ("由开挖改为顶管", "method", "trenchless"),
    ("原计划开挖施工，现改为非开挖", "method", "trenchless"),
    ("路面铣刨罩面", "method", "surface"),
    ("白改黑", "method", "surface"),
    ("resurfacing only", "method", "surface"),
    ("雨水管翻排", "method", "open_cut"),
    ("道路翻建", "method", "open_cut"),
    ("路面开挖后恢复", "method", "open_cut"),
    ("非机动车道开挖", "method", "open_cut"),
    ("open-cut replacement", "method", "open_cut"),
    ("已完工", "stage", "completed"),
    ("本项目已竣工。", "stage", "completed"),
    ("2024年已实施", "stage", "completed"),
    ("已完成", "stage", "completed"),
    ("works completed", "stage", "completed"),
    ("项目终止", "stage", "withdrawn"),
    ("该项目取消", "stage", "withdrawn"),
    ("撤销立项", "stage", "withdrawn"),
    ("因规划调整不再实施", "stage", "withdrawn"),
    ("cancelled by the utility", "stage", "withdrawn"),
    ("正在施工", "stage", "in_progress"),
    ("在建", "stage", "in_progress"),
    ("2024年结转", "stage", "carried_over"),
    ("跨年项目", "stage", "carried_over"),
    ("供水管爆管抢修", "stage", "emergency"),
    ("应急工程", "stage", "emergency"),
    ("emergency repair", "stage", "emergency"),
    ("存在安全隐患", "safety_critical", "true"),
    ("路面塌陷", "safety_critical", "true"),
    ("井盖破损严重", "safety_critical", "true"),
    ("risk of collapse", "safety_critical", "true"),
    ("须于2025年6月底前完成", "fixed", "true"),
    ("时间不可调整", "fixed", "true"),
    ("dates are fixed", "fixed", "true"),
]

SAYS_NOTHING = [
    "未完工",
    "尚未完工",
    "未全部完工",
    "尚未开工",
    "尚未正式开工",
    "没有已完工的部分",
    "不开挖",
    "无需开挖",
    "无须进行开挖",
    "不得开挖路面",
    "免开挖",
    "避免开挖",
    "非应急",
    "并非抢修",
    "非应急抢修项目",
    "不属于应急",
    "不涉及开挖",
    "不采用顶管",
    "未取消",
    "不得取消",
    "无安全隐患",
    "没有隐患",
    "防止路面塌陷",
    "是否开挖",
    "如遇抢修",
    "若采用顶管",
    "区应急管理局",
    "应急预案",
    "应急照明",
    "已完成招标",
    "已完成设计",
    "计划2025年完工",
    "2025年竣工",
    "取消停车位",
    "在建筑红线内",
    "架空线入地",
    "无",
    "详见附件",
    "",
    "work is not complete",
    "not cancelled",
    "no excavation",
    "without excavation",
    "not an emergency",
    "non-emergency work",
    "emergency access is kept open",
    "never abandoned",
    "if excavation is needed",
]


@pytest.mark.parametrize(("words", "field", "value"), SAYS)
def test_words_say_one_thing(words: str, field: str, value: str) -> None:
    assert {(said.field, said.value) for said in read_text(words)} == {(field, value)}
    assert all(said.sure for said in read_text(words))


@pytest.mark.parametrize("words", SAYS_NOTHING)
def test_what_is_denied_conditional_or_something_else_says_nothing(words: str) -> None:
    assert read_text(words) == ()


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("部分已完工", "completed"),
        ("一期已完工", "completed"),
        ("可能采用顶管", "trenchless"),
        ("局部开挖", "open_cut"),
        ("立杆基础施工", "none"),
        ("原计划2025年开挖，现取消", "withdrawn"),
        ("may be cancelled", "withdrawn"),
    ],
)
def test_what_is_left_open_is_heard_as_unsure(words: str, value: str) -> None:
    assert [(said.value, said.sure) for said in read_text(words)] == [(value, False)]


def test_several_things_are_told_apart_by_clause() -> None:
    told = read_text("管道采用顶管，井位开挖；已完工。存在隐患")
    assert [(said.value, said.clause) for said in told] == [
        ("trenchless", "管道采用顶管"),
        ("open_cut", "井位开挖"),
        ("completed", "已完工"),
        ("true", "存在隐患"),
    ]


@pytest.mark.parametrize(
    ("words", "relation", "partner"),
    [
        ("与燃气管道同步实施", "bundle_with", "燃气管道"),
        ("与墨玉路大修工程一并实施", "bundle_with", "墨玉路大修"),
        ("结合S5改建实施", "bundle_with", "S5改建"),
        ("结合S5改建", "bundle_with", "S5改建"),
        ("配合轨交14号线施工", "bundle_with", "轨交14号线"),
        ("随道路大修同步", "bundle_with", "道路大修"),
        ("待自来水管道完成后实施", "depends_on", "自来水管道"),
        ("待雨水管翻排工程竣工后进行路面恢复", "depends_on", "雨水管翻排"),
        ("墨玉路大修完成后实施", "depends_on", "墨玉路大修"),
        ("在污水管道改造之后实施", "depends_on", "污水管道改造"),
        ("待P-102之后", "depends_on", "P-102"),
        ("together with P-102", "bundle_with", "P-102"),
        ("in conjunction with the gas main renewal", "bundle_with", "gas main renewal"),
        ("after completion of the sewer scheme", "depends_on", "sewer"),
    ],
)
def test_other_projects_are_named(words: str, relation: str, partner: str) -> None:
    assert [(one.relation, one.partner) for one in mentioned(words)] == [(relation, partner)]


@pytest.mark.parametrize(
    "words",
    [
        "不与S5同步实施",
        "与S5改建不同步",
        "未与燃气工程同步",
        "原计划与S5同步实施，现取消",
        "无法与道路大修一并实施",
        "同步",
    ],
)
def test_a_tie_that_is_denied_names_nobody(words: str) -> None:
    assert mentioned(words) == ()


@pytest.mark.parametrize("partner", ["批复", "汛期", "招标", "资金到位", "交警做好疏导", "春节"])
def test_seasons_and_offices_are_no_works(partner: str) -> None:
    assert not names_a_work(partner)


def test_the_state_of_another_project_is_not_this_ones() -> None:
    assert read_text("与已完工的燃气工程同步实施") == ()
