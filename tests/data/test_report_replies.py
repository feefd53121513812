"""The report says beside the status until when units are asked, and who is late."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from coordination.audience import ANYBODY, COORDINATOR
from data.report_page import report_page


def asked(finding_id: str) -> pd.DataFrame:
    deadline = pd.Timestamp("2025-03-10")
    return pd.DataFrame(
        [
            [finding_id, "给水公司", deadline, "agree", False],
            [finding_id, "<b>路政</b>", deadline, None, True],
        ],
        columns=["finding_id", "unit", "deadline", "answer", "overdue"],
    )


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", "已推送，2025-03-10 前反馈，已反馈 1/2，逾期未反馈：&lt;b&gt;路政&lt;/b&gt;"),
        (
            "en",
            (
                "notified, replies by 2025-03-10, replied 1/2, "
                "no reply by the deadline: &lt;b&gt;路政&lt;/b&gt;"
            ),
        ),
    ],
)
def test_status_with_replies(meeting: Any, lang: str, words: str) -> None:
    table = meeting.findings.table
    (finding_id,) = table.loc[table["status"] == "notified", "finding_id"]
    page = report_page(
        meeting.findings, meeting.city, meeting.provenance, lang=lang, asked=asked(finding_id)
    )
    assert words in page
    plain = report_page(meeting.findings, meeting.city, meeting.provenance, lang=lang)
    assert "2025-03-10" not in plain


def test_replies_on_what_is_confidential_stay_out(meeting: Any) -> None:
    table = meeting.findings.table
    (secret,) = table.loc[table["project_b"] == "S1", "finding_id"]
    pages = [
        report_page(
            meeting.findings, meeting.city, meeting.provenance, audience=audience,
            asked=asked(secret),
        )
        for audience in (ANYBODY, COORDINATOR)
    ]  # fmt: skip
    assert ["2025-03-10" in page for page in pages] == [False, True]
