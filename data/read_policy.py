"""A policy file in: TOML, with every fault of it at once."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coordination.faults import Fault, InputRefusedError, UsageError
from coordination.policy import Policy
from coordination.policy_document import leaves, policy_of

MOST_BYTES = 2_000_000


@dataclass(frozen=True)
class PolicyFile:
    """A policy as it was read.

    Attributes
    ----------
    policy
        With the built-in values where the file says nothing.
    text
        The file as it stands.
    stated
        Paths of the values that the file states.
    """

    policy: Policy
    text: str
    stated: frozenset[str]


def read_policy(path: Path, *, rule_codes: Collection[str] | None = None) -> PolicyFile:
    """Return the policy of a file.

    Parameters
    ----------
    path
        TOML, UTF-8 (with or without BOM).
    rule_codes
        Codes that lists of rules may name; None lets any pass.

    Raises
    ------
    UsageError
        When there is no such file.
    InputRefusedError
        With every fault of the file.
    """
    if not path.is_file():
        raise UsageError("cli.error.no_file", path=str(path))
    size = path.stat().st_size
    if size > MOST_BYTES:
        fault = Fault("policy.fault.too_large", params={"found": size, "most": MOST_BYTES})
        raise InputRefusedError([fault], source=path.name)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputRefusedError([Fault("policy.fault.not_utf8")], source=path.name) from None
    return parse_policy(text, source=path.name, rule_codes=rule_codes)


def parse_policy(
    text: str, *, source: str, rule_codes: Collection[str] | None = None
) -> PolicyFile:
    r"""Return the policy of a text.

    Parameters
    ----------
    text
        TOML.
    source
        What the text is called in messages.
    rule_codes
        As for `read_policy`.

    Raises
    ------
    InputRefusedError
        With every fault of the text.

    Examples
    --------
    >>> read = parse_policy('version = "2026-1"\nlink_days = 21', source="a.toml")
    >>> read.policy.link_days, sorted(read.stated)
    (21, ['link_days', 'version'])
    """
    document = _document(text, source)
    policy, faults = policy_of(document, rule_codes=rule_codes)
    if faults:
        raise InputRefusedError(faults, source=source)
    return PolicyFile(policy, text, frozenset(path for path, _ in leaves(document)))


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:  # also a number of thousands of digits, which is no TOML error
        reason = str(error).splitlines()[0][:200]
    raise InputRefusedError(
        [Fault("policy.fault.not_toml", params={"reason": reason})], source=source
    )
