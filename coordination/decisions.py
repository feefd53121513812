"""What people decide on a finding, and what units answer: which are sound, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from coordination.faults import DigonceError
from coordination.wording import text

DECIDED = ("open", "notified", "negotiating", "resolved", "not_mergeable", "deferred", "waived")
"""Statuses that people give; ``to_reassess`` and ``cleared`` come from detection alone."""

WAITING = ("notified", "negotiating")
"""Statuses in which units are asked for their answer."""

_SETTLED = ("resolved", "not_mergeable", "deferred", "waived")
TRANSITIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "open": ("notified", "negotiating", *_SETTLED),
        "notified": ("notified", "negotiating", *_SETTLED),
        "negotiating": ("notified", "negotiating", *_SETTLED),
        # A decision may be worded anew, or taken up again.
        "resolved": ("open", "negotiating", "resolved"),
        "not_mergeable": ("open", "negotiating", "resolved", "not_mergeable", "waived"),
        "deferred": ("open", "notified", "negotiating", *_SETTLED),
        "waived": ("open", "negotiating", "waived"),
        "to_reassess": ("open", "notified", "negotiating", *_SETTLED),
        "cleared": (),
    }
)
"""From each status to those that a person may give next; what is no longer found takes none."""

REASON_CODES = ("window", "technique", "safety", "funding", "order", "other")
"""Why works cannot be merged; ``other`` says it in the note."""

ANSWERS = ("agree", "disagree", "propose", "no_objection", "comment")
"""What a unit may answer; ``propose`` names other dates, ``comment`` commits to nothing."""


class ReviewRefusedError(DigonceError):
    """A decision or an answer that is not sound as it stands."""


class TransitionError(DigonceError):
    """A status that cannot follow the one that the finding has."""

    def text(self, lang: str) -> str:
        """Return the message in ``lang``, with the statuses in its words."""
        params = {name: _labels(str(value), lang) for name, value in self.params.items()}
        return text(self.key, lang, **params)


class ConflictError(DigonceError):
    """A finding that is no longer what was reviewed.

    Parameters
    ----------
    seen_revision
        What was reviewed.
    changes
        `coordination.review.what_changed`, and ``decision`` (somebody decided since) or ``new``
        (it was not found then).
    precondition
        Whether the revision came as a precondition of the request.
    """

    def __init__(
        self, finding_id: str, seen_revision: int, changes: tuple[str, ...], *,
        precondition: bool = False,
    ) -> None:  # fmt: skip
        super().__init__("review.error.conflict", finding_id=finding_id, seen=seen_revision)
        self.changes = changes
        self.precondition = precondition

    def text(self, lang: str) -> str:
        """Return the message in ``lang``, with what changed."""
        named = text("review.comma", lang).join(
            text(f"review.changed.{name}", lang) for name in self.changes
        )
        return text(self.key, lang, changes=named, **self.params)


def _labels(codes: str, lang: str) -> str:
    return text("review.comma", lang).join(
        text(f"labels.status.{one}", lang) for one in codes.split()
    )


def check_decision(
    status: str,
    to: str,
    *,
    reason_code: str | None = None,
    note: str = "",
    deadline: date | None = None,
    today: date | None = None,
) -> None:
    """Refuse a decision that does not follow, or lacks what it has to say.

    Parameters
    ----------
    status
        What the finding is now.
    to
        What it is to be.
    reason_code
        One of `REASON_CODES`: why it is not mergeable; required there and nowhere else allowed.
    note
        Required for a waiver, for taking up what was decided, and for the reason ``other``.
    deadline
        Last day for answers; not before ``today``.

    Raises
    ------
    TransitionError
        When ``to`` cannot follow ``status``.
    ReviewRefusedError
        When something is missing or cannot be.

    Examples
    --------
    >>> check_decision("open", "not_mergeable", reason_code="window")
    >>> try:
    ...     check_decision("open", "not_mergeable")
    ... except ReviewRefusedError as error:
    ...     print(error.text("en"))
    Not mergeable needs its reason (reason code): window, technique, safety, funding, order, other.
    """
    if to not in TRANSITIONS[status]:
        allowed = TRANSITIONS[status]
        key = "transition" if allowed else "cleared"
        params = {"status": status, "to": to} | ({"allowed": " ".join(allowed)} if allowed else {})
        raise TransitionError(f"review.error.{key}", **params)
    codes = ", ".join(REASON_CODES)
    if to == "not_mergeable" and not reason_code:
        raise ReviewRefusedError("review.error.reason_needed", codes=codes)
    if reason_code and reason_code not in REASON_CODES:
        raise ReviewRefusedError("review.error.reason_unknown", found=reason_code, codes=codes)
    if reason_code and to != "not_mergeable":
        raise ReviewRefusedError("review.error.reason_elsewhere")
    if reason_code == "other" and not note.strip():
        raise ReviewRefusedError("review.error.other_needs_note")
    if to == "waived" and not note.strip():
        raise ReviewRefusedError("review.error.waiver_needs_note")
    if status in _SETTLED and to in ("open", "negotiating", "notified") and not note.strip():
        raise ReviewRefusedError("review.error.reopen_needs_note")
    if deadline is not None and today is not None and deadline < today:
        raise ReviewRefusedError(
            "review.error.deadline_past", deadline=deadline.isoformat(), today=today.isoformat()
        )


def check_reply(
    unit: str,
    answer: str,
    units: tuple[str, ...],
    *,
    note: str = "",
    start: date | None = None,
    finish: date | None = None,
) -> None:
    """Refuse an answer that is not sound.

    Parameters
    ----------
    unit
        Who answers; one of ``units``, those whose projects the finding names.
    answer
        One of `ANSWERS`.
    note
        Required for ``disagree`` and ``comment``.
    start, finish
        Proposed dates; at least one of them, or a note, for ``propose``.

    Raises
    ------
    ReviewRefusedError
        When something is missing or cannot be.
    """
    if unit not in units:
        raise ReviewRefusedError("review.error.unit", found=unit, units=", ".join(units) or "–")
    if answer not in ANSWERS:
        raise ReviewRefusedError("review.error.answer", found=answer, answers=", ".join(ANSWERS))
    if answer in ("disagree", "comment") and not note.strip():
        raise ReviewRefusedError("review.error.answer_needs_note")
    if answer == "propose" and start is None and finish is None and not note.strip():
        raise ReviewRefusedError("review.error.proposal")
    if start is not None and finish is not None and finish < start:
        raise ReviewRefusedError(
            "review.error.proposal_reversed", start=start.isoformat(), finish=finish.isoformat()
        )
