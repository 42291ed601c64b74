"""The Open Inference Protocol's half of the OpenAPI document: paths, schemas and one loss as their example."""

import openapi_problems
from openapi_examples import infer_answer, infer_request
from openapi_schemas import BYTES, IDENTIFIER, JSON, MAX_RANK, RAW, SHAPE, TEXT, closed, ref

EXAMPLE = "HuberLoss"
CODES = {"bad_request"}  # of this protocol alone
ERRORS = {"4XX": "The request is at fault.", "5XX": "The server cannot, now."}
DATATYPE = {"description": "FP16 and BF16 are sent in binary only.", "type": "string",
            "enum": ["FP64", "FP32", "FP16", "BF16", "INT64", "INT32", "INT16", "INT8", "UINT8", "BOOL"]}
BINARY_SIZE = {"description": "Bytes of this tensor behind the JSON, in the tensors' order.", "type": "integer", "minimum": 0}
BINARY = ("JSON with the tensors' `data` in it; or, with Inference-Header-Content-Length, JSON and then the bytes of those tensors "
          "that have a `binary_data_size` in place of `data`.")


def listed(schema):
    return {"type": "array", "items": schema}


def schemas():
    scalar = {"type": ["string", "number", "boolean"]}
    data = {"description": "Flat or nested.", "allOf": [ref(f"Array{MAX_RANK}")]}
    tensor = {"name": TEXT, "shape": SHAPE, "datatype": DATATYPE}
    metadata = closed(["name", "datatype", "shape"], {"name": TEXT, "datatype": DATATYPE, "shape": {
        "description": "[-1]: any shape; []: a number.", "type": "array", "items": {"type": "integer", "minimum": -1}}})
    return {
        "InferenceError": {"allOf": [ref("Problem"), {"type": "object", "required": ["error"], "properties": {
            "error": {"description": "The problem in one string.", "type": "string"}}}]},
        "InferenceServer": closed(["name", "version", "extensions"], {"name": TEXT, "version": TEXT, "extensions": listed(TEXT)}),
        "InferenceTensor": metadata,
        "InferenceModel": closed(["name", "versions", "platform", "inputs", "outputs"], {
            "name": TEXT, "versions": listed(TEXT), "platform": TEXT,
            "inputs": listed(ref("InferenceTensor")), "outputs": listed(ref("InferenceTensor"))}),
        "InferenceInput": closed(["name", "shape", "datatype"], tensor | {
            "data": data, "parameters": {"type": "object", "properties": {"binary_data_size": BINARY_SIZE}}}),
        "InferenceRequestedOutput": closed(["name"], {"name": TEXT, "parameters": {
            "type": "object", "properties": {"binary_data": {"type": "boolean"}}}}),
        "InferenceRequest": closed(["inputs"], {
            "id": IDENTIFIER, "inputs": listed(ref("InferenceInput")),
            "outputs": {"description": "What to compute; absent or empty: everything. grad.<role> asks for a gradient.",
                        **listed(ref("InferenceRequestedOutput"))},
            "parameters": {"description": "The loss's options; `binary_data_output`: all outputs in binary; `timeout`: microseconds.",
                           "type": "object", "additionalProperties": scalar}}),
        "InferenceOutput": closed(["name", "shape", "datatype"], tensor | {
            "data": ref("Array1"), "parameters": closed([], {"binary_data_size": BINARY_SIZE})}),
        "InferenceAnswer": closed(["model_name", "model_version", "outputs"], {
            "model_name": TEXT, "model_version": TEXT, "id": TEXT, "outputs": listed(ref("InferenceOutput"))}),
    }


def responses(errors):
    """The errors, as components: the members of a Problem, and `error`, its detail and hint in one string."""
    worked = {status: {} for status in ERRORS}
    for error in errors:
        for code, example in openapi_problems.examples([error], openapi_problems.INFERENCE_PROBLEMS).items():
            problem = example["value"]
            value = {"error": f"{problem['detail']} ({problem['hint']})"} | problem
            worked[f"{error['status'] // 100}XX"][code] = example | {"value": value}
    return {f"InferenceError{status}": {"description": description, "content": {
        JSON: {"schema": ref("InferenceError"), "examples": worked[status]}}} for status, description in ERRORS.items()}


def model_example(loss):
    """GET /v2/models/{model}."""
    def tensor(name, datatype="FP32", shape=(-1,)):
        return {"name": name, "datatype": datatype, "shape": list(shape)}

    inputs = [tensor(r["name"], "FP32" if "float32" in r["dtypes"] else "INT64") for r in loss["roles"]]
    gradients = [tensor(f"grad.{r['name']}") for r in loss["roles"] if r["differentiable"]]
    return {"name": loss["name"], "versions": ["1"], "platform": "lossd",
            "inputs": inputs + [tensor("sample_weight"), tensor("grad_output")],
            "outputs": [tensor("loss"), tensor("numerator", "FP64", ()), tensor("denominator", "FP64", ())] + gradients}


def paths(catalogue):
    loss = next(loss for loss in catalogue["losses"] if loss["name"] == EXAMPLE)
    answer = catalogue["answers"][EXAMPLE]
    model = {"name": "model", "in": "path", "required": True, "description": "A loss.", "schema": TEXT | {"examples": [EXAMPLE]}}
    version = {"name": "version", "in": "path", "required": True, "schema": {"type": "string", "enum": ["1"]}}
    error = {status: {"$ref": f"#/components/responses/InferenceError{status}"} for status in ERRORS}
    length = {"name": "Inference-Header-Content-Length", "in": "header", "required": False,
              "description": "Bytes of JSON before the binary tensors.", "schema": {"type": "integer"}}

    def content(schema, value):
        return {JSON: {"schema": ref(schema), "examples": {"worked": {"value": value}}}}

    def get(operation, summary, parameters=(), body=None):
        return {"get": {"operationId": operation, "tags": ["open inference"], "summary": summary, "parameters": list(parameters),
                        "responses": {"200": {"description": summary} | ({"content": body} if body else {})} | error}}

    def infer(operation, parameters):
        headers = {length["name"]: {"description": "Where there are binary outputs: the bytes of JSON before them.",
                                    "schema": {"type": "integer"}}}
        return {"post": {
            "operationId": operation, "tags": ["open inference"], "summary": "Evaluate a loss as a model.",
            "description": "A query is left unread, since clients of the protocol let their callers send any: options are `parameters`. "
                           "`Accept` must take JSON or bytes; which of them it is depends on the outputs alone.",
            "parameters": [*parameters, length],
            "requestBody": {"required": True, "description": BINARY,
                            "content": content("InferenceRequest", infer_request(loss, answer)) | {RAW: BYTES}},
            "responses": {"200": {"description": "The outputs. " + BINARY, "headers": headers,
                                  "content": content("InferenceAnswer", infer_answer(loss, answer)) | {RAW: BYTES}}} | error}}

    base, versioned = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"
    server = {"name": "lossd", "version": catalogue["version"], "extensions": ["binary_tensor_data"]}
    metadata = content("InferenceModel", model_example(loss))
    return {
        "/v2": get("inferenceServer", "Name, version and extensions.", body=content("InferenceServer", server)),
        "/v2/health/live": get("inferenceLive", "The process runs."),
        "/v2/health/ready": get("inferenceReady", "Requests are taken; 503 while draining."),
        base: get("inferenceModel", "A loss's tensors.", [model], metadata),
        base + "/ready": get("inferenceModelReady", "The loss can be evaluated; 503 while draining.", [model]),
        base + "/infer": infer("infer", [model]),
        versioned: get("inferenceModelVersion", "A loss's tensors.", [model, version], metadata),
        versioned + "/ready": get("inferenceModelVersionReady", "The loss can be evaluated; 503 while draining.", [model, version]),
        versioned + "/infer": infer("inferVersion", [model, version]),
    }
