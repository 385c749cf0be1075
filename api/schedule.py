"""The clock of the reports: what is due is scored, told and delivered, once, also by two processes and after a stop.

A delivery is one row, and the row is written in the transaction of everything it brings about; whoever comes second
finds the row and does nothing. So no lease is needed: the worst that two processes do is to compute the same twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from api.casework import Casework, written
from api.daily import score_day
from api.improvements import open_week
from api.people import people, with_any
from api.report_base import reports_policy, window
from api.report_content import compiled
from api.service import Service
from api.store import Reader, StoreBusy, Writer, deliveries, outbox
from nlp.reports.schedule import Run, due

log = structlog.get_logger()
LOOK_SECONDS = 30.0
"""How often the clock is looked at: short beside reports that are due at a minute."""
FAR_BACK = timedelta(days=100)
Clock = Callable[[], datetime]


def waiting(opened: Service, now: datetime) -> list[tuple[str, Run]]:
    """(tenant, report) of everything that is due and did not go out, the oldest first."""
    schedule, zone = reports_policy(opened).schedule, ZoneInfo(opened.settings.timezone)

    def unit(reader: Reader) -> list[tuple[str, Run]]:
        found = []
        for tenant, made in deliveries.tenants(reader):
            sent = deliveries.done(reader, tenant, (now - FAR_BACK).date())
            found += [(tenant, run) for run in due(schedule, now, zone, sent, datetime.fromisoformat(made))]
        return sorted(found, key=lambda pair: (pair[1].due, pair[0]))

    return opened.store.read(unit)


def deliver(work: Casework, opened: Service, tenant: str, run: Run, now: datetime) -> bool:
    """Make a report and send it out; False where it went out already. What it brings about commits with it."""
    policy, zone = reports_policy(opened), ZoneInfo(opened.settings.timezone)
    if run.period == "daily":
        score_day(work, opened, tenant, window("daily", run.day, zone))
    report = opened.store.read(lambda reader: compiled(opened, reader, tenant, run.period, run.day))
    at = written(now)

    def unit(writer: Writer) -> bool:
        deliveries.forget(writer, tenant, written(now - timedelta(days=opened.settings.decision_days)))
        words = policy.schedule.slots[run.period].roles
        told = [one.told() for one in with_any(people(Reader(writer), tenant, at), words)]
        fresh = deliveries.add(
            writer, tenant, run.period, run.day, at=at,
            due_at=written(run.due),
            recipients=told, channels=policy.schedule.channels, report=report,
        )  # fmt: skip
        if fresh and "webhook" in policy.schedule.channels:
            told_of = {"period": run.period, "day": run.day.isoformat(), "at": at}
            outbox.announce(writer, tenant, "report.delivered", told_of)
        if fresh and run.period == "weekly":
            open_week(work, opened, writer, tenant, run.day, report["facts"])
        return fresh

    return opened.store.write(unit)


def run_due(work: Casework, opened: Service, now: datetime) -> int:
    """Everything that is due now. Returns how many reports went out."""
    sent = 0
    for tenant, run in waiting(opened, now):
        try:
            sent += deliver(work, opened, tenant, run, now)
        except StoreBusy:  # requests come first: the next look tries again
            break
        except Exception as error:  # one report that cannot be made must not hold the others
            log.error(
                "report", tenant=tenant, period=run.period, day=run.day.isoformat(), why=type(error).__name__
            )
    return sent


async def follow(work: Casework, opened: Service) -> None:
    """Let the clock send reports for as long as the service runs."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)  # a start has other things to do first
        try:
            await asyncio.to_thread(run_due, work, opened, work.clock())
        except Exception as error:  # a locked database: the next round tries again
            log.error("report", why=type(error).__name__)
