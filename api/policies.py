"""Which policy is in force, and the use cases of ``digonce policy``; they print nothing.

A file that is named (``--policy FILE``, else ``DIGONCE_POLICY``) goes before the policy that the
store adopted, and that one before the built-in one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from api.rules import installed_rules
from api.settings import Settings
from coordination.detection import RULE_CODES
from coordination.faults import UsageError
from coordination.policy import Policy
from coordination.policy_document import Difference, differences, digest_of, document_of
from coordination.policy_reader import shown
from coordination.policy_settings import rules_touched, unit_of
from coordination.wording import text
from data.read_policy import PolicyFile, parse_policy, read_policy
from data.store import AdoptedPolicy, ImportOutcome, Store
from data.write_policy import policy_toml

Source = Literal["file", "adopted", "built_in"]


@dataclass(frozen=True)
class PolicyInForce:
    """A policy and where it comes from.

    Attributes
    ----------
    policy
        Its version tells the content: a file whose content the store did not adopt under its
        version bears a digest behind it (``2026-1+0b9f43c2``).
    source, name
        What it comes from, and its path or version.
    stated
        Paths of the values that it states itself; the others are built in.
    """

    policy: Policy
    source: Source
    name: str
    stated: frozenset[str]

    def origin(self, path: str, lang: str) -> str:
        """Return where the value at ``path`` comes from, in words."""
        if any(path == one or one.startswith(f"{path}.") for one in self.stated):
            return text(f"policy.origin.{self.source}", lang, name=self.name)
        return text("policy.origin.built_in", lang)


def rule_codes() -> tuple[str, ...]:
    """Return the codes of all rules, those that a city brings among them."""
    return tuple(dict.fromkeys((*RULE_CODES, *(rule.code for rule in installed_rules()))))


def load_policy(path: Path) -> PolicyFile:
    """Return the policy of a file, checked against the installed rules.

    Raises
    ------
    UsageError
        When there is no such file.
    InputRefusedError
        With every fault of the file.
    """
    return read_policy(path, rule_codes=rule_codes())


def policy_in_force(settings: Settings, store: Store | None) -> Policy:
    """Return the policy that everything is judged by: file, else adopted, else built in.

    Parameters
    ----------
    settings
        Names the file, if any.
    store
        Whose adopted policy holds; None where there is no store yet.

    Raises
    ------
    InputRefusedError
        When the file is faulty.
    """
    return told_policy(settings, store).policy


def told_policy(
    settings: Settings, store: Store | None, *, read: PolicyFile | None = None
) -> PolicyInForce:
    """Return the policy in force with where it comes from.

    Parameters
    ----------
    settings, store
        As for `policy_in_force`.
    read
        The file of the settings, where it was read before.
    """
    if settings.policy is not None:
        read = read or load_policy(settings.policy)
        adopted = store.policies() if store is not None else ()
        policy = _named_by_content(read.policy, adopted)
        return PolicyInForce(policy, "file", str(settings.policy), read.stated)
    last = store.policies()[-1:] if store is not None else ()
    if not last:
        policy = Policy()
        return PolicyInForce(policy, "built_in", policy.version, frozenset())
    return _adopted(last[0])


def _adopted(one: AdoptedPolicy) -> PolicyInForce:
    stated = parse_policy(one.toml, source=one.version).stated
    return PolicyInForce(one.policy, "adopted", one.version, stated)


def _named_by_content(policy: Policy, adopted: Iterable[AdoptedPolicy]) -> Policy:
    """Return a policy of a file under a name that nobody can mistake for another content."""
    known = {one.version: one.policy for one in adopted}
    built_in = Policy()
    known.setdefault(built_in.version, built_in)
    named = known.get(policy.version)
    if named is not None and digest_of(named) == digest_of(policy):
        return policy
    return replace(policy, version=f"{policy.version}+{digest_of(policy)}")


def effective_toml(told: PolicyInForce, lang: str) -> str:
    """Return the policy in force as TOML: what each setting means, and where its value comes from."""
    source = text(f"policy.source.{told.source}", lang, name=told.name)
    head = text("policy.head", lang, version=told.policy.version, source=source)
    body = policy_toml(
        told.policy,
        above=lambda path: meaning(path, lang),
        beside=lambda path: told.origin(path, lang),
    )
    return f"# {head}\n\n{body}"


def meaning(path: str, lang: str) -> str:
    """Return what a setting or a table of settings means, with its unit; else nothing.

    Examples
    --------
    >>> meaning("opportunity_months", "en")
    'largest gap of an opportunity [months]'
    >>> meaning("no_dig.months.new", "zh")
    ''
    """
    unit = unit_of(path)
    for key in (path, f"{path}.about"):
        try:
            told = text(f"policy_settings.{key}", lang)
        except KeyError:
            continue
        return f"{told} [{text(f'policy.unit.{unit}', lang)}]" if unit else told
    return ""


def named_policy(store: Store | None, name: str) -> Policy:
    """Return a policy by the path of its file, an adopted version, or the built-in version.

    Raises
    ------
    UsageError
        When there is neither a file nor a version of that name.
    """
    if Path(name).is_file():
        return load_policy(Path(name)).policy
    adopted = {one.version: one.policy for one in store.policies()} if store is not None else {}
    if name in adopted:
        return adopted[name]
    built_in = Policy()
    if name == built_in.version:
        return built_in
    raise UsageError("policy.no_version", version=name)


def adopt(store: Store, path: Path, *, actor: str) -> tuple[Policy, ImportOutcome]:
    """Adopt the policy of a file.

    Raises
    ------
    InputRefusedError
        With every fault of the file.
    DigonceError
        ``policy.taken`` when its version was adopted with other content.
    """
    read = load_policy(path)
    with store.transaction(actor) as change:
        outcome = change.put_policy(read.policy, read.text)
    return read.policy, outcome


def difference_documents(old: Policy, new: Policy) -> list[dict[str, Any]]:
    """Return what changed from one policy to another, and the rules that it touches."""
    every = rule_codes()
    return [
        {
            "path": one.path, "old": one.old, "new": one.new,
            "rules": list(rules_touched(one.path, every)),
        }
        for one in differences(old, new)
    ]  # fmt: skip


def difference_line(one: dict[str, Any], lang: str) -> str:
    """Return one difference as a line for people."""
    old, new = (
        text("policy.none", lang) if one[name] is None else shown(one[name])
        for name in ("old", "new")
    )
    line = text("policy.changed", lang, path=one["path"], old=old, new=new)
    if len(one["rules"]) == len(rule_codes()):
        return line + text("policy.touches_all", lang)
    if not one["rules"]:
        return line
    labels = [text(f"labels.rule.{code}", lang) if code in RULE_CODES else code
              for code in one["rules"]]  # fmt: skip
    return line + text("policy.touches", lang, rules=("、" if lang == "zh" else ", ").join(labels))


def policy_document(told: PolicyInForce) -> dict[str, Any]:
    """Return the policy in force as machines read it."""
    return {
        "version": told.policy.version,
        "digest": digest_of(told.policy),
        "source": told.source,
        "name": told.name,
        "stated": sorted(told.stated),
        "policy": document_of(told.policy),
    }


def adopted_document(one: AdoptedPolicy, *, in_force: bool) -> dict[str, Any]:
    """Return the line of the history for one adopted policy."""
    return {
        "version": one.version,
        "digest": digest_of(one.policy),
        "in_force": in_force,
        "revision": one.revision,
        "actor": one.actor,
        "at": one.at,
    }


__all__ = [
    "Difference", "PolicyInForce", "adopt", "adopted_document", "difference_documents",
    "difference_line", "effective_toml", "load_policy", "meaning", "named_policy",
    "policy_document", "policy_in_force", "rule_codes", "told_policy",
]  # fmt: skip
