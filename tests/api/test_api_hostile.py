"""Requests that mean harm: each gets a problem that names what is wrong, and the others are served meanwhile."""

from __future__ import annotations

import gzip
import json
import threading
import time
from typing import Any

import httpx
import pytest

from tests.api.serving import Site
from tests.api.test_api_jobs import LINES, done

SLOWEST = 5.0
"""Seconds within which any request is answered, on a machine that does other things too."""
PLAIN = {
    "transcript": {
        "id": "plain",
        "turns": [{"role": "customer", "text": "退款多久到账"}, {"role": "agent", "text": "您好，三天内"}],
    }
}
JSON = {"Content-Type": "application/json"}


def said(**changed: Any) -> bytes:
    turns = [{"role": "agent", "text": "您好", **changed}]
    return json.dumps({"transcript": {"id": "x", "turns": turns}}).encode()


def told(**changed: Any) -> bytes:
    return json.dumps({"transcript": {"id": "x", "turns": [], **changed}}).encode()


# What is sent to be scored, and the status it gets.
BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 422),
    "no JSON": (b"{", 400),
    "deep lists": (b"[" * 100_000, 400),
    "deep objects": (b'{"transcript":' * 50_000 + b"1" + b"}" * 50_000, 400),
    "depth in a field that nobody knows": (
        b'{"transcript":{"id":"x","turns":[],"extra":' + b"[" * 90_000 + b"]" * 90_000 + b"}}", 400
    ),
    "GBK": ('{"transcript":"客服"}'.encode("gb18030"), 400),
    "UTF-16": ('{"transcript":{}}'.encode("utf-16"), 422),
    "a list": (b"[]", 422),
    "a string": (b'"x"', 422),
    "digits without end": (b'{"transcript":{"id":' + b"9" * 9_000 + b',"turns":[]}}', 400),
    "no transcript": (b"{}", 422),
    "a transcript as text": (b'{"transcript":"x"}', 422),
    "no turns": (b'{"transcript":{"id":"x"}}', 422),
    "turns as an object": (told(turns={"0": 1}), 422),
    "a turn as text": (told(turns=["x"]), 422),
    "an id of a megabyte": (told(id="x" * 900_000), 422),
    "an id that is a list": (told(id=["x"]), 422),
    "two roles": (said(role=["agent", "customer"]), 422),
    "two roles in a word": (said(role="agent,customer"), 422),
    "no role": (said(role=None), 422),
    "a number for words": (said(text=5), 422),
    "more words than the site takes": (said(text="好" * 20_001), 422),
    "more than a body may hold": (said(text="x" * (2 << 20)), 413),
    "more turns than the site takes": (told(turns=[{"role": "agent"}] * 5_001), 413),
    "a time that is none": (said(at="昨天"), 422),
    "a negative time": (said(at="-1-01-01"), 422),
    "a time as a number": (said(at=-5), 422),
    "a beginning that is none": (told(started_at="=NOW()"), 422),
    "an agent as text": (told(agent="A012"), 422),
    "an outcome beyond measure": (told(outcome={"satisfaction": 10**400}), 422),
    "an outcome below nothing": (told(outcome={"satisfaction": -1}), 422),
    "half a character": (b'{"transcript":{"id":"x","turns":[{"role":"agent","text":"\\ud83d"}]}}', 422),
    "a form outside its folder": (json.dumps({**PLAIN, "form": "../../etc/passwd"}).encode(), 422),
    "a form that is not there": (json.dumps({**PLAIN, "form": "nothing"}).encode(), 422),
    "a moment that is none": (json.dumps({**PLAIN, "as_of": "never"}).encode(), 422),
    "a moment beyond all": (json.dumps({**PLAIN, "as_of": "99999-01-01"}).encode(), 422),
    "a byte of nothing": (said(text="您\0好"), 200),
    "text turned round": (said(text="\u202e好您\u202c"), 200),
    "ten thousand pictures": (said(text="😡" * 10_000), 200),
    "a bomb for backtracking": (said(text="a" * 19_000 + "!"), 200),
    "five thousand empty turns": (told(turns=[{"role": "agent", "text": ""}] * 5_000), 200),
}  # fmt: skip

# Patterns of a form: what RE2 cannot keep linear is refused, the rest is harmless.
PATTERNS: dict[str, tuple[str, bool]] = {
    "nested plus": ("(a+)+$", True),
    "nested choice": ("(a|a)*b", True),
    "overlapping stars": ("(.*a){20}", True),
    "classes of all": (r"([\w\W]+)+x", True),
    "look ahead": ("(?=a)b", False),
    "look behind": ("(?<!a)b", False),
    "a reference back": (r"(a)\1", False),
    "an atomic group": ("(?>a+)b", False),
    "a possessive": ("a++b", False),
    "a repetition of repetitions": ("((a{100}){100}){100}", False),
    "a thousand thousand": ("a{1000000}", False),
    "unbalanced": ("(((", False),
    "nothing": ("", False),
    "what matches nothing at all": ("a*", False),
    "three thousand letters": ("好" * 3_000, False),
    "half a character": ("\ud83d", False),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_request_is_answered_in_words(quality: httpx.Client, name: str) -> None:
    """Each body gets its status soon, and a problem that names the field or says what is wrong."""
    body, status = BODIES[name]
    began = time.monotonic()
    answer = quality.post("/v1/quality/score", content=body, headers=JSON)
    assert time.monotonic() - began < SLOWEST
    assert answer.status_code == status, answer.text[:300]
    if status != 200:
        found = answer.json()
        assert found["code"]
        assert found["detail"]
        assert status != 422 or all(one["field"] and one["accepted"] for one in found["errors"])


def form(pattern: str) -> str:
    return (
        'code = "bomb"\nname = "x"\nversion = "1"\n[[dimension]]\ncode = "d"\nname = "d"\npoints = 100\n'
        '[[grade]]\ncode = "A"\nname = "甲"\nleast = 0\n[[item]]\ncode = "i"\nname = "i"\ndimension = "d"\npoints = 100\nuntested = true\n'
        f'[item.check]\nkind = "said"\npatterns = [{json.dumps(pattern)}]\n'
    )


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_cannot_be_a_bomb(quality: httpx.Client, name: str) -> None:
    """X: patterns that no linear engine takes are refused naming the place; the others cost what they cost."""
    pattern, fine = PATTERNS[name]
    began = time.monotonic()
    answer = quality.post(
        "/v1/quality/forms/bomb/validate",
        content=form(pattern).encode("utf-8", "surrogatepass"),
        headers={"Content-Type": "application/toml"},
    )
    assert time.monotonic() - began < SLOWEST
    found = answer.json()
    assert (answer.status_code == 200 and found.get("valid", True)) is fine, answer.text[:300]


@pytest.mark.parametrize(
    ("name", "content", "kind", "status"),
    [
        ("a.exe", b"MZ", "application/octet-stream", 415),
        ("a.jsonl", b"", "application/x-ndjson", 422),
        ("a.jsonl", b"  \n ", "application/x-ndjson", 422),
        ("../../a.jsonl", b"{}", "application/x-ndjson", 202),
        ("a" * 5_000 + ".jsonl", b"{}", "application/x-ndjson", 400),
        ("a.jsonl.gz", gzip.compress(b" " * (64 << 20)), "application/gzip", 202),
    ],
)
def test_a_bad_upload_ends_in_words(
    site: Site, quality: httpx.Client, name: str, content: bytes, kind: str, status: int
) -> None:
    """A file is refused at once, or its job ends failed or with every line refused; nothing lands outside its folder."""
    answer = quality.post("/v1/quality/jobs", files={"file": (name, content, kind)})
    assert answer.status_code == status, answer.text
    if status != 202:
        assert answer.json()["detail"]
        return
    job = done(quality, answer.json()["id"])
    assert job["state"] == "failed" or job["summary"]["scored"] == 0, job
    assert job["state"] == "done" or (job["error"] and "/" not in job["error"])
    assert {path.name for path in (site.folder / "jobs" / job["id"]).iterdir()} >= {"policy"}
    assert not (site.folder / "a.jsonl").exists()


def test_others_are_served_meanwhile(site: Site, quality: httpx.Client) -> None:
    """While hostile requests come from three sides and a hostile file is scored, a plain score is not kept waiting."""
    stop = threading.Event()
    harm = [body for body, _ in BODIES.values() if len(body) < 1 << 20]

    def attack() -> None:
        client = httpx.Client(base_url=site.url, headers=dict(quality.headers), timeout=30)
        while not stop.is_set():
            for body in harm:
                client.post("/v1/quality/score", content=body, headers=JSON)
                if stop.is_set():
                    break
        client.close()

    texts = ["😡" * 9_000, "1" * 15_000, "“「『《" * 4_000, "啊！" * 9_000]
    lines = [
        json.dumps({"id": str(at), "turns": [{"role": "agent", "text": text}] * 50})
        for at, text in enumerate(texts)
    ]
    job = quality.post("/v1/quality/jobs", content="\n".join(lines).encode(), headers=LINES).json()["id"]
    quality.post("/v1/quality/score", json=PLAIN)
    threads = [threading.Thread(target=attack, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    times = []
    try:
        for _ in range(12):
            began = time.monotonic()
            answer = quality.post("/v1/quality/score", json=PLAIN)
            times.append(time.monotonic() - began)
            assert answer.status_code == 200, answer.text
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
        quality.delete(f"/v1/quality/jobs/{job}")
    assert sorted(times)[len(times) // 2] < 1.0
    assert max(times) < SLOWEST
