"""The client in a page of another origin, in Chromium: every loss's example against the server's JSON answer, and a refusal."""

import functools
import http.server
import json
import pathlib
import sys
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from server import Server, evaluate  # noqa: E402
from webdriver import Browser  # noqa: E402

PROGRAM = """
return import("/src/index.js").then(async ({ Client, ProblemError }) => {
  const client = new Client(arguments[0]);
  const answers = {};
  for (const { name, example } of await client.catalogue()) {
    const { options, gradients, ...tensors } = example;
    const answer = await client.evaluate(name, tensors, { ...options, gradients });
    answers[name] = [answer.loss, answer.numerator, answer.denominator].map(String);
  }
  const { gradients, serverTiming } = await client.mseLoss({ input: new Float32Array([1, 2]), target: [1, 4] }, { gradients: true });
  const problem = await client.mseLoss({ input: [1], target: [1, 2] }).catch((error) => error);
  return { answers, gradient: Array.from(gradients.input.data), timing: Object.keys(serverTiming), code: problem instanceof ProblemError && problem.code };
});
"""


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Page(unittest.TestCase):
    def test_the_client_evaluates_from_a_page_of_another_origin(self):
        files = functools.partial(Files, directory=ROOT / "clients/javascript")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), files) as pages:
            self.addCleanup(pages.shutdown)
            threading.Thread(target=pages.serve_forever, daemon=True).start()
            origin = f"http://127.0.0.1:{pages.server_port}"
            with Server("--cors-origin", origin) as server, Browser() as browser:
                browser.open(origin)
                found = browser.run(PROGRAM, server.url)
                for loss in server.get("/v1/losses").json()["losses"]:
                    answer = server.ask(evaluate(json.dumps(loss["example"]).encode(), loss["name"])).json()
                    expected = [float(answer[key]) for key in ("loss", "numerator", "denominator")]
                    self.assertEqual([float(number) for number in found["answers"][loss["name"]]], expected, loss["name"])
        self.assertEqual(len(found["answers"]), 21)
        self.assertEqual(found["gradient"], [0, -2])
        self.assertEqual(found["timing"], ["queue", "decode", "compute", "encode"])
        self.assertEqual(found["code"], "shape_mismatch")


if __name__ == "__main__":
    unittest.main()
