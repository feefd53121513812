"""A policy out: TOML with what each setting means and where its value comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from coordination.policy import Policy
from coordination.policy_document import document_of

Comment = Callable[[str], str]
"""From the path of a setting to its comment; empty for none."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def _none(path: str) -> str:
    del path
    return ""


def policy_toml(policy: Policy, *, above: Comment = _none, beside: Comment = _none) -> str:
    """Return a policy as TOML that `data.read_policy` reads to the same policy.

    Parameters
    ----------
    policy
        Any valid policy.
    above
        Comment lines above a setting or a table.
    beside
        Comment behind a value.

    Examples
    --------
    >>> policy_toml(Policy()).splitlines()[:2]
    ['version = "default-2"', 'link_days = 14']
    """
    writer = _Writer(above, beside)
    writer.table(document_of(policy), "", "")
    return "\n".join(writer.lines).strip() + "\n"


@dataclass
class _Writer:
    """Lines in the making; rows of a table bear no comments of their own."""

    above: Comment
    beside: Comment
    lines: list[str] = field(default_factory=list)

    def table(self, table: Mapping[str, Any], path: str, header: str, *, told: bool = True) -> None:
        """Write a table: first its values, then the tables in it."""
        inner = {key: value for key, value in table.items() if _has_tables(value)}
        for key, value in table.items():
            if key not in inner:
                said = self.beside(f"{path}{key}") if told else ""
                self.lines += _comments(self.above(f"{path}{key}") if told else "")
                behind = f"  # {said}" if said else ""
                self.lines.append(f"{_key(key)} = {_value(value)}{behind}")
        for key, value in inner.items():
            here, name = f"{path}{key}", f"{header}{_key(key)}"
            self.lines += ["", *_comments(self.above(here) if told else "")]
            if isinstance(value, Mapping):
                self.lines.append(f"[{name}]")
                self.table(value, f"{here}.", f"{name}.", told=told)
                continue
            self.lines += _comments(self.beside(here) if told else "")
            for row in value:
                self.lines.append(f"[[{name}]]")
                self.table(row, f"{here}.", f"{name}.", told=False)
                self.lines.append("")


def _has_tables(value: Any) -> bool:
    if isinstance(value, list) and value:
        return all(isinstance(one, Mapping) for one in value)
    return isinstance(value, Mapping)


def _comments(text: str) -> list[str]:
    return [f"# {line}".rstrip() for line in text.splitlines()]


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(value: str) -> str:
    # JSON escapes what TOML wants escaped, but for the one control character behind the letters.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + "}"
    return value.isoformat() if isinstance(value, (date, time)) else repr(value)
