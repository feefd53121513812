"""The page of settings and the sample policy say what the program does.

Both are made from the settings themselves; after a change of one run this file as a program
(``.venv/bin/python tests/docs/test_policy_page.py``), which writes them anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from api.policies import meaning, rule_codes
from coordination.policy import Policy
from coordination.policy_document import differences, document_of
from coordination.policy_reader import shown
from coordination.policy_settings import MOST, Setting, settings, tables
from coordination.rule_policy import RestrictedPeriodRow
from coordination.wording import table
from data.read_policy import read_policy
from data.write_policy import policy_toml

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, SAMPLE = DOCS / "policy.md", DOCS / "policies" / "jiading_sample.toml"
BEGIN = "<!-- settings: written by tests/docs/test_policy_page.py -->"

HEAD = """\
# 示例，需本单位核定。嘉定区掘路统筹规则的样例：除版本号和保障期外，各值均为软件内置值。
# Sample, to be confirmed by the authority. A policy for Jiading: but for the version and the restricted
# periods every value is the built-in one.
#
# 规则文件只需写出与内置值不同的部分；本例为完整文件。
# A policy states only what differs from the built-in one; this is a complete file.
"""
PERIODS = (
    RestrictedPeriodRow(
        id="spring", name="春节", recurs="announced", start="2026-02-15", finish="2026-02-23",
        kind="节日", road_class=("expressway", "arterial"), works=("opens",),
        legal_basis="示例，需本单位核定",
    ),
    RestrictedPeriodRow(
        id="national_day", name="国庆节", recurs="yearly", start="10-01", finish="10-07",
        kind="节日", road_class=("expressway", "arterial"), works=("opens",),
        legal_basis="示例，需本单位核定",
    ),
    RestrictedPeriodRow(
        id="ciie", name="进博会", recurs="announced", start="2025-11-05", finish="2025-11-10",
        kind="展会", road_class=("expressway", "arterial"), works=("lane",), severity="high",
        legal_basis="示例，需本单位核定", note="西部各镇的通道",
    ),
    RestrictedPeriodRow(
        id="flood", name="汛期", recurs="yearly", start="06-01", finish="09-30",
        kind="汛期", works=("excavation",), mode="pause", severity="notice",
        exempt=("safety_critical",), legal_basis="示例，需本单位核定",
    ),
)  # fmt: skip


def sample_policy() -> Policy:
    built_in = Policy()
    return replace(
        built_in,
        version="jiading-sample-1",
        restricted=replace(built_in.restricted, periods=PERIODS),
    )


def both(path: str) -> str:
    told = [meaning(path, lang) for lang in ("zh", "en")]
    return "\n".join(line for line in told if line)


def sample() -> str:
    return f"{HEAD}\n{policy_toml(sample_policy(), above=both)}"


def limits(one: Setting) -> str:
    """Return what a setting may be."""
    if one.limits.codes == ("rule",):
        return "rules"
    if one.limits.codes:
        return " ".join(f"`{code}`" for code in one.limits.codes)
    text = str(one.hint)
    if "float" not in text and "int" not in text:
        return ""
    least, most = one.limits.least, one.limits.most
    assert most is not None
    return f"≥ {shown(least)}" if most == MOST else f"{shown(least)}–{shown(most)}"


def default(one: Setting) -> str:
    value: Any = one.default
    if "." in one.path and one.path.rpartition(".")[0] in {s.path for s in settings()}:
        return ""  # a column of rows
    if isinstance(value, Mapping):
        return "<br>".join(f"{key} = {shown(_list(item))}" for key, item in value.items())
    if isinstance(value, tuple) and value and hasattr(value[0], "__dataclass_fields__"):
        return "see the sample"
    return f"`{shown(_list(value))}`"


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def settings_tables() -> str:
    names = dict(tables())
    lines: list[str] = []
    groups: dict[str, list[Setting]] = {"": []}
    for one in settings():
        groups.setdefault(_table_of(one.path, names), []).append(one)
    for above, group in groups.items():
        title = (
            f"`[{above}]` {meaning(above, 'zh')} · {meaning(above, 'en')}"
            if above
            else "Above all tables"
        )
        lines += [
            "",
            f"### {title}",
            "",
            "| setting | built in | may be | 含义 | meaning |",
            "|---|---|---|---|---|",
        ]
        for one in group:
            name = one.path.removeprefix(f"{above}.") if above else one.path
            cells = (
                f"`{name}`",
                default(one),
                limits(one),
                meaning(one.path, "zh"),
                meaning(one.path, "en"),
            )
            lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines).strip() + "\n"


def _table_of(path: str, names: Mapping[str, type]) -> str:
    above = path.rpartition(".")[0]
    while above and above not in names:
        above = above.rpartition(".")[0]
    return above


def test_the_page_lists_every_setting_as_it_is() -> None:
    told = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].strip() + "\n"
    assert told == settings_tables(), (
        "write it anew: .venv/bin/python tests/docs/test_policy_page.py"
    )


def test_every_setting_and_table_has_a_meaning_in_both_languages() -> None:
    paths = [one.path for one in settings()] + [path for path, _ in tables()]
    missing = [(path, lang) for path in paths for lang in ("zh", "en") if not meaning(path, lang)]
    assert missing == []


def test_no_meaning_is_left_of_a_setting_that_is_gone() -> None:
    known = {one.path for one in settings()}
    names = {path for path, _ in tables()} | {one.path for one in settings()}
    described = set(table("policy_settings", "en"))
    for name in names:
        try:
            keys = table(f"policy_settings.{name}", "en")
        except (KeyError, TypeError, AttributeError):
            continue
        described |= {f"{name}.{key}" for key in keys if key != "about"}
    assert described - known == set()


def test_the_sample_is_complete_and_without_fault() -> None:
    assert SAMPLE.read_text(encoding="utf-8") == sample(), (
        "write it anew: .venv/bin/python tests/docs/test_policy_page.py"
    )
    read = read_policy(SAMPLE, rule_codes=rule_codes())
    assert document_of(read.policy) == document_of(sample_policy())
    assert SAMPLE.read_text(encoding="utf-8").startswith("# 示例，需本单位核定。")


def test_the_sample_is_the_built_in_policy_but_for_version_and_periods() -> None:
    read = read_policy(SAMPLE, rule_codes=rule_codes())
    assert {one.path for one in differences(Policy(), read.policy)} == {
        "version", "restricted.periods",
    }  # fmt: skip
    assert [row.name for row in read.policy.restricted.periods] == [
        "春节",
        "国庆节",
        "进博会",
        "汛期",
    ]


if __name__ == "__main__":
    kept = PAGE.read_text(encoding="utf-8").partition(BEGIN)[0]
    PAGE.write_text(f"{kept}{BEGIN}\n\n{settings_tables()}", encoding="utf-8")
    SAMPLE.write_text(sample(), encoding="utf-8")
