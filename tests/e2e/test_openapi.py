"""The OpenAPI document: fresh, as long as the route table, and its examples work."""

import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

from server import SharedServer, evaluate

ROOT = pathlib.Path(__file__).parent.parent.parent
GENERATORS = [ROOT / "api/make_openapi.py", ROOT / "docs/make_docs.py", ROOT / "docs/make_plots.py", ROOT / "clients/python/make_losses.py"]
DOCUMENT = json.loads((ROOT / "api/openapi.json").read_text())


def routes():
    """(method, path) of the server's table; a path may be served with a slash after it, too."""
    rows = re.findall(r'{"([A-Z]+)", "([^"]+)", LOSSD_ROUTE', (ROOT / "server/routes.c").read_text())
    return {(method, path.rstrip("/") or "/") for method, path in rows}


def route_of(path):
    """The row of the table that serves a path of the document."""
    return re.sub(r"^/v1/losses/\w+$", "/v1/losses/{loss}", path).replace("{model}", "{loss}")


def operations():
    return {(method.upper(), path): operation
            for path, item in DOCUMENT["paths"].items() for method, operation in item.items()}


class Document(unittest.TestCase):
    def test_is_fresh_and_so_are_the_pages_about_losses_and_errors(self):
        catalogue = subprocess.run([os.environ["LOSSD_CATALOGUE"]], stdout=subprocess.PIPE, check=True).stdout
        for generator in GENERATORS:
            check = subprocess.run([sys.executable, "-B", generator, "--check"], input=catalogue, stderr=subprocess.PIPE)
            self.assertEqual(check.returncode, 0, check.stderr.decode())

    def test_has_the_paths_of_the_route_table_and_no_other(self):
        self.assertEqual({(method, route_of(path)) for method, path in operations()}, routes())

    def test_names_each_operation_once(self):
        names = [operation["operationId"] for operation in operations().values()]
        self.assertEqual(len(names), len(set(names)))

    def test_every_reference_leads_somewhere(self):
        def check(value):
            if isinstance(value, list):
                for item in value:
                    check(item)
            if isinstance(value, dict):
                if "$ref" in value:
                    at = DOCUMENT
                    for key in value["$ref"].removeprefix("#/").split("/"):
                        self.assertIn(key, at, value["$ref"])
                        at = at[key]
                for item in value.values():
                    check(item)
        check(DOCUMENT)


class Served(SharedServer):
    def test_the_served_document_is_the_committed_one(self):
        for name in ("openapi.json", "openapi.yaml"):
            self.assertEqual(self.server.get(f"/{name}").body, (ROOT / "api" / name).read_bytes())

    def test_every_path_without_parameters_answers_as_described(self):
        for (method, path), operation in operations().items():
            if method == "GET" and "{" not in path:
                got = self.server.get(path)
                self.assertEqual(got.status, 200, path)
                content = operation["responses"]["200"].get("content")
                if content:
                    self.assertIn(got.headers["content-type"].split(";")[0], content, path)

    def test_every_example_evaluates(self):
        count = 0
        for (method, path), operation in operations().items():
            if method != "POST" or not path.startswith("/v1/"):
                continue
            for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
                got = self.ask(evaluate(json.dumps(example["value"]).encode(), path.rpartition("/")[2]))
                self.assertEqual(got.status, 200, (path, got.body))
                described = DOCUMENT["components"]["schemas"][path.rpartition("/")[2] + "Answer"]["properties"]
                self.assertLessEqual(set(got.json()), set(described), path)
                self.assertLessEqual(set(got.json()["gradients"]), set(described["gradients"]["properties"]), path)
                count += 1
        self.assertEqual(count, 21)

    def test_pages_may_call_nothing_but_their_server(self):
        for path in ("/", "/docs"):
            got = self.server.get(path)
            self.assertIn("default-src 'none'", got.headers["content-security-policy"])
            self.assertIn("connect-src 'self'", got.headers["content-security-policy"])
            self.assertNotRegex(got.body.decode(), r"https?://")

    def test_the_type_of_every_problem_leads_to_a_page(self):
        for code in DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]:
            got = self.server.get("/errors/" + code.replace("_", "-"))
            self.assertEqual((got.status, got.headers["content-type"]), (200, "text/html; charset=utf-8"), code)
            self.assertIn(f"<code>{code}</code>", got.body.decode())
        self.assertEqual(self.server.get("/errors/no-such-thing").code, "not_found")

    def test_pages_come_compressed_to_those_who_take_it(self):
        plain = self.server.get("/ui/style.css")
        packed = self.server.get("/ui/style.css", {"Accept-Encoding": "gzip, br"})
        self.assertNotIn("content-encoding", plain.headers)
        self.assertEqual(packed.headers["content-encoding"], "gzip")
        self.assertEqual(plain.body, (ROOT / "server/ui/style.css").read_bytes())
        self.assertEqual(gzip.decompress(packed.body), plain.body)

    def test_an_unknown_page_file_is_not_found(self):
        self.assertEqual(self.server.get("/ui/nothing.js").code, "not_found")


if __name__ == "__main__":
    unittest.main()
