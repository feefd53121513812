"""The pictures of one plan: side by side, per bundle, per road."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from coordination import formats
from coordination.bundling import Bundle
from coordination.comparison import Compared
from coordination.plan_story import RoadChange
from coordination.schedule_problem import ScheduleProblem
from coordination.scheduling import PLANS
from coordination.wording import text
from maps.plan_pictures import Measure, Strip, bundle_svg, comparison_svg, road_svg

_MEASURES: tuple[tuple[str, Callable[[float, str], str]], ...] = (
    ("metres_opened", formats.metres),
    ("weighted_closed_days", lambda value, _: formats.count(value)),
    ("cost_mid_wan", formats.wan),
    ("findings", lambda value, _: formats.count(value)),
)
MOST_STRIPS = 40
"""Works in the picture of a road; the page says how many more there are."""


def plan_pictures(
    compared: Compared,
    bundles: Sequence[Bundle],
    roads: Sequence[RoadChange],
    *,
    lang: str,
    hidden: frozenset[int] = frozenset(),
) -> dict[str, str]:
    """Return the pictures of a plan's page.

    Parameters
    ----------
    compared
        The plan as its reader may see it (`coordination.plan_story.for_reader`).
    bundles, roads
        Of which pictures are wanted.
    lang
        ``zh`` or ``en``.
    hidden
        Projects of which no day is shown.

    Returns
    -------
    dict
        ``comparison``, ``bundle:BUNDLE_ID`` and ``road:ROAD`` to SVG text.
    """
    problem = compared.plan.problem
    days = {
        name: problem.work_days(compared.plan.schedules[name].start_day)
        for name in ("as_filed", "optimised")
    }
    strip = _strips(problem, days, hidden)
    pictures = {"comparison": _comparison(compared, lang)}
    for bundle in bundles:
        several = len(bundle.roads) > 1
        pictures[f"bundle:{bundle.bundle_id}"] = bundle_svg(
            [strip(one.works_order, work, several) for one in bundle.members for work in one.works],
            text("plan.page.bundle_picture", lang, id=bundle.bundle_id),
        )
    layers = problem.works["layer_low"].to_numpy(dtype=np.int64)
    project = problem.works["project"].to_numpy(dtype=np.int64)
    for road in roads:
        shown = road.works[:MOST_STRIPS]
        rank = {
            layer: step for step, layer in enumerate(sorted({int(layers[one]) for one in shown}), 1)
        }
        words = (
            text("plan.page.openings_filed", lang, n=len(road.filed)),
            text("plan.page.openings_scheduled", lang, n=len(road.scheduled)),
        )
        # An opening of somebody hidden would tell its days.
        bands = (
            (road.filed, road.scheduled)
            if hidden.isdisjoint(project[list(road.works)])
            else ((), ())
        )
        pictures[f"road:{road.road}"] = road_svg(
            [strip(rank[int(layers[work])], work, False) for work in shown],
            *bands, words,
            text("plan.page.road_picture", lang, road=road.road),
        )  # fmt: skip
    return pictures


def _strips(
    problem: ScheduleProblem,
    days: dict[str, tuple[np.ndarray, np.ndarray]],
    hidden: frozenset[int],
) -> Callable[[int, int, bool], Strip]:
    project = problem.works["project"].to_numpy(dtype=np.int64)
    codes = problem.projects["code"].to_numpy(dtype=object)
    road = problem.stretches["road"].astype("object").fillna("").to_numpy(dtype=object)
    stretch = problem.members["stretch"].to_numpy(dtype=np.int64)
    where = dict(
        zip(problem.members["work"].to_numpy().tolist(), road[stretch].tolist(), strict=True)
    )

    def strip(order: int, work: int, with_road: bool) -> Strip:
        of = int(project[work])
        place = where.get(work, "")
        label = f"{codes[of]} {place}" if with_road and place else str(codes[of])
        if of in hidden:
            return Strip(label, order, None, None)
        filed, scheduled = (
            (int(start[work]), int(finish[work]))
            for start, finish in (days["as_filed"], days["optimised"])
        )
        return Strip(label, order, filed, scheduled)

    return strip


def _comparison(compared: Compared, lang: str) -> str:
    rows = compared.table()
    measures = []
    for name, written in _MEASURES:
        if rows["as_filed"][name] is None:
            continue
        least = rows["bound"][name]
        bound = None if least is None else (
            float(least),
            text("plan.page.bound", lang, value=written(least, lang)),
        )  # fmt: skip
        values = tuple(
            (text(f"plan.plans.{plan}", lang), float(rows[plan][name]), written(rows[plan][name], lang))
            for plan in PLANS
        )  # fmt: skip
        measures.append(Measure(text(f"plan.measure.{name}", lang), values, bound))
    return comparison_svg(measures, text("plan.page.comparison_picture", lang))
