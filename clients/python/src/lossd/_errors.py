"""What can go wrong."""

import json

import httpx


class LossdError(Exception):
    """Base of this package's exceptions."""


class TransportError(LossdError):
    """There was no answer: the server cannot be reached, its connection broke or timed out, or something else answered.

    `__cause__` says how, where there is one.
    """


class ProblemError(LossdError):
    """The server refused. `code` is stable and listed in docs/errors.md; `detail` says what was found and expected."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        title: str = "",
        hint: str | None = None,
        pointer: str | None = None,
        offset: int | None = None,
    ) -> None:
        super().__init__(status, code, detail, title, hint, pointer, offset)
        self.status = status
        self.code = code
        self.detail = detail
        self.title = title
        self.hint = hint
        self.pointer = pointer
        self.offset = offset

    def __str__(self) -> str:
        where = f" at {self.pointer}" if self.pointer else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.status} {self.code}{where}: {self.detail}{hint}"

    @classmethod
    def of(cls, response: httpx.Response) -> "ProblemError":
        """From a response that is not a success: the server's own, or a page of a proxy before it."""
        try:
            problem = json.loads(response.content)
            return cls(
                response.status_code,
                problem["code"],
                problem["detail"],
                problem["title"],
                problem.get("hint"),
                problem.get("pointer"),
                problem.get("offset"),
            )
        except (ValueError, KeyError, TypeError):
            return cls(response.status_code, "http", response.reason_phrase or "an answer that is not lossd's")
