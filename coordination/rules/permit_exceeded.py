"""超批准范围: works beyond the days or the area of their permit."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.projects import UNKNOWN_DAY, day_numbers
from coordination.rules.protocol import (
    Candidates,
    CannotRunError,
    Context,
    Reach,
    RuleWords,
    Worded,
    candidates,
    nothing,
)
from coordination.severity import MEDIUM, graded
from coordination.works import DONE_STAGES, add_months

Days = npt.NDArray[np.int64]
OCCUPIES = ("occupation", "permitted_occupation")
BUILT = ("actual_early", "actual_late", "still_open", "area", *OCCUPIES)


@dataclass(frozen=True)
class PermitExceeded:
    """As-built or actual dates beyond the permit; area beyond it; occupation over three months.

    One finding per project with everything that is exceeded. What happened counts before what was
    planned: a filed window is compared only at the end that has no actual day, and only where it is
    known to the day. Occupation is from the actual start to the actual finish of one site (or the day
    of judgement while it goes on), the longest of them counting; where nothing began, the permit's
    own days. An emergency digs first: it is never too early for its permit. Areas are those stated, else those of
    drawn polygons, of all sites together. Medium; one level less where only the filed window is
    beyond and the work fits into the permit. Works that ended are looked at for
    ``policy.permit.look_back_months``: as-built figures exist only afterwards.
    """

    code: str = "permit_exceeded"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return projects beyond their permits.

        Raises
        ------
        CannotRunError
            When no project has a permit or an actual day.
        """
        if not context.city.has_permits():
            raise CannotRunError("permits")
        table = _recent(_by_project(context), context)
        excesses = _excesses(table, context)
        if not len(excesses):
            return nothing()
        return candidates(_findings(table, excesses))


def _by_project(context: Context) -> pd.DataFrame:
    """Return one row per project: permit, days and area of all its sites."""
    works, projects = context.works, context.projects
    sites = works[~works["ledger"].astype(bool)]
    days = {
        "began": sites["actual_start"].where(sites["actual_start"] != UNKNOWN_DAY),
        "ended": sites["actual_finish"].where(sites["actual_finish"] != UNKNOWN_DAY),
        "filed_start": sites["start"].where(
            (sites["start"] != UNKNOWN_DAY) & _to_the_day(sites["start_precision"])
        ),
        "filed_finish": sites["finish"].where(
            (sites["finish"] != UNKNOWN_DAY) & _to_the_day(sites["finish_precision"])
        ),
    }
    stated = sites["stated_area_m2"].where(sites["stated_area_m2"] > 0)
    drawn = sites["area_m2"].where(sites["footprint_source"].eq("polygon"))
    today = context.as_of_day
    began, ended = days["began"].where(days["began"] <= today), days["ended"]
    until = ended.where(ended.notna() | sites["stage"].isin(DONE_STAGES), today)
    frame = pd.DataFrame(
        {
            **days, "occupied": began, "until": until, "occupied_days": until - began,
            "code": sites["code"], "area": stated.fillna(drawn).astype("float64"),
            "duration": sites["duration_days"], "work": sites.index,
            "finished": sites["finished"].astype(bool), "all_ended": days["ended"].notna(),
            "emergency": sites["emergency"].astype(bool),
        }
    )  # fmt: skip
    grouped = frame.groupby("code")
    table = pd.DataFrame(
        {
            "began": grouped["began"].min(),
            "ended": grouped["ended"].max(),
            "filed_start": grouped["filed_start"].min(),
            "filed_finish": grouped["filed_finish"].max(),
            # A site without an area leaves the sum too small: only what is beyond all the same.
            "area": grouped["area"].sum(min_count=1),
            "duration": grouped["duration"].max(),
            "work": grouped["work"].first(),
            "finished": grouped["finished"].all(),
            "all_ended": grouped["all_ended"].all(),
            "emergency": grouped["emergency"].any(),
        }
    )
    # Each site occupies the road by itself: what lies between two of them is nobody's.
    longest = frame[frame["occupied_days"].notna()].sort_values("occupied_days", kind="stable")
    longest = longest.drop_duplicates("code", keep="last").set_index("code")
    for name in ("occupied", "until"):
        table[name] = longest[name].reindex(table.index).fillna(UNKNOWN_DAY).astype(np.int64)
    table["ended"] = table["ended"].where(table["all_ended"])
    for name in ("began", "ended", "filed_start", "filed_finish"):
        table[name] = table[name].fillna(UNKNOWN_DAY).astype(np.int64)
    own = projects.drop_duplicates("code").set_index("code").reindex(table.index)
    table["permit_start"] = day_numbers(own["permit_start"])
    table["permit_finish"] = day_numbers(own["permit_finish"])
    table["permit_area"] = own["permit_area_m2"].astype("float64")
    table["done"] = own["stage"].isin(DONE_STAGES).to_numpy()
    by_project: pd.DataFrame = table.reset_index()
    return by_project


def _recent(table: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return the projects that go on, or ended not too long ago.

    What began and has no last day goes on until somebody says otherwise, as long as its permit is
    recent; what never began and whose window is over says nothing.
    """
    ended, permit = table["ended"].to_numpy(), table["permit_finish"].to_numpy()
    began = (table["began"] != UNKNOWN_DAY).to_numpy()
    finished, done = table["finished"].to_numpy(dtype=bool), table["done"].to_numpy(dtype=bool)
    last = np.where(ended != UNKNOWN_DAY, ended, permit)
    told = finished & (last != UNKNOWN_DAY)
    limit = add_months(np.where(told, last, 0), context.policy.permit.look_back_months)
    old = told & (limit < context.as_of_day)
    gone = finished & (ended == UNKNOWN_DAY) & (~began | done)
    recent: pd.DataFrame = table[~(old | gone)].reset_index(drop=True)
    return recent


def _to_the_day(precision: pd.Series[str]) -> pd.Series[bool]:
    return precision.isna() | precision.eq("day")


def _excesses(table: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return every single excess: ``row`` (of ``table``), ``kind``, days and square metres."""
    policy, today = context.policy.permit, context.as_of_day
    start, finish = table["permit_start"].to_numpy(), table["permit_finish"].to_numpy()
    began, ended = table["began"].to_numpy(), table["ended"].to_numpy()
    # What is said to happen after the day of judgement has not happened yet.
    began = np.where(began <= today, began, UNKNOWN_DAY)
    running = (began != UNKNOWN_DAY) & (ended == UNKNOWN_DAY) & ~table["done"].to_numpy(dtype=bool)
    # A filed last day that went by while the work goes on says nothing beside that it is open.
    overrun = running & (table["filed_finish"] < today)
    # An emergency digs first and has its papers afterwards.
    awaited = np.where(table["emergency"].to_numpy(dtype=bool), UNKNOWN_DAY, start)
    plans = [
        ("actual_early", began, awaited, +1),
        ("actual_late", ended, finish, -1),
        ("still_open", np.where(running, today, UNKNOWN_DAY), finish, -1),
        ("filed_early", _unless(table["filed_start"], began), awaited, +1),
        (
            "filed_late",
            _unless(table["filed_finish"].where(~overrun, UNKNOWN_DAY), ended),
            finish,
            -1,
        ),
    ]
    found = []
    for kind, day, limit, sign in plans:
        known = (day != UNKNOWN_DAY) & (limit != UNKNOWN_DAY)
        days = np.where(known, (np.where(known, limit, 0) - np.where(known, day, 0)) * sign, 0)
        rows = np.flatnonzero(days > 0)
        found.append(_of(kind, rows, days[rows], day[rows], limit[rows]))
    first, last = table["occupied"].to_numpy(), table["until"].to_numpy()
    permit = (start != UNKNOWN_DAY) & (finish != UNKNOWN_DAY) & (began == UNKNOWN_DAY)
    known = (first != UNKNOWN_DAY) | permit
    first, last = np.where(permit, start, first), np.where(permit, finish, last)
    allowed = add_months(np.where(known, first, 0), policy.occupation_months)
    rows = np.flatnonzero(known & (np.where(known, last, -1) >= allowed))
    occupied = _of("occupation", rows, (last - first + 1)[rows], first[rows], last[rows])
    found.append(occupied.assign(kind=np.where(permit[rows], *OCCUPIES[::-1])))
    area, permitted = table["area"].to_numpy(), table["permit_area"].to_numpy()
    rows = np.flatnonzero((permitted > 0) & (area > permitted * (1 + policy.area_share) + 1e-9))
    beyond = _of("area", rows, np.zeros(len(rows), dtype=np.int64), began[rows], began[rows])
    found.append(beyond.assign(area=area[rows], permit_area=permitted[rows]))
    return pd.concat(found, ignore_index=True).assign(months=policy.occupation_months)


def _unless(day: pd.Series[int], actual: Days) -> Days:
    days: Days = np.where(actual == UNKNOWN_DAY, day.to_numpy(), UNKNOWN_DAY)
    return days


def _of(kind: str, rows: Days, days: Days, from_day: Days, to_day: Days) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": rows, "kind": kind, "days": days, "from_day": from_day, "to_day": to_day,
            "area": np.nan, "permit_area": np.nan,
        }
    )  # fmt: skip


def _findings(table: pd.DataFrame, excesses: pd.DataFrame) -> pd.DataFrame:
    """Return one row per project with all of its excesses."""
    excesses = excesses.assign(
        words=pd.Series([_words(row) for row in excesses.to_dict("records")], dtype="object"),
        built=excesses["kind"].isin(BUILT),
    )
    grouped = excesses.groupby("row", sort=True)
    rows = grouped.ngroup().drop_duplicates()
    row = excesses["row"].iloc[rows.sort_values().index].to_numpy()
    of_row = table.iloc[row].reset_index(drop=True)
    built = grouped["built"].any().to_numpy()
    start, finish = of_row["permit_start"], of_row["permit_finish"]
    room = np.minimum(finish, _known(of_row["filed_finish"], finish)) - np.maximum(
        start, _known(of_row["filed_start"], start)
    )
    both = (start != UNKNOWN_DAY) & (finish != UNKNOWN_DAY)
    # Nothing but its length speaks against it.
    occupies = excesses.assign(occupies=excesses["kind"].isin(OCCUPIES)).groupby("row", sort=True)
    long = occupies["occupies"].all().to_numpy(dtype=bool)
    kind = grouped["kind"].first().to_numpy(dtype=object)
    fits = (both & (room + 1 >= of_row["duration"])).to_numpy(dtype=bool) & ~built
    level, steps = graded(np.full(len(of_row), MEDIUM), [("fits_permit", -1, fits)])
    said = grouped["words"].agg(list).tolist()
    first, end = _beyond(excesses)
    return pd.DataFrame(
        {
            "code_left": of_row["code"].to_numpy(dtype=object),
            "left": of_row["work"].to_numpy(dtype=np.int64),
            "level": level,
            "steps": steps,
            # An occupation that is long may have no permit to be beyond of.
            "variant": np.where(long, kind, np.where(built, "built", "filed")),
            "items": grouped["kind"].agg(" ".join).to_numpy(dtype=object),
            "number": grouped["days"].max().to_numpy(),
            "first_day": first,
            "end_day": end,
            "facts": [
                {
                    "excess": Worded(
                        "；".join(one.zh for one in words), "; ".join(one.en for one in words)
                    )
                }
                for words in said
            ],
        }
    )


def _beyond(excesses: pd.DataFrame) -> tuple[Days, Days]:
    """Return the days from the first to the last that lie beyond, -1 where only the area does."""
    early = excesses["kind"].isin(("actual_early", "filed_early"))
    whole = excesses["kind"].isin(OCCUPIES)
    # Early: from its day to the day before the permit; late: from the day after it to its day.
    first = excesses["from_day"].where(early | whole, excesses["to_day"] + 1)
    end = excesses["to_day"].where(early, excesses["from_day"] + 1)
    end = end.where(~whole, excesses["to_day"] + 1)
    dated = excesses["kind"].ne("area")
    rows = excesses.assign(first=first.where(dated), end=end.where(dated)).groupby("row", sort=True)
    return (
        rows["first"].min().fillna(-1).to_numpy(dtype=np.int64),
        rows["end"].max().fillna(-1).to_numpy(dtype=np.int64),
    )


def _known(day: pd.Series[int], other: pd.Series[int]) -> pd.Series[int]:
    return day.where(day != UNKNOWN_DAY, other)


def _words(row: dict[Hashable, Any]) -> Worded:
    kind = str(row["kind"])
    if kind == "area":
        area, permitted = float(row["area"]), float(row["permit_area"])
        return Worded.of(
            "findings.permit.area", area=_metres(area), permit_area=_metres(permitted),
            over=_metres(area - permitted),
        )  # fmt: skip
    days = np.array([row["from_day"], row["to_day"]], dtype=np.int64).astype("datetime64[D]")
    given = {"from_day": str(days[0]), "to_day": str(days[1]), "days": int(row["days"])}
    if kind in OCCUPIES:
        given["months"] = int(row["months"])
    return Worded.of(f"findings.permit.{kind}", **given)


def _metres(area_m2: float) -> str:
    """Return square metres to a tenth, whole ones as whole."""
    return f"{area_m2:.1f}".removesuffix(".0")
