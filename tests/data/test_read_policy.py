"""Policy files: every fault at once, in both languages; what is written reads to the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination import policy_settings as known
from coordination.approval_policy import ApprovalPolicy, ApprovalRow, ApprovalTier
from coordination.detection import RULE_CODES
from coordination.faults import InputRefusedError, UsageError
from coordination.policy import Policy
from coordination.policy_document import digest_of, document_of, policy_of
from coordination.schedule_policy import CorridorRow
from data.read_policy import MOST_BYTES, parse_policy, read_policy
from data.write_policy import policy_toml

V = 'version = "2026-1"\n'


def faults(text: str, lang: str = "en") -> list[str]:
    try:
        parse_policy(text, source="policy.toml", rule_codes=RULE_CODES)
    except InputRefusedError as error:
        return [fault.text(lang) for fault in error.faults]
    return []


BAD = [
    # kinds
    ('buffer_m = "5 m"', 'buffer_m: expected a number, found "5 m". Write it without quotes and units, such as 12.5.',
     'buffer_m：应为数字，实际为"5 m"。请不加引号和单位填写，如 12.5。'),
    ("buffer_m = true", "buffer_m: expected a number, found true. Write it without quotes and units, such as 12.5.", None),
    ("link_days = 14.5", "link_days: expected a whole number, found 14.5. Write it without quotes, units and decimals, such as 12.",
     "link_days：应为整数，实际为14.5。请不加引号、单位和小数填写，如 12。"),
    ("link_days = [14]", "link_days: expected a whole number, found [14]. Write it without quotes, units and decimals, such as 12.", None),
    ('blocking_rules = "no_dig_period"', 'blocking_rules: expected a list, found "no_dig_period". Put the values between [ and ].',
     'blocking_rules：应为列表，实际为"no_dig_period"。请把各值放在 [ 和 ] 之间。'),
    ("main_roads = [1]", "main_roads: expected a text, found 1. Put it between quotes.", None),
    ("no_dig = 60", "no_dig: expected a table, found 60. Write it as a table with the settings below it.",
     "no_dig：应为一个表，实际为60。请写成表，把各项设置放在下面。"),
    ("[no_dig]\nmonths = 60", "[no_dig] months: expected a table, found 60. Write it as a table with the settings below it.", None),
    ("[approval]\nrows = 3", "[approval] rows: expected a table of rows, found 3. Write one [[table]] per row.",
     "[approval] rows：应为逐行的表，实际为3。请每行写一个 [[表名]]。"),
    ("[restricted]\nseverity = 3", "[restricted] severity: expected a text, found 3. Put it between quotes.", None),
    # ranges
    ("buffer_m = -5", "buffer_m: expected a number from 0 to 1000000, found -5. Correct the number.",
     "buffer_m：应为0至1000000之间的数，实际为-5。请改正。"),
    ("likely = 1.5", "likely: expected a number from 0 to 1, found 1.5. Correct the number.", None),
    ("likely = nan", "likely: expected a number from 0 to 1, found nan. Correct the number.", None),
    ("same_place_share = 50", "same_place_share: expected a number from 0 to 1, found 50. Correct the number.", None),
    ("repeat_months = 100000", "repeat_months: expected a number from 0 to 1200, found 100000. Correct the number.", None),
    ("link_days = 0", "link_days: expected a number from 1 to 36500, found 0. Correct the number.", None),
    ("buffer_impact_m = inf", "buffer_impact_m: expected a number from 0 to 1000000, found inf. Correct the number.", None),
    ("[no_dig.months]\nnew = -1", "[no_dig.months] new: expected a number from 0 to 1200, found -1. Correct the number.", None),
    ("[impact.lane_points]\nfull = 6", "[impact.lane_points] full: expected a number from 0 to 5, found 6. Correct the number.", None),
    ("[fees]\nearly_factor_by_year = []", "[fees] early_factor_by_year: expected at least one entry, found none. Add one, or take the setting out: then the built-in value holds.",
     "[fees] early_factor_by_year：应至少有一项，实际没有。请补充；若删去此设置，则采用内置值。"),
    ("[no_dig]\nfee_factor = [1]", "[no_dig] fee_factor: expected 2 entries, found 1. Correct the list.",
     "[no_dig] fee_factor：应有2项，实际有1项。请改正列表。"),
    # names and codes
    ("link_day = 14", "link_day: there is no such setting. Did you mean link_days? Correct the name, or take it out.",
     "link_day：没有这项设置。是否为 link_days？请改正名称或删去。"),
    ("[order]\ndays = 3", "[order] days: there is no such setting. Expected one of: months. Correct the name, or take it out.",
     "[order] days：没有这项设置。可用的有：months。请改正名称或删去。"),
    ("[no_dig.months]\nnewly = 3", "[no_dig.months] newly: there is no such setting. Did you mean new? Correct the name, or take it out.", None),
    ("[network.width_m]\nboulevard = 30", "[network.width_m] boulevard: there is no such setting. Expected one of: expressway, arterial, secondary, local. Correct the name, or take it out.", None),
    ("[footprint.width_m]\nhydrogen = 3", "[footprint.width_m] hydrogen: there is no such setting.", None),
    ('blocking_rules = ["no_dig"]', "blocking_rules: expected one of concurrent_works, repeat_excavation, no_dig_period,", None),
    ('[partner]\nwork_types = ["new", "paint"]', '[partner] work_types: expected one of new, rebuild, widen, major_repair, medium_repair, minor_repair, upkeep, renovation, emergency; found "paint". Correct it.',
     '[partner] work_types：应为以下之一：new, rebuild, widen, major_repair, medium_repair, minor_repair, upkeep, renovation, emergency；实际为"paint"。请改正。'),
    ('[closure]\nimpacts = ["all"]', '[closure] impacts: expected one of none, footway, lane, half, full; found "all". Correct it.', None),
    ('[restricted]\nseverity = "grave"', '[restricted] severity: expected one of notice, medium, high; found "grave". Correct it.', None),
    ('main_roads = ["arterial", "arterial"]', 'main_roads: expected each entry once, found ["arterial", "arterial"]. Take the second one out.',
     'main_roads：每项只应出现一次，实际为["arterial", "arterial"]。请删去重复的一项。'),
    ('[volume.opened_m]\n"" = 5', "[volume.opened_m] : expected a name for this entry, found an empty one. Name it, or take the line out.", None),
    ('[restricted]\nseverity = " "', "[restricted] severity: expected a text, found an empty one. Fill it in, or take the line out.",
     "[restricted] severity：应有文字，实际为空。请填写，或删去此行。"),
    # among each other
    ("repeat_high_months = 36", "repeat_high_months: expected at most repeat_months (24), found 36. Lower this one or raise the other.",
     "repeat_high_months：不应大于 repeat_months（24），实际为36。请调低此项或调高另一项。"),
    ("buffer_m = 12", "buffer_m: expected at most buffer_impact_m (10), found 12. Lower this one or raise the other.", None),
    ("[impact]\nyellow_from = 4.5", "[impact] yellow_from: expected at most impact.red_from (4), found 4.5. Lower this one or raise the other.", None),
    ("[reinstatement_yuan_m2]\nasphalt = [300, 220, 140]", "[reinstatement_yuan_m2] asphalt: expected numbers that do not fall (low, mid, high), found [300, 220, 140]. Put them in order.",
     "[reinstatement_yuan_m2] asphalt：各数应依次不减（低、中、高），实际为[300, 220, 140]。请按顺序排列。"),
    ("[no_dig]\nfee_factor = [5, 1]", "[no_dig] fee_factor: expected numbers that do not fall (low, mid, high), found [5, 1]. Put them in order.", None),
    ("[impact]\nduration_days = [14, 14]", "[impact] duration_days: expected each number to be larger than the one before, found [14, 14]. Put them in order.",
     "[impact] duration_days：每个数应大于前一个，实际为[14, 14]。请按顺序排列。"),
    ("[protection.within_m]\nmetro = [10, 50]", "[protection.within_m] metro: expected each number to be smaller than the one before, found [10, 50]. Put the widest zone first.",
     "[protection.within_m] metro：每个数应小于前一个，实际为[10, 50]。请把最宽的范围放在最前。"),
    ("[impact.weights]\nlanes = 0.5", "[impact] weights: expected shares that sum to 1, found a sum of 1.25. Correct the shares.",
     "[impact] weights：各份额之和应为1，实际为1.25。请改正份额。"),
    ("[impact]\nlength_points = [1, 2, 3]", "[impact] length_points: expected 4 entries, one more than impact.length_m has; found 3. Correct one of the two lists.",
     "[impact] length_points：应有4项，比 impact.length_m 多一项；实际有3项。请改正其中一个列表。"),
    # tables of rows
    ("[[approval.rows]]\nleast_cost_wan = 5", "[approval.rows[1]] tier: expected a value, found none. Every row of this table needs one.",
     "[approval.rows[1]] tier：应有值，实际没有。此表每一行都要填写。"),
    ('[[approval.rows]]\ntier = "simple"\nleast_cost = 5', "[approval.rows[1]] least_cost: there is no such setting. Did you mean least_cost_wan? Correct the name, or take it out.", None),
    ('[[approval.rows]]\ntier = "top"', '[approval.rows[1]] tier: expected one of emergency, case_by_case, joint, ordinary, simple; found "top". Correct it.', None),
    ('[[approval.rows]]\ntier = "joint"\nleast_cost_wan = 5', "[approval] rows[1]: expected a last row without conditions, so that every project has a tier. Add a row with nothing but its tier at the end.",
     "[approval] rows[1]：最后一行应不带条件，使每个项目都有档次。请在末尾加一行，只写档次。"),
    ('[[approval.rows]]\ntier = "joint"\n[[approval.rows]]\ntier = "simple"', "[approval] rows[1]: this row states no condition, so no row below it is ever reached. Move it to the end, or state its condition.",
     "[approval] rows[1]：此行没有条件，其后的行永远用不到。请移到最后，或写明条件。"),
    ('[[approval.rows]]\ntier = "joint"\nlarge_dig = "yes"\n[[approval.rows]]\ntier = "simple"', '[approval.rows[1]] large_dig: expected true or false, found "yes". Write one of the two, without quotes.',
     '[approval.rows[1]] large_dig：应为 true 或 false，实际为"yes"。请填写其中之一，不加引号。'),
    ('[[approval.tiers]]\ncode = "a"\nname_zh = "甲"\nname_en = "a"\npath_zh = "甲"\npath_en = "a"\n' * 2 + '[[approval.rows]]\ntier = "a"',
     '[approval.tiers[2]] code: expected a code of its own, found "a" a second time. Rename one of the two.',
     '[approval.tiers[2]] code：代码不应重复，实际 "a" 出现两次。请改名其中之一。'),
    ("[approval]\nrows = []", "[approval] rows: expected at least one entry, found none. Add one, or take the setting out: then the built-in value holds.", None),
    ('[[restricted.periods]]\nid = "a"\nname = "x"\nstart = "2026-13-01"\nfinish = "2026-12-01"',
     "Row 1, column [restricted.periods] start: the days “2026-13-01 – 2026-12-01” cannot be read. Write 2026-10-01, or 10-01 for the same days each year.", None),
    ('[[restricted.periods]]\nid = "a"\nname = "x"\nworks = ["digging"]', '[restricted.periods[1]] works: expected one of all, opens, excavation, lane, half, full; found "digging". Correct it.', None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "english", "chinese"), BAD)
def test_a_fault_names_place_expected_found_and_what_to_do(
    text: str, english: str, chinese: str | None
) -> None:
    told = faults(V + text)
    assert len(told) == 1
    assert told[0].startswith(english)
    if chinese is not None:
        assert faults(V + text, "zh") == [chinese]


VERSIONS = [
    ("", 'version: expected the version of this policy, found none. Add a line such as version = "2026-1"; it stands on every finding.'),
    ("version = 2026", "version: expected a text, found 2026. Put it between quotes."),
    ('version = ""', "version: expected a text, found an empty one. Fill it in, or take the line out."),
    ('version = "2026 1"', 'version: expected at most 60 letters, digits, - _ or . without blanks, found "2026 1". Give it a name such as "2026-1".'),
    ('version = "a/b"', 'version: expected at most 60 letters, digits, - _ or . without blanks, found "a/b". Give it a name such as "2026-1".'),
    ('version = "2026-1+0b9f43c2"', 'version: expected at most 60 letters, digits, - _ or . without blanks, found "2026-1+0b9f43c2". Give it a name such as "2026-1".'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), VERSIONS)
def test_a_version_fits_into_an_address(text: str, told: str) -> None:
    assert faults(text) == [told]


def test_all_faults_come_at_once_and_none_from_what_is_wrong_already() -> None:
    told = faults(
        'buffer_m = "x"\nlinks = 3\n[no_dig.months]\nnew = -1\npaint = 2\n[order]\nmonths = 1.5\n'
    )
    assert [one.partition(":")[0] for one in told] == [
        "buffer_m", "links", "[no_dig.months] new", "[no_dig.months] paint", "[order] months",
        "version",
    ]  # fmt: skip


def test_near_misses_pass() -> None:
    assert faults(
        V + "buffer_m = 10\nlikely = 1\nlink_days = 1\nrepeat_high_months = 24\nblocking_rules = []\n"
        "[no_dig.months]\nnew = 0\n[protection.within_m]\ntree = []\nheritage = [30, 5]\n"
        '[volume.opened_m]\n"安亭镇" = 500\n[own_rules.night]\nfrom_hour = 22\n'
    ) == []  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"version = 2026-1-1", "this is no TOML file: "),
        (b"version", "this is no TOML file: "),
        (b'version = "a"\nversion = "b"', "this is no TOML file: "),
        (b"a = " + b"[" * 5000, "this is no TOML file: nested too deeply."),
        (b"a = " + b"9" * 5000, "this is no TOML file: "),
        ('version = "规则"'.encode("gbk"), "the text is not UTF-8. Save the file as UTF-8"),
        (b"#" * (MOST_BYTES + 1), "the file has 2000001 bytes, a policy at most 2000000."),
    ],
)
def test_what_is_no_policy_file_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(content)
    with pytest.raises(InputRefusedError) as error:
        read_policy(path)
    assert [fault.text("en").startswith(told) for fault in error.value.faults] == [True]
    assert error.value.faults[0].text("zh")


def test_a_file_with_a_byte_order_mark_reads(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"\xef\xbb\xbf" + 'version = "规则2026"\r\nlink_days = 21\r\n'.encode())
    assert read_policy(path).policy == dataclasses.replace(
        Policy(), version="规则2026", link_days=21
    )
    with pytest.raises(UsageError):
        read_policy(tmp_path / "none.toml")


def test_a_table_changes_its_keys_and_a_list_is_replaced() -> None:
    read = parse_policy(
        V + "[no_dig.months]\nnew = 48\nupkeep = 6\n[impact]\nduration_days = [7, 30]\n", source="x"
    )
    assert dict(read.policy.no_dig.months) == {
        "new": 48, "rebuild": 60, "widen": 60, "major_repair": 36, "upkeep": 6,
    }  # fmt: skip
    assert read.policy.impact.duration_days == (7, 30)
    assert read.stated == {
        "version",
        "no_dig.months.new",
        "no_dig.months.upkeep",
        "impact.duration_days",
    }


def test_the_built_in_policy_survives_the_way_through_a_file() -> None:
    read = parse_policy(policy_toml(Policy()), source="x", rule_codes=RULE_CODES)
    assert read.policy == Policy()
    assert read.policy.version == "default-2"
    assert {path.partition(".")[0] for path in read.stated} >= {"no_dig", "approval", "version"}


def test_whole_numbers_and_decimals_are_the_same_content() -> None:
    one = parse_policy(V + "buffer_m = 6", source="x").policy
    other = parse_policy(V + "# 六米\nbuffer_m = 6.0", source="x").policy
    assert digest_of(one) == digest_of(other)
    assert digest_of(one) != digest_of(Policy())


# ---- whatever is valid survives ---------------------------------------------------------------

TEXTS = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from('"\\\n\t\x7f#=[]'), min_size=1
).filter(str.strip)


def values(hint: Any, path: str, default: Any) -> st.SearchStrategy[Any]:
    hint, missing = known.optional(hint)
    limits = known.limits_of(path)
    if missing:
        return st.none() | values(hint, path, None)
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(int(limits.least), int(limits.most or 0))
    if hint is float:
        return st.floats(limits.least, limits.most)
    if hint is str:
        codes = RULE_CODES if limits.codes == (known.RULE_CODE,) else limits.codes
        return st.sampled_from(codes) if codes else TEXTS
    if get_origin(hint) is tuple:
        kind, *rest = get_args(hint)
        size = (len(get_args(hint)),) * 2 if rest[-1] is not Ellipsis else (limits.filled, 4)
        unique = kind is str
        return st.lists(
            values(kind, path, None), min_size=int(size[0]), max_size=size[1], unique=unique
        ).map(tuple)
    if known.is_table(hint):
        assert default is not None
        entry = values(get_args(hint)[1], path, None)
        return st.fixed_dictionaries(dict.fromkeys(default, entry))
    return st.just(default)


ORDERED = {*known.RISING, *known.ASCENDING, *known.DESCENDING, *known.SUMS_TO_ONE,
           *(path for pair in (*known.NOT_ABOVE, *known.ONE_MORE) for path in pair),
           "version", "own_rules", "approval.tiers", "approval.rows", "restricted.periods",
           "plan.corridors"}  # fmt: skip


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a valid policy: some settings, one table of tiers, and rules of a city."""
    free = [one for one in known.settings() if one.path not in ORDERED and one.path.count(".") < 2]
    changed = draw(st.lists(st.sampled_from(free), max_size=12, unique_by=lambda one: one.path))
    policy: Any = Policy()
    for one in changed:
        value = draw(values(one.hint, one.path, one.default))
        table, _, name = one.path.rpartition(".")
        if table:
            value = dataclasses.replace(getattr(policy, table), **{name: value})
            name = table
        policy = dataclasses.replace(policy, **{name: value})
    codes = draw(st.lists(TEXTS, min_size=1, max_size=3, unique=True))
    tiers = tuple(ApprovalTier(code, *(draw(TEXTS) for _ in range(4))) for code in codes)
    rows = tuple(
        ApprovalRow(draw(st.sampled_from(codes)), least_cost_wan=draw(st.floats(0, 1e6)),
                    large_dig=draw(st.none() | st.booleans()))
        for _ in range(draw(st.integers(0, 3)))
    )  # fmt: skip
    corridors = tuple(
        CorridorRow(
            name,
            tuple(draw(st.lists(TEXTS, min_size=1, max_size=2, unique=True))),
            draw(st.integers(1, 9)),
        )
        for name in draw(st.lists(TEXTS, max_size=2, unique=True))
    )
    own = draw(st.dictionaries(TEXTS, st.dictionaries(TEXTS, TEXTS | st.booleans()), max_size=2))
    return dataclasses.replace(
        policy,
        approval=ApprovalPolicy(tiers, (*rows, ApprovalRow(codes[0]))),
        plan=dataclasses.replace(policy.plan, corridors=corridors),
        own_rules=own,
    )


@given(policies())
def test_any_valid_policy_survives_the_way_through_a_file(policy: Policy) -> None:
    again = parse_policy(policy_toml(policy), source="x", rule_codes=RULE_CODES).policy
    assert document_of(again) == document_of(policy)
    assert digest_of(again) == digest_of(policy)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([one.path.rpartition(".")[2] for one in known.settings()]) | st.text(max_size=3),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(Policy)]), JSON))
def test_no_document_breaks_the_reader(document: dict[str, Any]) -> None:
    policy, told = policy_of(document, rule_codes=RULE_CODES)
    assert isinstance(policy, Policy)
    for fault in told:
        assert fault.text("zh") != fault.text("en")
