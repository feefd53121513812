"""What the authority chooses for approvals: tiers, joint site visits, fees. Frozen and passed in.

All values are samples, to be confirmed by the authority (示例，需本单位核定): the action plan leaves the
thresholds to it (分级分类审批, 一事一议, 批前踏勘).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ApprovalTier:
    """One tier of approval: what it is called, and which way its papers go.

    Attributes
    ----------
    code
        What rows and machines call it.
    name_zh, name_en
        What people call it.
    path_zh, path_en
        Who decides, and what comes before.
    """

    code: str
    name_zh: str
    name_en: str
    path_zh: str
    path_en: str


@dataclass(frozen=True)
class ApprovalRow:
    """One row of the table of tiers: it matches a project that meets **all** that it states.

    A row that states nothing matches every project. A figure that a project lacks meets no
    threshold; the answer says which figure was missing.

    Attributes
    ----------
    tier
        Code of the tier.
    least_cost_wan, least_impact, least_length_m
        From this cost, impact index or opened length on.
    large_dig
        Whether it is a large dig (大型掘路).
    no_dig
        Whether it opens a surface inside its no-dig period.
    emergency
        Whether it is an emergency repair.
    main_road
        Whether it lies on a main road (``main_roads`` of the policy).
    sectors, work_types, methods
        One of these; empty means any.
    """

    tier: str
    least_cost_wan: float | None = None
    least_impact: float | None = None
    least_length_m: float | None = None
    large_dig: bool | None = None
    no_dig: bool | None = None
    emergency: bool | None = None
    main_road: bool | None = None
    sectors: tuple[str, ...] = ()
    work_types: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


SAMPLE_TIERS = (
    ApprovalTier(
        "emergency", "应急抢修", "emergency repair",
        "先行抢修，24小时内补办手续", "dig first, papers within 24 hours",
    ),
    ApprovalTier(
        "case_by_case", "一事一议", "case by case",
        "联席会议专题审议后报区政府", "a session of the joint meeting, then the district government",
    ),
    ApprovalTier(
        "joint", "联席联审", "joint review",
        "联席会议办公室组织相关部门联合审查", "joint review convened by the office of the joint meeting",
    ),
    ApprovalTier(
        "ordinary", "行业审批", "ordinary approval",
        "行业主管部门审批，抄送联席会议办公室", "the sector's department, copied to the joint meeting's office",
    ),
    ApprovalTier(
        "simple", "简易备案", "simple filing",
        "行业主管部门或街镇备案", "filed with the sector's department or the town",
    ),
)  # fmt: skip

SAMPLE_ROWS = (
    ApprovalRow("emergency", emergency=True),
    ApprovalRow("case_by_case", no_dig=True),
    ApprovalRow("case_by_case", least_cost_wan=5000.0),
    ApprovalRow("joint", least_cost_wan=1000.0),
    ApprovalRow("joint", least_impact=4.0),
    ApprovalRow("joint", large_dig=True, main_road=True),
    ApprovalRow("ordinary", large_dig=True),
    ApprovalRow("ordinary", least_cost_wan=100.0),
    ApprovalRow("ordinary", main_road=True, methods=("open_cut",)),
    ApprovalRow("simple"),
)


@dataclass(frozen=True)
class ApprovalPolicy:
    """Which tier a project goes to: **the first row that matches, from the top, decides**.

    Attributes
    ----------
    tiers
        The tiers.
    rows
        The table, strictest first; the last row states nothing, so that every project has a tier.
    large_hard_m, large_soft_m
        A large dig (大型掘路): road works or hard lines longer than the first, soft lines longer
        than the second. A line of unknown kind counts as hard.
    """

    tiers: tuple[ApprovalTier, ...] = SAMPLE_TIERS
    rows: tuple[ApprovalRow, ...] = SAMPLE_ROWS
    large_hard_m: float = 50.0
    large_soft_m: float = 100.0


@dataclass(frozen=True)
class SiteVisitPolicy:
    """Which projects are visited together before approval (批前踏勘): any one of these is enough.

    Attributes
    ----------
    least_cost_wan, least_impact
        From this cost or impact index on.
    least_findings
        From this many findings of medium or above that nobody decided yet.
    least_utilities
        From this many kinds of utility that come together in its findings, its own among them.
    """

    least_cost_wan: float = 1000.0
    least_impact: float = 4.0
    least_findings: int = 3
    least_utilities: int = 3


@dataclass(frozen=True)
class FeePolicy:
    """Fees beside the rates of reinstatement (``reinstatement_yuan_m2``).

    Attributes
    ----------
    early_factor_by_year
        Fee for digging early, as a multiple of the reinstatement, by the year of the no-dig period
        in which the work begins: first, second, … A later year takes the last. Where the surface's
        age is not known, the range ``no_dig.fee_factor`` stands.
    """

    early_factor_by_year: tuple[float, ...] = (5.0, 4.0, 3.0, 2.0, 1.0)
