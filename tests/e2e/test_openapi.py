"""The OpenAPI document: fresh, as long as the route table, and its examples work."""

import gzip
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import unittest
import urllib.parse

from server import SharedServer, evaluate, request

ROOT = pathlib.Path(__file__).parent.parent.parent
GENERATORS = [*(ROOT / name for name in ("api/make_openapi.py", "docs/make_docs.py", "docs/make_plots.py")),
              *ROOT.glob("clients/*/make_losses.py")]
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


def worked(described):
    """The example of a request's or an answer's JSON."""
    return described["content"]["application/json"]["examples"]["worked"]["value"]


def described_query(operation):
    """The query of the example in raw bytes, out of the request's description."""
    return dict(urllib.parse.parse_qsl(re.search(r"`\?(\S+)`", operation["requestBody"]["description"]).group(1)))


def packed(dtype, value):
    """Nested arrays as bytes."""
    if isinstance(value, list):
        return b"".join(packed(dtype, item) for item in value)
    return struct.pack("<d", float(value)) if dtype == "float64" else struct.pack("<q", value)


def in_order(answer):
    """The numbers of an answer in the order of the binary formats."""
    return [answer[name] for name in ("loss", "numerator", "denominator") if name in answer] + list(answer["gradients"].values())


class Document(unittest.TestCase):
    def test_is_fresh_and_so_are_the_pages_about_losses_and_errors(self):
        catalogue = subprocess.run([os.environ["LOSSD_CATALOGUE"]], stdout=subprocess.PIPE, check=True).stdout
        for generator in GENERATORS:
            check = subprocess.run([sys.executable, "-B", generator, "--check"], input=catalogue, stderr=subprocess.PIPE)
            self.assertEqual(check.returncode, 0, check.stderr.decode())

    def test_numbers_are_numbers_to_readers_of_yaml_1_1_too(self):
        self.assertEqual(re.findall(r"^.*: -?\d+e.*$", (ROOT / "api/openapi.yaml").read_text(), re.MULTILINE), [])

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

    def test_what_has_a_tag_is_what_the_document_says(self):
        for (method, path), operation in operations().items():
            if method == "GET" and "{" not in path:
                got = self.server.get(path, {"If-None-Match": "*"})
                self.assertEqual(got.status, 304 if "304" in operation["responses"] else 200, path)
                self.assertEqual(got.status == 304, {"etag", "cache-control"} <= got.headers.keys(), path)

    def test_the_catalogue_is_as_its_examples_show(self):
        listed = json.loads(self.server.get("/v1/losses").body)["losses"]
        self.assertEqual(worked(DOCUMENT["paths"]["/v1/losses"]["get"]["responses"]["200"]), {"losses": listed[:1]})
        for loss in listed:
            path = f"/v1/losses/{loss['name']}"
            self.assertEqual(self.server.get(path).json(), loss)
            self.assertEqual(worked(DOCUMENT["paths"][path]["get"]["responses"]["200"]), loss)

    def test_probes_answer_as_their_examples_show(self):
        for path in ("/livez", "/readyz"):
            example = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]["text/plain"]["examples"]["worked"]["value"]
            self.assertEqual(self.server.get(path).body.decode(), example)

    def evaluations(self):
        """(loss, operation, request, answer): the worked example of each loss."""
        found = [(path.rpartition("/")[2], operation, worked(operation["requestBody"]), worked(operation["responses"]["200"]))
                 for (method, path), operation in operations().items() if method == "POST" and path.startswith("/v1/")]
        self.assertEqual(len(found), 21)
        return found

    def test_every_example_has_the_answer_that_is_described(self):
        for loss, _, body, answer in self.evaluations():
            got = self.ask(evaluate(json.dumps(body).encode(), loss))
            self.assertEqual((got.status, got.json()), (200, answer), loss)
            described = DOCUMENT["components"]["schemas"][loss + "Answer"]["properties"]
            self.assertLessEqual(set(answer), set(described), loss)
            self.assertLessEqual(set(answer["gradients"]), set(described["gradients"]["properties"]), loss)

    def test_every_example_has_the_same_answer_in_raw_bytes(self):
        for loss, operation, body, answer in self.evaluations():
            query = described_query(operation)
            tensors = {name: text.partition(":")[0] for name, text in query.items() if name in body and ":" in text}
            sent = b"".join(packed(dtype, body[name]) for name, dtype in tensors.items())
            self.assertIn(f"a body of {len(sent)} bytes", operation["requestBody"]["description"])
            got = self.post(loss, query, sent, "application/octet-stream")
            self.assertEqual(got.headers["lossd-tensors"], operation["responses"]["200"]["headers"]["Lossd-Tensors"]["example"])
            self.assertEqual(got.body, b"".join(packed("float64", value) for value in in_order(answer)), loss)

    def test_every_example_has_the_same_answer_in_safetensors(self):
        for loss, operation, body, answer in self.evaluations():
            query = described_query(operation)
            header, data = {}, b""
            for name, text in query.items():
                if name in body and ":" in text:
                    dtype, _, shape = text.partition(":")
                    added = packed(dtype, body[name])
                    header[name] = {"dtype": {"float64": "F64", "int64": "I64"}[dtype], "data_offsets": [len(data), len(data) + len(added)],
                                    "shape": [int(n) for n in shape.split("x") if n]}
                    data += added
            options = {name: text for name, text in query.items() if name not in header}
            text = json.dumps(header).encode()
            got = self.post(loss, options, struct.pack("<Q", len(text)) + text + data, "application/vnd.safetensors")
            self.assertTrue(got.body.endswith(b"".join(packed("float64", value) for value in in_order(answer))), loss)

    def post(self, loss, query, body, content_type):
        path = f"/v1/losses/{loss}?{urllib.parse.urlencode(query)}"
        got = self.ask(request("POST", path, body, {"Content-Type": content_type}))
        self.assertEqual(got.status, 200, (path, got.body))
        return got

    def test_the_inference_examples_have_the_answers_that_are_described(self):
        for (method, path), operation in operations().items():
            if not path.startswith("/v2") or "content" not in operation["responses"]["200"]:
                continue
            body = json.dumps(worked(operation["requestBody"])).encode() if method == "POST" else None
            parameters = {p["name"]: p["schema"].get("enum", p["schema"].get("examples"))[0]
                          for p in operation["parameters"] if p["in"] == "path"}
            got = self.ask(request(method, path.format(**parameters), body, {"Content-Type": "application/json"}))
            self.assertEqual((got.status, got.json()), (200, worked(operation["responses"]["200"])), path)

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
