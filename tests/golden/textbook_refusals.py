"""Requests that parse but are not valid evaluations: each is answered 422, pointing at what is wrong."""
import json

from textbook_cases import zero_size
from textbook_options import DEFAULTS, DIFFERENTIABLE

ROW = [0.25, 0.5, 0.125]
PAIR = {"input": [ROW, ROW], "target": [ROW, ROW]}
SIGNED = {"input": [ROW, ROW], "target": [[1, -1, 1], [-1, 1, 1]]}
CLASSES = {"input": [ROW, ROW], "target": [2, 0]}
TRIPLE = {
    "anchor": [[0.5, 1.0], [2.0, 0.25]], "positive": [[0.25, 1.5], [1.0, 0.5]], "negative": [[2.0, 1.0], [0.0, 1.0]],
}
FRAMES = [[ROW, ROW], [ROW, ROW], [ROW, ROW], [ROW, ROW]]

# One good request a loss; every refusal changes one thing in it.
GOOD = {
    "L1Loss": PAIR, "MSELoss": PAIR, "CrossEntropyLoss": CLASSES,
    "CTCLoss": {"input": FRAMES, "target": [[1, 2], [2, 1]]},
    "NLLLoss": CLASSES, "PoissonNLLLoss": PAIR,
    "GaussianNLLLoss": PAIR | {"var": [ROW, ROW]},
    "KLDivLoss": PAIR, "BCELoss": PAIR, "BCEWithLogitsLoss": PAIR,
    "MarginRankingLoss": {"input1": [ROW, ROW], "input2": [ROW, ROW], "target": [[1, -1, 1], [-1, 1, 1]]},
    "HingeEmbeddingLoss": {"input": [ROW, ROW], "target": [1, -1]},
    "MultiLabelMarginLoss": {"input": [ROW, ROW], "target": [[1, 0, 1], [0, 0, 1]]},
    "HuberLoss": PAIR, "SmoothL1Loss": PAIR, "SoftMarginLoss": SIGNED, "MultiLabelSoftMarginLoss": PAIR,
    "CosineEmbeddingLoss": {"input1": [ROW, ROW], "input2": [ROW, ROW], "target": [1, -1]},
    "MultiMarginLoss": CLASSES, "TripletMarginLoss": TRIPLE, "TripletMarginWithDistanceLoss": TRIPLE,
}

# Losses whose unreduced loss has the shape (2, 3) for the good request; the others' is (2).
WIDE = {
    "L1Loss", "MSELoss", "PoissonNLLLoss", "GaussianNLLLoss", "KLDivLoss", "BCELoss", "BCEWithLogitsLoss",
    "MarginRankingLoss", "HuberLoss", "SmoothL1Loss", "SoftMarginLoss",
}

NUMBERS = ("one", True, None, "NaN", [1])
FLAGS = (1, "true", None)
WORDS = ("unheard-of", 1, True, None)

# Values that an option refuses; whatever range losses.md gives it, and the types it is not.
BAD_OPTIONS = {
    "CrossEntropyLoss": {"input_kind": WORDS, "ignore_index": (1.5, "one", True, "NaN"),
                         "label_smoothing": NUMBERS + (-0.1, 1.1)},
    "CTCLoss": {"input_kind": WORDS, "blank": (-1, 3, 1.5, "one", True), "zero_infinity": FLAGS,
                "mean_by_target_length": FLAGS, "ctc_gradient": WORDS},
    "NLLLoss": {"input_kind": WORDS, "ignore_index": (1.5, "one", True)},
    "PoissonNLLLoss": {"log_input": FLAGS, "full": ("unheard-of", 1, None), "eps": NUMBERS, "broadcast": FLAGS},
    "GaussianNLLLoss": {"log_var_weight": NUMBERS, "full": FLAGS + ("stirling",), "eps": NUMBERS, "broadcast": FLAGS},
    "KLDivLoss": {"input_kind": WORDS, "log_target": FLAGS, "broadcast": FLAGS},
    "L1Loss": {"broadcast": FLAGS}, "MSELoss": {"broadcast": FLAGS},
    "BCELoss": {"clamp_log": FLAGS},
    "BCEWithLogitsLoss": {},
    "MarginRankingLoss": {"margin": NUMBERS + ("Infinity",), "broadcast": FLAGS},
    "HingeEmbeddingLoss": {"norm": WORDS + ("l1",), "margin": NUMBERS + ("Infinity",)},
    "MultiLabelMarginLoss": {"target_kind": WORDS},
    "HuberLoss": {"delta": NUMBERS + (0, -1), "broadcast": FLAGS},
    "SmoothL1Loss": {"beta": NUMBERS + (-1,), "broadcast": FLAGS},
    "SoftMarginLoss": {"broadcast": FLAGS},
    "MultiLabelSoftMarginLoss": {},
    "CosineEmbeddingLoss": {"margin": NUMBERS + (1.5, -1.5), "eps": NUMBERS},
    "MultiMarginLoss": {"p": (0, 3, 1.5, "one", True), "margin": NUMBERS + ("Infinity",)},
    "TripletMarginLoss": {"squared": FLAGS, "p": NUMBERS + (0, -1, "-Infinity"), "eps": NUMBERS, "swap": FLAGS,
                          "margin": NUMBERS + ("Infinity",), "broadcast": FLAGS},
    "TripletMarginWithDistanceLoss": {"distance": WORDS, "eps": NUMBERS, "swap": FLAGS,
                                      "margin": NUMBERS + ("Infinity",), "broadcast": FLAGS},
}

# An option that another loss has and this one has not.
FOREIGN = {
    "L1Loss": "beta", "MSELoss": "delta", "CrossEntropyLoss": "broadcast", "CTCLoss": "ignore_index",
    "NLLLoss": "label_smoothing", "PoissonNLLLoss": "log_target", "GaussianNLLLoss": "log_input",
    "KLDivLoss": "log_input", "BCELoss": "broadcast", "BCEWithLogitsLoss": "clamp_log", "MarginRankingLoss": "p",
    "HingeEmbeddingLoss": "p", "MultiLabelMarginLoss": "margin", "HuberLoss": "beta", "SmoothL1Loss": "delta",
    "SoftMarginLoss": "margin", "MultiLabelSoftMarginLoss": "broadcast", "CosineEmbeddingLoss": "p",
    "MultiMarginLoss": "swap", "TripletMarginLoss": "distance", "TripletMarginWithDistanceLoss": "squared",
}

NOT_DIFFERENTIABLE_TARGET = [loss for loss, roles in DIFFERENTIABLE.items()
                             if "target" not in roles and "anchor" not in roles]


def label(value):
    return json.dumps(value)


def options_of_every_loss(loss):
    for name, values in BAD_OPTIONS[loss].items():
        for value in values:
            yield f"{name} {label(value)}", {"options": {name: value}}, f"/options/{name}"
    reductions = ["avg", 1, None, "Mean"] + ([] if loss == "KLDivLoss" else ["batchmean"])
    for value in reductions:
        yield f"reduction {label(value)}", {"options": {"reduction": value}}, "/options/reduction"
    for value in ("tensorflow", 1, "Textbook"):
        yield f"definition {label(value)}", {"options": {"definition": value}}, "/options/definition"
    yield "an unknown option", {"options": {"reductoin": "mean"}}, "/options/reductoin"
    yield "an option in the wrong case", {"options": {"Reduction": "mean"}}, "/options/Reduction"
    assert FOREIGN[loss] not in DEFAULTS[loss]
    yield "another loss's option", {"options": {FOREIGN[loss]: 1}}, f"/options/{FOREIGN[loss]}"
    yield "options as a list", {"options": ["sum"]}, "/options"


def members_of_every_loss(loss):
    good = GOOD[loss]
    first, second = list(good)[:2]
    for role in good:
        yield f"{role} missing", {role: None}, None
    yield "an unknown member", {"predictions": [1.0]}, "/predictions"
    yield "a role in the wrong case", {first.upper(): good[first]}, f"/{first.upper()}"
    yield "an unknown dtype", {first: {"dtype": "complex64", "shape": [1], "data": [1]}}, None
    yield "an unsigned 32-bit tensor", {first: {"dtype": "uint32", "shape": [1], "data": [1]}}, None
    yield "shape and data differ", {first: {"dtype": "float64", "shape": [2, 3], "data": [1, 2, 3]}}, None
    yield "ragged rows", {first: [[0.25, 0.5, 0.125], [0.25, 0.5]]}, None
    yield "a text for a tensor", {first: "many"}, f"/{first}"
    yield "true in a floating tensor", {first: [[True, 0.5, 0.5], ROW]}, None
    yield "shapes that do not pair", {second: [ROW] * 5}, f"/{second}" if second == "target" else None
    yield "id that is not a text", {"id": 7}, "/id"
    yield "id of 129 bytes", {"id": "x" * 129}, "/id"


def weights_of_every_loss(loss):
    extra = [1, 1, 1] if loss in WIDE else [1, 1]
    none = {"reduction": "none"}
    yield "sample_weight negative", {"sample_weight": -1}, "/sample_weight"
    yield "sample_weight infinite", {"sample_weight": "Infinity"}, "/sample_weight"
    yield "sample_weight of the wrong length", {"sample_weight": extra + [1]}, "/sample_weight"
    yield "sample_weight that would enlarge the loss", {"sample_weight": [[extra, extra]] * 2}, "/sample_weight"
    yield "sample_weight of higher rank", {"sample_weight": [[extra]]}, "/sample_weight"
    yield "grad_output of rank 1 for a reduced loss", {"grad_output": [1.0], "gradients": True}, "/grad_output"
    yield "grad_output of the wrong shape", {
        "grad_output": [1.0] * 5, "gradients": True, "options": none}, "/grad_output"
    yield "grad_output of rank 0 for an unreduced loss", {
        "grad_output": 1.0, "gradients": True, "options": none}, "/grad_output"


def gradients_of_every_loss(loss):
    first = DIFFERENTIABLE[loss][0]
    whole = {"dtype": "int64", "data": [[1, 0, 1], [0, 0, 1]]}
    yield "gradient of an unknown role", {"gradients": ["predictions"]}, "/gradients/0"
    yield "gradient of sample_weight", {"sample_weight": 1, "gradients": ["sample_weight"]}, "/gradients/0"
    yield "the second gradient unknown", {"gradients": [first, "predictions"]}, "/gradients/1"
    yield "gradients as a number", {"gradients": 1}, "/gradients"
    yield "gradients as an object", {"gradients": {first: True}}, "/gradients"
    if loss in NOT_DIFFERENTIABLE_TARGET or loss == "CrossEntropyLoss":
        yield "gradient of a target that has none", {"gradients": ["target"]}, "/gradients/0"
    if GOOD[loss][first] == [ROW, ROW]:
        yield f"gradient of an integer {first}", {first: whole, "gradients": [first]}, "/gradients/0"


def change(role, value, name, pointer=True, **more):
    """A refusal by one role's value, pointing at that role unless told otherwise."""
    return name, {role: value} | more, (f"/{role}" if pointer is True else pointer)


def number_pairs():
    return [
        change("target", ROW, "broadcasting not asked for", options={"broadcast": False}),
        change("target", [[0.5], [0.25]], "broadcasting is off in the textbook definition"),
        change("target", [1.0, 2.0], "shapes that do not broadcast", options={"broadcast": True}),
        change("target", [ROW], "pytorch with broadcast off", options={"definition": "pytorch", "broadcast": False}),
    ]


def class_targets():
    empty = {"input": zero_size(2, 0)}
    return [
        change("target", [3, 0], "class index C"),
        change("target", [-1, 0], "negative class index"),
        change("target", [1.5, 0], "class index that is not whole"),
        change("target", [1, 0, 2], "one target too many"),
        change("target", 1, "rank-0 target for a batch"),
        ("C = 0", empty, "/input"),
        change("input", 0.5, "input of rank 0", None, target=0),
    ]


def class_weights():
    return [
        change("weight", [1, 1], "weight of the wrong length"),
        change("weight", [[1, 1, 1]], "weight of rank 2"),
    ]


def not_one(role="target", values=(0, 2, 0.5), other=1):
    return [change(role, [value, other], f"{role} {value}") for value in values]


SPECIFIC = {
    "L1Loss": number_pairs(), "MSELoss": number_pairs(), "SmoothL1Loss": number_pairs(),
    "PoissonNLLLoss": number_pairs(),
    "HuberLoss": number_pairs() + [change("weight", [1, 1], "weight of the wrong length")],
    "CrossEntropyLoss": class_targets() + class_weights() + [
        change("weight", [1, -1, 1], "negative weight"),
        change("target", [[0.5, 0.5], [1.0, 0.0]], "probabilities of another shape"),
        change("target", [[1.5, -0.5, 0.0], ROW], "probabilities outside [0, 1]"),
        change("target", [ROW, ROW], "ignore_index with probabilities", "/options/ignore_index",
               options={"ignore_index": -100}),
        change("input", [[1.5, 0.0, 0.25], ROW], "input_kind probabilities outside [0, 1]",
               options={"input_kind": "probabilities"}),
        change("input", [[-0.5, 0.0, 0.25], ROW], "input_kind probabilities below 0",
               options={"input_kind": "probabilities"}),
        change("target", [-100, 0], "the old ignore_index when another is given", options={"ignore_index": -1}),
    ],
    "NLLLoss": class_targets() + class_weights() + [
        change("weight", [1, -1, 1], "negative weight"),
        change("input", [[1.5, 0.0, 0.25], ROW], "probabilities outside [0, 1]", target=[0, 0]),
        change("input", [[-0.5, 0.0, 0.25], ROW], "probabilities below 0", target=[0, 0]),
        change("target", [ROW, ROW], "probability targets"),
    ],
    "CTCLoss": [
        change("target", [[1, 3], [2, 1]], "label C"),
        change("target", [[1, -1], [2, 1]], "negative label"),
        change("target", [[1, 0], [2, 1]], "the blank as a label"),
        change("target", [[1, 2], [2, 0]], "the blank as a label, blank 2", options={"blank": 2}),
        change("target", [[1, 1.5], [2, 1]], "label that is not whole"),
        change("target", [[1, 2]] * 3, "targets for another batch"),
        change("target", [1, 2, 2, 1], "concatenated without target_lengths", None),
        change("target", [1, 2, 2], "target_lengths beyond a concatenated target", None, target_lengths=[2, 2]),
        change("target", [[[1], [2]]], "target of rank 3"),
        change("target_lengths", [3, 1], "target_lengths beyond S"),
        change("target_lengths", [-1, 1], "negative target_lengths"),
        change("target_lengths", [1, 1, 1], "target_lengths of another batch"),
        change("input_lengths", [5, 4], "input_lengths beyond T"),
        change("input_lengths", [4, -1], "negative input_lengths"),
        change("input_lengths", [4], "input_lengths of another batch"),
        change("input_lengths", [4, 3.5], "input_lengths that are not whole"),
        change("input", ROW, "input of rank 1"),
        change("input", [FRAMES], "input of rank 4"),
        change("input", zero_size(4, 2, 0), "C = 0", None),
        change("input", zero_size(0, 2, 3), "T = 0"),
        change("input", [[[1.5, 0.0, 0.5]] * 2] * 4, "probabilities outside [0, 1]",
               options={"input_kind": "probabilities"}),
        ("gradient of target_lengths", {"target_lengths": [1, 1], "gradients": ["target_lengths"]}, "/gradients/0"),
    ],
    "GaussianNLLLoss": number_pairs() + [
        change("var", [[0.5, -0.5, 1.0], ROW], "negative var"),
        change("var", -1, "negative var of rank 0"),
        change("var", [1.0, 1.0, 1.0, 1.0], "var of another length"),
        change("var", [ROW] * 5, "var for another batch", options={"broadcast": True}),
    ],
    "KLDivLoss": number_pairs() + [
        change("input", [[1.5, 0.5, 0.25], ROW], "input outside [0, 1]"),
        change("input", [[-0.5, 0.5, 0.25], ROW], "input below 0"),
        change("target", [[1.5, 0.5, 0.25], ROW], "target outside [0, 1]"),
        change("target", [[-0.5, 0.5, 0.25], ROW], "target below 0"),
    ],
    "BCELoss": [
        change("input", [[1.5, 0.5, 0.25], ROW], "input above 1"),
        change("input", [[-0.5, 0.5, 0.25], ROW], "input below 0"),
        change("target", [[1.5, 0.5, 0.25], ROW], "target above 1"),
        change("target", [[-0.5, 0.5, 0.25], ROW], "target below 0"),
        change("target", ROW, "the target does not broadcast"),
        change("target", ROW, "the target does not broadcast, pytorch", options={"definition": "pytorch"}),
        change("weight", [1, 1], "weight that does not broadcast"),
        change("weight", [[[1], [1]]] * 2, "weight that would enlarge the loss"),
        ("gradient of weight", {"weight": ROW, "gradients": ["weight"]}, "/gradients/0"),
    ],
    "BCEWithLogitsLoss": [
        change("target", ROW, "the target does not broadcast"),
        change("target", ROW, "the target does not broadcast, pytorch", options={"definition": "pytorch"}),
        change("weight", [1, 1], "weight that does not broadcast"),
        change("pos_weight", [1, 1], "pos_weight that does not broadcast"),
        change("pos_weight", [[[1], [1]]] * 2, "pos_weight that would enlarge the loss"),
        ("gradient of pos_weight", {"pos_weight": ROW, "gradients": ["pos_weight"]}, "/gradients/0"),
    ],
    "MarginRankingLoss": [
        change("target", [[1, "Infinity", 1], [1, 1, 1]], "infinite target"),
        change("target", [1, -1, 1], "broadcasting is off in the textbook definition"),
        change("target", [1, -1], "shapes that do not broadcast", options={"broadcast": True}),
    ],
    "HingeEmbeddingLoss": not_one() + [
        change("target", [[1, -1, 1], [1, 1, 1]], "l2 with a target for each coordinate"),
        change("target", [1, -1], "none with a target for each vector", options={"norm": "none"}),
        change("input", zero_size(2, 0), "D = 0"),
        change("input", 0.5, "l2 of rank 0", None, target=1),
    ],
    "MultiLabelMarginLoss": [
        change("target", [[1, 2, 0], [0, 1, 0]], "multi_hot of 2"),
        change("target", [[1, -1, 0], [0, 1, 0]], "multi_hot of -1"),
        change("target", [[1, 3, 0], [0, 1, 0]], "index C", options={"target_kind": "indices"}),
        change("target", [1, 0], "one label for each row"),
        change("target", [[1, 0], [0, 1]], "too few labels"),
        change("target", [1, 0, 1], "the target does not broadcast"),
        ("C = 0", {"input": zero_size(2, 0), "target": zero_size(2, 0, dtype="int64")}, "/input"),
        ("input of rank 3", {"input": [[ROW]], "target": [[[1, 0, 1]]]}, "/input"),
    ],
    "SoftMarginLoss": [
        change("target", [[1, "Infinity", 1], [1, 1, 1]], "infinite target"),
        change("target", [1, -1, 1], "broadcasting is off in the textbook definition"),
        change("target", [[[1, -1, 1], [1, 1, 1]]] * 2, "target that would enlarge the loss",
               options={"broadcast": True}),
        change("target", [1, -1], "shapes that do not broadcast", options={"broadcast": True}),
    ],
    "MultiLabelSoftMarginLoss": [
        change("target", ROW, "the target does not broadcast"),
        change("weight", [1, 1], "weight that does not broadcast"),
        ("C = 0", {"input": zero_size(2, 0), "target": zero_size(2, 0)}, "/input"),
        ("rank 0", {"input": 0.5, "target": 1.0}, None),
    ],
    "CosineEmbeddingLoss": not_one() + [
        change("target", [1, -1, 1], "a target for each coordinate"),
        ("D = 0", {"input1": zero_size(2, 0), "input2": zero_size(2, 0)}, None),
        change("input2", ROW, "broadcasting is off in the textbook definition", None),
    ],
    "MultiMarginLoss": class_targets() + class_weights() + [
        ("input of rank 3", {"input": [[ROW]], "target": [[1]]}, "/input"),
    ],
    "TripletMarginLoss": [],
    "TripletMarginWithDistanceLoss": [
        ("minkowski with p 0", {"options": {"distance": "minkowski", "p": 0}}, "/options/p"),
        ("minkowski with p \"NaN\"", {"options": {"distance": "minkowski", "p": "NaN"}}, "/options/p"),
        ("distance with distance_expression",
         {"options": {"distance": "manhattan", "distance_expression": "sum(abs(a - b))"}}, None),
    ],
}

for name in ("TripletMarginLoss", "TripletMarginWithDistanceLoss"):
    SPECIFIC[name] = SPECIFIC[name] + [
        change("negative", [0.5, 1.0], "broadcasting is off in the textbook definition", None),
        change("negative", [[0.5, 1.0, 2.0]] * 2, "another D", None),
        ("D = 0", {role: zero_size(2, 0) for role in TRIPLE}, None),
        ("rank 0", {role: 0.5 for role in TRIPLE}, None),
    ]


def refusals():
    """Every refusal as (loss, name, request, pointer or None)."""
    groups = (options_of_every_loss, members_of_every_loss, weights_of_every_loss, gradients_of_every_loss)
    for loss in GOOD:
        seen = set()
        changes = [found for group in groups for found in group(loss)] + SPECIFIC[loss]
        for name, changed, pointer in changes:
            assert name not in seen, f"{loss}: {name} twice"
            seen.add(name)
            request = {role: value for role, value in (GOOD[loss] | changed).items() if value is not None}
            yield loss, name, request, pointer


def write(path):
    lines, counts = [], {}
    for loss, name, request, pointer in refusals():
        members = {"loss": loss, "name": name, "request": request, "status": 422}
        if pointer:
            members["pointer"] = pointer
        lines.append(json.dumps(members, allow_nan=False) + "\n")
        counts[loss] = counts.get(loss, 0) + 1
    path.write_text("".join(lines))
    return counts, sum(map(len, lines))
