"""What a result was scored on is kept, masked, for who may read the result."""

from __future__ import annotations

import json
from typing import Any

import httpx

from api.store import Store, transcripts
from nlp.quality.kept import keep
from nlp.transcript import parse_transcript
from tests.api.serving import OTHER, Site, problem
from tests.api.test_api_quality import TURNS, score, transcript

PHONE = "13987654321"
TENANT = "forgetful"


def _told(client: httpx.Client, result: str) -> dict[str, Any]:
    answer = client.get(f"/v1/quality/results/{result}/transcript")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["transcript"])


def test_evidence_points_into_the_kept_turns(site: Site, quality: httpx.Client, agent: httpx.Client) -> None:
    """The turns of a result come back masked, of the length they were sent with; its agent reads them too."""
    turns = [*TURNS, {"role": "agent", "text": f"收货人电话是{PHONE}，这个不归我管"}]
    mine = score(quality, transcript={**transcript("tr-mine"), "turns": turns})
    told = _told(agent, mine["id"])
    assert [turn["role"] for turn in told["turns"]] == [turn["role"] for turn in turns]
    assert PHONE not in json.dumps(told)
    assert len(told["turns"][4]["text"]) == len(turns[4]["text"])
    failed = {item["code"]: item["evidence"] for item in mine["items"] if item["result"] == "fail"}
    for span in failed["forbidden_word"]:
        assert told["turns"][span["turn"]]["text"][span["start"] : span["end"]] == span["text"]
    (leak,) = failed["privacy_leak"]
    assert leak["text"] == "[手机号]"
    assert [leak["start"], leak["end"]] == [told["turns"][4]["masked"][0][end] for end in ("start", "end")]
    theirs = score(quality, transcript=transcript("tr-theirs", "A099"))
    path = f"/v1/quality/results/{theirs['id']}/transcript"
    problem(agent.get(path), 404, "not_found")
    problem(site.client("quality", OTHER).get(path), 404, "not_found")


def test_the_newest_text_of_a_dialogue_stands_first(site: Site) -> None:
    """Two texts under one id are both kept; who asks for the dialogues of a time gets the newer one."""
    store: Store = site.service.store
    old, new = (
        keep(
            parse_transcript(
                {"id": "tr-days", "started_at": "2020-05-01", "turns": [{"role": "agent", "text": t}]}
            )
        )
        for t in ("旧", "新")
    )
    store.write(lambda writer: transcripts.save(writer, TENANT, [("qs-old", old)]))
    store.write(lambda writer: transcripts.save(writer, TENANT, [("qs-new", new)]))
    span = ("2020-01-01", "2021-01-01")
    found = store.read(lambda reader: transcripts.between(reader, TENANT, *span, 10))
    assert [one["turns"][0]["text"] for one in found] == ["新"]
    assert store.read(lambda reader: transcripts.between(reader, OTHER, *span, 10)) == []
    assert store.read(lambda reader: transcripts.of_result(reader, TENANT, "qs-old")) == old
