"""One event as an iCalendar file (RFC 5545): what a calendar needs to put a meeting in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

OCTETS = 75
"""The longest line, without its end (RFC 5545, 3.1)."""


@dataclass(frozen=True, slots=True)
class Event:
    """A meeting; `uid` stays the same when it is moved, `sequence` grows with each change."""

    uid: str
    stamp: datetime
    start: datetime
    minutes: float
    summary: str
    description: str
    place: str | None
    organiser: str
    attendees: Sequence[str]
    sequence: int
    cancelled: bool = False


def calendar(event: Event) -> bytes:
    """The file: lines end with CR LF and are folded at 75 octets, never inside a character."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Zuoxi//Zuoxi//ZH",
        "CALSCALE:GREGORIAN",
        f"METHOD:{'CANCEL' if event.cancelled else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{_text(event.uid)}",
        f"DTSTAMP:{_time(event.stamp)}",
        f"DTSTART:{_time(event.start)}",
        f"DTEND:{_time(event.start + timedelta(minutes=event.minutes))}",
        f"SUMMARY:{_text(event.summary)}",
        f"DESCRIPTION:{_text(event.description)}",
        *([f"LOCATION:{_text(event.place)}"] if event.place else []),
        f"ORGANIZER;CN={_quoted(event.organiser)}:{_address(event.organiser)}",
        *(f"ATTENDEE;CN={_quoted(one)}:{_address(one)}" for one in event.attendees),
        f"SEQUENCE:{event.sequence}",
        f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) + b"\r\n" for line in lines)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    """Escaped as TEXT (3.3.11); control characters other than line breaks do not exist there."""
    for mark in "\\;,":
        text = text.replace(mark, f"\\{mark}")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(letter for letter in text if letter >= " " and letter != "\x7f")


def _quoted(name: str) -> str:
    """A parameter value in quotes, which may hold neither quotes nor control characters (3.2)."""
    kept = "".join(letter for letter in name if letter >= " " and letter not in '"\x7f')
    return f'"{kept}"'


def _address(name: str) -> str:
    """Where to reach somebody: their mail address where the name is one, else a name of our own."""
    if "@" in name and not any(mark in name for mark in ' <>,;:"\n\r'):
        return f"mailto:{name}"
    return f"urn:zuoxi:{name.encode().hex()}"


def _folded(line: str) -> bytes:
    """A long line in pieces, each but the first behind a space."""
    pieces: list[bytes] = []
    held = b""
    for letter in line:
        data = letter.encode("utf-8", "replace")
        room = OCTETS if not pieces else OCTETS - 1
        if len(held) + len(data) > room:
            pieces.append(held)
            held = b""
        held += data
    return b"\r\n ".join([*pieces, held])
