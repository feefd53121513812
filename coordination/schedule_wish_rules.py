"""What a coordinator asked of a schedule, as rules: a day pinned, a pair kept apart, a pair in one opening.

Two projects share an opening where works of both are in it, on any stretch that both open: that is what
puts them into one bundle (`coordination.bundling`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.schedule_problem import ScheduleProblem

Days = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]


def wishes_broken(problem: ScheduleProblem, start_day: Days, opening: Rows) -> pd.DataFrame:
    """Return the wishes that a schedule does not keep.

    Parameters
    ----------
    problem
        What is scheduled.
    start_day
        First day of each project, shape ``(projects,)``.
    opening
        Opening of each row of ``problem.members``.

    Returns
    -------
    pandas.DataFrame
        As `coordination.schedule_check.ScheduleCheck.broken`; of a pair, from the first start to the
        last finish of the two.
    """
    project, day = (problem.pins[name].to_numpy(dtype=np.int64) for name in ("project", "day"))
    off = project[start_day[project] != day]
    length = problem.projects["length_days"].to_numpy(dtype=np.int64)
    parts = [_rows("pin", off, np.full(len(off), -1), start_day[off], (start_day + length)[off])]
    if len(problem.forbid) or len(problem.force):
        joined = joined_projects(problem, opening)
        for rule, table, wrong in (
            ("forbid", problem.forbid, True),
            ("force", problem.force, False),
        ):
            left, right = (table[name].to_numpy(dtype=np.int64) for name in ("left", "right"))
            met = np.array(
                [pair in joined for pair in zip(left.tolist(), right.tolist(), strict=True)],
                dtype=bool,
            )
            one, other = left[met == wrong], right[met == wrong]
            first = np.minimum(start_day[one], start_day[other])
            last = np.maximum((start_day + length)[one], (start_day + length)[other])
            parts.append(_rows(rule, one, other, first, last))
    return pd.concat(parts, ignore_index=True)


def joined_projects(problem: ScheduleProblem, opening: Rows) -> set[tuple[int, int]]:
    """Return the pairs of projects that share an opening somewhere, the smaller row first.

    Examples
    --------
    >>> from coordination.schedule_examples import two_streets
    >>> joined_projects(two_streets(), np.array([0, 0, 1, 2]))
    {(0, 1)}
    """
    project = problem.works["project"].to_numpy(dtype=np.int64)
    rows = pd.DataFrame(
        {
            "opening": opening,
            "project": project[problem.members["work"].to_numpy(dtype=np.int64)],
        }
    ).drop_duplicates()
    several = rows[rows["opening"].duplicated(keep=False)]
    pairs = several.merge(several, on="opening", suffixes=("_a", "_b"))
    pairs = pairs[pairs["project_a"] < pairs["project_b"]]
    return set(zip(pairs["project_a"].tolist(), pairs["project_b"].tolist(), strict=True))


def _rows(rule: str, project: Rows, other: Rows, first: Days, end: Days) -> pd.DataFrame:
    return pd.DataFrame(
        {"rule": rule, "project": project, "other": other, "name": "", "first_day": first,
         "end_day": end, "lag_days": 0}
    )  # fmt: skip
