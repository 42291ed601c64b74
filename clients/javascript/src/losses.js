// Made from the server's rows by ./dev openapi. Do not edit.

/**
 * Tensors in which plain numbers are class indices or lengths, sent as int64: "always", or "below input" where they are of a lower
 * rank than the input, else probabilities.
 */
export const INDICES = {
  "CrossEntropyLoss": {
    "target": "below input"
  },
  "CTCLoss": {
    "target": "always",
    "input_lengths": "always",
    "target_lengths": "always"
  },
  "NLLLoss": {
    "target": "always"
  },
  "MultiLabelMarginLoss": {
    "target": "always"
  },
  "MultiMarginLoss": {
    "target": "always"
  }
};

/** One method for each loss. They call evaluate(), which is the subclass's. */
export class Losses {
  l1Loss(tensors, options) {
    return this.evaluate("L1Loss", tensors, options);
  }

  mseLoss(tensors, options) {
    return this.evaluate("MSELoss", tensors, options);
  }

  crossEntropyLoss(tensors, options) {
    return this.evaluate("CrossEntropyLoss", tensors, options);
  }

  ctcLoss(tensors, options) {
    return this.evaluate("CTCLoss", tensors, options);
  }

  nllLoss(tensors, options) {
    return this.evaluate("NLLLoss", tensors, options);
  }

  poissonNllLoss(tensors, options) {
    return this.evaluate("PoissonNLLLoss", tensors, options);
  }

  gaussianNllLoss(tensors, options) {
    return this.evaluate("GaussianNLLLoss", tensors, options);
  }

  klDivLoss(tensors, options) {
    return this.evaluate("KLDivLoss", tensors, options);
  }

  bceLoss(tensors, options) {
    return this.evaluate("BCELoss", tensors, options);
  }

  bceWithLogitsLoss(tensors, options) {
    return this.evaluate("BCEWithLogitsLoss", tensors, options);
  }

  marginRankingLoss(tensors, options) {
    return this.evaluate("MarginRankingLoss", tensors, options);
  }

  hingeEmbeddingLoss(tensors, options) {
    return this.evaluate("HingeEmbeddingLoss", tensors, options);
  }

  multiLabelMarginLoss(tensors, options) {
    return this.evaluate("MultiLabelMarginLoss", tensors, options);
  }

  huberLoss(tensors, options) {
    return this.evaluate("HuberLoss", tensors, options);
  }

  smoothL1Loss(tensors, options) {
    return this.evaluate("SmoothL1Loss", tensors, options);
  }

  softMarginLoss(tensors, options) {
    return this.evaluate("SoftMarginLoss", tensors, options);
  }

  multiLabelSoftMarginLoss(tensors, options) {
    return this.evaluate("MultiLabelSoftMarginLoss", tensors, options);
  }

  cosineEmbeddingLoss(tensors, options) {
    return this.evaluate("CosineEmbeddingLoss", tensors, options);
  }

  multiMarginLoss(tensors, options) {
    return this.evaluate("MultiMarginLoss", tensors, options);
  }

  tripletMarginLoss(tensors, options) {
    return this.evaluate("TripletMarginLoss", tensors, options);
  }

  tripletMarginWithDistanceLoss(tensors, options) {
    return this.evaluate("TripletMarginWithDistanceLoss", tensors, options);
  }
}
