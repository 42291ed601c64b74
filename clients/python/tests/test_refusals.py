"""What goes wrong: problems, limits, restarts, tokens, TLS, Unix sockets."""

import asyncio
import re
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import numpy as np
import pytest
from conftest import Server, request

import lossd
from lossd._http import Settings, retry_after


def mse(client):
    return float(client.mse_loss([1.0, 2.0], [1.0, 4.0]).loss)


def async_mse(client):
    """The same by an AsyncClient of the same settings."""

    async def evaluate():
        settings = client._connection.settings
        async with lossd.AsyncClient(settings.url, retries=settings.retries) as other:
            return float((await other.mse_loss([1.0, 2.0], [1.0, 4.0])).loss)

    return asyncio.run(evaluate())


def test_a_problem_says_code_detail_hint_pointer_and_status(client):
    with pytest.raises(lossd.ProblemError) as caught:
        client.mse_loss([1.0, 2.0], [1.0, 2.0, 3.0])
    problem = caught.value
    assert (problem.status, problem.code, problem.pointer) == (422, "shape_mismatch", "/target")
    assert "[3]" in problem.detail and "broadcast" in problem.hint and problem.title
    assert str(problem) == f"422 shape_mismatch at /target: {problem.detail} ({problem.hint})"


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        (lambda c: c.evaluate("MSEloss", {"input": [1.0], "target": [1.0]}), 404, "unknown_loss"),
        (lambda c: c.evaluate("MSE/Loss", {}), 404, None),
        (lambda c: c.evaluate("MSELoss", {"input": [1.0]}), 422, "missing_role"),
        (lambda c: c.evaluate("MSELoss", {"input": [1.0], "target": [1.0]}, {"delta": 1.0}), 422, "unknown_option"),
        (lambda c: c.huber_loss([1.0], [1.0], delta=-1.0), 422, "invalid_option"),
        (lambda c: c.nll_loss([[0.5, 0.5]], [2]), 422, "index_out_of_range"),
        (lambda c: c.mse_loss([1.0], np.array([1], np.uint32)), 422, None),
        (lambda c: c.mse_loss([1.0], np.array([1]), gradients=["target"]), 422, "not_differentiable"),
        (lambda c: c.mse_loss([1.0], [1.0], id="x" * 129), 422, None),
    ],
)
def test_each_refusal_is_a_problem(server, client, call, status, code):
    with pytest.raises(lossd.ProblemError) as caught:
        call(client)
    assert caught.value.status == status
    assert code in (None, caught.value.code)

    async def same():
        async with lossd.AsyncClient(server.url) as other:
            await call(other)

    with pytest.raises(lossd.ProblemError) as other:
        asyncio.run(same())
    assert str(other.value) == str(caught.value)


@pytest.mark.parametrize(
    ("value", "error", "found"),
    [
        (np.array([1j]), TypeError, "dtype complex128"),
        (np.array([None]), TypeError, "dtype object"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), TypeError, "sample_weight"),
        ([[1.0, 2.0], [3.0]], ValueError, "inhomogeneous"),
        (["a"], ValueError, "could not convert"),
    ],
)
def test_what_is_no_tensor_is_refused_at_home_by_its_name(client, value, error, found):
    with pytest.raises(error, match=f"target .*{found}"):
        client.mse_loss([1.0], value)


def test_what_is_no_option_is_refused_at_home_by_its_name(client):
    with pytest.raises(TypeError, match=r"option delta is \{1\.0\}: expected"):
        client.huber_loss([1.0], [2.0], delta={1.0})


def test_a_body_over_the_limit_is_413():
    with Server("--max-body-bytes", "1MiB") as small, lossd.Client(small.url) as client:
        with pytest.raises(lossd.ProblemError) as caught:
            client.mse_loss(np.zeros(1 << 20), np.zeros(1 << 20))
        assert caught.value.code == "body_too_large"
        assert mse(client) == 2


def test_nobody_listening_is_a_transport_error_after_the_retries():
    with Server() as gone:
        url = gone.url
    with lossd.Client(url, retries=1) as client, pytest.raises(lossd.TransportError, match=url):
        mse(client)


def test_too_many_connections_are_waited_for():
    with Server("--max-connections-per-client", "1") as narrow:
        with lossd.Client(narrow.url, retries=0) as client:
            with narrow.connect(), pytest.raises(lossd.ProblemError) as caught:
                mse(client)
            assert (caught.value.status, caught.value.code) == (429, "too_many_requests")
        with lossd.Client(narrow.url, retries=8) as client:
            blocker = narrow.connect()
            threading.Timer(0.3, blocker.close).start()
            assert mse(client) == 2


# 216 million elements from 1,800 bytes: most of a second.
SLOW = request(
    "POST",
    "/v1/losses/MarginRankingLoss?input1=int8:600x1x1&input2=int8:1x600x1&target=int8:1x1x600&broadcast=true",
    b"\x01" * 1800,
    {"Content-Type": "application/octet-stream"},
)


@pytest.mark.parametrize("call", [mse, async_mse])
def test_a_busy_server_is_asked_again_when_it_says(call):
    """One evaluation computes, one waits: the queue is full, until both are done."""

    def metric(name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", busy.get("/metrics").body.decode(), re.M)
        return float(found.group(1)) if found else 0

    with Server("--workers", "1", "--queue-depth", "1") as busy, busy.connect() as first, busy.connect() as second:
        for connection in (first, second):
            connection.send(SLOW)
        deadline = time.monotonic() + 30
        while metric("lossd_queue_depth") < 1:
            assert time.monotonic() < deadline
        began = time.monotonic()
        with lossd.Client(busy.url, retries=30) as client:
            assert call(client) == 2
        assert metric('lossd_rejections_total{reason="queue_full"}') >= 1
        assert time.monotonic() - began >= 1  # Retry-After is at least that
        assert first.response().status == second.response().status == 200


def test_retry_after_beyond_max_wait_is_not_waited_for():
    refused = httpx.Response(503, headers={"Retry-After": "31"})
    assert (
        Settings("", None, 1.0, retries=3, max_wait=30.0, connections=1, tls=None, unix_socket=None).wait(0, refused)
        is None
    )


def test_a_restart_in_between_costs_a_retry():
    with Server() as first:
        port, client = first.port, lossd.Client(first.url, retries=8)
        assert mse(client) == 2
    with client:
        later: list[Server] = []
        threading.Timer(0.3, lambda: later.append(Server("--port", str(port)))).start()
        assert mse(client) == 2
        with later[0]:
            assert mse(client) == 2


def test_the_async_client_retries_too():
    async def evaluate(url, blocker):
        async with lossd.AsyncClient(url, retries=8) as client:
            asyncio.get_running_loop().call_later(0.3, blocker.close)
            return float((await client.mse_loss([1.0, 2.0], [1.0, 4.0])).loss)

    with Server("--max-connections-per-client", "1") as narrow:
        assert asyncio.run(evaluate(narrow.url, narrow.connect())) == 2


def test_waits_grow_within_bounds_and_obey_the_server():
    settings = Settings("", None, 1.0, 5, 30.0, 1, None, None)
    for attempt in range(5):
        assert 0.05 * 2**attempt <= settings.wait(attempt, None) <= 0.1 * 2**attempt
    assert settings.wait(5, None) is None
    assert 7 < settings.wait(0, httpx.Response(503, headers={"Retry-After": "7"})) < 7.2
    assert settings.wait(0, httpx.Response(503, headers={"Retry-After": "soon"})) <= 0.1
    assert retry_after(httpx.Response(503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})) == 0


def test_a_timeout_is_a_transport_error(server):
    side = np.zeros((8000, 1)), np.zeros((1, 8000))
    with lossd.Client(server.url, timeout=0.02) as client, pytest.raises(lossd.TransportError, match="timed out"):
        client.mse_loss(*side, broadcast=True, reduction="none")


def test_a_timeout_may_be_infinite(server):
    async def forever():
        async with lossd.AsyncClient(server.url, timeout=float("inf")) as client:
            return float((await client.mse_loss([1.0], [3.0])).loss)

    with lossd.Client(server.url, timeout=float("inf")) as client:
        assert mse(client) == 2
    assert asyncio.run(forever()) == 4


def test_a_page_in_the_place_of_an_answer_is_a_transport_error():
    """As a portal's that asks for a login: 200, and not lossd's."""

    class Portal(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>log in</html>")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Portal) as portal:
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        with lossd.Client(f"http://127.0.0.1:{portal.server_port}") as client:
            for call in (mse, async_mse, lossd.Client.catalogue):
                with pytest.raises(lossd.TransportError, match="found text/html, expected application/"):
                    call(client)
        portal.shutdown()


def test_a_token_opens_the_server(tmp_path):
    (tmp_path / "tokens").write_text("secret-1\n")
    with Server("--token-file", str(tmp_path / "tokens")) as guarded:
        with lossd.Client(guarded.url, token="secret-1") as client:
            assert mse(client) == 2
        with lossd.Client(guarded.url, token="secret-1\n") as client:  # as read from a file
            assert mse(client) == 2
        for token in (None, "secret-2", ""):
            with lossd.Client(guarded.url, token=token) as client, pytest.raises(lossd.ProblemError) as caught:
                mse(client)
            assert (caught.value.status, caught.value.code) == (401, "unauthorized")


@pytest.fixture
def authority(tmp_path):
    """A private authority with a certificate for 127.0.0.1: paths of ca, certificate and key."""
    ca, key, request, cert = (str(tmp_path / name) for name in ("ca.pem", "key.pem", "request.pem", "cert.pem"))
    ca_key, names = str(tmp_path / "ca-key.pem"), str(tmp_path / "names")
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = ["openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2"]
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
    for command in (
        [*new, "-x509", "-days", "2", "-subj", "/CN=test authority", "-keyout", ca_key, "-out", ca],
        [*new, "-subj", "/CN=lossd", "-keyout", key, "-out", request],
        [*signed, "-extfile", names, "-out", cert],
    ):
        subprocess.run(command, check=True, capture_output=True)
    return ca, cert, key


def test_tls_trusts_the_given_authority_and_no_other(authority):
    ca, cert, key = authority
    with Server("--tls-cert", cert, "--tls-key", key) as secure:
        with lossd.Client(secure.url, tls=ssl.create_default_context(cafile=ca)) as client:
            assert mse(client) == 2
        with lossd.Client(secure.url, retries=0) as client, pytest.raises(lossd.TransportError, match="certificate"):
            mse(client)


def test_a_unix_socket_serves_both_clients(tmp_path):
    path = str(tmp_path / "lossd.sock")

    async def evaluate():
        async with lossd.AsyncClient(unix_socket=path) as client:
            return float((await client.mse_loss([1.0, 2.0], [1.0, 4.0])).loss)

    with Server("--unix-socket", path):
        with lossd.Client(unix_socket=path) as client:
            assert mse(client) == 2
        assert asyncio.run(evaluate()) == 2
