"""A plan of a small town, with everything that is told of it; worked out once per process."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import ModuleType

import numpy as np

from api.planning import Planned
from coordination.city import City
from coordination.comparison import compare_plans
from coordination.detection import look
from coordination.findings import Provenance
from coordination.not_bundled import not_bundled
from coordination.policy import Policy
from coordination.schedule_build import schedule_problem
from coordination.schedule_rounds import Search
from coordination.schedule_starts import starts
from coordination.scheduling import plan
from data.plan_files import plan_tables

HOSTILE = "</script><script>document.title='ran'</script><img src=x onerror=alert(1)>"


@cache
def small_plan(town: ModuleType, projects: int = 120) -> Planned:
    """Return the plan of a small town; one of its bundled projects has a hostile name."""
    city, _ = town.small_town(projects, seed=5)
    policy = Policy()
    context = look(city, policy, np.datetime64("2026-03-01", "D"))
    problem = schedule_problem(context)
    found = plan(problem, Search(deterministic_s=3.0))
    compared = compare_plans(found, context, count=False)
    free = starts(problem)
    held = compared.bundles
    apart = not_bundled(problem, found.schedules["optimised"], free, held)
    return Planned(
        city=_with_hostile_name(city, held[0].members[0].code),
        context=context,
        problem=problem,
        free=free,
        plan=found,
        compared=compared,
        apart=apart,
        tables=plan_tables(compared, context, free, apart),
        provenance=Provenance(
            data_revision=7,
            policy_version="default-1",
            software_version="0.1.0",
            as_of="2026-03-01",
            run_at="2026-03-01T09:00:00+08:00",
            place_basis="network",
        ),
    )


def _with_hostile_name(city: City, code: str) -> City:
    projects = city.projects.copy()
    projects.loc[projects["code"] == code, ["name", "name_en"]] = HOSTILE
    return replace(city, projects=projects)
