"""``digonce serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from api.commands.session import LangOption, PolicyOption, Session, StoreOption, words
from coordination.faults import UsageError


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("serve", help=words("command.serve"))(serve)


def serve(
    store: StoreOption = None,
    host: Annotated[str, typer.Option("--host", help=words("option.host"))] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", help=words("option.port"), min=0, max=65535)
    ] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help=words("option.demo"))] = False,
    policy: PolicyOption = None,
    lang: LangOption = None,
) -> None:
    """Serve pages and API on the loopback address."""
    # No other command needs a web server: loading one takes a quarter of their start.
    import uvicorn  # noqa: PLC0415

    from api.app import create_app  # noqa: PLC0415
    from api.guard import is_loopback  # noqa: PLC0415

    with Session(store=store, lang=lang, policy=policy) as session:
        if not is_loopback(host):
            raise UsageError("cli.error.host", host=host)
        if not demo:
            raise UsageError("cli.error.needs_demo")
        session.open_store().close()
        session.say("say.serving", host=host, port=port)
        uvicorn.run(create_app(session.settings), host=host, port=port, log_level="warning")
