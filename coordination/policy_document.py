"""A policy as a document of plain tables, and back, with everything that is wrong with one.

The reader follows the dataclasses: nothing in here knows a single setting. A document states only
what differs from the base. A table by key (``[no_dig.months]``) changes the keys that it names; a
list, and a table of rows (``[[approval.rows]]``), is replaced as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast

from coordination.faults import Fault
from coordination.policy import Policy
from coordination.policy_reader import Reader

Document = Mapping[str, Any]


def policy_of(
    document: Document, *, base: Policy | None = None, rule_codes: Collection[str] | None = None
) -> tuple[Policy, list[Fault]]:
    """Return the policy that a document states on top of a base, and **every** fault in it.

    Parameters
    ----------
    document
        Tables as read from TOML.
    base
        What holds where the document says nothing; None is the built-in policy.
    rule_codes
        Codes that lists of rules may name; None lets any pass.

    Returns
    -------
    policy
        With the base's value wherever there is a fault.
    faults
        Topic ``policy``; their ``where`` is table and key.

    Examples
    --------
    >>> policy, faults = policy_of({"version": "2026-1", "no_dig": {"months": {"new": 48}}})
    >>> dict(policy.no_dig.months), faults
    ({'new': 48.0, 'rebuild': 60, 'widen': 60, 'major_repair': 36}, [])
    >>> policy_of({"version": "2026-1", "buffer_m": -5})[1][0].text("en")
    'buffer_m: expected a number from 0 to 1000000, found -5. Correct the number.'
    """
    base = base or Policy()
    reader = Reader(None if rule_codes is None else tuple(rule_codes))
    policy = cast("Policy", reader.table(type(base), document, base, ""))
    if "version" not in document:
        reader.fault("version", "no_version")
    reader.consistent(policy)
    return policy, reader.faults


def document_of(policy: object) -> dict[str, Any]:
    """Return everything that a policy says as plain tables; what is None is left out.

    Examples
    --------
    >>> document_of(Policy())["order"]
    {'months': 12}
    """
    assert is_dataclass(policy)
    return {
        one.name: _plain(value)
        for one in fields(policy)
        if (value := getattr(policy, one.name)) is not None
    }


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return document_of(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value


def leaves(document: Document, above: str = "") -> Iterator[tuple[str, Any]]:
    """Return each value with its path, lists as they are, rows as a whole.

    Examples
    --------
    >>> dict(leaves({"version": "1", "no_dig": {"months": {"new": 48}}}))
    {'version': '1', 'no_dig.months.new': 48}
    """
    for key, value in document.items():
        path = f"{above}{key}"
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{path}.")
        else:
            yield path, value


def digest_of(policy: Policy) -> str:
    """Return eight letters that tell the content of a policy; its version does not count.

    Examples
    --------
    >>> from dataclasses import replace
    >>> digest_of(Policy()) == digest_of(replace(Policy(), version="2026-1"))
    True
    >>> digest_of(Policy()) == digest_of(replace(Policy(), link_days=15))
    False
    """
    content = {path: _number(value) for path, value in leaves(document_of(policy))}
    content.pop("version")
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _number(value: Any) -> Any:
    """Return numbers as one kind: 60 and 60.0 are the same setting."""
    if isinstance(value, list):
        return [_number(one) for one in value]
    if isinstance(value, dict):
        return {key: _number(one) for key, one in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


@dataclass(frozen=True)
class Difference:
    """One value that two policies do not share; None where one of them has no such entry."""

    path: str
    old: Any
    new: Any


def differences(old: Policy, new: Policy) -> list[Difference]:
    """Return what differs between two policies, in the order of the settings.

    Examples
    --------
    >>> from dataclasses import replace
    >>> differences(Policy(), replace(Policy(), link_days=21))
    [Difference(path='link_days', old=14, new=21)]
    """
    before, after = (dict(leaves(document_of(one))) for one in (old, new))
    paths = [*before, *(path for path in after if path not in before)]
    return [
        Difference(path, before.get(path), after.get(path))
        for path in paths
        if _number(before.get(path)) != _number(after.get(path))
    ]
