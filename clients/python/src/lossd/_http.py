"""Requests that are sent again when the server is busy or gone, on kept connections, blocking and for asyncio.

An evaluation has no effects, so it may be sent again at any time.
"""

import asyncio
import os
import random
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from lossd._errors import ProblemError, TransportError
from lossd._wire import SAFETENSORS

# lossd's own refusals under load, and what a proxy says of an instance that went away.
BUSY = {429, 502, 503}
BROKEN = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout)
FIRST_WAIT = 0.1
LONGEST = (2**31 - 1) / 1000  # seconds that sockets can wait: 24 days
# Below lossd's --idle-timeout, so that the client is the one to close.
KEEPALIVE_SECONDS = 20.0


@dataclass(frozen=True)
class Settings:
    """What a client is made with; see Client."""

    url: str
    token: str | None
    timeout: float
    retries: int
    max_wait: float
    connections: int
    tls: ssl.SSLContext | None
    unix_socket: str | None

    def transport(self) -> dict[str, Any]:
        """Arguments of httpx's clients."""
        headers = {"User-Agent": "lossd-python", "Accept": SAFETENSORS, "Content-Type": SAFETENSORS}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.strip()}".strip()  # files end with a line's end
        limits = httpx.Limits(
            max_connections=self.connections,
            max_keepalive_connections=self.connections,
            keepalive_expiry=KEEPALIVE_SECONDS,
        )
        # Waiting for a connection of our own is no failure: no limit.
        timeout = httpx.Timeout(min(self.timeout, LONGEST), pool=None)
        verify = self.tls if self.tls is not None else True
        return {"base_url": self.url, "headers": headers, "limits": limits, "timeout": timeout, "verify": verify}

    def wait(self, attempt: int, response: httpx.Response | None) -> float | None:
        """Seconds until the next attempt after a failed one, counted from 0; None: there is none."""
        if attempt >= self.retries:
            return None
        spread: float = random.uniform(0.5, 1.0) * FIRST_WAIT * 2.0**attempt
        asked = retry_after(response) if response is not None else None
        if asked is None:
            return min(spread, self.max_wait)
        return asked + spread if asked <= self.max_wait else None

    def answered(self, response: httpx.Response, body: bytes | None) -> httpx.Response:
        """The response, a success, where it is lossd's: other pages come from what stands in its place."""
        found = response.headers.get("Content-Type", "").partition(";")[0]
        expected = "application/json" if body is None else SAFETENSORS
        if found != expected:
            raise TransportError(f"no answer of lossd from {self.url}: found {found or 'no type'}, expected {expected}")
        return response

    def unreached(self, error: httpx.TransportError) -> TransportError:
        """The last attempt's error, said of the server it was for."""
        where = f"{self.url} at {self.unix_socket}" if self.unix_socket else self.url
        return TransportError(f"no answer from {where}: {str(error) or type(error).__name__}")


def retry_after(response: httpx.Response) -> float | None:
    """Seconds of Retry-After, which holds them or a date."""
    text = response.headers.get("Retry-After")
    if text is None:
        return None
    try:
        seconds = float(text) if text.strip().isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return None
    return max(0.0, seconds)


class Connection:
    """A pool of connections. Threads may share it; a forked process gets one of its own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open()

    def _open(self) -> None:
        arguments = self.settings.transport()
        if self.settings.unix_socket is not None:
            pool = {"verify": arguments.pop("verify"), "limits": arguments.pop("limits")}
            arguments["transport"] = httpx.HTTPTransport(uds=self.settings.unix_socket, **pool)
        self.http = httpx.Client(**arguments)
        self._process = os.getpid()

    def send(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        """A successful response, or ProblemError or TransportError."""
        if self._process != os.getpid():  # two processes on one connection would read each other's answers
            self._open()
        attempt = 0
        while True:
            response: httpx.Response | None = None
            try:
                response = self.http.request(method, path, content=body)
                if response.is_success:
                    return self.settings.answered(response, body)
                failure: Exception = ProblemError.of(response)
                again = response.status_code in BUSY
            except httpx.TransportError as error:
                failure, again = self.settings.unreached(error), isinstance(error, BROKEN)
                failure.__cause__ = error
            seconds = self.settings.wait(attempt, response) if again else None
            if seconds is None:
                raise failure
            time.sleep(seconds)
            attempt += 1


class AsyncConnection:
    """A pool of connections of one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        arguments = settings.transport()
        if settings.unix_socket is not None:
            pool = {"verify": arguments.pop("verify"), "limits": arguments.pop("limits")}
            arguments["transport"] = httpx.AsyncHTTPTransport(uds=settings.unix_socket, **pool)
        self.http = httpx.AsyncClient(**arguments)

    async def send(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        """A successful response, or ProblemError or TransportError."""
        attempt = 0
        while True:
            response: httpx.Response | None = None
            try:
                response = await self.http.request(method, path, content=body)
                if response.is_success:
                    return self.settings.answered(response, body)
                failure: Exception = ProblemError.of(response)
                again = response.status_code in BUSY
            except httpx.TransportError as error:
                failure, again = self.settings.unreached(error), isinstance(error, BROKEN)
                failure.__cause__ = error
            seconds = self.settings.wait(attempt, response) if again else None
            if seconds is None:
                raise failure
            await asyncio.sleep(seconds)
            attempt += 1
