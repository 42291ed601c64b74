"""Every loss's options with their two defaults (textbook, pytorch), and its differentiable roles."""

MEAN = {"reduction": ("mean", "mean")}
BROADCAST = {"broadcast": (False, True)}

DEFAULTS = {
    "L1Loss": MEAN | BROADCAST,
    "MSELoss": MEAN | BROADCAST,
    "CrossEntropyLoss": MEAN | {
        "input_kind": ("logits", "logits"), "ignore_index": (-100, -100), "label_smoothing": (0, 0)},
    "CTCLoss": MEAN | {
        "input_kind": ("log_probabilities", "log_probabilities"), "blank": (0, 0), "zero_infinity": (False, False),
        "mean_by_target_length": (False, True), "ctc_gradient": ("exact", "log_softmax")},
    "NLLLoss": {
        "input_kind": ("probabilities", "log_probabilities"), "ignore_index": (-100, -100),
        "reduction": ("sum", "mean")},
    "PoissonNLLLoss": MEAN | BROADCAST | {"log_input": (False, True), "full": (False, False), "eps": (0, 1e-8)},
    "GaussianNLLLoss": MEAN | BROADCAST | {"log_var_weight": (1, 0.5), "full": (False, False), "eps": (0, 1e-6)},
    "KLDivLoss": BROADCAST | {
        "input_kind": ("probabilities", "log_probabilities"), "log_target": (False, False),
        "reduction": ("sum", "mean")},
    "BCELoss": MEAN | {"clamp_log": (False, True)},
    "BCEWithLogitsLoss": MEAN,
    "MarginRankingLoss": MEAN | BROADCAST | {"margin": (0, 0)},
    "HingeEmbeddingLoss": MEAN | BROADCAST | {"norm": ("l2", "none"), "margin": (1, 1)},
    "MultiLabelMarginLoss": MEAN | {"target_kind": ("multi_hot", "indices")},
    "HuberLoss": MEAN | BROADCAST | {"delta": (1, 1)},
    "SmoothL1Loss": MEAN | BROADCAST | {"beta": (1, 1)},
    "SoftMarginLoss": MEAN | BROADCAST,
    "MultiLabelSoftMarginLoss": MEAN,
    "CosineEmbeddingLoss": MEAN | BROADCAST | {"margin": (0, 0), "eps": (0, 9.999999960041972e-13)},
    "MultiMarginLoss": MEAN | {"p": (1, 1), "margin": (1, 1)},
    "TripletMarginLoss": MEAN | BROADCAST | {
        "squared": (True, False), "p": (2, 2), "eps": (0, 1e-6), "swap": (False, False), "margin": (1, 1)},
    "TripletMarginWithDistanceLoss": MEAN | BROADCAST | {
        "distance": ("euclidean", "euclidean"), "p": (2, 2), "eps": (0, 1e-6), "swap": (False, False),
        "margin": (1, 1)},
}

PAIR = ("input", "target")
TRIPLE = ("anchor", "positive", "negative")

DIFFERENTIABLE = {
    "L1Loss": PAIR, "MSELoss": PAIR, "CrossEntropyLoss": PAIR, "CTCLoss": ("input",), "NLLLoss": ("input",),
    "PoissonNLLLoss": PAIR, "GaussianNLLLoss": PAIR + ("var",), "KLDivLoss": PAIR, "BCELoss": PAIR,
    "BCEWithLogitsLoss": PAIR, "MarginRankingLoss": ("input1", "input2"), "HingeEmbeddingLoss": ("input",),
    "MultiLabelMarginLoss": ("input",), "HuberLoss": PAIR, "SmoothL1Loss": PAIR, "SoftMarginLoss": ("input",),
    "MultiLabelSoftMarginLoss": PAIR, "CosineEmbeddingLoss": ("input1", "input2"), "MultiMarginLoss": ("input",),
    "TripletMarginLoss": TRIPLE, "TripletMarginWithDistanceLoss": TRIPLE,
}
