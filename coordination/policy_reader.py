"""Reads a document of plain tables into the dataclasses of a policy, and collects every fault."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, cast, get_args, get_origin

from coordination import policy_settings as known
from coordination.faults import Fault
from coordination.policy import Policy
from coordination.restrictions import policy_faults
from coordination.rule_policy import RestrictedPeriodRow

VERSION_LETTERS = 60
SHOWN_LETTERS = 60
_ABSENT = object()
_PERIOD_COLUMNS = {f"restricted.periods.{one.name}" for one in fields(RestrictedPeriodRow)}
_ORDERS = (
    (known.RISING, operator.le, "falls"),
    (known.ASCENDING, operator.lt, "not_ascending"),
    (known.DESCENDING, operator.gt, "not_descending"),
)


def shown(value: object) -> str:
    """Return a value as it would stand in a file, cut where it is long.

    Examples
    --------
    >>> shown("a"), shown(True), shown([1, 2]), shown({"a": 1})
    ('"a"', 'true', '[1, 2]', '{a = 1}')
    """
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{key} = {shown(one)}" for key, one in value.items()) + "}"
    elif isinstance(value, (list, tuple)):
        text = "[" + ", ".join(shown(one) for one in value) + "]"
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        text = str(int(value))
    elif isinstance(value, int) and abs(value) >= 10**15:
        text = f"{value >> value.bit_length() - 10}…" if value > 0 else "-…"
    else:
        text = str(value)
    return text if len(text) <= SHOWN_LETTERS else f"{text[: SHOWN_LETTERS - 1]}…"


@dataclass
class Reader:
    """Follows a dataclass through a document and collects what is wrong."""

    rule_codes: tuple[str, ...] | None
    faults: list[Fault] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)

    def fault(self, path: str, code: str, /, **params: str | float) -> None:
        """Note a fault at a path: ``no_dig.months.new`` is key ``new`` of ``[no_dig.months]``."""
        table, _, key = path.rpartition(".")
        self.wrong.add(_setting(path))
        where = f"[{table}] {key}" if table else key
        said: dict[str, str | int | float] = {"table": table, "name": key, "where": where}
        self.faults.append(Fault(f"policy.fault.{code}", params=said | params))

    # ---- tables --------------------------------------------------------------------------------

    def table(self, kind: type, value: Any, base: Any, path: str) -> Any:
        """Return a dataclass with what ``value`` states on top of ``base`` (None for a row)."""
        if not isinstance(value, Mapping):
            self.fault(path, "not_table", found=shown(value))
            return base
        above = f"{path}." if path else ""
        hints = known.hints_of(kind)
        given: dict[str, Any] = {}
        for key, one in value.items():
            if key not in hints:
                self._unknown(f"{above}{key}", key, tuple(hints))
                continue
            before = getattr(base, key) if base is not None else None
            read = self.value(hints[key], one, before, f"{above}{key}")
            if read is not _ABSENT:
                given[key] = read
        if base is not None:
            return replace(base, **given)
        missing = [
            one.name
            for one in fields(kind)
            if one.name not in value and known.default_of(one) is MISSING
        ]
        for name in missing:
            self.fault(f"{above}{name}", "missing")
        complete = all(
            one.name in given or known.default_of(one) is not MISSING for one in fields(kind)
        )
        return kind(**given) if complete else _ABSENT

    def _unknown(self, path: str, key: str, names: tuple[str, ...]) -> None:
        near = get_close_matches(key, names, n=1, cutoff=0.6)
        if near:
            self.fault(path, "unknown_near", near=near[0])
        else:
            self.fault(path, "unknown", expected=", ".join(names))

    # ---- values --------------------------------------------------------------------------------

    def value(self, hint: Any, value: Any, base: Any, path: str) -> Any:
        """Return one value of the type ``hint``, or `_ABSENT` where it is wrong."""
        hint, _ = known.optional(hint)
        if isinstance(hint, type) and is_dataclass(hint):
            return self.table(hint, value, base, path)
        if known.is_table(hint):
            return self._keyed(hint, value, base, path)
        if get_origin(hint) is tuple:
            return self._list(hint, value, path)
        if hint is object:
            return _kept(value)
        return self._single(hint, value, path)

    def _keyed(self, hint: Any, value: Any, base: Any, path: str) -> Any:
        if not isinstance(value, Mapping):
            self.fault(path, "not_table", found=shown(value))
            return _ABSENT
        limits = known.limits_of(_setting(path))
        own = tuple(base or ())
        keys = None if limits.keys is None else tuple(dict.fromkeys((*own, *limits.keys)))
        merged = dict(base or {})
        for key, one in value.items():
            if not key.strip():
                self.fault(f"{path}.{key}", "empty_key")
                continue
            if keys is not None and key not in keys:
                self._unknown(f"{path}.{key}", key, keys)
                continue
            read = self.value(get_args(hint)[1], one, None, f"{path}.{key}")
            if read is not _ABSENT:
                merged[key] = read
        return MappingProxyType(merged)

    def _list(self, hint: Any, value: Any, path: str) -> Any:
        if not isinstance(value, list):
            rows = known.row_kind(hint) is not None
            self.fault(path, "not_rows" if rows else "not_list", found=shown(value))
            return _ABSENT
        kinds = get_args(hint)
        if kinds[-1] is not Ellipsis and len(value) != len(kinds):
            self.fault(path, "wrong_count", expected=len(kinds), found=len(value))
            return _ABSENT
        if not value and known.limits_of(_setting(path)).filled:
            self.fault(path, "empty_list")
            return _ABSENT
        if (row := known.row_kind(hint)) is not None:
            read = [
                self.table(row, one, None, f"{path}[{number}]")
                for number, one in enumerate(value, start=1)
            ]
        else:
            read = [self.value(kinds[0], one, None, path) for one in value]
            if len({repr(one) for one in value}) < len(value) and kinds[0] is str:
                self.fault(path, "twice", found=shown(value))
        return _ABSENT if any(one is _ABSENT or one is None for one in read) else tuple(read)

    def _single(self, hint: Any, value: Any, path: str) -> Any:
        if hint is bool:
            return value if isinstance(value, bool) else self._not(path, "flag", value)
        if hint in (int, float):
            return self._number(hint, value, path)
        if hint is date:
            day = isinstance(value, date) and not hasattr(value, "hour")
            return value if day else self._not(path, "day", value)
        return self._text(hint, value, path)

    def _not(self, path: str, what: str, value: object) -> object:
        self.fault(path, f"not_{what}", found=shown(value))
        return _ABSENT

    def _number(self, hint: Any, value: Any, path: str) -> Any:
        whole = hint is int
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            return self._not(path, "whole" if whole else "number", value)
        limits = known.limits_of(_setting(path))
        most = cast("float", limits.most)
        if not limits.least <= value <= most:  # also what is no number (nan)
            self.fault(
                path, "out_of_range",
                least=shown(limits.least), most=shown(most), found=shown(value),
            )  # fmt: skip
            return _ABSENT
        return value if whole else float(value)

    def _text(self, hint: Any, value: Any, path: str) -> Any:
        if not isinstance(value, str):
            return self._not(path, "text", value)
        if not value.strip():
            self.fault(path, "empty")
            return _ABSENT
        if path == "version":
            return self._version(value)
        codes = get_args(hint) if get_origin(hint) is Literal else None
        codes = codes or known.limits_of(_setting(path)).codes
        if codes == (known.RULE_CODE,):
            codes = self.rule_codes
        if codes is not None and value not in codes:
            self.fault(path, "unknown_code", expected=", ".join(codes), found=shown(value))
            return _ABSENT
        return value

    def _version(self, value: str) -> Any:
        """Return a version that fits into an address, a file name and a sentence."""
        if len(value) > VERSION_LETTERS or not all(one.isalnum() or one in "-_." for one in value):
            self.fault("version", "bad_version", found=shown(value), most=VERSION_LETTERS)
            return _ABSENT
        return value

    # ---- what settings keep among each other -----------------------------------------------------

    def consistent(self, policy: Policy) -> None:
        """Note what settings contradict each other; those that are wrong already are left out."""
        self._compare(policy)
        for paths, in_order, code in _ORDERS:
            for path in paths:
                for at, values in self._lists(policy, path):
                    if not all(in_order(x, y) for x, y in pairwise(values)):
                        self.fault(at, code, found=shown(values))
        self._tiers(policy)
        if not self.wrong & {"restricted.periods", *_PERIOD_COLUMNS}:
            self.faults += [
                replace(one, column=f"[restricted.periods] {one.column or ''}".rstrip())
                for one in policy_faults(policy.restricted)
            ]

    def _lists(self, policy: Policy, path: str) -> list[tuple[str, tuple[Any, ...]]]:
        if path in self.wrong:
            return []
        value = _at(policy, path)
        if isinstance(value, Mapping):
            return [(f"{path}.{key}", tuple(one)) for key, one in value.items()]
        return [(path, tuple(value))]

    def _compare(self, policy: Policy) -> None:
        for low, high in known.NOT_ABOVE:
            if not self.wrong & {low, high} and _at(policy, low) > _at(policy, high):
                self.fault(
                    low, "above_other",
                    other=high, found=shown(_at(policy, low)), limit=shown(_at(policy, high)),
                )  # fmt: skip
        for path in known.SUMS_TO_ONE:
            total = math.fsum(_at(policy, path).values())
            if path not in self.wrong and not math.isclose(total, 1.0, abs_tol=1e-6):
                self.fault(path, "sum_not_one", found=f"{total:.6g}")
        for points, limits in known.ONE_MORE:
            expected, found = len(_at(policy, limits)) + 1, len(_at(policy, points))
            if not self.wrong & {points, limits} and found != expected:
                self.fault(points, "not_one_more", other=limits, expected=expected, found=found)

    def _tiers(self, policy: Policy) -> None:
        """Note rows of tiers that name none, that are never reached, or that leave projects out."""
        if any(one.startswith(("approval.tiers", "approval.rows")) for one in self.wrong):
            return
        codes = [tier.code for tier in policy.approval.tiers]
        for number, code in enumerate(codes, start=1):
            if code in codes[: number - 1]:
                self.fault(f"approval.tiers[{number}].code", "code_twice", found=shown(code))
        rows = policy.approval.rows
        for number, row in enumerate(rows, start=1):
            if row.tier not in codes:
                self.fault(
                    f"approval.rows[{number}].tier", "unknown_code",
                    expected=", ".join(codes), found=shown(row.tier),
                )  # fmt: skip
            if row == type(row)(row.tier) and number < len(rows):
                self.fault(f"approval.rows[{number}]", "hides_rows")
        if rows[-1] != type(rows[-1])(rows[-1].tier):
            self.fault(f"approval.rows[{len(rows)}]", "last_row")


def _at(policy: object, path: str) -> Any:
    value: Any = policy
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _setting(path: str) -> str:
    """Return the setting that a path into a document belongs to: no row numbers, no keys."""
    names = [name.partition("[")[0] for name in path.split(".")]
    kind: Any = Policy
    for number, name in enumerate(names):
        hint, _ = known.optional(known.hints_of(kind).get(name))
        row = known.row_kind(hint)
        kind = row or hint
        if not (isinstance(kind, type) and is_dataclass(kind)):
            return ".".join(names[: number + 1])
    return ".".join(names)


def _kept(value: Any) -> Any:
    """Return a value of a rule from outside so that nobody changes it."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: _kept(one) for key, one in value.items()})
    return tuple(_kept(one) for one in value) if isinstance(value, list) else value
