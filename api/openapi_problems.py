"""A wrong request for each code of an error, and the problem that answers it. tests/e2e/test_problems.py sends them all.

`cancelled` has none: it is of requests whose client went away.
"""

from openapi_schemas import JSON, RAW, SAFETENSORS

MSE, PAIR = "POST /v1/losses/MSELoss", b'{"input": 1, "target": 2}'
FORMATS = "application/json, application/octet-stream or application/vnd.safetensors"
RAW_MSE = MSE + "?input=float32:2&target=float32:2"


def wrong(line, detail, *, body=None, headers=None, server="", **members):
    """server: what of the server makes the request a wrong one. members: of the problem; `hint` where it is not the code's own."""
    headers = {"Content-Type": JSON} | (headers or {}) if line.startswith("POST") else headers or {}
    return {"line": line, "headers": headers, "body": body, "server": server, "members": {"detail": detail} | members}


PROBLEMS = {
    "bad_http": wrong("GET /v1/losses%", "the URI holds a percent sign without two hexadecimal digits"),
    "bad_json": wrong(MSE, "found the body's end at byte 13, expected a value", body=b'{"input": [1,', offset=13),
    "bad_body": wrong(RAW_MSE, "the body has 8 bytes, the query describes 16", body=b"12345678", headers={"Content-Type": RAW},
                      hint="send the tensors of the query in its order, without padding", offset=8),
    "bad_safetensors": wrong(MSE, "the first 8 bytes say that the header has 4050765991979987505 bytes, expected at most 0",
                             body=b"12345678", headers={"Content-Type": SAFETENSORS}),
    "bad_gzip": wrong(MSE, "the gzip data is cut short at byte 2", body=b"{}", headers={"Content-Encoding": "gzip"}, offset=2),
    "unauthorized": wrong("GET /v1/losses", "no token was given", server="--token-file",
                          hint='send the field "Authorization: Bearer TOKEN"'),
    "certificate_required": wrong("GET /v1/losses", "the client gave no certificate, or none that the server trusts",
                                  server="--tls-client-ca"),
    "unknown_loss": wrong("POST /v1/losses/MSELos", 'there is no loss "MSELos"', body=PAIR, hint="did you mean MSELoss?"),
    "not_found": wrong("GET /v1/loss", 'there is nothing at the path "/v1/loss"',
                       hint="did you mean /v1/losses?"),
    "method_not_allowed": wrong("PUT /v1/losses/MSELoss", "this path takes POST, GET, HEAD"),
    "not_acceptable": wrong(MSE, 'Accept is "text/csv", expected ' + FORMATS, body=PAIR, headers={"Accept": "text/csv"}),
    "request_timeout": wrong(MSE, "the request did not arrive in time", body=PAIR, server="a body slower than --min-upload-rate"),
    "length_required": wrong(MSE, "neither Content-Length nor Transfer-Encoding is given"),
    "body_too_large": wrong(MSE, "the body has 300000000 bytes, the limit is 268435456", headers={"Content-Length": "300000000"},
                            hint="raise --max-body-bytes, or split the request"),
    "uri_too_long": wrong("GET /v1/losses?" + 8192 * "x", "the URI is longer than 8192 bytes", hint="send tensors in the body"),
    "unsupported_media_type": wrong(
        MSE, 'Content-Type is "text/csv", expected ' + FORMATS, body=b"1,2", headers={"Content-Type": "text/csv"}),
    "expectation_failed": wrong(MSE, "the only expectation is 100-continue", body=PAIR, headers={"Expect": "200-ok"}),
    "missing_role": wrong(MSE, "target is missing; MSELoss needs it: targets y", body=b'{"input": 1}', pointer="/target",
                          hint="send target, shape any"),
    "dtype_mismatch": wrong("POST /v1/losses/CrossEntropyLoss", pointer="/target", hint="send target as int64",
                            detail="target is float32, expected integers (int64, int32, int16, int8 or uint8)",
                            body=b'{"input": [[0.5, 1]], "target": {"dtype": "float32", "data": [1]}}'),
    "shape_mismatch": wrong(MSE, "target has shape [2], input has shape [3]; expected the same shape", pointer="/target",
                            body=b'{"input": [1, 2, 3], "target": [1, 2]}',
                            hint="send the same shape, or set the option broadcast to true"),
    "invalid_shape": wrong("POST /v1/losses/CrossEntropyLoss", pointer="/input", body=b'{"input": 1, "target": 0}',
                           detail="input is a single number; expected shape (C), (N, C) or (N, C, d1...dk)",
                           hint="give input an axis of classes"),
    "index_out_of_range": wrong("POST /v1/losses/NLLLoss", "target is 2 at element 0, input has 2 classes", pointer="/target",
                                body=b'{"input": [[-0.5, -1]], "target": [2]}', hint="send 0 to 1, or ignore_index (-100)"),
    "value_out_of_domain": wrong("POST /v1/losses/BCELoss", "input is 1.5 at element 0, expected numbers within [0, 1]",
                                 pointer="/input", body=b'{"input": [1.5], "target": [1]}',
                                 hint="send numbers within [0, 1], or take BCEWithLogitsLoss for logits"),
    "unknown_option": wrong("POST /v1/losses/HuberLoss", pointer="/options/dleta", hint="did you mean delta?",
                            detail='HuberLoss has no option "dleta"; it has definition, reduction, broadcast, delta',
                            body=b'{"input": 1, "target": 2, "options": {"dleta": 1}}'),
    "invalid_option": wrong("POST /v1/losses/HuberLoss", "delta is -1, expected a finite number > 0", pointer="/options/delta",
                            body=b'{"input": 1, "target": 2, "options": {"delta": -1}}', hint="send a finite number > 0"),
    "not_differentiable": wrong("POST /v1/losses/CrossEntropyLoss", "target is int64 here: there is no gradient for integers",
                                pointer="/gradients/0", hint="there are gradients for: input",
                                body=b'{"input": [[0.5, 1]], "target": [1], "gradients": ["target"]}'),
    "too_many_elements": wrong(MSE, "the evaluation has 3 elements, the limit is 2", server="--max-elements 2",
                               body=b'{"input": [1, 2, 3], "target": [1, 2, 3]}',
                               hint="send it in shards and merge numerators and denominators"),
    "invalid_request": wrong(MSE, "the body is an array of numbers, expected an object", body=b"[1, 2]"),
    "unknown_member": wrong(MSE, 'there is no member "weight"; expected input, target, sample_weight, grad_output, options, '
                            "gradients, id", pointer="/weight", body=b'{"input": 1, "target": 2, "weight": 1}'),
    "duplicate_key": wrong(RAW_MSE + "&target=float32:2", 'the query gives "target" twice', body=b"1234567812345678",
                           headers={"Content-Type": RAW}),
    "invalid_tensor": wrong(MSE, "the nested arrays differ in length or depth, expected a rectangular tensor", pointer="/input",
                            body=b'{"input": [[1, 2], [3]], "target": 2}', hint="give all arrays of one level the same length"),
    "too_many_requests": wrong("GET /v1/losses", "this client has too many connections",
                               server="--max-connections-per-client 1, and another connection"),
    "headers_too_large": wrong("GET /v1/losses", "the header section has more than 100 fields or 16384 bytes",
                               headers={f"X-{i}": "x" for i in range(101)}),
    "not_implemented": wrong("BREW /v1/losses/MSELoss", "this method is not known"),
    "out_of_memory": wrong(MSE + "?input=float64:12000x1&target=float64:1x12000&broadcast=true&reduction=none",
                           "no memory for 1152000016 bytes now", body=192000 * b"0", headers={"Content-Type": RAW},
                           server="an operating system that gives no more"),
    "overloaded": wrong("GET /v1/losses", "there are too many connections", server="--max-connections 1, and another connection"),
    "draining": wrong(MSE, "the server is shutting down", body=PAIR, server="after SIGTERM"),
    "deadline_exceeded": wrong(MSE + "?input=float64:8000x1&target=float64:1x8000&broadcast=true",
                               "the evaluation took longer than the request may", body=128000 * b"0", headers={"Content-Type": RAW},
                               server="--request-timeout 0.001", hint="send a smaller request, or raise --request-timeout"),
}

# The same of the Open Inference Protocol: a code that it alone has, and one of the server's.
INFERENCE_PROBLEMS = {
    "bad_request": wrong("POST /v2/models/MSELoss/infer", 'there is no output "gradient"', pointer="/outputs/0/name", body=(
        b'{"inputs": [{"name": "input", "datatype": "FP32", "shape": [1], "data": [1]}, '
        b'{"name": "target", "datatype": "FP32", "shape": [1], "data": [2]}], "outputs": [{"name": "gradient"}]}'),
        hint="ask for loss, numerator, denominator or grad.<input>"),
    "overloaded": wrong("GET /v2", "there are too many connections", server="--max-connections 1, and another connection"),
}


def spelled(example):
    """A wrong request in one line, cut where it is long."""
    body = (example["body"] or b"").decode()
    fields = [f"{name}: {value}" for name, value in example["headers"].items() if value != JSON]
    text = "; ".join([example["line"], *fields]) + (f" {body}" if body else "")
    text = text if len(text) <= 240 else text[:200] + "..."
    return f"{text} ({example['server']})" if example["server"] else text


def problem(error, members):
    """The problem that answers the wrong request of a row of the table of errors."""
    code = error["code"]
    return {"type": "/errors/" + code.replace("_", "-"), "title": error["title"], "status": error["status"], "code": code,
            "hint": error["hint"]} | members


def examples(errors, requests=PROBLEMS):
    """The examples of the answers that are `errors`, named by code."""
    return {e["code"]: {"summary": spelled(requests[e["code"]]), "value": problem(e, requests[e["code"]]["members"])}
            for e in errors if e["code"] in requests}
