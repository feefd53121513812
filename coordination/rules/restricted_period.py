"""保障期冲突: works in a place and at a time that the authority keeps free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.calendar import (
    blocked_days,
    expand,
    free_windows,
    least_blocked_days,
    unannounced,
)
from coordination.findings import SEVERITIES
from coordination.restricted_places import in_place
from coordination.restricted_shapes import scopes
from coordination.restrictions import restriction_table
from coordination.rules.protocol import (
    Candidates,
    CannotRunError,
    Context,
    Reach,
    RuleWords,
    Worded,
    candidates,
)
from coordination.severity import NOTICE, graded
from coordination.wording import road_words, text
from geo.intervals import meets
from geo.line_parts import ragged_ranges

DATES_MISSING = "restriction_dates"
_CLOSES = {"lane": ("lane", "half", "full"), "half": ("half", "full"), "full": ("full",)}

Flags = npt.NDArray[np.bool_]

_YEARS_AHEAD = 5
"""Further than this nobody plans."""


@dataclass(frozen=True)
class RestrictedPeriod:
    """The window meets a restricted period for the place (festival, fair, flood season, exams).

    One finding per project, period and road. Emergencies are exempt, safety works where the row
    says so. Severity starts as the row says, else the policy; a notice where the work can avoid the
    period within its window; one level less each: it meets it less often than ``policy.likely`` of
    its admissible starts; it meets the place at a junction only; its traffic impact is not known. Where
    works may pause there is a finding only when the days left do not hold the work: a notice.
    What is announced yearly and not yet for a year of the work is a notice where the last
    announcement lets it be expected in the window. Periods that are over on the day of judgement
    are left alone: nothing can be coordinated any more.
    """

    code: str = "restricted_period"
    needs: tuple[str, ...] = ()
    yields_to: tuple[str, ...] = ()
    reach: Reach = "place"
    words: RuleWords | None = None

    def run(self, context: Context) -> Candidates:
        """Return works that meet restricted periods.

        Raises
        ------
        CannotRunError
            When restrictions were never imported and the policy has none.
        """
        policy = context.policy.restricted
        if context.city.restrictions is None and not policy.periods:
            raise CannotRunError("restrictions")
        rows = restriction_table(context.city.restrictions, policy, context.city.crs)
        works = context.works
        kept = works["placed"] & works["dated"] & ~works["ledger"].astype(bool)
        kept &= ~works["finished"].astype(bool) & ~works["emergency"].astype(bool)
        mine = np.flatnonzero(kept.to_numpy(dtype=bool))
        first_day = context.as_of_day
        end_day = max(int(works["finish_day"].to_numpy()[mine].max(initial=0)), first_day + 1)
        # What always holds covers all of a window, so that its days stay while time goes by.
        earliest = int(works["start_day"].to_numpy()[mine].min(initial=first_day))
        open_years = unannounced(rows, first_day, end_day, margin_days=policy.expected_margin_days)
        rows, periods = _with_expected(rows, expand(rows, earliest, end_day), open_years)
        base = rows["base"].to_numpy(dtype=np.int64)
        place = in_place(context, rows[: int(base.max(initial=-1)) + 1], mine)
        entries, unknown = _concerned(context, rows, place.table)
        of_base = pd.DataFrame({"row": base, "period_row": np.arange(len(rows))})
        entries = entries.assign(entry=entries.index, unknown=unknown[entries.index])
        entries = entries.merge(of_base, on="row").reset_index(drop=True)
        found = _in_time(context, rows, entries, periods)
        lacking = set(place.missing)
        if _silent(context, entries, open_years):
            lacking.add(DATES_MISSING)
        spans = place.spans.rename(columns={"entry": "of_entry"})
        of_entry = found.reset_index(names="candidate")[["candidate", "entry"]]
        spans = of_entry.merge(spans, left_on="entry", right_on="of_entry")
        return candidates(found, spans, missing=tuple(sorted(lacking)))


def barred_days(context: Context, mine: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return the dated days that the restricted periods of its place keep free of each work.

    Days that are only expected (a period that is announced each year, and not yet) bar nothing.

    Parameters
    ----------
    context
        What the rules see.
    mine
        Rows of ``context.works`` to look at: with a place and dates; emergencies are left out.

    Returns
    -------
    pandas.DataFrame
        ``work`` (row of ``context.works``), ``start_day``, ``end_day`` (half-open), ``pause`` (the work
        may rest meanwhile), ``name`` of the period; from the day of judgement on, for five years.
    """
    policy = context.policy.restricted
    none = np.empty(0, dtype=np.int64)
    empty = pd.DataFrame(
        {"work": none, "start_day": none, "end_day": none, "pause": none.astype(bool),
         "name": none.astype(object)}
    )  # fmt: skip
    if context.city.restrictions is None and not policy.periods:
        return empty
    rows = restriction_table(context.city.restrictions, policy, context.city.crs)
    mine = mine[~context.works["emergency"].to_numpy(dtype=bool)[mine]]
    periods = expand(rows, context.as_of_day, context.as_of_day + _YEARS_AHEAD * 366)
    entries, _ = _concerned(context, rows, in_place(context, rows, mine).table)
    found = entries[["work", "row"]].drop_duplicates().merge(periods, on="row")
    row = found["row"].to_numpy(dtype=np.int64)
    found["pause"] = rows["mode"].eq("pause").to_numpy()[row]
    found["name"] = rows["name"].to_numpy(dtype=object)[row]
    kept: pd.DataFrame = found[list(empty.columns)].drop_duplicates(ignore_index=True)
    return kept


def _with_expected(
    rows: gpd.GeoDataFrame, periods: pd.DataFrame, open_years: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Add a row of its own for every year that a series leaves open, with its expected days."""
    expected = open_years[open_years["expected"].astype(bool)].reset_index(drop=True)
    more = rows.iloc[expected["row"].to_numpy()].reset_index(drop=True)
    more["restriction_id"] = [
        f"{one}@{year}" for one, year in zip(more["restriction_id"], expected["year"], strict=True)
    ]
    base = np.concatenate([np.arange(len(rows)), expected["row"].to_numpy()])
    year = np.concatenate([np.full(len(rows), -1), expected["year"].to_numpy()])
    dated = pd.DataFrame(
        {
            "row": len(rows) + np.arange(len(more)),
            "start_day": expected["start_day"],
            "end_day": expected["end_day"],
        }
    )
    both = pd.concat([rows, more], ignore_index=True).assign(base=base, open_year=year)
    return both, pd.concat([periods, dated], ignore_index=True).astype("int64")


def _concerned(
    context: Context, rows: gpd.GeoDataFrame, entries: pd.DataFrame
) -> tuple[pd.DataFrame, Flags]:
    """Return entries whose work is of a kind that its row is about, and of which that is unknown."""
    works = context.works
    work, row = entries["work"].to_numpy(), entries["row"].to_numpy()
    opens = works["opens"].to_numpy(dtype=bool)
    impact = works["traffic_impact"]
    closes = {name: impact.isin(least).to_numpy() for name, least in _CLOSES.items()}
    # Who digs where nobody says how much of the road stays open may well close a lane.
    unsaid = impact.isna().to_numpy() & opens
    kinds = {
        "all": np.ones(len(works), dtype=bool), "opens": opens,
        "excavation": works["digs"].to_numpy(dtype=bool), **closes,
    }  # fmt: skip
    named = [set(codes.split()) for codes in rows["works"].astype("str")]
    surely, maybe = np.zeros(len(entries), dtype=bool), np.zeros(len(entries), dtype=bool)
    for name, holds in kinds.items():
        asks = np.array([name in codes for codes in named], dtype=bool)[row]
        surely |= asks & holds[work]
        if name == "lane":
            maybe |= asks & unsaid[work]
    safety = context.projects.drop_duplicates("code").set_index("code")["safety_critical"]
    safe = works["code"].map(safety.astype("object").eq(True)).eq(True).to_numpy(dtype=bool)
    exempts = np.array(
        ["safety_critical" in str(codes or "").split() for codes in rows["exempt"]], dtype=bool
    )
    kept = (surely | maybe) & ~(exempts[row] & safe[work])
    return entries[kept], maybe & ~surely


def _in_time(
    context: Context, rows: gpd.GeoDataFrame, entries: pd.DataFrame, periods: pd.DataFrame
) -> pd.DataFrame:
    """Return the entries whose window meets their row's periods, graded and worded."""
    works = context.works
    periods = periods.sort_values(["row", "start_day", "end_day"], ignore_index=True)
    of_row, wanted = periods["row"].to_numpy(), entries["period_row"].to_numpy()
    owner, period = ragged_ranges(
        np.searchsorted(of_row, wanted, "left"), np.searchsorted(of_row, wanted, "right")
    )
    begin, end = (periods[name].to_numpy()[period] for name in ("start_day", "end_day"))
    days = {
        name: works[name].to_numpy(dtype=np.int64)[entries["work"].to_numpy()]
        for name in (
            "start_day", "finish_day", "sure_start_day", "sure_finish_day", "first_start_day",
            "last_finish_day", "duration_days",
        )
    }  # fmt: skip
    met = meets(days["start_day"][owner], days["finish_day"][owner], begin, end)
    met &= end > context.as_of_day
    owner, begin, end = owner[met], begin[met], end[met]
    sure = meets(days["sure_start_day"][owner], days["sure_finish_day"][owner], begin, end)
    blocked = (owner, begin, end)
    window = (days["first_start_day"], days["last_finish_day"])
    duration = days["duration_days"]
    free = free_windows(*window, duration, *blocked)
    avoiding = np.zeros(len(entries), dtype=np.int64)
    np.add.at(avoiding, free["work"].to_numpy(), free["starts"].to_numpy())
    admissible = window[1] - window[0] - duration + 1
    rest = window[1] - window[0] - blocked_days(window, *blocked)
    first = np.full(len(entries), np.iinfo(np.int64).max)
    np.minimum.at(first, owner, begin)
    of_first = begin == first[owner]
    until = np.zeros(len(entries), dtype=np.int64)
    np.maximum.at(until, owner[of_first], end[of_first])
    pause = rows["mode"].eq("pause").to_numpy()[wanted]
    left_open = rows["open_year"].to_numpy()[wanted] >= 0
    entries = entries.assign(
        overlap_days=blocked_days((days["start_day"], days["finish_day"]), *blocked),
        overlap_days_certain=0,
        likelihood=1 - avoiding / admissible,
        first_day=np.maximum(first, days["start_day"]),
        end_day=np.minimum(until, days["finish_day"]),
        times=np.bincount(owner, minlength=len(entries)),
        widened=np.bincount(owner[sure], minlength=len(entries)) == 0,
        avoidable=avoiding > 0,
        pause=pause,
        left_open=left_open,
        period_first=first,
        period_end=until,
    )
    # Who may pause and has the days, or meets what nobody announced, must not meet it at all.
    kept = (entries["times"] > 0) & ~(pause & ((rest >= duration) | left_open))
    must = np.flatnonzero((kept & ~entries["avoidable"]).to_numpy())
    position = np.full(len(entries), -1)
    position[must] = np.arange(len(must))
    mine = position[owner] >= 0
    entries.loc[must, "overlap_days_certain"] = least_blocked_days(
        window[0][must], window[1][must], duration[must], position[owner[mine]], begin[mine],
        end[mine],
    )  # fmt: skip
    return _worded(context, rows, entries[kept].reset_index(drop=True))


def _worded(context: Context, rows: gpd.GeoDataFrame, found: pd.DataFrame) -> pd.DataFrame:
    row = found["period_row"].to_numpy()
    pause, left_open = found["pause"].to_numpy(bool), found["left_open"].to_numpy(bool)
    soft = pause | left_open
    said = rows["severity"].map({name: level for level, name in enumerate(SEVERITIES)})
    base = np.where(soft, NOTICE, said.to_numpy(dtype=np.int64)[row])
    unlikely = (found["likelihood"] < context.policy.likely).to_numpy()
    level, steps = graded(
        base,
        [
            ("avoidable", -2, found["avoidable"].to_numpy(bool) & ~soft),
            ("unlikely", -1, unlikely & ~soft),
            ("place", -1, found["place"].eq("junction").to_numpy() & ~soft),
            ("impact_unknown", -1, found["unknown"].to_numpy(bool) & ~soft),
        ],
    )
    variant = np.select(
        [left_open, pause, found["avoidable"].to_numpy(bool)],
        ["unannounced", "pause", "possible"],
        "certain",
    )
    taken = rows.iloc[row].reset_index(drop=True)
    names = taken["name"].fillna(taken["kind"]).fillna(taken["restriction_id"])
    years = taken["open_year"].to_numpy()
    remedies = _remedies(variant, found["work"].to_numpy(), context)
    facts = [
        {
            "restriction": name, "scope": scope,
            "days": Worded.of("findings.restricted.always") if always else _days(first, end, count),
            "at": _at(road, place), "year": int(year), "remedy": remedy,
        }
        for name, first, end, count, scope, road, place, year, always, remedy in zip(
            names, found["period_first"], found["period_end"], found["times"], scopes(taken),
            found["road"], found["place"], years, taken["start"].isna(), remedies, strict=True,
        )
    ]  # fmt: skip
    basis = taken["legal_basis"].to_numpy(dtype=object)
    none = " / ".join(text("restrictions.basis.none", lang) for lang in ("zh", "en"))
    return found.assign(
        code_left=context.works["code"].to_numpy()[found["work"].to_numpy()],
        left=found["work"],
        code_right=taken["restriction_id"].to_numpy(dtype=object),
        kind_right="restriction",
        level=level,
        steps=steps,
        variant=variant,
        number=found["times"],
        basis=[one or none for one in basis],
        facts=pd.Series(facts, index=found.index, dtype="object"),
    )


def _remedies(
    variant: npt.NDArray[np.str_], work: npt.NDArray[np.int64], context: Context
) -> list[Worded]:
    """Return what to do; a safety work is never told to wait."""
    careful = context.projects.drop_duplicates("code").set_index("code")["safety_critical"]
    safe = context.works["code"].iloc[work].map(careful.astype("object").eq(True)).eq(True)
    kinds = np.where(variant == "unannounced", "certain", variant)
    return [
        Worded.of(f"findings.restricted.remedy.{'safety' if waits_not else kind}")
        for kind, waits_not in zip(kinds, safe, strict=True)
    ]


def _days(first: int, end: int, count: int) -> Worded:
    days = np.array([first, end - 1]).astype("datetime64[D]").astype(str)
    kind = "several" if count > 1 else "one"
    return Worded.of(
        f"findings.restricted.{kind}", first=str(days[0]), last=str(days[1]), count=int(count)
    )


def _at(road: Any, place: Any) -> Worded:
    if road is None or pd.isna(road):
        return Worded("", "")
    key = f"findings.restricted.at_{place}"
    zh, en = (text(key, lang, road=road_words(str(road), lang)) for lang in ("zh", "en"))
    return Worded(zh, en)


def _silent(context: Context, entries: pd.DataFrame, open_years: pd.DataFrame) -> bool:
    """Tell whether a work's window reaches into a year for which its series was not announced."""
    if not len(open_years) or not len(entries):
        return False
    works = context.works
    years = open_years.merge(
        entries.loc[entries["period_row"] == entries["row"], ["row", "work"]], on="row"
    )
    begin = (years["year"].to_numpy() - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    end = (years["year"].to_numpy() - 1969).astype("datetime64[Y]").astype("datetime64[D]")
    start, finish = (
        works[name].to_numpy()[years["work"].to_numpy()] for name in ("start_day", "finish_day")
    )
    start = np.maximum(start, context.as_of_day)
    return bool(meets(start, finish, begin.astype(np.int64), end.astype(np.int64)).any())
