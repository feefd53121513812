"""Small problems for examples and for the page that works one out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coordination.schedule_problem import ScheduleProblem


def problem_of(
    works: pd.DataFrame, stretches: pd.DataFrame, members: pd.DataFrame, **more: object
) -> ScheduleProblem:
    """Return a problem of projects with one work each.

    Parameters
    ----------
    works
        ``code``, ``filed_day``, ``first_day``, ``last_day``, ``days``; ``layer`` (default 5).
    stretches
        ``length_m``; ``day_fen`` (default 100 a metre).
    members
        ``stretch``, ``work``, ``mid_fen``.
    **more
        Further fields of `ScheduleProblem`.
    """
    count = len(works)
    filed = works["filed_day"].to_numpy(dtype=np.int64)
    layer = works["layer"].to_numpy() if "layer" in works else np.full(count, 5)
    projects = pd.DataFrame(
        {
            "code": works["code"].to_numpy(dtype=object),
            "owner_unit": works["code"].to_numpy(dtype=object),
            "filed_day": filed,
            "first_day": works["first_day"].to_numpy(dtype=np.int64),
            "last_day": works["last_day"].to_numpy(dtype=np.int64),
            "length_days": works["days"].to_numpy(dtype=np.int64),
            "why": [
                "fixed" if first == last else None
                for first, last in zip(works["first_day"], works["last_day"], strict=True)
            ],
            "never_later": False,
            "move_fen_day": 2_000,
            "wish_day": filed,
        }
    )
    table = pd.DataFrame(
        {
            "project": np.arange(count),
            "row": np.arange(count),
            "offset_days": 0,
            "days": works["days"].to_numpy(dtype=np.int64),
            "layer_low": layer,
            "layer_high": layer,
            "digs": True,
            "closes": False,
        }
    )
    length = stretches["length_m"].to_numpy(dtype=float)
    road = stretches["road"].to_numpy(dtype=object) if "road" in stretches else "R"
    plain = pd.DataFrame(
        {
            "ground": np.arange(len(stretches)), "place": "road", "road": road,
            "section": np.arange(len(stretches)),
            "from_m": 0.0, "to_m": length, "side": "both", "length_m": length,
            "day_fen": np.round(length * 100).astype(np.int64), "day_weight": 1.0,
        }
    )  # fmt: skip
    if "day_fen" in stretches:
        plain["day_fen"] = stretches["day_fen"].to_numpy(dtype=np.int64)
    named = members.assign(low_fen=members["mid_fen"], high_fen=members["mid_fen"])
    named = named[["stretch", "work", "low_fen", "mid_fen", "high_fen"]]
    none = np.full(count, -1, dtype=np.int64)
    options = {"bundle": none, "dependent": none, "as_of_day": 0} | more
    return ScheduleProblem(
        projects=projects,
        works=table,
        stretches=plain,
        members=named.sort_values(["stretch", "work"], ignore_index=True),
        **options,  # type: ignore[arg-type]
    )


def two_streets() -> ScheduleProblem:
    """Return two streets of 100 m, each dug by two projects a year; on the first in the wrong order.

    On the first street the asphalt (20 days, from day 0, free to start until day 200) is filed before
    the sewer (30 days, from day 100). On the second, gas and power are filed 60 days apart.
    """
    works = pd.DataFrame(
        {
            "code": ["sewer", "asphalt", "gas", "power"],
            "filed_day": [100, 0, 50, 140],
            "first_day": [0, 0, 0, 0],
            "last_day": [200, 200, 200, 200],
            "days": [30, 20, 30, 30],
            "layer": [1, 8, 3, 4],
        }
    )
    members = pd.DataFrame(
        {
            "stretch": [0, 0, 1, 1],
            "work": [0, 1, 2, 3],
            "mid_fen": [8_800_000, 4_400_000, 4_400_000, 4_400_000],
        }
    )
    order = pd.DataFrame({"lower": [0], "upper": [1]})
    return problem_of(works, pd.DataFrame({"length_m": [100.0, 100.0]}), members, order=order)
