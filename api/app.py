"""The program is built by one function; importing this module does no work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from fastapi import Depends, FastAPI

from api import (
    agreement,
    audits,
    blind,
    calibrations,
    case_door,
    casework,
    coaching,
    cohorts,
    conversations,
    drafts,
    embed,
    errors,
    events,
    exports,
    follow_ups,
    form_import,
    forms,
    handbook,
    handoff,
    health,
    hearing,
    improvements,
    jobs,
    kb,
    kb_changes,
    kb_deposits,
    kb_effect,
    kb_gaps,
    kb_import,
    kb_lint,
    kb_notices,
    kb_prints,
    kb_proposals,
    kb_quarter,
    kb_repairs,
    kb_stale,
    kb_synonyms,
    kb_typeahead,
    live_metrics,
    meetings,
    metrics,
    models,
    monthly_form,
    mystery,
    observed_records,
    observing,
    quality,
    records,
    rectifications,
    red_cards,
    rehearsal,
    replay,
    report_cases,
    report_deliveries,
    reports,
    retention,
    roi,
    routing,
    rule_health,
    samples,
    scenes,
    schedule,
    session,
    suggest,
    suggestion_box,
    surveys,
    targets,
    training,
    usage,
    web,
    webhooks,
)
from api.auth import Doorman
from api.bodies import sound_body
from api.courier import Courier
from api.events import Bell
from api.handoff import Lanes
from api.kb_policy import load_knowledge_policy
from api.limits import Rate, Shed
from api.measured import check_metric_policies
from api.publishing import FrozenEntry
from api.service import Service, open_service, program_version
from api.settings import Settings
from api.shadow import Shadow
from api.store import StoreBusy, StoreClosed
from api.store.decisions import Mismatch
from api.store.observations import OtherKind
from api.telemetry import Trace
from api.worker import Worker
from kb.entries import EntryError
from nlp.batcher import BatcherFull, BatcherStopped
from nlp.metrics.observation import ObservationError
from nlp.metrics.roi import MissingInput
from nlp.quality.form import FormError
from nlp.quality.supervision import check_supervision
from nlp.reports.monthly_toml import read_monthly
from nlp.reports.policy import read_reports
from nlp.transcript import TranscriptError

DOORS = (
    *(live_metrics, metrics, targets, observing, surveys, exports, roi),
    *(kb_effect, kb_changes, kb_notices, kb_prints),
    *(kb_deposits, kb_gaps, kb_import, kb_lint, kb_proposals, kb_quarter, kb_repairs, kb_stale),
    *(kb_synonyms, kb_typeahead),
    *(health, session, kb, routing, suggest, replay, scenes, drafts),
    *(events, conversations, handoff, forms, rehearsal, jobs, quality, cohorts, models, embed, case_door),
    *(form_import,),
    *(audits, improvements, meetings, monthly_form, report_cases, report_deliveries, reports),
    *(hearing, samples, blind, agreement, calibrations, rule_health, red_cards, rectifications, records),
    *(follow_ups, coaching, mystery, suggestion_box, training, usage),
    webhooks,
)

DOMAIN: Mapping[type[Exception], str] = {
    EntryError: "invalid",
    TranscriptError: "invalid",
    ObservationError: "invalid",
    MissingInput: "invalid",
    FormError: "invalid",
    FrozenEntry: "forbidden",
    OtherKind: "conflict",
    Mismatch: "idempotency_mismatch",
    StoreBusy: "busy",
    StoreClosed: "unavailable",
    BatcherFull: "busy",
    BatcherStopped: "unavailable",
}
"""Domain errors know no status codes; this is the one table."""


def create_app(
    settings: Settings, service: Service | None = None, page_keys: Mapping[str, str] | None = None
) -> FastAPI:
    """The whole service over one data folder (opened here unless it is handed in).

    `page_keys` (page name to key) signs the pages in for whoever opens them on this machine: the demo's way.
    """
    work = casework.make(settings.data / "policy")
    for read in (load_knowledge_policy, read_reports, read_monthly, check_metric_policies, check_supervision):
        read(settings.data / "policy")  # what cannot be used is refused before anything is opened
    opened = service or open_service(settings)
    worker, shadow = Worker(opened, work), Shadow(opened)
    courier = Courier(opened)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        lasting = (
            *(opened.sites.follow(), worker.run(), courier.run(), shadow.run()),
            *(case_door.follow(work, opened.store), schedule.follow(work, opened)),
            retention.follow(work, opened),
        )
        tasks = [asyncio.create_task(one) for one in lasting]
        yield
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.to_thread(opened.close)

    app = FastAPI(
        title="Zuoxi 坐席",
        version=program_version(),
        description="智能坐席辅助：分单、话术推荐、情绪转接、智能质检",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(sound_body)],
    )
    app.state.service = opened
    app.state.worker, app.state.shadow = worker, shadow
    app.state.bell, app.state.lanes = Bell(), Lanes()
    app.state.reading = asyncio.Semaphore(kb_import.AT_ONCE)
    kb_proposals.register(work)
    handbook.install(work, opened)
    hearing.register(work, opened)
    red_cards.register(work, opened)
    rectifications.register(work)
    follow_ups.register(work, opened)
    surveys.register(work, opened)
    training.register(work)
    observed_records.register(work, opened)
    records.register(work, opened)
    blind.register(work)
    work.check()  # after every door has hooked in what is its own
    app.state.cases = work
    app.state.doorman = Doorman(opened.store, Rate(settings.rate_per_minute))
    for door in DOORS:
        app.include_router(door.router)
    web.mount(app, settings, {} if page_keys is None else page_keys)
    errors.install(app, DOMAIN)
    app.add_middleware(Shed, settings=settings)
    app.add_middleware(Trace)
    return app
