"""``digonce demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.commands import detection, imports
from api.commands.session import JsonOption, LangOption, PolicyOption, Session, words
from api.demo import STEPS, run_demo
from api.workflow import summary


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("demo", help=words("command.demo"))(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", help=words("option.out_dir"))] = Path("demo"),
    projects: Annotated[
        int, typer.Option("--projects", min=100, max=50_000, help=words("option.projects"))
    ] = 400,
    seed: Annotated[int, typer.Option("--seed", min=0, help=words("option.seed"))] = 0,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    """Make the sample town and run everything on it."""
    with Session(lang=lang, as_json=as_json, policy=policy) as session:
        with session.steps(STEPS) as step:
            done = run_demo(
                out, projects=projects, seed=seed, lang=session.lang, policy=session.policy(None),
                tiles=session.settings.tiles, step=step,
            )  # fmt: skip
        for report in done.imports:
            imports.tell_counts(session, report)
        detection.tell(session, done.findings)
        figures = {
            "planted": len(done.planted),
            "found": len(done.planted) - len(done.missed),
            "near_misses": len(done.near_misses),
            "false": len(done.wrong),
        }
        session.say("say.demo_planted", **figures)
        session.say("say.demo_report", path=done.report_page)
        session.say("say.demo_map", path=done.map_page)
        plans = done.plan.schedules
        session.say(
            "say.demo_plan", path=done.store.parent / "plan",
            metres=f"{plans['optimised'].metres_opened:,.0f}",
            filed=f"{plans['as_filed'].metres_opened:,.0f}",
        )  # fmt: skip
        session.say("say.demo_next", store=done.store)
        session.emit(
            summary(done.findings)
            | {
                "planted": figures,
                "store": str(done.store),
                "map": str(done.map_page),
                "report": str(done.report_page),
                "plan": str(done.store.parent / "plan"),
            }
        )
