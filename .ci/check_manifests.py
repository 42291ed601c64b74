"""What .ci/manifests checks with Python: needs kubernetes-validate, PyYAML, and the resource models of kserve."""
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import types
import urllib.request

import kubernetes.client
import kubernetes_validate
import yaml

BINARY = "build/release/lossd"
VERSION = kubernetes_validate.latest_version()
KINDS = {"docker/kubernetes.yaml": {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy",
                                    "ServiceMonitor"},
         "docker/kserve.yaml": {"ServingRuntime", "InferenceService"}}
# Prometheus' operator publishes no schema on PyPI.
SERVICE_MONITOR = {"selector", "endpoints"}


def kserve_client():
    """kserve's reader and writer of its resources. Its package wants a web server and more when it is imported whole."""
    kserve = types.ModuleType("kserve")
    kserve.__path__ = importlib.util.find_spec("kserve").submodule_search_locations
    sys.modules["kserve"] = kserve
    import kserve.models
    from kserve.api_client import ApiClient
    for name in dir(kubernetes.client):  # what its models name and do not import
        if name.startswith("V1"):
            kserve.models.__dict__.setdefault(name, getattr(kubernetes.client, name))
    return ApiClient()


def check_kserve(document, client=kserve_client()):
    """Read as the model of its kind and written again it must be the same: members that the model does not know are lost."""
    model = document["apiVersion"].rpartition("/")[2].capitalize() + document["kind"]
    read = client.deserialize(types.SimpleNamespace(data=json.dumps(document)), model)
    assert client.sanitize_for_serialization(read) == document, f"{document['kind']} has what {model} does not know"


def pod(spec):
    """A Pod of these containers: the custom resources carry pod specs, which the published schema checks."""
    kept = {k: v for k, v in spec.items() if k in ("containers", "enableServiceLinks", "terminationGracePeriodSeconds")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lossd"}, "spec": kept}


def check_stop(spec):
    """Kubernetes' patience is longer than what lossd may take to stop (docs/operations.md)."""
    container, request_timeout = spec["containers"][0], 60
    sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    drain = next(float(one["value"]) for one in container["env"] if one["name"] == "LOSSD_DRAIN_SECONDS")
    grace = spec.get("terminationGracePeriodSeconds", 30)
    assert grace > sleep + drain + request_timeout, f"killed after {grace} s: {sleep} + {drain} + {request_timeout} are needed"


def check_confinement(spec):
    """What SECURITY.md says that the manifests do."""
    container = spec["containers"][0]["securityContext"]
    seccomp = {**spec.get("securityContext", {}), **container}["seccompProfile"]
    assert (seccomp, container["readOnlyRootFilesystem"]) == ({"type": "RuntimeDefault"}, True)


def check(name):
    documents = list(yaml.safe_load_all(open(name)))
    for document in documents:
        kind, spec = document["kind"], document["spec"]
        if kind == "ServiceMonitor":
            assert set(spec) <= SERVICE_MONITOR, f"{name}: {kind} has {set(spec)}"
        elif document["apiVersion"].startswith("serving.kserve.io/"):
            check_kserve(document)
            kubernetes_validate.validate(pod(spec.get("predictor", spec)), VERSION, strict=True)
        else:
            kubernetes_validate.validate(document, VERSION, strict=True)
        if kind in ("Deployment", "InferenceService"):
            check_stop(spec["template"]["spec"] if kind == "Deployment" else spec["predictor"])
        if kind in ("Deployment", "InferenceService", "ServingRuntime"):
            check_confinement(spec["template"]["spec"] if kind == "Deployment" else spec.get("predictor", spec))
        print(f"{name}: {kind} is valid")
    assert KINDS[name] <= {document["kind"] for document in documents}


def metrics():
    """Names of the metrics that a running lossd shows."""
    server = subprocess.Popen([BINARY, "--port", "0", "--log-format", "none"], stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split()[-1]
        request = urllib.request.Request(url + "/v1/losses/MSELoss", b'{"input": [1], "target": [2]}',
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request).read()
        return urllib.request.urlopen(url + "/metrics").read().decode()
    finally:
        server.terminate()
        server.wait()


def check_expressions(name, expressions, families):
    """Prometheus can read them, and they ask for metrics that there are."""
    rules = {"groups": [{"name": "lossd", "rules": [{"alert": f"a{i}", "expr": text} for i, text in enumerate(expressions)]}]}
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(rules, file)
        file.flush()
        done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True)
    assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    asked = set(re.findall(r"\b(?:lossd|http_server|process)_[a-z_]+", " ".join(expressions)))
    known = families | {f + end for f in families for end in ("_bucket", "_sum", "_count")}
    assert asked <= known, f"{name} asks for metrics that lossd does not have: {asked - known}"
    print(f"{name}: {len(expressions)} expressions, {len(asked)} metrics, lossd has all of them")
    return asked


def alerts(page):
    """The expressions of its table of alerts."""
    table = open(page).read().split("## What to alert on\n")[1].split("\n## ")[0]
    return [found.replace("\\|", "|") for found in re.findall(r"^\| [a-z ]+ \| `(.+?)`", table, re.M)]


for name in KINDS:
    check(name)
compose = yaml.safe_load(open("docker/compose.yaml"))
assert set(compose["services"]) == {"lossd", "prometheus", "grafana"}
families = set(re.findall(r"^# TYPE (\S+)", metrics(), re.M))
shown = [target["expr"] for panel in json.load(open("docker/grafana.json"))["panels"] for target in panel["targets"]]
drawn = check_expressions("docker/grafana.json", [text.replace("$__rate_interval", "5m") for text in shown], families)
alarming = check_expressions("docs/operations.md", alerts("docs/operations.md"), families)
assert alarming <= drawn, f"docker/grafana.json does not show {alarming - drawn}"
