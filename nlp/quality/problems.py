"""What is wrong with a form."""

from __future__ import annotations


class FormError(ValueError):
    """A form that cannot be used; names the place in it and the accepted form."""

    def __init__(self, name: str, message: str, accepted: str) -> None:
        super().__init__(f"{name}：{message}（应为：{accepted}）")
        self.field, self.message, self.accepted = name, message, accepted
