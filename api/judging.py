"""A transcript judged by a form with what the service has: its models, and the handbook of the day."""

from __future__ import annotations

from datetime import datetime

from api.facts import facts_about
from api.forms import site_folder
from api.grounds import said_by_people
from api.service import Service
from kb.knowledge import Knowledge
from nlp.quality.form import Form
from nlp.quality.ports import Facts
from nlp.quality.result import Score
from nlp.quality.scorer import score
from nlp.transcript import Transcript


def known(
    opened: Service, tenant: str, transcript: Transcript, as_of: datetime
) -> tuple[Knowledge, Facts | None]:
    """The handbook of the day, and what it knows about the things that were said to the customer."""
    knowledge = opened.sites.at(tenant, as_of)
    return knowledge, facts_about(knowledge, said_by_people(transcript), opened.models.encode)


def judged(
    opened: Service, tenant: str, transcript: Transcript, form: Form, as_of: datetime
) -> tuple[Score, Knowledge]:
    """The score of a transcript, and the handbook it was held against."""
    knowledge, facts = known(opened, tenant, transcript, as_of)
    found = score(
        transcript,
        form,
        opened.models.analyser,
        facts=facts,
        as_of=as_of,
        encode=opened.models.encode,
        folder=site_folder(opened.settings),
    )
    return found, knowledge
