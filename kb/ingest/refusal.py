"""A file as a whole that is not taken."""

from __future__ import annotations


class FileRefused(ValueError):
    """A file that cannot be read at all: which `field`, what is wrong (`message`) and what is `accepted`."""

    def __init__(self, message: str, accepted: str) -> None:
        super().__init__(f"file: {message} ({accepted})")
        self.field, self.message, self.accepted = "file", message, accepted
