"""What .ci/manifests checks with Python: needs kubernetes-validate and PyYAML."""
import json
import re
import subprocess
import urllib.request

import kubernetes_validate
import yaml

BINARY = "build/release/lossd"
VERSION = kubernetes_validate.latest_version()
CUSTOM = {"ServiceMonitor": {"selector", "endpoints"},
          "ServingRuntime": {"annotations", "supportedModelFormats", "protocolVersions", "containers"},
          "InferenceService": {"predictor"}}


def pod(spec):
    """A Pod of these containers: the custom resources carry pod specs, which the published schema checks."""
    kept = {k: v for k, v in spec.items() if k in ("containers", "enableServiceLinks")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lossd"}, "spec": kept}


def check(name):
    for document in yaml.safe_load_all(open(name)):
        kind, spec = document["kind"], document["spec"]
        if kind in CUSTOM:
            unknown = set(spec) - CUSTOM[kind]
            assert not unknown, f"{name}: {kind} has {unknown}"
            spec = spec.get("predictor", spec)
            if "containers" in spec:
                kubernetes_validate.validate(pod(spec), VERSION, strict=True)
        else:
            kubernetes_validate.validate(document, VERSION, strict=True)
        print(f"{name}: {kind} is valid")


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


def check_dashboard(name):
    text = metrics()
    families = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    asked = set()
    for panel in json.load(open(name))["panels"]:
        for target in panel["targets"]:
            asked |= set(re.findall(r"\b(?:lossd|http_server|process)_[a-z_]+", target["expr"]))
    known = families | {f + end for f in families for end in ("_bucket", "_sum", "_count")}
    assert asked <= known, f"{name} asks for metrics that lossd does not have: {asked - known}"
    print(f"{name}: {len(asked)} metrics, lossd has all of them")


check("docker/kubernetes.yaml")
check("docker/kserve.yaml")
compose = yaml.safe_load(open("docker/compose.yaml"))
assert set(compose["services"]) == {"lossd", "prometheus", "grafana"}
check_dashboard("docker/grafana.json")
