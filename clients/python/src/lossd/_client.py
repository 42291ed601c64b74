"""The clients. Their methods, one for each loss, are those of _losses.py."""

import ssl
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from numpy.typing import ArrayLike

from lossd import _wire
from lossd._answer import Answer
from lossd._http import AsyncConnection, Connection, Settings
from lossd._losses import Losses, Option


class Client(Losses[Answer]):
    """A lossd server. Threads may share a client, and forked processes. Pickled, it connects anew.

    Parameters
    ----------
    url
        Of the server, http or https.
    token
        Bearer token, where the server has a --token-file.
    timeout
        Seconds to connect, and for the server to take or give the next bytes; math.inf for no limit.
    retries
        How often a request is sent again after 429, 502, 503 or a broken connection: when Retry-After says, else
        after 0.1, 0.2, 0.4 ... s, spread at random. A Retry-After above `max_wait` seconds is not waited for.
    connections
        At most so many at once, kept open; further requests wait.
    tls
        For a private authority: ssl.create_default_context(cafile="ca.pem"), with load_cert_chain() for a client's
        certificate.
    unix_socket
        Path of the server's --unix-socket; the url then only names the host.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        token: str | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        max_wait: float = 30.0,
        connections: int = 8,
        tls: ssl.SSLContext | None = None,
        unix_socket: str | None = None,
    ) -> None:
        self._connection = Connection(Settings(url, token, timeout, retries, max_wait, connections, tls, unix_socket))

    def evaluate(
        self,
        loss: str,
        tensors: Mapping[str, ArrayLike | None],
        options: Mapping[str, Option] | None = None,
        *,
        gradients: bool | str | Sequence[str] = False,
        id: str | None = None,
    ) -> Answer:
        """Evaluate the loss of this class name, such as "MSELoss"; the methods named as in PyTorch call this one."""
        body = _wire.encode(loss, tensors)
        response = self._connection.send("POST", _wire.path(loss, options or {}, gradients, id), body)
        return _wire.answer(response, id)

    def catalogue(self) -> list[dict[str, Any]]:
        """What the server's losses take: formula, tensors, options with ranges and defaults, an example."""
        losses: list[dict[str, Any]] = self._connection.send("GET", "/v1/losses").json()["losses"]
        return losses

    def close(self) -> None:
        """Close the connections. A `with` block does it."""
        self._connection.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return partial(type(self), **vars(self._connection.settings)), ()


class AsyncClient(Losses[Coroutine[Any, Any, Answer]]):
    """A lossd server, for asyncio: as Client, but that methods are awaited. Of one event loop."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        token: str | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        max_wait: float = 30.0,
        connections: int = 8,
        tls: ssl.SSLContext | None = None,
        unix_socket: str | None = None,
    ) -> None:
        self._connection = AsyncConnection(
            Settings(url, token, timeout, retries, max_wait, connections, tls, unix_socket)
        )

    async def evaluate(
        self,
        loss: str,
        tensors: Mapping[str, ArrayLike | None],
        options: Mapping[str, Option] | None = None,
        *,
        gradients: bool | str | Sequence[str] = False,
        id: str | None = None,
    ) -> Answer:
        """Evaluate the loss of this class name, such as "MSELoss"; the methods named as in PyTorch call this one."""
        body = _wire.encode(loss, tensors)
        response = await self._connection.send("POST", _wire.path(loss, options or {}, gradients, id), body)
        return _wire.answer(response, id)

    async def catalogue(self) -> list[dict[str, Any]]:
        """What the server's losses take: formula, tensors, options with ranges and defaults, an example."""
        losses: list[dict[str, Any]] = (await self._connection.send("GET", "/v1/losses")).json()["losses"]
        return losses

    async def aclose(self) -> None:
        """Close the connections. An `async with` block does it."""
        await self._connection.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
