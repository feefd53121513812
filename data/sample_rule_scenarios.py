"""Planted conflicts and near misses of the rules about order, places, permits and closures.

Read it as the list goes on from `data.sample_scenarios`, whose words it uses.
"""

from __future__ import annotations

from typing import Literal

from data.sample_scenarios import (
    CONCURRENT,
    DUPLICATE,
    FULL,
    INCOMPLETE,
    LEFT,
    MIDDLE,
    NEAR,
    OPPORTUNITY,
    REPEAT,
    RIGHT,
    AreaSpec,
    Scenario,
    work,
)

_ND, _LO, _WO, _RP, _MP, _PC, _VC, _PZ, _PE = (
    "no_dig_period", "no_dig_lockout", "wrong_order", "restricted_period", "missing_partner",
    "parallel_closure", "volume_cap", "protection_zone", "permit_exceeded",
)  # fmt: skip

SAMPLE_CAPS_M = {"青年街区": 90.0, "老城风貌区": 60.0, "科创园区": 150.0, "滨河街区": 80.0}
"""Most metres that may be open in a month, by zone: sample values of the town's policy."""


def _period(
    name: str, start: str, finish: str, span: tuple[float, float] = (-64, 64), **more: str
) -> AreaSpec:
    values = {"名称": name, "开始": start, "结束": finish, "级别": "high", **more}
    return AreaSpec("restrictions", span, None, "polygon", values)


def _zone(name: str) -> AreaSpec:
    return AreaSpec("boundaries", (-64, 64), None, "polygon", {"名称": name, "级别": "zone"})


def _asset(
    kind: str,
    name: str,
    beside_m: float,
    *,
    drawn: Literal["polygon", "line", "point"] = "line",
    span: tuple[float, float] = (-45, 45),
    **more: str,
) -> AreaSpec:
    values = {"类型": kind, "名称": name, **more}
    return AreaSpec("assets", span, (beside_m, beside_m + 1.0), drawn, values)


NO_DIG = (
    Scenario("a road rebuilt the year before last", "section", (
        work("rebuild", (-52, 52), FULL, "2024-03-01", "2024-06-20", history=True,
             work_type="rebuild"),
        work("water", (-40, 40), MIDDLE, "2026-09-01", "2026-10-10"),
    ), ((_ND, 1, 0),)),
    Scenario("a major repair not three years old", "section", (
        work("rebuild", (-52, 52), FULL, "2023-07-01", "2023-09-30", history=True),
        work("gas", (-45, 30), MIDDLE, "2026-06-01", "2026-07-05"),
    ), ((_ND, 1, 0),)),
    Scenario("two days before the period ends", "section", (
        work("rebuild", (-52, 52), FULL, "2023-05-01", "2023-07-15", history=True),
        work("telecom", (-45, 45), MIDDLE, "2026-07-13", "2026-08-20"),
    ), ((_ND, 1, 0),)),
    Scenario("a planned repair, then a pipe", "section", (
        work("rebuild", (-52, 52), FULL, "2026-04-10", "2026-06-20"),
        work("gas", (-45, 40), MIDDLE, "2027-03-10", "2027-04-20"),
    ), ((_LO, 0, 1),)),
    Scenario("widened, and dug the next year", "section", (
        work("rebuild", (-52, 52), FULL, "2026-05-01", "2026-07-31", work_type="widen"),
        work("power", (-30, 50), MIDDLE, "2027-09-01", "2027-10-15"),
    ), ((_LO, 0, 1),)),
    Scenario("the period is over", "section", (
        work("rebuild", (-52, 52), FULL, "2023-03-01", "2023-04-30", history=True),
        work("storm", (-45, 45), MIDDLE, "2026-05-02", "2026-06-20"),
    ), (), ((_ND, 1, 0),)),
    Scenario("a medium repair locks nothing", "section", (
        work("surface", (-52, 52), FULL, "2024-05-01", "2024-05-25", history=True),
        work("gas", (-45, 45), MIDDLE, "2026-08-01", "2026-09-10"),
    ), (), ((_ND, 1, 0),)),
    Scenario("beside the rebuilt road", "section", (
        work("rebuild", (-52, -8), FULL, "2024-08-01", "2024-10-20", history=True,
             work_type="rebuild"),
        work("water", (4, 50), MIDDLE, "2026-06-10", "2026-07-20"),
    ), (), ((_ND, 1, 0),)),
    Scenario("a pipe, then the planned repair", "section", (
        work("water", (-45, 45), MIDDLE, "2026-04-01", "2026-05-10"),
        work("rebuild", (-52, 52), FULL, "2026-09-01", "2026-11-20"),
    ), (), ((_LO, 0, 1), (_WO, 0, 1))),
    Scenario("the repair of the other carriageway", "dual", (
        work("rebuild", (-50, 50), FULL, "2026-04-10", "2026-06-20"),
        work("gas", (-45, 45), FULL, "2027-03-10", "2027-04-20", run=1),
    ), (), ((_LO, 0, 1), (_WO, 0, 1))),
)  # fmt: skip

ORDER = (
    Scenario("a cable after the surface", "section", (
        work("surface", (-52, 52), FULL, "2026-04-05", "2026-04-28"),
        work("power", (-45, 45), MIDDLE, "2026-09-10", "2026-10-20"),
    ), ((_WO, 0, 1),), ((_LO, 0, 1),)),
    Scenario("a sewer after the ducts", "section", (
        work("telecom", (-45, 45), MIDDLE, "2026-05-01", "2026-05-25"),
        work("sewer", (-50, 40), MIDDLE, "2026-09-01", "2026-10-25"),
    ), ((_WO, 0, 1),)),
    Scenario("water ready ten days after the cable", "section", (
        work("power", (-45, 45), MIDDLE, "2026-06-01", "2026-07-10"),
        work("water", (-40, 50), MIDDLE, "2026-06-10", "2026-07-20"),
    ), ((_WO, 0, 1),)),
    Scenario("a sewer, then ducts", "section", (
        work("sewer", (-50, 40), MIDDLE, "2026-05-01", "2026-06-25"),
        work("telecom", (-45, 45), MIDDLE, "2026-09-01", "2026-09-25"),
    ), (), ((_WO, 0, 1),)),
    Scenario("order on opposite sides", "section", (
        work("telecom", (-45, 45), LEFT, "2026-05-01", "2026-05-25"),
        work("sewer", (-50, 40), RIGHT, "2026-09-01", "2026-10-25"),
    ), (), ((_WO, 0, 1),)),
    Scenario("order twelve months and a day", "section", (
        work("gas", (-45, 45), MIDDLE, "2026-04-01", "2026-05-15"),
        work("sewer", (-45, 45), MIDDLE, "2027-03-20", "2027-05-16"),
    ), (), ((_WO, 0, 1),)),
    Scenario("ready on the same day", "section", (
        work("gas", (-45, 45), MIDDLE, "2026-06-01", "2026-07-20"),
        work("water", (-40, 50), MIDDLE, "2026-06-10", "2026-07-20"),
    ), (), ((_WO, 0, 1),)),
)  # fmt: skip

RESTRICTED = (
    Scenario("during the entrance examination", "section", (
        work("gas", (-45, 45), MIDDLE, "2026-05-25", "2026-06-20"),
    ), ((_RP, 0, "r0"),), (), (_period("高考", "2026-06-06", "2026-06-10", 类型="考试"),)),
    Scenario("every year in the flood season", "section", (
        work("storm", (-45, 45), FULL, "2027-07-01", "2027-08-20"),
    ), ((_RP, 0, "r0"),), (), (_period("汛期", "06-01", "09-30", 类型="汛期"),)),
    Scenario("its last day is the first of the fair", "section", (
        work("telecom", (-45, 45), MIDDLE, "2026-10-10", "2026-11-05"),
    ), ((_RP, 0, "r0"),), (), (_period("博览会", "2026-11-05", "2026-11-10", 类型="展会"),)),
    Scenario("the fair begins the day after", "section", (
        work("telecom", (-45, 45), MIDDLE, "2026-10-10", "2026-11-04"),
    ), (), ((_RP, 0, "r0"),), (_period("博览会二", "2026-11-05", "2026-11-10", 类型="展会"),)),
    Scenario("the next piece of road is kept free", "section", (
        work("water", (-52, -12), MIDDLE, "2026-05-25", "2026-06-20"),
    ), (), ((_RP, 0, "r0"),), (_period("中考", "2026-06-06", "2026-06-20", (8, 60), 类型="考试"),)),
    Scenario("an emergency in the festival", "section", (
        work("gas", (-20, 20), MIDDLE, "2026-02-27", "2026-03-06", stage="emergency",
             work_type="emergency"),
    ), (), ((_RP, 0, "r0"),), (_period("元宵灯会", "2026-03-01", "2026-03-05", 类型="节庆"),)),
)  # fmt: skip

PLACES = (
    Scenario("overhead lines stay up", "section", (
        work("rebuild", (-50, 50), FULL, "2026-08-01", "2026-10-20"),
    ), ((_MP, 0, "r0"),), (), (_asset("架空线", "云东线", 3.0),)),
    Scenario("an old main below the repair", "section", (
        work("rebuild", (-50, 50), FULL, "2026-06-01", "2026-08-20"),
    ), ((_MP, 0, "r0"),), (), (_asset("待更新管线", "给水老管", -6.0, 到期="2028-12-31"),)),
    Scenario("overhead lines go below with it", "section", (
        work("rebuild", (-50, 50), FULL, "2026-08-01", "2026-10-20"),
        work("power", (-52, 52), LEFT, "2026-06-10", "2026-07-25"),
    ), (), ((_MP, 0, "r0"), ("incomplete_data", 1, None)), (_asset("架空线", "云西线", 3.0),)),
    Scenario("overhead lines in the next street", "section", (
        work("rebuild", (-50, 50), FULL, "2026-08-01", "2026-10-20"),
    ), (), ((_MP, 0, "r0"),), (_asset("架空线", "云北线", 24.0),)),
    Scenario("lines along a new surface only", "section", (
        work("surface", (-50, 50), FULL, "2026-08-01", "2026-08-20"),
    ), (), ((_MP, 0, "r0"),), (_asset("架空线", "云南线", 3.0),)),
    Scenario("30 m from the metro", "section", (
        work("sewer", (-45, 45), LEFT, "2026-05-10", "2026-07-20"),
    ), ((_PZ, 0, "r0"),), (), (_asset("地铁", "云城1号线", 30.0),)),
    Scenario("over a trunk drain", "section", (
        work("power", (-45, 45), LEFT, "2026-05-10", "2026-06-20"),
    ), ((_PZ, 0, "r0"),), (), (_asset("污水干管", "云浦干管", 9.0),)),
    Scenario("at the root of a tree", "section", (
        work("gas", (-45, 45), LEFT, "2026-05-10", "2026-06-20"),
    ), ((_PZ, 0, "r0"),), (), (_asset("古树", "银杏0032", 2.0, drawn="point"),)),
    Scenario("54 m from the metro", "section", (
        work("sewer", (-45, 45), LEFT, "2026-05-10", "2026-07-20"),
    ), (), ((_PZ, 0, "r0"),), (_asset("地铁", "云城2号线", 54.0),)),
    Scenario("25 m from a trunk drain", "section", (
        work("power", (-45, 45), LEFT, "2026-05-10", "2026-06-20"),
    ), (), ((_PZ, 0, "r0"),), (_asset("污水干管", "云西干管", 25.0),)),
    Scenario("8 m from a tree", "section", (
        work("gas", (-45, 45), LEFT, "2026-05-10", "2026-06-20"),
    ), (), ((_PZ, 0, "r0"),), (_asset("古树", "香樟0108", 8.0, drawn="point"),)),
)  # fmt: skip

CAPS = (
    Scenario("two digs above the cap of a zone", "section", (
        work("water", (-55, 0), FULL, "2026-07-03", "2026-07-26"),
        work("gas", (8, 55), FULL, "2026-07-06", "2026-07-29"),
    ), ((_VC, 0, "r0"), (_VC, 1, "r0")), (), (_zone("青年街区"),)),
    Scenario("one dig above the cap of a zone", "section", (
        work("storm", (-50, 50), FULL, "2026-08-03", "2026-08-28"),
    ), ((_VC, 0, "r0"),), (), (_zone("老城风貌区"),)),
    Scenario("two digs below the cap of a zone", "section", (
        work("sewer", (-55, 0), FULL, "2026-07-03", "2026-07-26"),
        work("telecom", (8, 55), FULL, "2026-07-06", "2026-07-29"),
    ), (), ((_VC, 0, "r0"), (_VC, 1, "r0")), (_zone("科创园区"),)),
    Scenario("two digs, one month after the other", "section", (
        work("water", (-55, 0), FULL, "2026-07-03", "2026-07-31"),
        work("gas", (8, 55), FULL, "2026-08-01", "2026-08-29"),
    ), (), ((_VC, 0, "r0"), (_VC, 1, "r0")), (_zone("滨河街区"),)),
)  # fmt: skip

PERMITS = (
    Scenario("open beyond its permit", "section", (
        work("gas", (-40, 40), MIDDLE, "2026-01-05", "2026-03-20", stage="in_progress",
             actual_start="2026-01-05", permit_no="许0117", permit_start="2026-01-05",
             permit_finish="2026-02-20"),
    ), ((_PE, 0, None),)),
    Scenario("begun before its permit", "section", (
        work("water", (-40, 40), MIDDLE, "2026-02-01", "2026-04-05", stage="in_progress",
             actual_start="2026-01-21", permit_no="许0121", permit_start="2026-02-01",
             permit_finish="2026-04-05"),
    ), ((_PE, 0, None),)),
    Scenario("larger than its permit", "section", (
        work("sewer", (-40, 40), FULL, "2026-04-10", "2026-05-30", stage="permitted",
             trench_m=4.0, permit_no="许0130", permit_start="2026-04-10",
             permit_finish="2026-05-30", permit_area_m2="240"),
    ), ((_PE, 0, None),)),
    Scenario("as permitted", "section", (
        work("gas", (-40, 40), MIDDLE, "2026-01-25", "2026-04-10", stage="in_progress",
             actual_start="2026-01-26", permit_no="许0144", permit_start="2026-01-25",
             permit_finish="2026-04-10"),
    ), (), ((_PE, 0, None),)),
    Scenario("a little larger than its permit", "section", (
        work("storm", (-40, 40), FULL, "2026-04-10", "2026-05-30", stage="permitted",
             trench_m=4.0, permit_no="许0152", permit_start="2026-04-10",
             permit_finish="2026-05-30", permit_area_m2="312"),
    ), (), ((_PE, 0, None),)),
    Scenario("no permit yet", "section", (
        work("telecom", (-40, 40), MIDDLE, "2026-06-01", "2026-07-10"),
    ), (), ((_PE, 0, None),)),
)  # fmt: skip

CLOSURES = (
    Scenario("main road and service street closed", "service", (
        work("rebuild", (-45, 45), (-0.88, 0.88), "2026-08-10", "2026-10-20",
             traffic_impact="full"),
        work("water", (-45, 45), FULL, "2026-09-01", "2026-10-31", run=1, traffic_impact="full"),
    ), ((_PC, 0, 1),), (("concurrent_works", 0, 1),)),
    Scenario("the service street closed the day after", "service", (
        work("rebuild", (-45, 45), (-0.88, 0.88), "2026-08-10", "2026-10-20",
             traffic_impact="full"),
        work("gas", (-45, 45), FULL, "2026-10-21", "2026-11-30", run=1, traffic_impact="full"),
    ), (), ((_PC, 0, 1),)),
    Scenario("the service street half open", "service", (
        work("rebuild", (-45, 45), (-0.88, 0.88), "2026-08-10", "2026-10-20",
             traffic_impact="full"),
        work("gas", (-45, 45), FULL, "2026-09-01", "2026-10-31", run=1, traffic_impact="half"),
    ), (), ((_PC, 0, 1),)),
)  # fmt: skip


def in_turn() -> tuple[Scenario, ...]:
    """Return all scenarios, mixed so that any beginning of the list holds some of every rule.

    Examples
    --------
    >>> [scenario.name for scenario in in_turn()[:3]]
    ['certain', '16 days later', '30 m further on']
    """
    groups = (
        CONCURRENT, REPEAT, OPPORTUNITY, DUPLICATE, INCOMPLETE, NO_DIG, ORDER, RESTRICTED, PLACES,
        CAPS, PERMITS, CLOSURES, NEAR[::2], NEAR[1::2],
    )  # fmt: skip
    longest = max(len(group) for group in groups)
    return tuple(group[k] for k in range(longest) for group in groups if k < len(group))
