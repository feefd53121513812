"""The stages of a project: two pools and one plan, who may go where, and what stands in the way.

A project is filed, goes through two pools into the annual plan, and on to its permit and its works
(`LINE`). A **gate** stands before a stage: an unsettled finding that the policy names, something
that has to be known, or a detection that is older than the data. Gates are passed one by one, so a
move that leaves out a stage answers for its gate as well. Emergency works are exempt, and counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd

from coordination.city import City
from coordination.figures import usable
from coordination.findings import Findings
from coordination.projects import STAGES
from coordination.stage_policy import StagePolicy
from coordination.wording import table as wordings
from coordination.wording import text

LINE = (
    "proposed", "preliminary", "reserve", "annual_plan", "approved", "permitted", "in_progress",
    "completed",
)  # fmt: skip
"""The stages in their order; ``emergency``, ``withdrawn`` and ``carried_over`` lie beside it."""

PLANNING = ("proposed", "preliminary", "reserve", "annual_plan", "carried_over")
"""Moves among these change nothing that a rule looks at."""

_ASIDE = ("emergency", "withdrawn")
MOVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "proposed": ("preliminary", *_ASIDE),
        "preliminary": ("reserve", "proposed", *_ASIDE),
        "reserve": ("annual_plan", "preliminary", "proposed", *_ASIDE),
        "annual_plan": ("approved", "reserve", "preliminary", "carried_over", *_ASIDE),
        "approved": ("permitted", "annual_plan", "reserve", "carried_over", *_ASIDE),
        "permitted": ("in_progress", "approved", "annual_plan", "carried_over", *_ASIDE),
        "in_progress": ("completed", "permitted", "withdrawn"),
        "completed": ("in_progress",),
        "emergency": ("completed", "proposed", "withdrawn"),
        "withdrawn": ("proposed",),
        "carried_over": ("annual_plan", "reserve", *_ASIDE),
        "": ("proposed", "preliminary", "reserve", "annual_plan", *_ASIDE),
    }
)
"""From each stage (empty: none is known) to those that it may go to. Backwards is a correction."""

BlockKind = Literal["move", "finding", "missing", "detection"]
Freshness = Literal["fresh", "none", "stale", "policy"]
"""Whether the findings show the data as it is: ``none`` were ever made, ``stale``: the data moved
on, ``policy``: they were made under another policy."""


@dataclass(frozen=True)
class Block:
    """One thing that keeps a project out of a stage.

    Attributes
    ----------
    kind
        ``finding``: an unsettled finding (``what`` its id, ``rule``); ``missing``: ``what`` is
        ``place``, ``time`` or ``cost``; ``detection``: ``what`` is a `Freshness`; ``move``: there
        is no way from here to there.
    stage
        The stage before which it stands.
    """

    kind: BlockKind
    stage: str
    what: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Passage:
    """Whether one project may enter a stage.

    Attributes
    ----------
    code, stage_from, stage_to
        Which project, from where (empty: no stage known) to where.
    exempt
        An emergency work: gates do not hold it.
    blocks
        What stands in the way; empty when nothing does.
    safety
        A safety repair: it is not to wait for a bundle.
    """

    code: str
    stage_from: str
    stage_to: str
    exempt: bool = False
    blocks: tuple[Block, ...] = ()
    safety: bool = False

    @property
    def allowed(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.blocks

    def sentence(self, lang: str) -> str:
        """Return what a person is told, in ``lang``."""
        params = {
            "code": self.code,
            "stage_from": stage_label(self.stage_from, lang),
            "stage_to": stage_label(self.stage_to, lang),
        }
        if self.stage_from == self.stage_to and self.allowed:
            return text("stages.gate.there", lang, **params)
        if self.allowed:
            key = "exempt" if self.exempt else "allowed"
            return text(f"stages.gate.{key}", lang, **params)
        join = text("stages.gate.join", lang)
        why = join.join(_block_sentences(self.blocks, lang))
        key = "blocked" if self.stage_from != self.stage_to else "standing"
        said = text(f"stages.gate.{key}", lang, why=why, **params)
        settles = any(block.kind == "finding" for block in self.blocks)
        return said + (text("stages.gate.safety", lang) if self.safety and settles else "")

    def document(self) -> dict[str, Any]:
        """Return it as machines read it."""
        return {
            "code": self.code,
            "stage_from": self.stage_from or None,
            "stage_to": self.stage_to,
            "allowed": self.allowed,
            "exempt": self.exempt,
            "blocks": [
                {name: value for name, value in vars(block).items() if value}
                for block in self.blocks
            ],
            "reason_zh": self.sentence("zh"),
            "reason_en": self.sentence("en"),
        }


def stage_label(stage: str | None, lang: str) -> str:
    """Return what people call a stage, also where none is known."""
    return text(f"labels.stage.{stage}", lang) if stage else text("stages.no_stage", lang)


def _block_sentences(blocks: Iterable[Block], lang: str) -> list[str]:
    """Say each kind once: findings with their rule and id, then what is missing."""
    labels = wordings("labels.rule", lang)
    found = [
        f"{labels.get(str(block.rule), block.rule)} {block.what}"
        for block in blocks
        if block.kind == "finding"
    ]
    missing = [
        text(f"stages.missing.{block.what}", lang) for block in blocks if block.kind == "missing"
    ]
    lines = [
        text(f"stages.block.detection_{block.what}", lang)
        for block in blocks
        if block.kind == "detection"
    ]
    comma = text("stages.comma", lang)
    if any(block.kind == "move" for block in blocks):
        lines.insert(0, text("stages.block.move", lang))
    if found:
        lines.append(text("stages.block.findings", lang, findings=comma.join(found)))
    if missing:
        lines.append(text("stages.block.missing", lang, missing=comma.join(missing)))
    return lines


def gates_between(stage_from: str, stage_to: str) -> tuple[str, ...]:
    """Return the stages whose gates a move passes, in order; backwards and aside there are none.

    Examples
    --------
    >>> gates_between("preliminary", "annual_plan")
    ('reserve', 'annual_plan')
    >>> gates_between("carried_over", "annual_plan")
    ('annual_plan',)
    >>> gates_between("approved", "reserve")
    ()
    """
    if stage_to not in LINE:
        return ()
    start = LINE.index("reserve") if stage_from == "carried_over" else -1
    if stage_from in LINE:
        start = LINE.index(stage_from)
    return LINE[start + 1 : LINE.index(stage_to) + 1]


def needs_reason(stage_from: str, stage_to: str) -> bool:
    """Tell whether a move has to be explained: backwards, out of the plan, or aside.

    Examples
    --------
    >>> needs_reason("reserve", "annual_plan"), needs_reason("annual_plan", "reserve")
    (False, True)
    """
    if stage_to in (*_ASIDE, "carried_over") or stage_from in ("withdrawn", "emergency"):
        return stage_to != "completed"
    if stage_from not in LINE:
        return stage_from == "carried_over" and stage_to != "annual_plan"
    return LINE.index(stage_to) < LINE.index(stage_from)


def gate(
    city: City,
    codes: Collection[str],
    stage_to: str,
    findings: Findings | None,
    policy: StagePolicy,
    *,
    freshness: Freshness = "fresh",
    moves: bool = True,
) -> list[Passage]:
    """Return for each project whether it may enter a stage, and what stands in the way.

    Parameters
    ----------
    city
        Its projects and sites.
    codes
        Which projects; all of them are stored.
    stage_to
        Where to.
    findings
        The last detection with the decisions since, or None.
    policy
        The gates.
    freshness
        Whether the findings show the data as it is; where a gate asks for findings and they do not,
        nobody passes until detection has run.
    moves
        Whether there has to be a way from the project's stage (`MOVES`).

    Returns
    -------
    list of Passage
        In the order of ``codes``.

    Raises
    ------
    ValueError
        For a stage that does not exist.
    KeyError
        For a project that is not stored.
    """
    if stage_to not in STAGES:
        raise ValueError(f"unknown stage {stage_to!r}; one of {', '.join(STAGES)}")
    projects = city.projects.set_index("code").loc[list(codes)]
    own = city.sites[city.sites["project_code"].isin(projects.index)]
    known = usable(city.projects[city.projects["code"].isin(projects.index)], own)
    flags = known.set_index("code").to_dict("index")
    stages = projects["stage"].astype("object").where(projects["stage"].notna(), "")
    exempt = (
        stages.eq("emergency") | projects["work_type"].eq("emergency") | (stage_to == "emergency")
    )
    safety = projects["safety_critical"].fillna(value=False).astype(bool)
    open_of = unsettled(findings, projects.index, policy)
    passages: list[Passage] = []
    for code, stage in stages.items():
        name = str(code)
        blocks: list[Block] = []
        if stage == stage_to:
            passages.append(Passage(name, stage, stage_to, safety=bool(safety[name])))
            continue
        if moves and stage_to not in MOVES[stage]:
            blocks.append(Block("move", stage_to))
        if not exempt[name]:
            for passed in gates_between(stage, stage_to):
                blocks += _gate_blocks(
                    passed, flags[name], open_of.get(name, []), policy, freshness
                )
        kept = tuple(dict.fromkeys(blocks))
        passages.append(
            Passage(name, stage, stage_to, bool(exempt[name]), kept, bool(safety[name]))
        )
    return passages


def _gate_blocks(
    stage: str,
    known: Mapping[Any, bool],
    open_findings: list[tuple[str, str, str]],
    policy: StagePolicy,
    freshness: Freshness,
) -> list[Block]:
    blocks = [
        Block("missing", stage, name) for name in policy.needs.get(stage, ()) if not known[name]
    ]
    severities = policy.blocking_severities.get(stage, ())
    rules = policy.blocking_rules.get(stage, ())
    if not severities and not rules:
        return blocks
    if freshness != "fresh":
        blocks.append(Block("detection", stage, freshness))
    blocks += [
        Block("finding", stage, finding_id, rule)
        for finding_id, rule, severity in open_findings
        if severity in severities or (rule in rules and severity != "notice")
    ]
    return blocks


def gates_document(
    passage: Passage, *, overridden: bool = False, findings_revision: int | None = None
) -> dict[str, Any]:
    """Return what the history keeps of the gates that a move passed.

    ``passed`` (stages), ``blocks`` (what stood in the way), ``exempt``, ``override``, and
    ``findings_revision``: the data that the findings were made from.
    """
    document: dict[str, Any] = {
        "passed": list(gates_between(passage.stage_from, passage.stage_to)),
        "blocks": passage.document()["blocks"],
        "exempt": passage.exempt,
        "override": overridden and bool(passage.blocks),
    }
    if findings_revision is not None:
        document["findings_revision"] = findings_revision
    return document


def unsettled(
    findings: Findings | None, codes: Collection[str], policy: StagePolicy
) -> dict[str, list[tuple[str, str, str]]]:
    """Return the unsettled findings that name each project: id, rule, severity, worst first."""
    if findings is None:
        return {}
    table = pd.DataFrame(findings.table)[
        ["finding_id", "rule", "severity", "status", "project_a", "project_b", "kind_b"]
    ]
    table = table[~table["status"].isin(policy.settled)]
    # What the second name means: a restriction may bear the code of a project.
    other = table["kind_b"].isna() | table["kind_b"].eq("project")
    sides = [
        table.rename(columns={"project_a": "code"}),
        table[other].rename(columns={"project_b": "code"}),
    ]
    both = pd.concat([side[["code", "finding_id", "rule", "severity"]] for side in sides])
    both = both[both["code"].isin(list(codes))].drop_duplicates().sort_index(kind="stable")
    found: dict[str, list[tuple[str, str, str]]] = {}
    for code, *rest in both.itertuples(index=False, name=None):
        finding_id, rule, severity = map(str, rest)
        found.setdefault(str(code), []).append((finding_id, rule, severity))
    return found


def standing_above(city: City, findings: Findings | None, policy: StagePolicy) -> list[Passage]:
    """Return the projects that stand behind a gate which they would not pass today.

    A list may say that a project is in the annual plan: the list is the authority's, so the stage is
    taken, and what the gate would have said is told here until it is settled. Projects that are
    under way, finished or withdrawn are past all gates.
    """
    told: list[Passage] = []
    for stage in LINE[: LINE.index("in_progress")]:
        codes = city.projects.loc[city.projects["stage"].eq(stage), "code"].tolist()
        as_new = _without_stage(city, codes)
        passages = gate(as_new, codes, stage, findings, policy, moves=False)
        told += [
            Passage(one.code, stage, stage, one.exempt, one.blocks, one.safety)
            for one in passages
            if one.blocks
        ]
    return told


def _without_stage(city: City, codes: Collection[str]) -> City:
    projects = city.projects.copy()
    projects["stage"] = projects["stage"].mask(projects["code"].isin(list(codes)))
    return replace(city, projects=projects)
