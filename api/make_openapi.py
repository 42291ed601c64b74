#!/usr/bin/env python3
"""Writes api/openapi.yaml and api/openapi.json from the losses' rows: ./dev openapi.

Reads the output of print_catalogue (the catalogue as GET /v1/losses gives it, the answers to its examples, and the table of
errors) on standard input. Standard library only.
"""

import json
import pathlib
import re
import sys

import openapi_inference
import openapi_problems
from openapi_examples import binary_description, raw_answer, raw_query
from openapi_schemas import BYTES, IDENTIFIER, JSON, PROBLEM, RAW, SAFETENSORS, TEXT, needs, number_schemas, ref

HERE = pathlib.Path(__file__).parent
TAGS = {"losses": "Evaluate a loss: its value and gradients.", "catalogue": "What there is, and what it takes.",
        "open inference": "The Open Inference Protocol, version 2: each loss is a model.",
        "service": "Probes, metrics and this document.", "pages": "For people with a browser."}
# What any path can answer; and any that asks for a token, where connections are counted.
ANYWHERE = [400, 408, 413, 414, 417, 431, 501, 503]
WITH_TOKEN = sorted([*ANYWHERE, 401, 429])
PROBES = {"/livez": ("The process runs.", "ok\n"), "/readyz": ("Requests are taken; 503 while draining.", "ready\n")}
CACHING = {"ETag": "Of the bytes in this encoding; If-None-Match with it is answered by 304 for as long as they are the same.",
           "Cache-Control": "no-cache: may be kept, is to be asked for again."}
REFUSING = {"Allow": "The methods that the path takes.", "Retry-After": "Seconds, as a whole number.",
            "WWW-Authenticate": "Bearer.", "Accept-Encoding": "gzip, where the body's encoding was refused."}
ERROR_HEADERS = {401: ["WWW-Authenticate"], 405: ["Allow"], 415: ["Accept-Encoding"], 429: ["Retry-After"], 503: ["Retry-After"]}
COMMON = {
    "sample_weight": "Factors of the unreduced losses, finite and >= 0; they enter the denominator. A weight of 0 leaves "
                     "its element out. Broadcasts to the unreduced loss.",
    "grad_output": "The cotangent of the loss that is returned, in its shape; all ones where absent.",
}

FORMATS = """Post predictions and targets, name a loss, get its value and, if asked, its gradients.

A request is a set of named tensors, options and `gradients`; an answer is `loss`, then `numerator` and `denominator` where the
loss was reduced, then `grad.<role>` for each gradient. Three formats are three spellings of this and give the same bits.
Content-Type names the request's, Accept the answer's. A request's body may have Content-Encoding gzip, and no other.

* **application/json**: tensors are numbers or nested arrays, or objects with a `dtype`.
* **application/octet-stream**: the query describes each tensor by dtype and shape, `input=float32:32x10`, and may hold options,
  `gradients` and `id`. The body is the tensors' bytes in the order of the query: row-major, little-endian, with nothing between
  them. The answer's header `Lossd-Tensors` describes its bytes in the same way.
* **application/vnd.safetensors**: a safetensors file (8 bytes with the header's length, the header in JSON, the tensors' bytes)
  whose tensors have the roles' names; options, `gradients` and `id` are in the query. The answer is such a file."""


def problem_schema(errors):
    return {
        "description": "RFC 9457. `detail` says what was found and what was expected, `hint` what to do.",
        "type": "object", "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"description": "A page that explains the code.", "type": "string", "format": "uri-reference"},
            "title": {"type": "string"}, "status": {"type": "integer"},
            "code": {"type": "string", "enum": [e["code"] for e in errors]},
            "detail": {"type": "string"}, "hint": {"type": "string"},
            "pointer": {"description": "JSON pointer of the member at fault; of what a query or a file holds, its place in application/json.", "type": "string"},
            "offset": {"description": "The byte at which the syntax broke.", "type": "integer", "minimum": 0}}}


def option_schema(option):
    schema = {"description": f"{option['description']} Default: {json.dumps(option['defaults']['textbook'])} "
                             f"(textbook), {json.dumps(option['defaults']['pytorch'])} (pytorch)."}
    kind = option["type"]
    if "values" in option:
        schema["type"], schema["enum"] = "string", option["values"]
        if "false" in option["values"]:  # true and false are other spellings of two of them
            schema = {"description": schema.pop("description"), "anyOf": [schema, {"type": "boolean"}]}
    elif kind in ("number", "integer"):
        schema["type"] = kind
        for key in ("minimum", "maximum", "exclusiveMinimum"):
            if isinstance(option.get(key), (int, float)):
                schema[key] = option[key]
    else:
        schema["type"] = {"boolean": "boolean"}.get(kind, "string")
    return schema


def role_schema(role):
    return {"description": f"{role['description']}. Shape: {role['shape']}.", "allOf": [ref("Tensor")]}


def loss_schemas(loss):
    name = loss["name"]
    differentiable = [r["name"] for r in loss["roles"] if r["differentiable"]]
    members = {r["name"]: role_schema(r) for r in loss["roles"]}
    members |= {k: {"description": v, "allOf": [ref("Tensor")]} for k, v in COMMON.items()}
    members |= {
        "options": ref(f"{name}Options"),
        "gradients": {"description": "true: of all floating tensors that have one; or the names of roles.",
                      "anyOf": [{"type": "boolean"}, {"type": "array", "uniqueItems": True, "items": {"enum": differentiable}}]},
        "id": IDENTIFIER}
    request = {"type": "object", "additionalProperties": False, "properties": members,
               "required": [r["name"] for r in loss["roles"] if r["required"]]}
    answer = {"type": "object", "additionalProperties": False, "required": ["loss"], "properties": {
        "loss": ref("Result"),
        "numerator": ref("Number"), "denominator": ref("Number"),
        "gradients": {"type": "object", "additionalProperties": False,
                      "properties": {r: ref("Result") for r in differentiable}},
        "id": {"type": "string"}}}
    options = {"type": "object", "additionalProperties": False,
               "properties": {o["name"]: option_schema(o) for o in loss["options"]}}
    return {f"{name}Options": options, f"{name}Request": request, f"{name}Answer": answer}


def headers_of(*statuses):
    """What errors of these statuses carry."""
    found = {name: {"$ref": f"#/components/headers/{name}"} for status in statuses for name in ERROR_HEADERS.get(status, ())}
    return {"headers": found} if found else {}


def error_responses(statuses):
    return {str(s): {"$ref": f"#/components/responses/Error{s}"} for s in statuses}


def query_parameters(loss, examples):
    description = {"type": "string", "pattern": "^[a-z0-9]+:([0-9]+(x[0-9]+)*)?$"}
    rows = [(r["name"], f"application/octet-stream: dtype and shape of {r['name']}.", description) for r in loss["roles"]]
    rows += [(name, f"application/octet-stream: dtype and shape of {name}.", description) for name in COMMON]
    rows += [(o["name"], o["description"], {k: v for k, v in option_schema(o).items() if k != "description"})
             for o in loss["options"]]
    rows += [("gradients", "true, or roles separated by commas, each once.", TEXT),
             ("id", "Comes back as Lossd-Id, or in the answer's metadata.", {"type": "string", "maxLength": 128})]
    return [{"name": n, "in": "query", "required": False, "description": f"{d} Not with application/json.",
             "schema": s | ({"examples": [examples[n]]} if n in examples and s.get("type") == "string" else {})} for n, d, s in rows]


def evaluate_path(loss, answer, statuses):
    name = loss["name"]
    binary = {RAW: BYTES, SAFETENSORS: BYTES}
    headers = {"Server-Timing": {"description": "Milliseconds in queue, decode, compute, encode.", "schema": TEXT},
               "Lossd-Tensors": {"description": "octet-stream: what the body holds, in order.", "schema": TEXT,
                                 "example": raw_answer(answer)},
               "Lossd-Id": {"description": "octet-stream: the request's id, an empty one too.", "schema": TEXT}}
    return {
        "get": catalogue_operation(loss),
        "post": {
            "operationId": f"evaluate{name}", "tags": ["losses"], "summary": loss["summary"],
            "description": f"```tex\n{loss['formula']}\n```",
            "parameters": query_parameters(loss, raw_query(loss, answer)),
            "requestBody": {"required": True, "description": binary_description(loss, answer), "content": {
                JSON: {"schema": ref(f"{name}Request"), "examples": {"worked": {"value": loss["example"]}}}} | binary},
            "responses": {"200": {
                "description": "The loss and the gradients asked for, in the format of the request or of Accept.",
                "headers": headers,
                "content": {JSON: {"schema": ref(f"{name}Answer"), "examples": {"worked": {"value": answer}}}} | binary}}
            | error_responses(statuses)}}


def catalogue_operation(loss):
    name = loss["name"]
    return {"operationId": f"describe{name}", "tags": ["catalogue"], "summary": f"What {name} takes.",
            "responses": {"200": {"description": "One loss of the catalogue.", "content": {
                JSON: {"schema": ref("Loss"), "examples": {"worked": {"value": loss}}}}}}
            | error_responses(sorted([*WITH_TOKEN, 404]))}


def loss_schema():
    role = {"type": "object", "required": ["name", "description", "shape", "dtypes", "required", "differentiable"],
            "properties": {"name": TEXT, "description": TEXT, "shape": TEXT, "dtypes": {"type": "array", "items": TEXT},
                           "required": {"type": "boolean"}, "differentiable": {"type": "boolean"}}}
    option = {"type": "object", "required": ["name", "type", "description", "defaults"],
              "properties": {"name": TEXT, "type": TEXT, "description": TEXT, "values": {"type": "array", "items": TEXT},
                             "minimum": {"type": "number"}, "maximum": {"type": "number"},
                             "exclusiveMinimum": {"type": "number"},
                             "defaults": {"type": "object", **needs("textbook", "pytorch")}}}
    return {"type": "object", "required": ["name", "summary", "formula", "roles", "options", "example"],
            "properties": {"name": TEXT, "summary": TEXT, "formula": TEXT, "roles": {"type": "array", "items": role},
                           "options": {"type": "array", "items": option}, "example": {"type": "object"}}}


def plain(operation, summary, content, tag="service", errors=WITH_TOKEN, schema=None, example=None):
    body = {content: {"schema": schema or {"type": "string"}} | ({"examples": {"worked": example}} if example else {})}
    return {"get": {"operationId": operation, "tags": [tag], "summary": summary,
                    "responses": {"200": {"description": summary, "content": body}} | error_responses(errors)}}


def cached(paths):
    """What only another build of the server changes has a tag, and 304 for who has it."""
    for path, item in paths.items():
        if "get" in item and not re.search(r"(z|/metrics|/live|/ready)$", path):
            found = item["get"]["responses"]
            found["200"]["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in CACHING}
            found["304"] = {"$ref": "#/components/responses/NotModified"}
    return paths


def named(operation, summary, schema, contents):
    """A page whose last segment is a name."""
    item = plain(operation, summary, contents[0], "pages", sorted([*ANYWHERE, 404]))
    item["get"]["parameters"] = [{"name": "name", "in": "path", "required": True, "schema": schema}]
    item["get"]["responses"]["200"]["content"] = {content: {"schema": {"type": "string"}} for content in contents}
    return item


def document(catalogue):
    losses, errors = catalogue["losses"], catalogue["errors"]
    evaluate_statuses = sorted({e["status"] for e in errors})
    responses = openapi_inference.responses(errors)
    for kind, answer in responses.items():
        answer |= headers_of(*(status for status in evaluate_statuses if kind.endswith(f"{status // 100}XX")))
    for status in evaluate_statuses:
        rows = [e for e in errors if e["status"] == status and e["code"] not in openapi_inference.CODES]
        responses[f"Error{status}"] = {"description": ", ".join(e["code"] for e in rows)} | headers_of(status) | {"content": {
            PROBLEM: {"schema": ref("Problem"), "examples": openapi_problems.examples(rows)}}}
    schemas = number_schemas() | openapi_inference.schemas() | {"Problem": problem_schema(errors), "Loss": loss_schema()}
    paths = {"/v1/losses": plain("listLosses", "The catalogue.", JSON, "catalogue", schema={
        "type": "object", "required": ["losses"], "properties": {"losses": {"type": "array", "items": ref("Loss")}}},
        example={"summary": f"The first of {len(losses)}", "value": {"losses": losses[:1]}})}
    for loss in losses:
        schemas |= loss_schemas(loss)
        paths[f"/v1/losses/{loss['name']}"] = evaluate_path(loss, catalogue["answers"][loss["name"]], evaluate_statuses)
    paths |= openapi_inference.paths(catalogue)
    for path, (summary, text) in PROBES.items():
        paths[path] = plain(path.strip("/"), summary, "text/plain", errors=ANYWHERE, example={"value": text})
    paths["/readyz"]["get"]["responses"]["503"] = {"description": "Draining."} | headers_of(503) | {"content": {"text/plain": {"schema": {"type": "string"}}}}
    paths["/metrics"] = plain("metrics", "Metrics in Prometheus' text format, whatever the load.", "text/plain",
                              errors=sorted([*ANYWHERE, 401]))
    for path, summary in {"/": "The playground.", "/docs": "This document, readable and with forms to try.",
                          "/examples/digits.json": "1,797 handwritten digits: a CrossEntropyLoss request."}.items():
        kind = JSON if path.endswith(".json") else "text/html"
        schema = {"type": "object"} if kind == JSON else None
        paths[path] = plain("page" + re.sub(r"\W", "_", path), summary, kind, "pages", ANYWHERE, schema)
    paths["/ui/{name}"] = named("pageFile", "A file of the pages.", {"type": "string", "examples": ["style.css"]},
                                ["text/javascript", "text/css", "text/plain", "font/woff2"])
    slugs = sorted({e["code"].replace("_", "-") for e in errors})
    paths["/errors/{name}"] = named("explainError", "What an error means and what to do: the `type` of problems leads here.",
                                    {"type": "string", "enum": slugs}, ["text/html"])
    paths["/openapi.json"] = plain("openapiJson", "This document.", JSON, schema={"type": "object"})
    paths["/openapi.yaml"] = plain("openapiYaml", "This document.", "application/yaml", schema={"type": "object"})
    return {
        "openapi": "3.1.0",
        "info": {"title": "lossd", "version": catalogue["version"], "license": {"name": "MIT", "identifier": "MIT"},
                 "summary": "Loss functions and their exact gradients over HTTP.",
                 "description": FORMATS},
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": cached(paths),
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
                       "headers": {name: {"description": text, "schema": TEXT} for name, text in (CACHING | REFUSING).items()},
                       "responses": responses | {"NotModified": {
                           "description": "What If-None-Match names is what there is.",
                           "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in CACHING}}},
                       "schemas": schemas},
    }


def scalar(value):
    """Readers of YAML 1.1 take 1e-06 for a string, and 1.0e-06 for the number."""
    if isinstance(value, list):
        return "[" + ", ".join(map(scalar, value)) + "]"
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(r"^(-?\d+)e", r"\1.0e", text) if isinstance(value, float) else text


def yaml(value, indent=0):
    """YAML with every string quoted as in JSON, which YAML contains."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(f"\n{pad}{json.dumps(k) if not k.replace('_', '').isalnum() or k.isdigit() else k}:" +
                       yaml(v, indent + 1) for k, v in value.items())
    if isinstance(value, list) and value and any(isinstance(v, dict | list) for v in value):
        return "".join(f"\n{pad}-" + (yaml(v, indent + 1) if isinstance(v, dict | list) else yaml(v)) for v in value)
    return " " + scalar(value)


def main():
    made = document(json.load(sys.stdin))
    files = {"openapi.json": json.dumps(made, separators=(",", ":"), ensure_ascii=False) + "\n",
             "openapi.yaml": "# Made from the losses' rows by ./dev openapi. Do not edit." + yaml(made) + "\n"}
    for name, text in files.items():
        if "--check" not in sys.argv:
            (HERE / name).write_text(text)
        elif (HERE / name).read_text() != text:
            sys.exit(f"api/{name} is stale: run ./dev openapi")


if __name__ == "__main__":
    main()
