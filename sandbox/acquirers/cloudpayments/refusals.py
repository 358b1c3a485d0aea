"""Refusals of requests: HTTP 200 with `Success` false, and either words or a model."""

from __future__ import annotations


class Refusal(Exception):
    """`model` is there when a payment was made of the request and declined."""

    def __init__(self, message: str | None, model: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.model = model

    def answer(self) -> dict[str, object]:
        shown: dict[str, object] = {"Success": False, "Message": self.message}
        return shown if self.model is None else {"Model": self.model} | shown
