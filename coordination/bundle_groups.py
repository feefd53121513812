"""Which works of a schedule belong into one bundle: what they open together, and where."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.rules.protocol import Context
from coordination.schedule_check import ScheduleCheck
from coordination.schedule_policy import PlanPolicy
from coordination.schedule_problem import ScheduleProblem
from geo.nearby_pairs import nearby_pairs

Rows = npt.NDArray[np.int64]


def opened_together(problem: ScheduleProblem, check: ScheduleCheck) -> pd.DataFrame:
    """Return the members of stretches that another project opens in the same opening.

    Returns
    -------
    pandas.DataFrame
        The columns of ``problem.members`` with ``opening``, ``project`` and ``length_m`` of the
        stretch.
    """
    work = problem.members["work"].to_numpy(dtype=np.int64)
    stretch = problem.members["stretch"].to_numpy(dtype=np.int64)
    rows = problem.members.assign(
        opening=check.opening,
        project=problem.works["project"].to_numpy(dtype=np.int64)[work],
        length_m=problem.stretches["length_m"].to_numpy(dtype=float)[stretch],
    )
    return shared_rows(rows)


def shared_rows(rows: pd.DataFrame, *by: str) -> pd.DataFrame:
    """Return the rows of openings in which several projects take part, within each value of ``by``."""
    several = rows.groupby(["opening", *by])["project"].transform("nunique").to_numpy() > 1
    kept: pd.DataFrame = rows[several].reset_index(drop=True)
    return kept


def project_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the projects that open ground together: ``a``, ``b`` (``a`` < ``b``), ``length_m``.

    Parameters
    ----------
    rows
        `opened_together`.
    """
    held = rows.drop_duplicates(["opening", "project"])[["opening", "project", "length_m"]]
    pairs = held.merge(held[["opening", "project"]], on="opening", suffixes=("", "_b"))
    pairs = pairs[pairs["project"] < pairs["project_b"]]
    metres = pairs.groupby(["project", "project_b"])["length_m"].sum().reset_index()
    return metres.set_axis(["a", "b", "length_m"], axis=1)


def bundle_groups(
    problem: ScheduleProblem, check: ScheduleCheck, context: Context | None = None
) -> list[pd.DataFrame]:
    """Return what each bundle opens together: the rows of `opened_together`, one table per bundle.

    Two projects belong together where they open at least ``plan.bundle_least_m`` metres in one
    opening, or half of what the shorter one opens at all; a pair that was asked for (`asked_pairs`)
    where they open anything together. A project with works in several places holds only those
    together that adjoin (``cases_within_m``): it belongs where it was asked for, else where it shares
    the most, so that a list of roads all over town makes no bundle of what lies along them. Two
    between which the schedule breaks a hard rule (the sewer after the asphalt) are never in one:
    accepted, a bundle would hide it.

    Parameters
    ----------
    problem, check
        The problem and the schedule.
    context
        What the rules saw; without it the works of a project adjoin.

    Returns
    -------
    list of pandas.DataFrame
        No project in two of them, by the lowest row of their projects.

    Examples
    --------
    >>> from coordination.schedule_check import check_schedule
    >>> from coordination.schedule_examples import two_streets
    >>> problem = two_streets()
    >>> found = bundle_groups(problem, check_schedule(problem, [0, 10, 50, 50]))
    >>> [one["project"].tolist() for one in found]
    [[0, 1], [2, 3]]
    """
    rows = opened_together(problem, check)
    if not len(rows):
        return []
    asked = asked_pairs(problem)
    strong = _strong(problem, rows, context, asked)
    adjoining = _adjoining(problem, rows, context)
    odds = at_odds(check)
    rows = _within(rows, strong, adjoining, odds)
    metres = rows.groupby(["project", "group"])["length_m"].sum().reset_index()
    held = rows.groupby("project")["group"].agg(set).to_dict()
    wanted = {
        (one, group)
        for a, b in asked
        for group in held.get(a, set()) & held.get(b, set())
        for one in (a, b)
    }
    metres["asked"] = [
        place in wanted for place in zip(metres["project"], metres["group"], strict=True)
    ]
    metres = metres.sort_values(
        ["project", "asked", "length_m", "group"], ascending=[True, False, False, True]
    )
    home = metres.drop_duplicates("project").set_index("project")["group"]
    rows = rows[rows["group"].to_numpy() == home.loc[rows["project"]].to_numpy()]
    # Where a project went elsewhere, what it held together may fall apart.
    rows = _within(rows, strong, adjoining, odds)
    return [held.drop(columns="group") for _, held in rows.groupby("group")]


def asked_pairs(problem: ScheduleProblem) -> set[tuple[int, int]]:
    """Return the pairs of projects that a coordinator joined, by a wish or an accepted bundle.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from coordination.schedule_examples import two_streets
    >>> asked_pairs(replace(two_streets(), bundle=np.array([-1, 0, -1, 0])))
    {(1, 3)}
    """
    pairs = problem.force[["left", "right"]].itertuples(index=False, name=None)
    found = {(min(pair), max(pair)) for pair in pairs}
    label = pd.Series(problem.bundle).groupby(problem.works["project"].to_numpy()).max()
    for _, members in label[label >= 0].groupby(label):
        found.update(combinations(sorted(members.index.tolist()), 2))
    return found


def _strong(
    problem: ScheduleProblem,
    rows: pd.DataFrame,
    context: Context | None,
    asked: set[tuple[int, int]],
) -> dict[tuple[int, int], float]:
    """Return the pairs of projects that open enough together, and how many metres.

    Those that were asked for come before all others.
    """
    policy = PlanPolicy() if context is None else context.policy.plan
    work = problem.members["work"].to_numpy(dtype=np.int64)
    every = pd.DataFrame(
        {
            "project": problem.works["project"].to_numpy(dtype=np.int64)[work],
            "stretch": problem.members["stretch"].to_numpy(dtype=np.int64),
        }
    ).drop_duplicates()
    length = problem.stretches["length_m"].to_numpy(dtype=float)
    own = every.assign(length_m=length[every["stretch"]]).groupby("project")["length_m"].sum()
    pairs = project_pairs(rows)
    shorter = np.minimum(own.loc[pairs["a"]].to_numpy(), own.loc[pairs["b"]].to_numpy())
    pairs = pairs[pairs["length_m"] >= np.minimum(policy.bundle_least_m, shorter / 2)]
    found = zip(pairs["a"].tolist(), pairs["b"].tolist(), strict=True)
    metres = dict(zip(found, pairs["length_m"].tolist(), strict=True))
    return metres | dict.fromkeys(asked, np.inf)


def _adjoining(
    problem: ScheduleProblem, rows: pd.DataFrame, context: Context | None
) -> list[tuple[int, int]]:
    """Return the pairs of works of one project that adjoin."""
    works = np.unique(rows["work"].to_numpy(dtype=np.int64))
    project = problem.works["project"].to_numpy(dtype=np.int64)[works]
    if context is None:
        _, first, number = np.unique(project, return_index=True, return_inverse=True)
        return list(zip(works[first][number].tolist(), works.tolist(), strict=True))
    found, count = np.unique(project, return_counts=True)
    several = np.isin(project, found[count > 1])
    works, project = works[several], project[several]
    row = problem.works["row"].to_numpy(dtype=np.int64)[works]
    shapes = context.works.geometry.to_numpy()[row]
    a, b = nearby_pairs(shapes, within_m=context.policy.cases_within_m)
    kept = project[a] == project[b]
    return list(zip(works[a[kept]].tolist(), works[b[kept]].tolist(), strict=True))


def at_odds(check: ScheduleCheck) -> set[tuple[int, int]]:
    """Return the pairs of projects between which the schedule breaks a hard rule."""
    rows = check.broken[check.broken["other"] >= 0]
    a, b = (rows[name].to_numpy(dtype=np.int64) for name in ("project", "other"))
    return set(zip(np.minimum(a, b).tolist(), np.maximum(a, b).tolist(), strict=True))


def _within(
    rows: pd.DataFrame,
    strong: Mapping[tuple[int, int], float],
    adjoining: list[tuple[int, int]],
    odds: set[tuple[int, int]],
) -> pd.DataFrame:
    """Return rows with the ``group`` of works that hang together, by openings and adjoining works.

    Works are joined the most common metres first; never so that two projects at odds come together.
    Only what several projects of a group open together is kept.
    """
    project = dict(zip(rows["work"].tolist(), rows["project"].tolist(), strict=True))
    links = [(np.inf, one, other) for one, other in adjoining if {one, other} <= project.keys()]
    for _, held in rows.groupby("opening")["work"]:
        for one, other in combinations(sorted(set(held.tolist())), 2):
            pair = (min(project[one], project[other]), max(project[one], project[other]))
            metres = np.inf if pair[0] == pair[1] else strong.get(pair)
            if metres is not None:
                links.append((metres, one, other))
    label = {work: work for work in project}
    group = {work: {work} for work in project}
    for _, one, other in sorted(set(links), key=lambda link: (-link[0], link[1], link[2])):
        kept, joined = sorted((label[one], label[other]))
        if kept == joined or not odds.isdisjoint(
            (min(project[a], project[b]), max(project[a], project[b]))
            for a in group[kept]
            for b in group[joined]
        ):
            continue
        group[kept] |= group[joined]
        label |= dict.fromkeys(group.pop(joined), kept)
    return shared_rows(rows.assign(group=rows["work"].map(label).astype("int64")), "group")
