"""Remarks become questions: what they say is proposed, and filled in only where it was confirmed.

Pure: rows in, questions and confirmed values out. What words say is `coordination.remark_words`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from coordination.faults import Fault
from coordination.projects import FIELD
from coordination.questions import INSTEAD, NONE_OF_THESE, Candidate, Question, answer_of
from coordination.remark_words import (
    Mentioned,
    Said,
    folded,
    may_say,
    mentioned,
    names_a_work,
    read_text,
)

TEXT_COLUMNS = ("remark", "name", "work_type_text", "extent_rest")
"""Columns that are read; the last two are the kind of work as written, and what an extent's text
says beside the place."""

MOST_CANDIDATES = 5
_ALIKE = 80.0
_BLANKS = str.maketrans("", "", " -—–_《》\"'“”")


@dataclass(frozen=True)
class RemarksRead:
    """What the texts of a list say.

    Attributes
    ----------
    questions
        What is doubtful and not answered yet, once per row that it is about, rows of one question
        together (`coordination.questions.together`).
    confirmed
        ``row, field, value``: what an answer confirmed, for every row that it holds for. ``row`` is
        the label of the row in the table that was read.
    """

    questions: tuple[Question, ...]
    confirmed: pd.DataFrame


def read_remarks(
    rows: pd.DataFrame,
    known: pd.DataFrame | None = None,
    answers: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> RemarksRead:
    """Read what free text says of method, state, safety, dates and other projects.

    Parameters
    ----------
    rows
        One row per site: ``row`` (as a person counts it), ``code``, any of `TEXT_COLUMNS`, and the
        fields that the list gives (``method``, ``stage``, ``safety_critical``, ``fixed``,
        ``depends_on``, ``road``), missing where it does not.
    known
        Projects that a text may name beside those of ``rows``: ``code, name, road``.
    answers
        Answer by question key, as the store remembers them.
    columns
        What the source calls a field.

    Returns
    -------
    RemarksRead
        What says the same as its column is not asked. Rows that say the same words of the method,
        with the same or no method of their own, share one question: an answer for rows that leave
        it open never overrules a cell that is filled. State, safety, dates and dependence are asked per project.

    Examples
    --------
    >>> rows = pd.DataFrame({"row": [2], "code": ["A1"], "remark": ["外立面粉刷"]})
    >>> question = read_remarks(rows).questions[0]
    >>> question.key, question.proposed
    ('remark:外立面粉刷[method]', 'method:none')
    >>> read_remarks(rows, answers={question.key: "none"}).confirmed["value"].tolist()
    []
    >>> read_remarks(rows, answers={question.key: "method:none"}).confirmed["value"].tolist()
    ['none']
    """
    present = [name for name in TEXT_COLUMNS if name in rows]
    spoken = np.zeros(len(rows), dtype=np.bool_)
    for name in present:
        says = {text: may_say(text) for text in rows[name].dropna().unique()}
        spoken |= np.array([says.get(text, False) for text in rows[name]], dtype=np.bool_)
    # Projects that a text may name are only gathered where a text says anything.
    projects = _projects(rows, known) if spoken.any() else _projects(rows.iloc[:0], None)
    reader = _Reader(rows, projects, answers or {}, columns or {})
    if spoken.any():
        for at, row in zip(rows.index[spoken], rows[spoken].to_dict("records"), strict=True):
            reader.read(at, {str(name): value for name, value in row.items()}, present)
    return RemarksRead(reader.questions(), reader.confirmed(rows))


def with_confirmed(rows: pd.DataFrame, confirmed: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the confirmed values filled in, and named in the column ``confirmed``.

    Parameters
    ----------
    rows
        As in `read_remarks`; ``confirmed`` (names of fields, separated by blanks) is made where it
        is missing.
    confirmed
        Of `RemarksRead`. What is no column of a project or site (``bundle_with``) fills nothing.

    Examples
    --------
    >>> rows = pd.DataFrame({"method": [None, "surface"]}, dtype="object")
    >>> told = pd.DataFrame({"row": [0], "field": ["method"], "value": ["none"]})
    >>> with_confirmed(rows, told).to_dict("records")[0]
    {'method': 'none', 'confirmed': 'method'}
    """
    filled = rows.copy()
    if "confirmed" not in filled:
        filled["confirmed"] = pd.Series("", index=filled.index, dtype="object")
    for name, told in confirmed.groupby("field", sort=False):
        field = str(name)
        if field not in FIELD:
            continue
        if field not in filled:
            filled[field] = pd.Series(None, index=filled.index, dtype="object")
        values = told.drop_duplicates("row", keep="last").set_index("row")["value"]
        if field == "depends_on":
            values = told.groupby("row")["value"].agg(" ".join)
            values = _added(filled.loc[values.index, field], values)
        at = values.index
        flag = FIELD[field].kind == "flag"
        filled.loc[at, field] = (values == "true").to_numpy() if flag else values.to_numpy()
        names = filled.loc[at, "confirmed"].astype("object").fillna("").str.split()
        filled.loc[at, "confirmed"] = [
            " ".join(dict.fromkeys([*several, field])) for several in names
        ]
    return filled


def _added(before: pd.Series[str], values: pd.Series[str]) -> pd.Series[str]:
    joined = before.astype("object").fillna("").str.cat(values, sep=" ").str.split()
    return joined.map(lambda codes: " ".join(dict.fromkeys(codes)))


def _projects(rows: pd.DataFrame, known: pd.DataFrame | None) -> pd.DataFrame:
    """Return every project that a text may name: ``code, name, road``, one row per code."""
    tables = [
        table.reindex(columns=["code", "name", "road"])
        for table in (known, rows)
        if table is not None and len(table)
    ]
    if not tables:
        return pd.DataFrame({name: [] for name in ("code", "name", "road")}, dtype="object")
    every = pd.concat(tables, ignore_index=True).astype("object")
    every = every[every["code"].notna()]
    named = every.dropna(subset=["name"]).drop_duplicates("code")
    roads = every.dropna(subset=["road"]).groupby("code")["road"].agg(frozenset)
    table = every.drop_duplicates("code")[["code"]]
    table = table.merge(named[["code", "name"]], on="code", how="left")
    table["road"] = table["code"].map(roads)
    table["plain"] = [_plain(name) for name in table["name"]]
    table["plain_code"] = [_plain(code) for code in table["code"]]
    return table.reset_index(drop=True)


def _plain(value: Any) -> str:
    return folded(value).lower().translate(_BLANKS) if isinstance(value, str) else ""


@dataclass
class _Asked:
    """A question in the making: the rows that it holds for."""

    subject: str
    field: str
    code: str
    column: str
    words: str
    said: str
    candidates: tuple[Candidate, ...]
    proposed: str | None
    rows: list[Hashable]
    numbers: list[int]


class _Reader:
    """Goes through the rows once and gathers questions and confirmed values."""

    def __init__(
        self,
        rows: pd.DataFrame,
        projects: pd.DataFrame,
        answers: Mapping[str, str],
        columns: Mapping[str, str],
    ) -> None:
        del rows
        self._projects = projects
        self._answers = answers
        self._columns = columns
        self._asked: dict[str, _Asked] = {}

    def read(self, at: Hashable, row: Mapping[str, Any], present: Sequence[str]) -> None:
        """Read one row."""
        told: dict[str, list[tuple[str, Said]]] = {}
        tied: dict[tuple[str, str], tuple[str, Mentioned]] = {}
        for column in present:
            text = row[column]
            if not isinstance(text, str):
                continue
            for said in read_text(text):
                told.setdefault(said.field, []).append((column, said))
            for other in mentioned(text):
                tied.setdefault((other.relation, other.partner), (column, other))
        for field, several in told.items():
            self._field(at, row, field, several)
        for column, other in tied.values():
            self._relation(at, row, column, other)

    def _field(
        self, at: Hashable, row: Mapping[str, Any], field: str, told: list[tuple[str, Said]]
    ) -> None:
        """Ask what a row's texts say of one field, unless the row says the same itself."""
        values = tuple(dict.fromkeys(said.value for _, said in told))
        given = _given(row.get(field))
        if values == (given,):
            return
        clauses = tuple(dict.fromkeys(said.clause for _, said in told))
        one = len(values) == 1 and all(said.sure for _, said in told)
        # What the list says itself is only overruled by a later state of the work.
        free = given is None or (field == "stage" and given not in ("completed", "withdrawn"))
        about = field if field == "method" else f"{field}: {row.get('code')}"
        if given is not None:
            about += f" = {given}"  # an answer holds against this cell and no other
        self._ask(
            at,
            row,
            _Asked(
                subject=f"{'; '.join(clauses)} [{about}]",
                field=field,
                code=f"remarks.ask.{field}" if given is None else f"remarks.ask.{field}_differs",
                column=told[0][0],
                words="; ".join(clauses),
                said=given or "",
                candidates=tuple(
                    Candidate(f"{field}:{value}", f"remarks.{field}.{value}", value={field: value})
                    for value in values
                ),
                proposed=f"{field}:{values[0]}" if one and free else None,
                rows=[],
                numbers=[],
            ),
        )

    def _relation(
        self, at: Hashable, row: Mapping[str, Any], column: str, other: Mentioned
    ) -> None:
        """Ask which project a text ties this one to."""
        found = self._named(other.partner, row)
        if not len(found) and not names_a_work(other.partner):
            return
        before = _given(row.get("depends_on")) or ""
        if other.relation == "depends_on" and set(found.loc[found["fits"], "code"]) & set(
            before.split()
        ):
            return
        fits = found.loc[found["fits"], "code"].tolist()
        self._ask(
            at,
            row,
            _Asked(
                subject=f"{other.clause} [{other.relation}: {row.get('code')}]",
                field=other.relation,
                code=f"remarks.ask.{other.relation}",
                column=column,
                words=other.clause,
                said=other.partner,
                candidates=tuple(
                    Candidate(
                        str(code), "remarks.project",
                        {"code": str(code), "name": name if isinstance(name, str) else ""},
                        value={other.relation: str(code)},
                    )
                    for code, name in zip(found["code"], found["name"], strict=True)
                ),
                proposed=str(fits[0]) if len(fits) == 1 else None,
                rows=[],
                numbers=[],
            ),
        )  # fmt: skip

    def _named(self, partner: str, row: Mapping[str, Any]) -> pd.DataFrame:
        """Return the projects that a name may mean, those that fit first: ``code, name, fits``."""
        projects = self._projects[(self._projects["code"] != row.get("code")).to_numpy()]
        wanted = _plain(partner)
        code, name = projects["plain_code"], projects["plain"]
        by_code = code.eq(wanted) | np.array(
            [len(text) > 1 and text in wanted for text in code], dtype=bool
        )
        exact = by_code | name.eq(wanted)
        within = np.array(
            [
                bool(text) and (wanted in text or (len(text) > 3 and text in wanted))
                for text in name
            ],
            dtype=bool,
        )
        road = row.get("road")
        same_road = np.array(
            [isinstance(roads, frozenset) and road in roads for roads in projects["road"]],
            dtype=bool,
        )
        # 燃气 alone means the gas works on this road, not all gas works of the city.
        brief = len(wanted) < 4
        within &= same_road if brief else True
        fits = exact.to_numpy() if exact.any() else within
        score = np.where(fits, 200.0, 0.0)
        if not brief and not fits.any():
            score = (
                process.cdist([wanted], name.tolist(), scorer=fuzz.partial_ratio)[0].astype(
                    np.float64
                )
                * (name.str.len() >= 4).to_numpy()
            )
        score = score + np.where(same_road & (score > 0), 5.0, 0.0)
        order = np.argsort(-score, kind="stable")
        order = order[score[order] >= _ALIKE]
        found = projects.iloc[order][["code", "name"]].assign(fits=fits[order])
        return found.head(MOST_CANDIDATES)

    def _ask(self, at: Hashable, row: Mapping[str, Any], asked: _Asked) -> None:
        key = Question("remark", asked.subject, Fault(asked.code)).key
        # The same words in another row may meet another given value: the first one's is told.
        kept = self._asked.setdefault(key, asked)
        kept.rows.append(at)
        number = row.get("row")
        kept.numbers.append(int(number) if number is not None else 0)

    def questions(self) -> tuple[Question, ...]:
        """Return what is not answered yet, once per row that it is about."""
        return tuple(
            Question(
                "remark",
                asked.subject,
                Fault(
                    asked.code, "note", row=number or None,
                    column=self._columns.get(asked.column, asked.column),
                    params={"words": asked.words, "said": asked.said, "count": len(asked.rows)},
                ),
                asked.candidates,
                asked.proposed,
            )
            for asked in self._asked.values()
            if not self._settled(asked)
            for number in asked.numbers
        )  # fmt: skip

    def _answer(self, asked: _Asked) -> str | None:
        answer = answer_of(self._answers, "remark", asked.subject)
        return None if answer is None else answer.removeprefix(INSTEAD).strip()

    def _settled(self, asked: _Asked) -> bool:
        answer = self._answer(asked)
        return answer == NONE_OF_THESE or self._value(asked, answer) is not None

    def _value(self, asked: _Asked, answer: str | None) -> str | None:
        """Return what an answer sets: a candidate's value, another code of the field, a project."""
        if answer is None or answer == NONE_OF_THESE:
            return None
        if asked.field in ("depends_on", "bundle_with"):
            return answer if (self._projects["code"] == answer).any() else None
        field, _, value = answer.rpartition(":")
        if field not in ("", asked.field):
            return None
        admissible = FIELD[asked.field].codes or ("true", "false")
        return value if value in admissible else None

    def confirmed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return what answers confirmed; a project's field holds for all rows of its code."""
        told = [
            (at, asked.field, value)
            for asked in self._asked.values()
            if (value := self._value(asked, self._answer(asked))) is not None
            for at in asked.rows
        ]
        table = pd.DataFrame(told, columns=["row", "field", "value"], dtype="object")
        if table.empty or "code" not in rows:
            return table
        table["code"] = rows["code"].reindex(table["row"]).to_numpy(dtype=object)
        wide = table["field"].map(lambda name: name not in FIELD or FIELD[name].scope == "project")
        every = rows[["code"]].rename_axis("row").reset_index().dropna(subset=["code"])
        spread = table[wide & table["code"].notna()].drop(columns="row").merge(every, on="code")
        kept = table[~wide | table["code"].isna()]
        joined = pd.concat([kept, spread], ignore_index=True)[["row", "field", "value"]]
        return joined.drop_duplicates(ignore_index=True)


def _given(value: Any) -> str | None:
    """Return what a list says itself as the text of a candidate's value; None where it is silent."""
    if not pd.api.types.is_scalar(value) or pd.isna(value):
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return str(value)
