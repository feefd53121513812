"""What a finding says to people, in Chinese and English."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from coordination.rules.protocol import Context, RuleWords, Worded
from coordination.wording import LANGUAGES, road_words, table, text

_BETWEEN_LANGUAGES = " / "


def legal_basis(rule: str, lang: str | None = None, *, words: RuleWords | None = None) -> str:
    """Return what a rule rests on: a law by its general name, or that it is a default of ours.

    Parameters
    ----------
    rule
        Code of the rule.
    lang
        ``zh`` or ``en``; None gives both, as the column ``legal_basis`` of findings has them.
    words
        Of a rule that the catalogue does not know.

    Examples
    --------
    >>> legal_basis("concurrent_works", "en")
    'default of the project, to be confirmed by the authority'
    >>> legal_basis("concurrent_works")
    '本系统默认规则，需本单位核定 / default of the project, to be confirmed by the authority'
    """
    key = rule if rule in table("findings.legal_basis", "zh") else "other"
    languages = LANGUAGES if lang is None else (lang,)
    if words is not None:
        return _BETWEEN_LANGUAGES.join(words.legal_basis.text(one) for one in languages)
    return _BETWEEN_LANGUAGES.join(text(f"findings.legal_basis.{key}", one) for one in languages)


def legal_basis_in(both: str, lang: str) -> str:
    """Return one language of a ``legal_basis`` as findings keep it; other texts stay as they are.

    Examples
    --------
    >>> legal_basis_in(legal_basis("concurrent_works"), "zh")
    '本系统默认规则，需本单位核定'
    >>> legal_basis_in("as filed", "zh")
    'as filed'
    """
    parts = both.split(_BETWEEN_LANGUAGES)
    return parts[LANGUAGES.index(lang)] if len(parts) == len(LANGUAGES) else both


def reasons(
    findings: gpd.GeoDataFrame, context: Context, words: Mapping[str, RuleWords]
) -> tuple[list[str], list[str]]:
    """Return the sentence of each finding in Chinese and in English.

    Parameters
    ----------
    findings
        One row per finding with the columns of `coordination.findings.FINDING_COLUMNS` that are
        figures, and ``work_a``, ``work_b``, ``variant``, ``items``, ``number``, ``widened``,
        ``facts``.
    context
        What the rules saw: names, units and methods come from it.
    words
        Sentences that the catalogue does not know, by code of the rule.
    """
    facts = _facts(findings, context)
    chinese, english = ([_sentence(row, lang, words) for row in facts] for lang in LANGUAGES)
    return chinese, english


def _facts(findings: gpd.GeoDataFrame, context: Context) -> list[dict[str, object]]:
    works = context.works
    names = context.projects.drop_duplicates("code").set_index("code")
    columns = [
        "rule", "variant", "items", "number", "widened", "place", "road", "project_a", "project_b",
        "work_a", "work_b", "shared_length_m", "shared_area_m2", "distance_m", "overlap_days",
        "overlap_days_certain", "gap_days", "likelihood", "start", "finish", "impact_index",
        "counted", "coordinated", "facts",
    ]  # fmt: skip
    facts = pd.DataFrame(findings[columns])
    start = _written(works["start_day"].to_numpy())
    last = _written(works["finish_day"].to_numpy() - 1)
    known = works["method_known"].to_numpy(dtype=bool)
    ledger = works["ledger"].to_numpy(dtype=bool)
    done = works["finished"].to_numpy(dtype=bool)
    for end in ("a", "b"):
        code, work = facts[f"project_{end}"], facts[f"work_{end}"].to_numpy()
        facts[f"name_{end}"] = code.map(names["name"].astype("object"))
        facts[f"unit_{end}"] = code.map(names["owner_unit"].astype("object"))
        here = work >= 0
        row = np.where(here, work, 0)
        lookup = len(works) > 0
        facts[f"done_{end}"] = here & done[row] if lookup else False
        facts[f"history_{end}"] = here & ledger[row] if lookup else False
        facts[f"unknown_{end}"] = here & ~known[row] & ~ledger[row] if lookup else False
        facts[f"start_{end}"] = start[row] if lookup else ""
        facts[f"last_{end}"] = last[row] if lookup else ""
    facts["b_first"] = facts["start_b"] + facts["last_b"] < facts["start_a"] + facts["last_a"]
    for name in ("funding", "level", "owner_unit"):
        values = names[name].astype("object")
        a, b = facts["project_a"].map(values), facts["project_b"].map(values)
        facts[f"differ_{name}"] = a.notna() & b.notna() & (a != b)
    facts["has_network"] = context.network is not None
    as_of = np.datetime64(context.as_of_day, "D")
    facts["over"] = (pd.to_datetime(facts["finish"]) < as_of) & facts["rule"].eq("concurrent_works")
    # Column by column: rows of mixed kinds are many times slower to walk through.
    columns_of = {str(name): facts[name].to_numpy(dtype=object) for name in facts.columns}
    return [
        dict(zip(columns_of, row, strict=True)) for row in zip(*columns_of.values(), strict=True)
    ]


def _written(days: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    return np.datetime_as_string(days.astype("datetime64[D]")).astype(object)


def _sentence(fact: dict[str, object], lang: str, words: Mapping[str, RuleWords]) -> str:
    variant, own = _variant(fact), words.get(str(fact["rule"]))
    if own is None:
        template = text(f"findings.reason.{fact['rule']}.{variant}", lang)
    else:
        template = own.sentences[variant].text(lang)
    body = template.format_map(_Words(fact, lang))
    if lang == "en" and template.startswith("{where}"):
        body = body[:1].upper() + body[1:]
    between = "" if lang == "zh" else " "
    return between.join([body, *_notes(fact, lang)])


class _Words(dict[str, object]):
    """What may stand in a sentence: made when it is asked for, as each says a few things of many."""

    def __init__(self, fact: dict[str, object], lang: str) -> None:
        facts = fact["facts"]
        super().__init__(facts if isinstance(facts, dict) else {})
        self.fact, self.lang = fact, lang

    def __getitem__(self, name: str) -> object:
        value = super().__getitem__(name)
        return value.text(self.lang) if isinstance(value, Worded) else value

    def __missing__(self, name: str) -> object:
        return _PARTS[name](self.fact, self.lang)


def _variant(fact: dict[str, object]) -> str:
    """Return the sentence that fits: what touches is neither shared nor apart."""
    rule, variant = fact["rule"], str(fact["variant"])
    if rule == "incomplete_data":
        lacks = set(str(fact["items"]).split())
        if lacks & {"place", "dates"}:
            return "partly" if variant == "partly" else "plain"
        missing = lacks & {"method", "frame"}
        if missing == lacks:
            return "frame" if lacks == {"frame"} else "method"
        return "mixed" if missing else "size"
    nothing = _nothing(fact["shared_length_m"]) and _nothing(fact["shared_area_m2"])
    touching = rule == "concurrent_works" and variant == "shared" and nothing
    hair = rule in ("concurrent_works", "opportunity") and _nothing(fact["distance_m"])
    touching |= hair and variant == "near"
    if rule == "opportunity" and touching and not nothing:
        return "shared"
    return "touching" if touching else variant


def _meeting(fact: dict[str, object], lang: str) -> str:
    kind = "certain" if _positive(fact["overlap_days_certain"]) else "possible"
    kind = "over" if fact["over"] else kind
    return text(
        f"findings.meeting.{kind}",
        lang,
        certain=_whole(fact["overlap_days_certain"]),
        overlap=_whole(fact["overlap_days"]),
        likelihood=_percent(fact["likelihood"]),
    )


def _planned(fact: dict[str, object], lang: str) -> str:
    return text(f"findings.concurrent.{'over_' if fact['over'] else ''}planned", lang)


def _advice(fact: dict[str, object], lang: str) -> str:
    """Return what to do; days that are over, and works that are finished, ask for nothing."""
    if fact["rule"] == "repeat_excavation":
        done = fact["done_b" if fact["b_first"] else "done_a"]
        return text(f"findings.repeat.{'avoid' if done else 'together'}", lang)
    kind = "together" if _variant(fact) == "shared" else "beside"
    return text(f"findings.concurrent.{'over' if fact['over'] else kind}", lang)


def _project(fact: dict[str, object], end: str, lang: str) -> str:
    code = fact[f"project_{end}"]
    if _missing(code):
        return ""
    if fact[f"history_{end}"]:
        return text("findings.project.history", lang, code=code)
    name, unit = fact[f"name_{end}"], fact[f"unit_{end}"]
    kind = "plain" if _missing(name) or name == code else "named"
    words = text(f"findings.project.{kind}", lang, code=code, name=name)
    return words if _missing(unit) else words + text("findings.project.unit", lang, unit=unit)


def _days(fact: dict[str, object], end: str, lang: str) -> str:
    """Return the window of a work, the year once where it is one year."""
    first, last = (str(fact[f"{name}_{end}"]) for name in ("start", "last"))
    if first == last:
        return first
    same_year = first[:4] == last[:4]
    return text("findings.days", lang, first=first, last=last[5:] if same_year else last)


def _where(fact: dict[str, object], lang: str) -> str:
    if _missing(fact["road"]) or _missing(fact["place"]):
        kind = "neighbouring" if _positive(fact["distance_m"]) else "unnamed"
        return text(f"findings.where.{kind}", lang)
    return text(f"findings.where.{fact['place']}", lang, road=road_words(str(fact["road"]), lang))


def _shared(fact: dict[str, object], lang: str) -> str:
    length, area = fact["shared_length_m"], _decimal(fact["shared_area_m2"])
    if not _positive(length):
        return text("findings.shared.area", lang, area=area)
    kind = "stretch" if _nothing(fact["shared_area_m2"]) else "length"
    return text(f"findings.shared.{kind}", lang, length=_decimal(length), area=area)


def _timing(fact: dict[str, object], lang: str) -> str:
    if _positive(fact["overlap_days"]):
        return text("findings.timing.overlap", lang, overlap=_whole(fact["overlap_days"]))
    return text("findings.timing.gap", lang, gap=_whole(fact["gap_days"]))


def _items(fact: dict[str, object], lang: str) -> str:
    join = text("findings.list.join", lang)
    if fact["rule"] == "incomplete_data":
        codes = str(fact["items"]).split()
        return join.join(text(f"findings.item.{code}", lang) for code in codes)
    if fact["variant"] == "funding":
        names = [name for name in ("funding", "level", "owner_unit") if fact[f"differ_{name}"]]
        return join.join(text(f"findings.item.{name}", lang) for name in names)
    return str(fact["items"])


def _notes(fact: dict[str, object], lang: str) -> list[str]:
    notes = []
    if not _missing(fact["widened"]) and fact["widened"]:
        notes.append(text("findings.note.widened", lang))
    if fact["rule"] != "incomplete_data":
        notes += [
            text("findings.note.method", lang, code=fact[f"project_{end}"])
            for end in ("a", "b")
            if fact[f"unknown_{end}"]
        ]
    if not fact["has_network"] and fact["place"] == "footprints":
        notes.append(text("findings.note.footprints", lang))
    if not _missing(fact["impact_index"]):
        kind = "impact" if fact["has_network"] else "impact_no_class"
        kind = "impact_counted" if fact["counted"] else kind
        notes.append(text(f"findings.note.{kind}", lang, index=f"{fact['impact_index']:.2f}"))
    if not _missing(fact["coordinated"]):
        notes.append(text("findings.note.coordinated", lang, coordinated=fact["coordinated"]))
    return notes


def _earlier(fact: dict[str, object]) -> str:
    return "b" if fact["b_first"] else "a"


def _later(fact: dict[str, object]) -> str:
    return "a" if fact["b_first"] else "b"


_PARTS: Mapping[str, Callable[[dict[str, object], str], str]] = {
    "a": lambda fact, lang: _project(fact, "a", lang),
    "b": lambda fact, lang: _project(fact, "b", lang),
    "earlier": lambda fact, lang: _project(fact, _earlier(fact), lang),
    "later": lambda fact, lang: _project(fact, _later(fact), lang),
    "earlier_days": lambda fact, lang: _days(fact, _earlier(fact), lang),
    "later_days": lambda fact, lang: _days(fact, _later(fact), lang),
    "where": _where,
    "period": lambda fact, _: f"{_day(fact['start'])}–{_day(fact['finish'])}",
    "overlap": lambda fact, _: _whole(fact["overlap_days"]),
    "certain": lambda fact, _: _whole(fact["overlap_days_certain"]),
    "gap": lambda fact, _: _whole(fact["gap_days"]),
    "likelihood": lambda fact, _: _percent(fact["likelihood"]),
    "distance": lambda fact, _: _decimal(fact["distance_m"]),
    "number": lambda fact, _: _whole(fact["number"]),
    "shared": _shared,
    "timing": _timing,
    "meeting": _meeting,
    "planned": _planned,
    "advice": _advice,
    "items": _items,
}
"""What every sentence may say, by placeholder; beside it stands what a rule gave (``facts``)."""


def _missing(value: object) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def _positive(value: object) -> bool:
    return not _missing(value) and float(str(value)) > 0


def _nothing(value: object) -> bool:
    """Tell what would be written as 0.0: two drawings that meet by a hair only touch."""
    return not _positive(value) or _decimal(value) == "0.0"


def _whole(value: object) -> str:
    return "—" if _missing(value) else f"{float(str(value)):.0f}"


def _decimal(value: object) -> str:
    if _missing(value):
        return "—"
    number = float(str(value))
    return f"{number:.1f}" if abs(number) < 10 else f"{number:.0f}"


def _percent(value: object) -> str:
    """Return a share in per cent; what is neither nothing nor all is never written as 0 or 100."""
    if _missing(value):
        return "—"
    share = float(str(value)) * 100
    if 0 < share < 1:
        return "<1"
    return ">99" if 99 < share < 100 else f"{share:.0f}"


def _day(value: object) -> str:
    return "—" if _missing(value) else str(value)[:10]
