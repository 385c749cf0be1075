"""Streams: what happens in conversations, as it happens, and again after a break."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

import httpx

from api.store import conversations
from tests.api.serving import OTHER, SHOP, Site, problem, say, start

Event = tuple[int, str, Any]


@contextmanager
def following(
    site: Site, path: str, scope: str = "agent", after: int | None = None
) -> Iterator[Queue[Event]]:
    """A queue that fills with the events of a stream while the block runs."""
    found: Queue[Event] = Queue()
    opened, leave = threading.Event(), threading.Event()
    headers = {"Authorization": f"Bearer {site.secrets[(SHOP, scope)]}"}
    if after is not None:
        headers["Last-Event-ID"] = str(after)

    def read() -> None:
        with (
            httpx.Client(base_url=site.url, headers=headers, timeout=20) as client,
            client.stream("GET", path) as answer,
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            opened.set()
            event: dict[str, str] = {}
            for line in answer.iter_lines():
                if leave.is_set():
                    return
                if line.startswith(":"):
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif event:
                    found.put((int(event["id"]), event["event"], json.loads(event["data"])))
                    event = {}

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert opened.wait(10)
    yield found
    leave.set()
    bot = site.client("bot")
    say(bot, start(bot), "随便说一句")  # a last event lets the reader see that it should leave
    if path != "/v1/events":
        say(bot, path.split("/")[3], "最后一句")
    thread.join(10)
    assert not thread.is_alive()


def take(found: Queue[Event], conversation: str, until: str, seconds: float = 5) -> list[Event]:
    """Events of a conversation up to the first of type `until`."""
    got: list[Event] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            event = found.get(timeout=0.2)
        except Empty:
            continue
        if event[2]["conversation_id"] == conversation:
            got.append(event)
            if event[1] == until:
                return got
    raise AssertionError(f"no {until} among {[event[1] for event in got]}")


def test_a_turn_is_told_at_once(site: Site, bot: httpx.Client) -> None:
    """A desk that follows every conversation hears a turn with its parts as they were answered."""
    with following(site, "/v1/events") as found:
        conversation = start(bot)
        began = time.monotonic()
        reply = say(bot, conversation, "退款怎么还没到账")
        got = take(found, conversation, "suggestions")
        assert time.monotonic() - began < 0.9, "the ring did not wake the stream"
    by_type = {kind: data for _, kind, data in got}
    assert by_type["turn"]["text"] == "退款怎么还没到账"
    assert by_type["analysis"]["sentiment"] == reply["sentiment"]
    assert by_type["analysis"]["trajectory"] == reply["trajectory"]
    assert by_type["suggestions"]["suggestions"] == reply["suggestions"]
    assert [number for number, _, _ in got] == sorted(number for number, _, _ in got)


def test_a_handoff_is_told(site: Site, bot: httpx.Client, agent: httpx.Client) -> None:
    """The offer and the acceptance both reach the stream."""
    conversation = start(bot)
    with following(site, f"/v1/conversations/{conversation}/events", "bot") as found:
        reply = say(bot, conversation, "转人工客服")
        offered = take(found, conversation, "handoff")[-1][2]
        assert offered["action"] == reply["handoff"]["action"]
        assert offered["reasons"] == reply["handoff"]["reasons"]
        agent.post(f"/v1/conversations/{conversation}/handoff", json={"action": "accept"})
        assert take(found, conversation, "handoff")[-1][2]["state"] in ("accepted", "human")


def test_a_stream_resumes_after_the_last_event(site: Site, bot: httpx.Client) -> None:
    """After a break a reader gets exactly what it has not seen."""
    conversation = start(bot)
    say(bot, conversation, "第一句：怎么退货", turn_id="one")
    path = f"/v1/conversations/{conversation}/events"
    with following(site, path) as found:
        seen = take(found, conversation, "suggestions")
    say(bot, conversation, "第二句：怎么开发票", turn_id="two")
    last = seen[-1][0]
    with following(site, path, after=last) as found:
        got = take(found, conversation, "suggestions")
        while {data.get("turn_id") for _, _, data in got} != {"two"} and got[-1][2].get("turn_id") != "two":
            got += take(found, conversation, "suggestions")
    assert all(number > last for number, _, _ in got)
    assert "one" not in {data.get("turn_id") for _, _, data in got}


def test_what_another_process_writes_is_seen(site: Site, bot: httpx.Client) -> None:
    """An event written without ringing in this process is found by polling."""
    conversation = start(bot)
    with following(site, f"/v1/conversations/{conversation}/events") as found:
        site.service.store.write(
            lambda writer: conversations.add_event(writer, SHOP, conversation, "alert", {"text": "外来"})
        )
        assert take(found, conversation, "alert")[-1][2]["text"] == "外来"


def test_streams_keep_to_their_tenant(site: Site, bot: httpx.Client) -> None:
    """Another tenant's conversation has no stream, and bots do not follow every conversation."""
    conversation = start(bot)
    problem(site.client("agent", OTHER).get(f"/v1/conversations/{conversation}/events"), 404, "not_found")
    problem(bot.get("/v1/events"), 403, "forbidden")
    problem(site.client("agent").get("/v1/events", headers={"Last-Event-ID": "x"}), 422, "invalid")
