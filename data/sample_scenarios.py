"""The planted conflicts and near misses of the sample town, as data: read it as a list of cases.

Each scenario says where its works lie on a piece of road that is kept free for it, when they are,
which findings they must give (`planted`) and which they must not (`near`). Places are metres along
the road from the piece's origin, and shares of half the road's width across it. Dates are days as
people write them, both inclusive; everything is judged on `AS_OF`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

AS_OF = date(2026, 3, 1)
"""The day on which the sample town is judged, for ever."""

Place = Literal["section", "corner", "dual", "rename", "elevated", "service"]
"""Where a scenario lies. Origin and the roads that its works name by ``run``:

``section``  middle of a section. ``corner``  a crossing of two roads (0, 1). ``dual``  the two
carriageways (0, 1) of one road. ``rename``  a crossing where 某西路 (0, negative) becomes 某东路 (1,
positive). ``elevated``  a road (0) below an elevated one (1). ``service``  a road (0) with a service
street (1) 23 m beside it.
"""

FULL = (-1.0, 1.0)
LEFT = (0.1, 0.95)
RIGHT = (-0.95, -0.1)
MIDDLE = (-0.3, 0.2)


@dataclass(frozen=True)
class SiteSpec:
    """One site of a work: place, time and how it is drawn.

    ``days`` is the stated duration where it is shorter than the window; ``trench_m`` the width in
    metres, in the middle of ``across``, where shares of the road are too coarse.
    """

    span: tuple[float, float]
    across: tuple[float, float]
    start: str | None
    finish: str | None
    run: int = 0
    drawn: Literal["polygon", "line", "point", "nothing"] = "polygon"
    days: int | None = None
    trench_m: float | None = None


@dataclass(frozen=True)
class Work:
    """One project of a scenario, or one finished work of the ledger (``history``).

    Attributes
    ----------
    kind
        Key of `data.sample_works.KINDS`.
    sites
        One or more.
    unit
        Which of the two units of its kind files it.
    values
        Codes and values that differ from those of its kind (fields of `coordination.projects`).
    area_factor, length_factor
        What the stated size is multiplied by (a wrong statement).
    """

    kind: str
    sites: tuple[SiteSpec, ...]
    unit: int = 0
    stage: str = "annual_plan"
    values: Mapping[str, str | None] = field(default_factory=dict)
    area_factor: float = 1.0
    length_factor: float = 1.0
    history: bool = False


@dataclass(frozen=True)
class AreaSpec:
    """A restricted period, a zone or a protected thing beside the road.

    Attributes
    ----------
    layer
        ``restrictions``, ``boundaries`` or ``assets``.
    span
        Metres along the road.
    beside
        Metres from the left edge of the road; None: all of the road and 12 m on both sides.
    drawn
        As a strip, as its middle line, or as the point in the middle of that.
    values
        Its fields (`data.read_areas`), in the headers and words of real lists.
    """

    layer: Literal["restrictions", "boundaries", "assets"]
    span: tuple[float, float]
    beside: tuple[float, float] | None
    drawn: Literal["polygon", "line", "point"]
    values: Mapping[str, str]


Truth = tuple[tuple[str, int, int | str | None], ...]


@dataclass(frozen=True)
class Scenario:
    """Works on one reserved piece of road, with what must and must not be found.

    ``planted`` and ``near`` hold (rule, number of a work, number of the other or None, or the
    letter ``r`` with the number of an area).
    """

    name: str
    place: Place
    works: tuple[Work, ...]
    planted: Truth = ()
    near: Truth = ()
    areas: tuple[AreaSpec, ...] = ()


def work(
    kind: str,
    span: tuple[float, float],
    across: tuple[float, float],
    start: str | None,
    finish: str | None,
    *,
    run: int = 0,
    drawn: Literal["polygon", "line", "point", "nothing"] = "polygon",
    days: int | None = None,
    trench_m: float | None = None,
    more: tuple[SiteSpec, ...] = (),
    unit: int = 0,
    stage: str = "annual_plan",
    area_factor: float = 1.0,
    length_factor: float = 1.0,
    history: bool = False,
    **values: str | None,
) -> Work:
    """Return a work with one site (and ``more``)."""
    site = SiteSpec(span, across, start, finish, run, drawn, days, trench_m)
    return Work(kind, (site, *more), unit, stage, values, area_factor, length_factor, history)


_CW, _RE, _OP, _DU, _IN = (
    "concurrent_works", "repeat_excavation", "opportunity", "duplicate_project", "incomplete_data",
)  # fmt: skip

CONCURRENT = (
    Scenario("certain", "section", (
        work("rebuild", (-50, 50), FULL, "2026-05-10", "2026-06-20", traffic_impact="full"),
        work("gas", (-30, 40), MIDDLE, "2026-05-20", "2026-07-05"),
    ), ((_CW, 0, 1),), ((_OP, 0, 1), (_DU, 0, 1))),
    Scenario("likely", "section", (
        work("sewer", (-50, 30), MIDDLE, "2026-05-01", "2026-06-30", days=40),
        work("power", (-20, 50), FULL, "2026-05-15", "2026-07-14", days=40),
    ), ((_CW, 0, 1),), ((_OP, 0, 1),)),
    Scenario("unlikely", "section", (
        work("telecom", (-40, 40), FULL, "2026-04-01", "2026-12-31", days=10),
        work("lighting", (-45, 20), FULL, "2026-03-15", "2026-11-30", days=8),
    ), ((_CW, 0, 1),)),
    Scenario("one common day", "section", (
        work("water", (-45, 25), MIDDLE, "2026-06-01", "2026-07-10"),
        work("storm", (-25, 45), MIDDLE, "2026-07-10", "2026-08-20"),
    ), ((_CW, 0, 1),)),
    Scenario("only wide buffers meet", "section", (
        work("gas", (-52, -8), FULL, "2026-08-01", "2026-09-15", traffic_impact="lane"),
        work("sewer", (6, 52), FULL, "2026-08-10", "2026-09-30", traffic_impact="half"),
    ), ((_CW, 0, 1),)),
    Scenario("only narrow buffers meet", "section", (
        work("telecom", (-50, -4), FULL, "2026-08-01", "2026-09-15", traffic_impact="none"),
        work("lighting", (4, 50), FULL, "2026-08-10", "2026-09-30", traffic_impact="footway"),
    ), ((_CW, 0, 1),)),
    Scenario("opposite sides", "section", (
        work("power", (-45, 45), LEFT, "2026-04-10", "2026-06-10"),
        work("water", (-35, 50), RIGHT, "2026-05-01", "2026-06-20"),
    ), ((_CW, 0, 1),), ((_RE, 0, 1),)),
    Scenario("at a crossing only", "corner", (
        work("sewer", (-95, 95), FULL, "2026-07-01", "2026-09-10"),
        work("power", (-95, 95), FULL, "2026-08-01", "2026-09-30", run=1),
    ), ((_CW, 0, 1),), ((_RE, 0, 1), (_DU, 0, 1))),
    Scenario("one carriageway of a dual road", "dual", (
        work("surface", (-50, 50), FULL, "2026-09-01", "2026-09-25", traffic_impact="half"),
        work("signal", (-20, 45), (-0.9, 0.3), "2026-09-10", "2026-10-05"),
    ), ((_CW, 0, 1),)),
    Scenario("whole streets across a crossing", "corner", (
        work("rebuild", (-120, 120), FULL, "2026-10-08", "2026-12-20", traffic_impact="full"),
        work("gas", (-110, 60), MIDDLE, "2026-11-01", "2026-12-10"),
    ), ((_CW, 0, 1),)),
    Scenario("both finish on the day of judgement", "section", (
        work("water", (-40, 40), MIDDLE, "2026-02-01", "2026-03-01", stage="in_progress"),
        work("telecom", (-30, 45), FULL, "2026-02-10", "2026-03-01", stage="in_progress"),
    ), ((_CW, 0, 1),)),
    Scenario("trenchless below a rebuilding", "section", (
        work("rebuild", (-50, 50), FULL, "2027-03-01", "2027-05-10"),
        work("crossing", (-30, 30), MIDDLE, "2027-04-01", "2027-05-20"),
    ), ((_CW, 0, 1),)),
    Scenario("a drawn line and a point", "section", (
        work("water", (-45, 45), (0.1, 0.1), "2026-06-10", "2026-07-20", drawn="line"),
        work("hydrant", (4, 4), (0.2, 0.2), "2026-07-01", "2026-07-12", drawn="point"),
    ), ((_CW, 0, 1),)),
    Scenario("the second site of a project", "section", (
        work("lighting", (-50, -15), FULL, "2026-04-01", "2026-04-20",
              more=(SiteSpec((0, 50), FULL, "2026-09-01", "2026-09-30"),)),
        work("trees", (5, 45), LEFT, "2026-09-15", "2026-10-20"),
    ), ((_CW, 0, 1),)),
    Scenario("an emergency dig", "section", (
        work("water", (-20, 10), MIDDLE, "2026-02-27", "2026-03-08", stage="emergency",
              work_type="emergency"),
        work("footway", (-45, 45), FULL, "2026-03-05", "2026-04-10", stage="approved"),
    ), ((_CW, 0, 1),), ((_OP, 0, 1),)),
)  # fmt: skip

REPEAT = (
    Scenario("16 days later", "section", (
        work("sewer", (-50, 40), MIDDLE, "2026-04-01", "2026-05-10"),
        work("gas", (-40, 50), MIDDLE, "2026-05-26", "2026-06-30"),
    ), ((_RE, 0, 1),), ((_CW, 0, 1),)),
    Scenario("three months later", "section", (
        work("water", (-45, 45), FULL, "2026-03-20", "2026-05-01"),
        work("power", (-50, 30), FULL, "2026-08-01", "2026-09-20"),
    ), ((_RE, 0, 1),)),
    Scenario("eleven months later", "section", (
        work("gas", (-50, 50), MIDDLE, "2026-04-10", "2026-05-20"),
        work("telecom", (-40, 40), MIDDLE, "2027-04-20", "2027-05-25"),
    ), ((_RE, 0, 1),)),
    Scenario("thirteen months later", "section", (
        work("storm", (-45, 50), MIDDLE, "2025-09-01", "2025-11-10", stage="completed"),
        work("water", (-50, 45), MIDDLE, "2026-12-15", "2027-02-01"),
    ), ((_RE, 0, 1),), ((_CW, 0, 1), (_OP, 0, 1))),
    Scenario("24 months to the day", "section", (
        work("sewer", (-45, 45), MIDDLE, "2025-04-10", "2025-06-30", stage="completed"),
        work("gas", (-45, 45), MIDDLE, "2027-06-30", "2027-08-15"),
    ), ((_RE, 0, 1),)),
    Scenario("three openings", "section", (
        work("water", (-50, 50), MIDDLE, "2025-08-01", "2025-09-10", stage="completed"),
        work("gas", (-45, 45), MIDDLE, "2026-05-01", "2026-06-10"),
        work("telecom", (-40, 50), FULL, "2027-02-10", "2027-03-20"),
    ), ((_RE, 0, 1), (_RE, 1, 2))),
    Scenario("after a work of the ledger", "section", (
        work("sewer", (-50, 50), MIDDLE, "2024-09-01", "2024-11-20", history=True),
        work("water", (-40, 45), MIDDLE, "2026-06-01", "2026-07-15"),
    ), ((_RE, 0, 1),)),
    Scenario("part of a whole street", "corner", (
        work("rebuild", (-120, 120), FULL, "2026-03-15", "2026-06-01"),
        work("power", (40, 115), MIDDLE, "2026-11-01", "2026-12-20"),
    ), ((_RE, 0, 1),)),
    Scenario("a day after a long work", "section", (
        work("sewer", (-50, 50), MIDDLE, "2025-11-01", "2026-06-30", stage="in_progress"),
        work("gas", (-45, 45), MIDDLE, "2026-07-01", "2026-08-10"),
    ), ((_RE, 0, 1),), ((_CW, 0, 1),)),
    Scenario("two long works in a row", "section", (
        work("storm", (-50, 50), MIDDLE, "2026-04-01", "2026-08-10"),
        work("power", (-50, 45), MIDDLE, "2026-08-13", "2026-12-15"),
    ), ((_RE, 0, 1),)),
    Scenario("the same carriageway again", "dual", (
        work("water", (-50, 50), (-0.8, 0.2), "2026-04-01", "2026-05-15"),
        work("signal", (-45, 40), (-0.5, 0.6), "2026-10-01", "2026-11-05"),
    ), ((_RE, 0, 1),)),
    Scenario("drawn as lines", "section", (
        work("gas", (-50, 45), (0.0, 0.0), "2026-03-25", "2026-05-05", drawn="line"),
        work("water", (-45, 50), (0.05, 0.05), "2026-09-01", "2026-10-10", drawn="line"),
    ), ((_RE, 0, 1),)),
    Scenario("a fresh surface cut open", "section", (
        work("surface", (-50, 50), FULL, "2026-04-01", "2026-04-25"),
        work("gas", (-45, 40), MIDDLE, "2026-12-01", "2027-01-10"),
    ), ((_RE, 0, 1),)),
)  # fmt: skip

OPPORTUNITY = (
    Scenario("30 m further on", "section", (
        work("water", (-52, -15), FULL, "2026-05-01", "2026-06-10"),
        work("power", (15, 52), FULL, "2026-09-01", "2026-10-05"),
    ), ((_OP, 0, 1),), ((_RE, 0, 1), (_CW, 0, 1))),
    Scenario("beyond one crossing", "corner", (
        work("gas", (-85, -22), FULL, "2026-06-01", "2026-07-20"),
        work("telecom", (22, 85), FULL, "2026-10-01", "2026-11-10"),
    ), ((_OP, 0, 1),)),
    Scenario("49 m further on", "section", (
        work("storm", (-52, -24.5), FULL, "2026-05-01", "2026-06-10"),
        work("lighting", (24.5, 52), FULL, "2026-12-01", "2027-01-20"),
    ), ((_OP, 0, 1),)),
    Scenario("at the same time, 30 m apart", "section", (
        work("sewer", (-52, -15), FULL, "2026-07-01", "2026-08-31", traffic_impact="lane"),
        work("water", (15, 52), FULL, "2026-08-01", "2026-09-30", traffic_impact="lane"),
    ), ((_OP, 0, 1),), ((_CW, 0, 1),)),
    Scenario("12 months to the day", "section", (
        work("gas", (-52, -10), FULL, "2026-04-01", "2026-05-15"),
        work("power", (12, 50), FULL, "2027-05-15", "2027-06-30"),
    ), ((_OP, 0, 1),)),
    Scenario("surface after pipe", "section", (
        work("water", (-45, 45), MIDDLE, "2026-05-01", "2026-06-15"),
        work("surface", (-52, 52), FULL, "2026-09-01", "2026-09-20"),
    ), ((_OP, 0, 1),), ((_RE, 0, 1),)),
    Scenario("footway after sewer", "section", (
        work("sewer", (-45, 45), LEFT, "2026-06-01", "2026-08-15"),
        work("footway", (-50, 50), LEFT, "2027-01-10", "2027-02-20"),
    ), ((_OP, 0, 1),), ((_RE, 0, 1),)),
    Scenario("one under way, one not started", "section", (
        work("telecom", (-52, -12), FULL, "2026-01-10", "2026-04-20", stage="in_progress"),
        work("gas", (14, 52), FULL, "2026-07-01", "2026-08-15"),
    ), ((_OP, 0, 1),)),
    Scenario("just large enough", "section", (
        work("signal", (-52, -15), MIDDLE, "2026-05-01", "2026-05-20",
              trench_m=52.2 / 37),
        work("trees", (15, 52), FULL, "2026-10-01", "2026-11-20"),
    ), ((_OP, 0, 1),)),
    Scenario("opposite sides, months apart", "section", (
        work("power", (-45, 45), LEFT, "2026-04-10", "2026-06-10"),
        work("storm", (-35, 50), RIGHT, "2026-09-01", "2026-10-20"),
    ), ((_OP, 0, 1),), ((_RE, 0, 1), (_DU, 0, 1))),
    Scenario("a day later and 30 m on", "section", (
        work("water", (-52, -14), FULL, "2026-09-01", "2026-10-10", traffic_impact="half"),
        work("gas", (16, 50), FULL, "2026-10-11", "2026-11-20", traffic_impact="half"),
    ), ((_OP, 0, 1),), ((_CW, 0, 1),)),
)  # fmt: skip

DUPLICATE = (
    Scenario("two purses", "section", (
        work("rebuild", (-50, 50), FULL, "2026-05-01", "2026-07-10", funding="区级财政"),
        work("rebuild", (-45, 45), FULL, "2027-03-01", "2027-05-10", funding="专项债券"),
    ), ((_DU, 0, 1),)),
    Scenario("district and town", "section", (
        work("footway", (-50, 50), LEFT, "2026-06-01", "2026-07-10", level="district"),
        work("footway", (-50, 45), LEFT, "2026-12-01", "2027-01-10", level="town"),
    ), ((_DU, 0, 1),)),
    Scenario("two units", "section", (
        work("sewer", (-50, 50), MIDDLE, "2026-04-01", "2026-06-10"),
        work("sewer", (-45, 50), MIDDLE, "2026-11-01", "2027-01-15", unit=1),
    ), ((_DU, 0, 1),)),
    Scenario("one unit, two files", "section", (
        work("lighting", (-50, 50), FULL, "2026-08-01", "2026-10-10"),
        work("lighting", (-45, 45), FULL, "2026-09-01", "2026-10-20", work_type="upkeep"),
    ), ((_DU, 0, 1),)),
    Scenario("one dossier, one place", "section", (
        work("water", (-50, 45), MIDDLE, "2026-05-01", "2026-06-15", external_id="甲"),
        work("water", (-45, 50), MIDDLE, "2026-10-01", "2026-11-15", external_id="甲"),
    ), ((_DU, 0, 1),)),
    Scenario("one dossier, two streets", "corner", (
        work("telecom", (40, 100), FULL, "2026-05-01", "2026-06-15", external_id="甲"),
        work("telecom", (40, 100), FULL, "2026-09-01", "2026-10-15", run=1, external_id="甲"),
    ), ((_DU, 0, 1),), ((_RE, 0, 1), (_CW, 0, 1))),
    Scenario("two purses, two years", "section", (
        work("surface", (-50, 50), FULL, "2026-04-01", "2026-04-30", funding="市级财政"),
        work("surface", (-50, 50), FULL, "2027-09-01", "2027-09-28", funding="镇级财政"),
    ), ((_DU, 0, 1),)),
    Scenario("one carriageway filed by city and district", "dual", (
        work("storm", (-50, 50), FULL, "2026-06-01", "2026-08-20", level="city"),
        work("storm", (-50, 45), FULL, "2027-02-01", "2027-04-10", level="district"),
    ), ((_DU, 0, 1),)),
    Scenario("a whole street by two units", "corner", (
        work("footway", (-110, 110), (-0.9, 0.9), "2026-07-01", "2026-09-10"),
        work("footway", (-105, 110), (-0.9, 0.9), "2027-04-01", "2027-06-10", unit=1),
    ), ((_DU, 0, 1),)),
    Scenario("one unit, windows that share a month", "section", (
        work("trees", (-45, 45), LEFT, "2026-10-01", "2026-11-30"),
        work("trees", (-40, 50), LEFT, "2026-11-01", "2026-12-31", work_type="minor_repair"),
    ), ((_DU, 0, 1),)),
    Scenario("two units at the same time", "section", (
        work("power", (-50, 45), MIDDLE, "2027-05-01", "2027-06-30"),
        work("power", (-45, 50), MIDDLE, "2027-05-15", "2027-07-15", unit=1),
    ), ((_DU, 0, 1), (_CW, 0, 1))),
)  # fmt: skip

INCOMPLETE = (
    Scenario("no place", "section", (
        work("gas", (-40, 40), FULL, "2026-05-01", "2026-06-10", drawn="nothing",
              extent_text="待定"),), ((_IN, 0, None),)),
    Scenario("no start", "section", (
        work("water", (-40, 40), FULL, None, "2026-06-10"),), ((_IN, 0, None),)),
    Scenario("no dates", "section", (
        work("power", (-40, 40), FULL, None, None),), ((_IN, 0, None),)),
    Scenario("no method", "section", (
        work("sewer", (-40, 40), FULL, "2026-05-01", "2026-06-10", method=None),),
        ((_IN, 0, None),)),
    Scenario("area stated three times too large", "section", (
        work("storm", (-40, 40), FULL, "2026-05-01", "2026-06-10", area_factor=3.0),),
        ((_IN, 0, None),)),
    Scenario("length stated three times too large", "section", (
        work("telecom", (-40, 40), FULL, "2026-05-01", "2026-06-10", length_factor=3.0),),
        ((_IN, 0, None),)),
    Scenario("area stated far too small", "section", (
        work("rebuild", (-40, 40), FULL, "2026-05-01", "2026-06-10", area_factor=0.2),),
        ((_IN, 0, None),)),
    Scenario("neither place nor time", "section", (
        work("trees", (-40, 40), FULL, None, None, drawn="nothing", extent_text="另行通知"),),
        ((_IN, 0, None),)),
    Scenario("second site without a place", "section", (
        work("signal", (-40, 40), FULL, "2026-05-01", "2026-06-10", extent_text="待定",
              more=(SiteSpec((0, 0), FULL, "2026-07-01", "2026-07-20", drawn="nothing"),)),),
        ((_IN, 0, None),)),
    Scenario("second site without dates", "section", (
        work("footway", (-50, -10), LEFT, "2026-05-01", "2026-06-10",
              more=(SiteSpec((10, 50), LEFT, None, None),)),), ((_IN, 0, None),)),
    Scenario("place and method missing", "section", (
        work("lighting", (-40, 40), FULL, "2026-05-01", "2026-06-10", drawn="nothing",
              method=None, extent_text="见附件"),), ((_IN, 0, None),)),
)  # fmt: skip

NEAR = (
    Scenario("the day after", "section", (
        work("water", (-45, 45), MIDDLE, "2026-05-10", "2026-06-20"),
        work("storm", (-40, 50), MIDDLE, "2026-06-21", "2026-07-31"),
    ), (), ((_CW, 0, 1), (_RE, 0, 1), (_DU, 0, 1))),
    Scenario("11 m apart with buffers of 5 m", "section", (
        work("telecom", (-50, -5.5), FULL, "2026-08-01", "2026-09-15", traffic_impact="none"),
        work("lighting", (5.5, 50), FULL, "2026-08-10", "2026-09-30", traffic_impact="footway"),
    ), (), ((_CW, 0, 1), (_RE, 0, 1), (_DU, 0, 1))),
    Scenario("a service street 10 m away", "service", (
        work("sewer", (-45, 45), (-0.88, 0.88), "2026-05-10", "2026-07-20",
              traffic_impact="full"),
        work("sewer", (-45, 45), FULL, "2026-06-01", "2026-07-31", run=1, unit=1,
              traffic_impact="full"),
    ), (("parallel_closure", 0, 1),), ((_CW, 0, 1), (_OP, 0, 1), (_DU, 0, 1), (_RE, 0, 1))),
    Scenario("crossing streets, months apart", "corner", (
        work("water", (-100, 100), FULL, "2026-04-01", "2026-05-31"),
        work("water", (-100, 100), FULL, "2026-09-01", "2026-10-31", run=1, unit=1),
    ), (), ((_RE, 0, 1), (_DU, 0, 1), (_OP, 0, 1), (_CW, 0, 1))),
    Scenario("the other carriageway", "dual", (
        work("storm", (-50, 50), FULL, "2026-04-01", "2026-05-31"),
        work("storm", (-50, 50), FULL, "2026-09-01", "2026-10-31", run=1, unit=1),
    ), (), ((_RE, 0, 1), (_DU, 0, 1))),
    Scenario("24 months and a day", "section", (
        work("sewer", (-45, 45), MIDDLE, "2025-04-10", "2025-06-30", stage="completed"),
        work("gas", (-45, 45), MIDDLE, "2027-07-01", "2027-08-15"),
    ), (), ((_RE, 0, 1), (_OP, 0, 1))),
    Scenario("within one opening", "section", (
        work("water", (-45, 45), MIDDLE, "2026-05-10", "2026-06-20"),
        work("telecom", (-50, 40), MIDDLE, "2026-07-03", "2026-08-05"),
    ), (), ((_RE, 0, 1), (_CW, 0, 1))),
    Scenario("the later work leaves the ground alone", "section", (
        work("gas", (-45, 45), MIDDLE, "2026-04-01", "2026-05-20"),
        work("facade", (-50, 50), FULL, "2026-11-01", "2027-01-20"),
    ), (), ((_RE, 0, 1), (_CW, 0, 1))),
    Scenario("a drive between its pits", "section", (
        work("water", (-8, 8), MIDDLE, "2026-04-01", "2026-05-01"),
        work("crossing", (-52, 52), MIDDLE, "2026-10-01", "2026-11-20"),
    ), (), ((_RE, 0, 1),)),
    Scenario("finished the day before", "section", (
        work("power", (-45, 45), MIDDLE, "2026-01-05", "2026-02-28", stage="completed"),
        work("power", (-40, 50), MIDDLE, "2026-01-20", "2026-02-28", unit=1, stage="completed"),
    ), (), ((_CW, 0, 1), (_DU, 0, 1), (_OP, 0, 1))),
    Scenario("a repeat that is over", "section", (
        work("water", (-45, 45), MIDDLE, "2025-03-01", "2025-05-01", stage="completed"),
        work("gas", (-45, 45), MIDDLE, "2025-12-15", "2026-02-28", stage="completed"),
    ), (), ((_RE, 0, 1), (_OP, 0, 1))),
    Scenario("withdrawn", "section", (
        work("footway", (-45, 45), FULL, "2026-05-01", "2026-07-10"),
        work("footway", (-45, 45), FULL, "2026-06-01", "2026-08-10", unit=1, stage="withdrawn"),
    ), (), ((_CW, 0, 1), (_DU, 0, 1), (_OP, 0, 1))),
    Scenario("below an elevated road", "elevated", (
        work("rebuild", (-45, 45), FULL, "2026-05-01", "2026-08-10", traffic_impact="full"),
        work("rebuild", (-45, 45), FULL, "2026-06-01", "2026-09-10", run=1, unit=1,
              traffic_impact="full"),
    ), (), ((_CW, 0, 1), (_RE, 0, 1), (_DU, 0, 1), (_OP, 0, 1))),
    Scenario("the road of the other suffix", "rename", (
        work("gas", (-85, -22), FULL, "2026-05-01", "2026-07-10"),
        work("gas", (22, 85), FULL, "2026-06-01", "2026-08-10", run=1, unit=1),
    ), (), ((_OP, 0, 1), (_CW, 0, 1), (_DU, 0, 1), (_RE, 0, 1))),
    Scenario("sites of one project", "section", (
        work("water", (-45, 30), MIDDLE, "2026-05-01", "2026-06-30",
              more=(SiteSpec((-20, 45), MIDDLE, "2026-06-15", "2026-08-10"),
                    SiteSpec((-30, 45), MIDDLE, "2027-02-01", "2027-03-10"))),
    ), (), ((_CW, 0, 0), (_RE, 0, 0), (_OP, 0, 0))),
    Scenario("51 m further on", "section", (
        work("storm", (-52, -25.5), FULL, "2026-05-01", "2026-06-10"),
        work("lighting", (25.5, 52), FULL, "2026-09-01", "2026-10-20"),
    ), (), ((_OP, 0, 1),)),
    Scenario("just too small", "section", (
        work("signal", (-52, -15), MIDDLE, "2026-05-01", "2026-05-20",
              trench_m=47.8 / 37),
        work("trees", (15, 52), FULL, "2026-10-01", "2026-11-20"),
    ), (), ((_OP, 0, 1), (_CW, 0, 1))),
    Scenario("12 months and a day", "section", (
        work("gas", (-52, -10), FULL, "2026-04-01", "2026-05-15"),
        work("power", (12, 50), FULL, "2027-05-16", "2027-06-30"),
    ), (), ((_OP, 0, 1),)),
    Scenario("one unit next to itself", "section", (
        work("telecom", (-52, -12), FULL, "2026-06-01", "2026-07-31", traffic_impact="none"),
        work("telecom", (12, 52), FULL, "2026-07-01", "2026-08-31", traffic_impact="none"),
    ), (), ((_OP, 0, 1), (_DU, 0, 1), (_CW, 0, 1))),
    Scenario("next to an emergency", "section", (
        work("gas", (-52, -12), FULL, "2026-02-26", "2026-03-07", stage="emergency",
              work_type="emergency"),
        work("lighting", (14, 52), FULL, "2026-05-01", "2026-06-10"),
    ), (), ((_OP, 0, 1), (_RE, 0, 1))),
    Scenario("both under way", "section", (
        work("water", (-52, -14), FULL, "2026-01-10", "2026-04-20", stage="in_progress"),
        work("power", (16, 52), FULL, "2026-02-01", "2026-05-15", stage="in_progress"),
    ), (), ((_OP, 0, 1), (_CW, 0, 1))),
    Scenario("lots of one unit, one after the other", "section", (
        work("sewer", (-45, 45), MIDDLE, "2026-04-01", "2026-05-31"),
        work("sewer", (-40, 50), MIDDLE, "2026-10-01", "2026-11-30"),
    ), (), ((_DU, 0, 1), (_CW, 0, 1))),
    Scenario("dossiers that differ in one sign", "section", (
        work("water", (-52, -12), FULL, "2026-05-01", "2026-06-15", external_id="甲"),
        work("storm", (14, 52), FULL, "2026-10-01", "2026-11-15", external_id="乙"),
    ), (), ((_DU, 0, 1),)),
    Scenario("another kind of work", "section", (
        work("rebuild", (-45, 45), FULL, "2026-05-01", "2026-07-10", funding="区级财政"),
        work("footway", (-45, 45), FULL, "2026-11-01", "2026-12-10", funding="镇级财政", unit=1),
    ), (), ((_DU, 0, 1),)),
    Scenario("around the corner", "corner", (
        work("lighting", (26, 80), FULL, "2026-06-01", "2026-07-31"),
        work("gas", (26, 80), FULL, "2026-07-01", "2026-08-31", run=1),
    ), (), ((_OP, 0, 1), (_CW, 0, 1), (_RE, 0, 1))),
    Scenario("complete: a polygon", "section", (
        work("gas", (-40, 40), MIDDLE, "2026-05-01", "2026-06-10"),), (), ((_IN, 0, None),)),
    Scenario("complete: a line", "section", (
        work("water", (-40, 40), (0.2, 0.2), "2026-05-01", "2026-06-10", drawn="line"),),
        (), ((_IN, 0, None),)),
    Scenario("complete: a point", "section", (
        work("hydrant", (0, 0), (0.6, 0.6), "2026-05-01", "2026-05-20", drawn="point"),),
        (), ((_IN, 0, None),)),
    Scenario("complete: two sites", "section", (
        work("signal", (-50, -10), FULL, "2026-05-01", "2026-06-10",
              more=(SiteSpec((10, 50), FULL, "2026-07-01", "2026-07-20"),)),),
        (), ((_IN, 0, None),)),
    Scenario("complete: leaves the ground alone", "section", (
        work("facade", (-40, 40), FULL, "2026-05-01", "2026-06-10"),), (), ((_IN, 0, None),)),
    Scenario("complete: area rounded up by two hundredths", "section", (
        work("storm", (-40, 40), MIDDLE, "2026-05-01", "2026-06-10", area_factor=1.02),),
        (), ((_IN, 0, None),)),
    Scenario("complete: neither cost nor funding", "section", (
        work("power", (-40, 40), MIDDLE, "2026-05-01", "2026-06-10", cost_wan=None, funding=None),),
        (), ((_IN, 0, None),)),
    Scenario("complete: no size stated", "section", (
        work("trees", (-40, 40), LEFT, "2026-05-01", "2026-06-10", length_m=None, width_m=None,
              area_m2=None),), (), ((_IN, 0, None),)),
    Scenario("complete: no duration stated", "section", (
        work("sewer", (-40, 40), MIDDLE, "2026-05-01", "2026-06-10", duration_days=None),),
        (), ((_IN, 0, None),)),
    Scenario("complete: a whole street", "corner", (
        work("rebuild", (-110, 110), FULL, "2026-05-01", "2026-08-10"),), (), ((_IN, 0, None),)),
)  # fmt: skip
