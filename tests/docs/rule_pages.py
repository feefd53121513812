"""What the pages of docs/rules say that the code knows: head, parameters, steps, sentences, needs."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping
from typing import Any

from rule_situations import SITUATIONS, planted

from api.policies import meaning
from coordination.detection import RULES
from coordination.policy_reader import shown
from coordination.policy_settings import Setting, settings
from coordination.rules.protocol import Rule
from coordination.sentences import legal_basis
from coordination.wording import table, text

BEGIN = "<!-- below: written by tests/docs/test_rule_pages.py from the code -->"
WRITTEN = "<!-- above: written by tests/docs/test_rule_pages.py from the code -->"

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "concurrent_works": ("buffer_m", "buffer_impact_m", "likely", "main_roads"),
    "repeat_excavation": (
        "repeat_months", "repeat_high_months", "repeat_count", "repeat_count_months", "link_days",
        "max_opening_days", "likely", "min_shared_m", "min_shared_m2", "pit_m",
    ),
    "no_dig_period": (
        "no_dig.months", "no_dig.unknown_months", "no_dig.fee_factor", "reinstatement_yuan_m2",
        "pit_m", "blocking_rules",
    ),
    "no_dig_lockout": (
        "no_dig.months", "no_dig.unknown_months", "no_dig.fee_factor", "reinstatement_yuan_m2",
        "pit_m",
    ),
    "wrong_order": ("order.months", "pit_m", "min_shared_m", "min_shared_m2"),
    "restricted_period": (
        "restricted.severity", "restricted.expected_margin_days", "restricted.periods", "likely",
        "blocking_rules",
    ),
    "missing_partner": (
        "partner.within_m", "partner.least_m", "partner.work_types", "partner.partner_months",
        "partner.underground_work_types", "partner.due_months",
    ),
    "duplicate_project": ("same_place_share", "duplicate_months"),
    "parallel_closure": (
        "closure.impacts", "closure.oneway_impacts", "closure.longer_share",
        "closure.least_joined_share", "closure.most_no_way_round_share", "likely", "main_roads",
    ),
    "volume_cap": ("volume.opened_m", "volume.closed_lane_m", "volume.lane_width_m"),
    "protection_zone": ("protection.within_m",),
    "permit_exceeded": (
        "permit.occupation_months", "permit.area_share", "permit.look_back_months",
    ),
    "opportunity": ("opportunity_m", "opportunity_months", "opportunity_area_m2"),
    "incomplete_data": ("size_tolerance",),
}  # fmt: skip
"""Settings of the policy by which each rule judges."""

LACKS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "no_dig_period": ((), ("ledger",)),
    "restricted_period": (("restrictions",), ("restriction_dates", "restriction_places")),
    "missing_partner": (("assets",), ("assets_overhead_line", "assets_pipe_due")),
    "parallel_closure": (("network", "network_partial"), ()),
    "volume_cap": (("boundaries", "volume_caps"), ()),
    "protection_zone": (("assets", "assets_protected"), ()),
    "permit_exceeded": (("permits",), ()),
}
"""Without what a rule does not run, and what it does without and says so (``report.missing``)."""


def rule_of(code: str) -> Rule:
    return next(rule for rule in RULES if rule.code == code)


def head(code: str) -> str:
    """Return the upper part of a page."""
    made, *_ = planted(code)
    zh, en = (text(f"labels.rule.{code}", lang) for lang in ("zh", "en"))
    alt = (
        f"报：{made.found.zh}。不报：{made.miss.zh}。 "
        f"Found: {made.found.en}. Not found: {made.miss.en}."
    )
    return f"# {zh} · {en}\n\n`{code}`\n\n![{alt}](drawings/{code}.svg)\n\n{WRITTEN}\n"


def facts(code: str) -> str:
    """Return the lower part of a page."""
    parts = (_parameters(code), _steps(code), _basis(code), _example(code), _needs(code))
    return f"{BEGIN}\n\n" + "\n".join(parts)


def _parameters(code: str) -> str:
    known = {one.path: one for one in settings()}
    rows = [
        f"| `{path}` | {_default(known[path])} | {meaning(path, 'zh')} | {meaning(path, 'en')} |"
        for path in PARAMETERS[code]
    ]
    return "\n".join(
        [
            "## 参数 · Parameters", "",
            ("规则文件中的设置及内置值（示例，需本单位核定；见[规则文件](../policy.md)）。"
            "Settings of the policy and what is built in (samples, to be confirmed by the authority; "
            "see [the policy](../policy.md))."), "",
            "| 设置 setting | 内置值 built in | 含义 | meaning |", "|---|---|---|---|", *rows, "",
        ]
    )  # fmt: skip


def _default(one: Setting) -> str:
    value: Any = one.default
    if isinstance(value, Mapping):
        return "<br>".join(f"{key} = {shown(_list(item))}" for key, item in value.items()) or "—"
    return f"`{shown(_list(value))}`" if value not in ((), None) else "—"


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def severity_steps(code: str) -> list[tuple[str, str]]:
    """Return name and change of every step that the rule's own code can take."""
    source = inspect.getsource(sys.modules[type(rule_of(code)).__module__])
    steps = re.findall(r'\(\s*"([a-z_]+)",\s*([+-]\d)', source)
    steps += re.findall(r"[ \"]([a-z_]+):([+-]\d)", source)
    return list(dict.fromkeys(steps))


def _steps(code: str) -> str:
    steps = severity_steps(code)
    lines = ["## 等级的增减 · Severity steps", ""]
    if not steps:
        return "\n".join([*lines, "没有增减。None.", ""])
    lines += ["| 步骤 step | 级 levels | 说明 | meaning |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {change.replace('-', '−')} | {text(f'findings.step.{name}', 'zh')} "
        f"| {text(f'findings.step.{name}', 'en')} |"
        for name, change in steps
    ]
    return "\n".join([*lines, ""])


def _basis(code: str) -> str:
    return "\n".join(
        ["## 依据 · Legal basis", "", legal_basis(code, "zh"), "", legal_basis(code, "en"), ""]
    )


def _example(code: str) -> str:
    own = planted(code)[1].table.iloc[0]
    names = table("labels.severity", "zh"), table("labels.severity", "en")
    severity = " · ".join(words[own["severity"]] for words in names)
    return "\n".join(
        [
            "## 结论示例 · Example", "",
            f"图中上方的情形（{severity}，`{own['severity_steps']}`） · the upper case of the drawing:",
            "", f"> {own['reason_zh'].strip()}", "", f"> {own['reason_en'].strip()}", "",
        ]
    )  # fmt: skip


def _needs(code: str) -> str:
    stops, partly = LACKS.get(code, ((), ()))
    zh, en = table("report.missing", "zh"), table("report.missing", "en")
    lines = ["## 所需数据 · Data it needs", ""]
    if stops:
        lines += [
            "缺少下列任一项即不运行，每次结果都会写明：" + "、".join(zh[one] for one in stops) + "。",
            "",
            "Without any of these it does not run, and every answer says so: "
            + ", ".join(en[one] for one in stops) + ".",
            "",
        ]  # fmt: skip
    else:
        lines += ["只需项目和作业点。", "", "Projects and their sites are enough.", ""]
    if partly:
        lines += [
            "缺少时照常运行，但写明缺少：" + "、".join(zh[one] for one in partly) + "。", "",
            "It runs without these, and says that it lacks them: "
            + ", ".join(en[one] for one in partly) + ".", "",
        ]  # fmt: skip
    stronger = rule_of(code).yields_to
    if stronger:
        links = ("、", ", ")
        said = [
            joint.join(f"[{text(f'labels.rule.{one}', lang)}]({one}.md)" for one in stronger)
            for joint, lang in zip(links, ("zh", "en"), strict=True)
        ]
        lines += [f"让位于：{said[0]}。", "", f"It yields to: {said[1]}.", ""]
    return "\n".join(lines)


INDEX_BEGIN = "<!-- the rules: written by tests/docs/test_rule_pages.py from the code -->"


def index_table(sentences: Mapping[str, tuple[str, str]]) -> str:
    """Return the list of rules; ``sentences`` are the first of each page, zh and en."""
    rows = []
    for code in SITUATIONS:
        stops, _ = LACKS.get(code, ((), ()))
        needs = "<br>".join(
            f"{text(f'report.missing.{one}', 'zh')} · {text(f'report.missing.{one}', 'en')}"
            for one in stops
        )
        label = f"[{text(f'labels.rule.{code}', 'zh')} · {text(f'labels.rule.{code}', 'en')}]({code}.md)"
        zh, en = sentences[code]
        rows.append(f"| {label}<br>`{code}` | {zh}<br>{en} | {needs or '—'} |")
    return "\n".join(
        ["| 规则 rule | 找出什么 what it finds | 缺少即不运行 does not run without |",
         "|---|---|---|", *rows, ""]
    )  # fmt: skip
