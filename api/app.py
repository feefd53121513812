"""The service: `create_app` builds it from settings; nothing is built at import."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from api import problems
from api.guard import BodyLimit, LoopbackGuard
from api.live import LiveCity
from api.plan_jobs import PlanJobs
from api.policies import load_policy
from api.provenance import SOFTWARE_VERSION
from api.routers import (
    answers,
    approvals,
    checks,
    coverage,
    findings,
    imports,
    ledger,
    pages,
    plans,
    policies,
    projects,
    review,
    savings,
    stages,
)
from api.settings import Settings
from api.snapshots import Snapshots, StoreOpener
from data.geopackage_store import open_store
from data.store import Store


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Stop the plans in the making when the service ends."""
    yield
    await run_in_threadpool(app.state.plan_jobs.close)


def create_app(settings: Settings, store: StoreOpener | None = None) -> FastAPI:
    """Return the service on the store of ``settings``.

    Parameters
    ----------
    settings
        Store, language, limits.
    store
        Opens the store instead (tests); called once per request, since a connection stays in one
        thread.
    """
    app = FastAPI(
        title="digonce",
        version=SOFTWARE_VERSION,
        description="掘路统筹与冲突检测 · Coordination of road works",
        docs_url=None,
        redoc_url=None,
        lifespan=_life,
    )

    def opener() -> Store:
        return open_store(settings.store, wait_s=settings.wait_s)

    app.state.settings = settings
    # Read once: an edit of the file holds from the next start on, and a faulty one stops it.
    app.state.policy_file = load_policy(settings.policy) if settings.policy else None
    app.state.live = LiveCity(indexed=True)
    app.state.snapshots = Snapshots(store or opener)
    app.state.maps = {}
    app.state.plan_jobs = PlanJobs()
    problems.install(app)
    modules = (
        stages,
        projects,
        findings,
        review,
        coverage,
        imports,
        checks,
        pages,
        answers,
        policies,
        ledger,
        approvals,
        plans,
        savings,
    )
    for module in modules:
        app.include_router(module.router)
    app.add_middleware(BodyLimit, limit_bytes=settings.max_upload_mb * 1_000_000)
    # There are no accounts yet: whatever address it listens on, only this machine is answered.
    app.add_middleware(LoopbackGuard)
    return app
