"""Kernels without a server, against PyTorch and memcpy."""
import json
import math
import statistics
import subprocess

from common import BUILD, PEERS, ROUNDS, has, python, ratio

KERNELS = BUILD / "release/bench/bench_kernels"
EXPRESSION = BUILD / "release/bench/bench_expression"


def kernel_times(names, elements=1 << 20, repeat=9):
    command = [KERNELS, "--repeat", str(repeat), "--elements", str(elements), *names]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {row["loss"]: row for row in map(json.loads, lines)}


class Torch:
    """torch_kernels.py, which answers one name at a time; without PyTorch it answers None."""

    def __init__(self):
        self.version = self.process = None
        if has("torch"):
            self.process = subprocess.Popen([python(), "-W", "ignore", PEERS / "torch_kernels.py"], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.version = json.loads(self.process.stdout.readline())["version"]

    def ms(self, name):
        if not self.process:
            return None
        print(name, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline()).get("ms")

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def bench_kernels():
    peer, rows = Torch(), []
    names = [name for name in kernel_times([], repeat=1) if name != "memcpy"]
    for name in names:
        own, theirs = [], []
        for _ in range(ROUNDS):
            own.append(kernel_times([name])[name]["ms"])
            theirs.append(peer.ms(name))
        theirs = None if None in theirs else statistics.median(theirs)
        own = statistics.median(own)
        rows.append({"what": name, "lossd": own, "peer": theirs, "ratio": ratio(theirs, own)})
    peer.close()
    ratios = [row["ratio"] for row in rows if row["ratio"]]
    if ratios:
        mean = round(math.exp(statistics.fmean(map(math.log, ratios))), 2)
        rows.append({"what": "geometric mean", "lossd": None, "peer": None, "ratio": mean})
    return [{"title": "Value and gradient, float32, one thread: ms of CPU time", "peer": f"PyTorch {peer.version}",
             "target": "ratio at least 2 each, geometric mean at least 5", "rows": rows}, bench_bandwidth(), bench_flatness(),
            bench_expression()]


def bench_bandwidth():
    """Memory-bound losses against memcpy: bytes read once and written once."""
    arrays = {"L1Loss": 3, "MSELoss": 3, "HuberLoss": 3, "SmoothL1Loss": 3, "MarginRankingLoss": 4,
              "HingeEmbeddingLoss": 3}
    rounds = [kernel_times(["memcpy", *arrays], elements=1 << 26, repeat=3) for _ in range(ROUNDS)]
    rate = {name: statistics.median(4 * count / times[name]["ns_per_element"] for times in rounds)
            for name, count in {**arrays, "memcpy": 2}.items()}
    rows = [{"what": name, "lossd": rate[name], "peer": rate["memcpy"], "ratio": ratio(rate[name], rate["memcpy"])}
            for name in arrays]
    return {"title": "64M elements: GB/s", "peer": "memcpy", "target": "ratio at least 0.8", "rows": rows}


def bench_flatness():
    """Cost of an element from what fits the first cache to what fits none, as a multiple of memcpy's."""
    names, costs = ["MSELoss", "BCEWithLogitsLoss"], {}
    for elements in (10**power for power in range(4, 9)):
        repeat = min(max(3, 10**7 // elements), 501)
        rounds = [kernel_times(["memcpy", *names], elements, repeat) for _ in range(ROUNDS if elements < 10**8 else 1)]
        costs[elements] = {name: statistics.median(times[name]["ns_per_element"] for times in rounds)
                           for name in ["memcpy", *names]}
    rows = [{"elements": f"{elements:.0e}", **{f"{name} ns": cost[name] for name in cost},
             **{f"{name} / memcpy": ratio(cost[name], cost["memcpy"]) for name in names}}
            for elements, cost in costs.items()]
    return {"title": "Cost of an element over sizes, value and gradient, float32, one thread", "columns": list(rows[0]),
            "target": "multiples of memcpy within 2 of each other", "rows": rows}


def bench_expression():
    """A distance written as an expression against the same one by name."""
    run = json.loads(subprocess.run([EXPRESSION], capture_output=True, text=True, check=True).stdout)
    row = {"what": f"euclidean, N = {run['rows']}, D = {run['length']}", "named": run["named_ms"],
           "expression": run["expression_ms"], "expression / named": run["ratio"]}
    return {"title": "TripletMarginWithDistanceLoss, value and three gradients, float32, one thread: ms",
            "columns": list(row), "target": "within 4 times the named distance", "rows": [row]}
