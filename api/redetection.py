"""Detection that looks again only at what changed since the stored findings were made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from api.provenance import SOFTWARE_VERSION
from coordination import City, Policy, detect
from coordination.findings import Findings
from coordination.incremental import update
from coordination.rules.protocol import Rule
from data.edits import FOLLOWING, edit_of
from data.store import Store

_MOST_SHARE = 0.05
"""From this share of edited projects on, looking at all of them is no dearer."""


def made_by(policy: Policy, rules: Sequence[Rule]) -> str:
    """Return what findings rest on beside the data and the day: software, policy and rules.

    Examples
    --------
    >>> made_by(Policy(), ()) == made_by(Policy(link_days=20), ())
    False
    """
    chosen = hashlib.sha256(repr((policy, [rule.code for rule in rules])).encode()).hexdigest()
    return f"{SOFTWARE_VERSION} {chosen[:16]}"


def find_again(
    store: Store,
    city: City,
    earlier: Findings | None,
    policy: Policy,
    *,
    as_of: np.datetime64,
    rules: Sequence[Rule],
    full: bool = False,
) -> Findings:
    """Return what the rules find, by looking only at what changed where that is enough.

    It is where the stored findings were made by the same software, policy and rules for the same
    day, and the log tells of all that changed since. The outcome is the same either way.

    Parameters
    ----------
    store
        Its log of changes, and what its findings were made by.
    city
        The tables of the store.
    earlier
        What the store holds of the last run.
    policy, as_of, rules
        As for `coordination.detect`.
    full
        Look at everything.
    """
    previous = None if full else _as_found(earlier)
    if (
        previous is None
        or previous.as_of != as_of
        or store.findings_made_by() != made_by(policy, rules)
    ):
        return detect(city, policy, as_of=as_of, rules=rules)
    since = previous.data_revision
    edit = edit_of(store.changes(since, besides=FOLLOWING), city)
    if len(edit.codes) > _MOST_SHARE * len(city.projects) + 1:
        edit = replace(edit, whole=True)
    return update(previous, city, edit, policy, as_of=as_of, rules=rules)


def _as_found(earlier: Findings | None) -> Findings | None:
    """Return stored findings without the cleared ones, which stand behind those that were found."""
    if earlier is None:
        return None
    told = {run.rule: run.found for run in earlier.rules_run if run.found}
    table = earlier.table.iloc[: sum(told.values())]
    if table["rule"].value_counts().to_dict() != told:
        return None
    spans = earlier.spans[earlier.spans["finding_id"].isin(table["finding_id"])]
    return replace(earlier, table=table.reset_index(drop=True), spans=spans)
