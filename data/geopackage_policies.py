"""Adopted policies in a store: every edition with who and when; the last one is in force.

Beside the text as it was adopted stand **all** settings as they were understood then, so that a
later software with other defaults does not change what an authority adopted.
"""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are bound

from __future__ import annotations

import sqlite3
import tomllib

from coordination.faults import DigonceError
from coordination.policy import Policy
from coordination.policy_document import digest_of, policy_of
from data import geopackage_schema as schema
from data.geopackage_writer import Writer, document_of, name_list
from data.store import AdoptedPolicy, ImportOutcome
from data.write_policy import policy_toml


class PolicyTakenError(DigonceError):
    """A version that was adopted with other content."""


def adopted_policies(
    connection: sqlite3.Connection, *, last: bool = False
) -> tuple[AdoptedPolicy, ...]:
    """Return every adopted policy, oldest first, or the last one only."""
    names = name_list(schema.POLICIES.columns)
    rows = connection.execute(
        f"SELECT {names} FROM policies ORDER BY fid DESC LIMIT ?", (1 if last else -1,)
    ).fetchall()
    return tuple(
        AdoptedPolicy(version, revision, actor, at, toml, _policy(settings))
        for version, revision, actor, at, toml, settings in reversed(rows)
    )


def _policy(settings: str) -> Policy:
    """Return a policy from its stored settings.

    They were checked when they were adopted: a setting that this version does not know any more
    says nothing to its rules.
    """
    policy, _ = policy_of(tomllib.loads(settings))
    return policy


def put_policy(writer: Writer, policy: Policy, toml: str) -> ImportOutcome:
    """Adopt a policy; see `data.store.Transaction.put_policy`."""
    earlier = adopted_policies(writer.connection)
    named = [one.policy for one in earlier if one.version == policy.version]
    if policy.version == Policy().version:
        named.append(Policy())
    if any(digest_of(one) != digest_of(policy) for one in named):
        raise PolicyTakenError("policy.taken", version=policy.version)
    if earlier and earlier[-1].version == policy.version:
        return writer.outcome([], [], [policy.version])
    settings = policy_toml(policy)
    row = (policy.version, writer.revision, writer.actor, writer.at, toml, settings)
    writer.record("policies", policy.version, None, document_of(schema.POLICIES, row))
    writer.insert(schema.POLICIES, [row])
    return writer.outcome([policy.version], [], [])
