// Made from the server's rows by ./dev openapi. Do not edit.

import type { Answer, EvaluateOptions, TensorLike } from "./index.js";

/** The tensors that every loss takes. */
export interface CommonTensors {
  /**
   * Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the denominator;
   * 0 leaves its element out.
   */
  sample_weight?: TensorLike;
  /** The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones. */
  grad_output?: TensorLike;
}

export interface L1LossTensors extends CommonTensors {
  /** Predictions x. Shape: any. Has a gradient. */
  input: TensorLike;
  /** Targets y. Shape: any. Has a gradient. */
  target: TensorLike;
}

export interface L1LossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
}

export interface MSELossTensors extends CommonTensors {
  /** Predictions x. Shape: any. Has a gradient. */
  input: TensorLike;
  /** Targets y. Shape: any. Has a gradient. */
  target: TensorLike;
}

export interface MSELossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
}

export interface CrossEntropyLossTensors extends CommonTensors {
  /** Scores x of each class. Shape: (C), (N, C) or (N, C, d1...dk). Has a gradient. */
  input: TensorLike;
  /**
   * Class indices, or probabilities y of each class. Shape: indices: input's without C; probabilities: input's. Has a
   * gradient.
   */
  target: TensorLike;
  /** A factor for each class. Shape: (C). */
  weight?: TensorLike;
}

export interface CrossEntropyLossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * What input holds: logits (softmax is applied), probabilities or their logarithms. One of logits, probabilities,
   * log_probabilities. Default: "logits".
   */
  input_kind?: "logits" | "probabilities" | "log_probabilities";
  /**
   * The class index whose rows are left out. For class indices only. Range: >= -9007199254740992 and <=
   * 9007199254740992. Default: -100.
   */
  ignore_index?: number;
  /** The share of each target that is spread evenly over all classes. Range: >= 0 and <= 1. Default: 0. */
  label_smoothing?: number;
}

export interface CTCLossTensors extends CommonTensors {
  /** Log-probabilities x of each class in each frame. Shape: (T, N, C) or (T, C). Has a gradient. */
  input: TensorLike;
  /** Labels, without blanks. Shape: (N, S), (S), or all targets in one row. Integers. */
  target: TensorLike;
  /** Frames of each sequence. Shape: (N) or (). Integers. */
  input_lengths?: TensorLike;
  /** Labels of each sequence. Shape: (N) or (). Integers. */
  target_lengths?: TensorLike;
}

export interface CTCLossOptions<R> extends EvaluateOptions<"input"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * What input holds: log-probabilities, probabilities, or logits (softmax is applied). One of log_probabilities,
   * probabilities, logits. Default: "log_probabilities".
   */
  input_kind?: "log_probabilities" | "probabilities" | "logits";
  /** The class that stands for no label. Range: >= 0 and <= 9007199254740992. Default: 0. */
  blank?: number;
  /** Make infinite losses, of targets that cannot be aligned, and their gradients 0. Default: false. */
  zero_infinity?: boolean;
  /** Under reduction mean, divide each loss by its target's length. Default: false (textbook), true (pytorch). */
  mean_by_target_length?: boolean;
  /**
   * For log_probabilities: the exact partial derivative, or PyTorch's, which presumes that input came out of a
   * log_softmax. One of exact, log_softmax. Default: "exact" (textbook), "log_softmax" (pytorch).
   */
  ctc_gradient?: "exact" | "log_softmax";
}

export interface NLLLossTensors extends CommonTensors {
  /** Probabilities p of each class, or their logarithms. Shape: (C), (N, C) or (N, C, d1...dk). Has a gradient. */
  input: TensorLike;
  /** Class indices y. Shape: input's shape without C. Integers. */
  target: TensorLike;
  /** A factor >= 0 for each class. Shape: (C). */
  weight?: TensorLike;
}

export interface NLLLossOptions<R> extends EvaluateOptions<"input"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "sum"
   * (textbook), "mean" (pytorch).
   */
  reduction?: R;
  /**
   * What input holds: probabilities or their logarithms. One of probabilities, log_probabilities. Default:
   * "probabilities" (textbook), "log_probabilities" (pytorch).
   */
  input_kind?: "probabilities" | "log_probabilities";
  /** The class index whose rows are left out. Range: >= -9007199254740992 and <= 9007199254740992. Default: -100. */
  ignore_index?: number;
}

export interface PoissonNLLLossTensors extends CommonTensors {
  /** Rates x, or their logarithms. Shape: any. Has a gradient. */
  input: TensorLike;
  /** Counts y. Shape: any. Has a gradient. */
  target: TensorLike;
}

export interface PoissonNLLLossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
  /** Whether input holds logarithms of rates. Default: false (textbook), true (pytorch). */
  log_input?: boolean;
  /**
   * Add log(target!): by Stirling's approximation (also true) or exactly. One of false, stirling, exact. Default:
   * "false".
   */
  full?: "false" | "stirling" | "exact" | boolean;
  /**
   * Added to the rate inside the logarithm. Without log_input only. Range: >= 0. Default: 0 (textbook), 1e-08
   * (pytorch).
   */
  eps?: number;
}

export interface GaussianNLLLossTensors extends CommonTensors {
  /** Means x. Shape: any. Has a gradient. */
  input: TensorLike;
  /** Targets y. Shape: any. Has a gradient. */
  target: TensorLike;
  /** Variances v. Shape: input's, or that without its last axis, or one that broadcasts. Has a gradient. */
  var: TensorLike;
}

export interface GaussianNLLLossOptions<R> extends EvaluateOptions<"input" | "target" | "var"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
  /**
   * The factor of log(var): 1 in the textbook's formula, 1/2 in the density's. Default: 1 (textbook), 0.5 (pytorch).
   */
  log_var_weight?: number;
  /** Add the constant log(2 pi) / 2. Default: false. */
  full?: boolean;
  /** var is held at eps at least. Range: >= 0. Default: 0 (textbook), 1e-06 (pytorch). */
  eps?: number;
}

export interface KLDivLossTensors extends CommonTensors {
  /** The model's distribution Q. Shape: any. Has a gradient. */
  input: TensorLike;
  /** The true distribution P. Shape: any. Has a gradient. */
  target: TensorLike;
}

export interface KLDivLossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses; batchmean divides their sum by input's first dimension, times the mean
   * sample_weight. One of none, mean, sum, batchmean. Default: "sum" (textbook), "mean" (pytorch).
   */
  reduction?: R;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
  /**
   * What input holds: probabilities or their logarithms. One of probabilities, log_probabilities. Default:
   * "probabilities" (textbook), "log_probabilities" (pytorch).
   */
  input_kind?: "probabilities" | "log_probabilities";
  /** Whether target holds logarithms of probabilities. Default: false. */
  log_target?: boolean;
}

export interface BCELossTensors extends CommonTensors {
  /** Probabilities p. Shape: any. Has a gradient. */
  input: TensorLike;
  /** Targets y in [0, 1]. Shape: input's. Has a gradient. */
  target: TensorLike;
  /** A factor for each element. Shape: broadcasts to input. */
  weight?: TensorLike;
}

export interface BCELossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /** Hold logarithms at -100 at least, so that the loss stays finite. Default: false (textbook), true (pytorch). */
  clamp_log?: boolean;
}

export interface BCEWithLogitsLossTensors extends CommonTensors {
  /** Logits x. Shape: any. Has a gradient. */
  input: TensorLike;
  /** Targets y, as a rule in [0, 1]. Shape: input's. Has a gradient. */
  target: TensorLike;
  /** A factor for each element. Shape: broadcasts to input. */
  weight?: TensorLike;
  /** A factor for the positive term. Shape: broadcasts to input. */
  pos_weight?: TensorLike;
}

export interface BCEWithLogitsLossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
}

export interface MarginRankingLossTensors extends CommonTensors {
  /** Scores x1. Shape: any. Has a gradient. */
  input1: TensorLike;
  /** Scores x2. Shape: any. Has a gradient. */
  input2: TensorLike;
  /** Y: 1 if x1 should rank higher, -1 if x2. Shape: any. */
  target: TensorLike;
}

export interface MarginRankingLossOptions<R> extends EvaluateOptions<"input1" | "input2"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
  /** By how much the right order should win. Default: 0. */
  margin?: number;
}

export interface HingeEmbeddingLossTensors extends CommonTensors {
  /** Vectors x (norm l2) or distances (norm none). Shape: (..., D) under norm l2, else any. Has a gradient. */
  input: TensorLike;
  /** 1: alike, -1: unlike. Shape: input's without D under norm l2, else input's. */
  target: TensorLike;
}

export interface HingeEmbeddingLossOptions<R> extends EvaluateOptions<"input"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * l2: input holds vectors, whose lengths count; none: input holds distances. One of l2, none. Default: "l2"
   * (textbook), "none" (pytorch).
   */
  norm?: "l2" | "none";
  /** The distance from which on elements of target -1 cost nothing. Default: 1. */
  margin?: number;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
}

export interface MultiLabelMarginLossTensors extends CommonTensors {
  /** Scores x of each class. Shape: (C) or (N, C). Has a gradient. */
  input: TensorLike;
  /** The correct classes, marked with 1 or listed. Shape: input's. */
  target: TensorLike;
}

export interface MultiLabelMarginLossOptions<R> extends EvaluateOptions<"input"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * What target holds: 1 for correct and 0 for wrong classes, or lists of the correct classes, each ended by a negative
   * number. One of multi_hot, indices. Default: "multi_hot" (textbook), "indices" (pytorch).
   */
  target_kind?: "multi_hot" | "indices";
}

export interface HuberLossTensors extends CommonTensors {
  /** Predictions x. Shape: any. Has a gradient. */
  input: TensorLike;
  /** Targets y. Shape: any. Has a gradient. */
  target: TensorLike;
  /** A factor for each element. Shape: broadcasts to input. */
  weight?: TensorLike;
}

export interface HuberLossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
  /** Where the loss turns from quadratic to linear. Range: > 0. Default: 1. */
  delta?: number;
}

export interface SmoothL1LossTensors extends CommonTensors {
  /** Predictions x. Shape: any. Has a gradient. */
  input: TensorLike;
  /** Targets y. Shape: any. Has a gradient. */
  target: TensorLike;
}

export interface SmoothL1LossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
  /** Where the loss turns from quadratic to linear. Range: >= 0. Default: 1. */
  beta?: number;
}

export interface SoftMarginLossTensors extends CommonTensors {
  /** Scores x. Shape: any. Has a gradient. */
  input: TensorLike;
  /** Labels y: 1 or -1. Shape: any. */
  target: TensorLike;
}

export interface SoftMarginLossOptions<R> extends EvaluateOptions<"input"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /** Let target broadcast to input's shape. Default: false (textbook), true (pytorch). */
  broadcast?: boolean;
}

export interface MultiLabelSoftMarginLossTensors extends CommonTensors {
  /** Logits x of each label. Shape: (..., C). Has a gradient. */
  input: TensorLike;
  /** Targets y, as a rule in [0, 1]. Shape: input's. Has a gradient. */
  target: TensorLike;
  /** A factor for each label. Shape: broadcasts to input. */
  weight?: TensorLike;
}

export interface MultiLabelSoftMarginLossOptions<R> extends EvaluateOptions<"input" | "target"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
}

export interface CosineEmbeddingLossTensors extends CommonTensors {
  /** Vectors x1. Shape: (D) or (N, D). Has a gradient. */
  input1: TensorLike;
  /** Vectors x2. Shape: (D) or (N, D). Has a gradient. */
  input2: TensorLike;
  /** 1: alike, -1: unlike. Shape: () or (N). */
  target: TensorLike;
}

export interface CosineEmbeddingLossOptions<R> extends EvaluateOptions<"input1" | "input2"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /** The cosine up to which vectors of target -1 cost nothing. Range: >= -1 and <= 1. Default: 0. */
  margin?: number;
  /** A number added to each squared norm. Range: >= 0. Default: 0 (textbook), 9.999999960041972e-13 (pytorch). */
  eps?: number;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
}

export interface MultiMarginLossTensors extends CommonTensors {
  /** Scores x of each class. Shape: (C) or (N, C). Has a gradient. */
  input: TensorLike;
  /** Class indices y. Shape: () or (N). Integers. */
  target: TensorLike;
  /** A factor for each class. Shape: (C). */
  weight?: TensorLike;
}

export interface MultiMarginLossOptions<R> extends EvaluateOptions<"input"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /** The power of each class's violation of the margin: 1 or 2. Range: >= 1 and <= 2. Default: 1. */
  p?: number;
  /** By how much the true class's score is to exceed each other's. Default: 1. */
  margin?: number;
}

export interface TripletMarginLossTensors extends CommonTensors {
  /** Vectors a. Shape: (..., D). Has a gradient. */
  anchor: TensorLike;
  /** Vectors p, like the anchors. Shape: (..., D). Has a gradient. */
  positive: TensorLike;
  /** Vectors n, unlike the anchors. Shape: (..., D). Has a gradient. */
  negative: TensorLike;
}

export interface TripletMarginLossOptions<R> extends EvaluateOptions<"anchor" | "positive" | "negative"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /** Compare the squares of the norms. Default: true (textbook), false (pytorch). */
  squared?: boolean;
  /** The power of the norm; Infinity for the maximum. Range: > 0. Default: 2. */
  p?: number;
  /** A number added to each coordinate of a difference. Range: >= 0. Default: 0 (textbook), 1e-06 (pytorch). */
  eps?: number;
  /** Take the distance from positive to negative where it is smaller than that from the anchor. Default: false. */
  swap?: boolean;
  /** By how much the negative is to be farther from the anchor than the positive. Default: 1. */
  margin?: number;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
}

export interface TripletMarginWithDistanceLossTensors extends CommonTensors {
  /** Vectors a. Shape: (..., D). Has a gradient. */
  anchor: TensorLike;
  /** Vectors p, like the anchors. Shape: (..., D). Has a gradient. */
  positive: TensorLike;
  /** Vectors n, unlike the anchors. Shape: (..., D). Has a gradient. */
  negative: TensorLike;
}

export interface TripletMarginWithDistanceLossOptions<R> extends EvaluateOptions<"anchor" | "positive" | "negative"> {
  /**
   * Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook, pytorch.
   * Default: textbook.
   */
  definition?: "textbook" | "pytorch";
  /**
   * What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: "mean".
   */
  reduction?: R;
  /**
   * The distance between two vectors. One of euclidean, squared_euclidean, manhattan, chebyshev, minkowski, cosine.
   * Default: "euclidean".
   */
  distance?: "euclidean" | "squared_euclidean" | "manhattan" | "chebyshev" | "minkowski" | "cosine";
  /**
   * A distance d(a, b) of your own, in place of a named one, for instance sqrt(sum((a - b)^2) + 1e-12). Vectors a and
   * b; numbers, pi, e, D (their length); + - * / ^ and parentheses; elementwise abs sqrt exp log log1p expm1 sin cos
   * tan tanh sinh cosh atan sign max(x,y) min(x,y) pow(x,y); reductions to a number sum mean prod amax amin norm
   * dot(x,y). The result is a number. At most 4096 bytes, 512 operands, operators and calls, parentheses 64 deep.
   */
  distance_expression?: string;
  /** The power of the minkowski distance; Infinity for the maximum. Range: > 0. Default: 2. */
  p?: number;
  /**
   * A number added to each coordinate of a difference: euclidean, minkowski. Range: >= 0. Default: 0 (textbook), 1e-06
   * (pytorch).
   */
  eps?: number;
  /** Take the distance from positive to negative where it is smaller than that from the anchor. Default: false. */
  swap?: boolean;
  /** By how much the negative is to be farther from the anchor than the positive. Default: 1. */
  margin?: number;
  /**
   * Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: false (textbook), true
   * (pytorch).
   */
  broadcast?: boolean;
}

/** One method for each loss. */
export declare abstract class Losses {
  /**
   * The mean absolute difference between predictions and targets.
   *
   * $\ell = \frac{1}{n}\sum_i |x_i - y_i|$
   */
  l1Loss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: L1LossTensors,
    options?: L1LossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * The mean squared difference between predictions and targets.
   *
   * $\ell = \frac{1}{n}\sum_i (x_i - y_i)^2$
   */
  mseLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: MSELossTensors,
    options?: MSELossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * Softmax and negative log-likelihood in one: how far predicted class scores are from the true classes.
   *
   * $\ell = -\frac{1}{n}\sum_i \sum_c y_{ic} \log \frac{\exp x_{ic}}{\sum_k \exp x_{ik}}$
   */
  crossEntropyLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: CrossEntropyLossTensors,
    options?: CrossEntropyLossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * Connectionist temporal classification: how likely a sequence of labels is under all its alignments to the frames of
   * input.
   *
   * $\ell = -\log P(y \mid x) = -\log \sum_{\text{alignments } a} \prod_t p_t(a_t)$
   */
  ctcLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: CTCLossTensors,
    options?: CTCLossOptions<R>,
  ): Promise<Answer<R, "input">>;

  /**
   * The negative log-likelihood of the true classes under predicted distributions.
   *
   * $\ell = -\sum_i \log p_{i, y_i}$
   */
  nllLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: NLLLossTensors,
    options?: NLLLossOptions<R>,
  ): Promise<Answer<R, "input">>;

  /**
   * The negative log-likelihood of counts under Poisson distributions with given rates.
   *
   * $\ell = \frac{1}{n}\sum_i \left(x_i - y_i \log x_i\right)$
   */
  poissonNllLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: PoissonNLLLossTensors,
    options?: PoissonNLLLossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * The negative log-likelihood of targets under normal distributions with given means and variances.
   *
   * $\ell = \frac{1}{n}\sum_i \left(\frac{(x_i - y_i)^2}{2 v_i} + c \log v_i\right)$
   */
  gaussianNllLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: GaussianNLLLossTensors,
    options?: GaussianNLLLossOptions<R>,
  ): Promise<Answer<R, "input" | "target" | "var">>;

  /**
   * The Kullback-Leibler divergence of the target distribution from the predicted one.
   *
   * $\ell = \sum_i P_i \log \frac{P_i}{Q_i}$
   */
  klDivLoss<R extends "none" | "mean" | "sum" | "batchmean" = "mean">(
    tensors: KLDivLossTensors,
    options?: KLDivLossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * Binary cross-entropy between probabilities and targets.
   *
   * $\ell = -\frac{1}{n}\sum_i \left(y_i \log p_i + (1 - y_i) \log(1 - p_i)\right)$
   */
  bceLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: BCELossTensors,
    options?: BCELossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * Binary cross-entropy of sigmoid(input), computed from the logits.
   *
   * $\ell = -\frac{1}{n}\sum_i \left(y_i \log \sigma(x_i) + (1 - y_i) \log(1 - \sigma(x_i))\right)$
   */
  bceWithLogitsLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: BCEWithLogitsLossTensors,
    options?: BCEWithLogitsLossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * How far a pair of scores is from being ranked in the right order by a margin.
   *
   * $\ell = \frac{1}{n}\sum_i \max(0, -y_i (x_{1i} - x_{2i}) + \text{margin})$
   */
  marginRankingLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: MarginRankingLossTensors,
    options?: MarginRankingLossOptions<R>,
  ): Promise<Answer<R, "input1" | "input2">>;

  /**
   * Draws embeddings of target 1 to zero and pushes those of target -1 beyond a margin.
   *
   * $\ell = \begin{cases} \|x\| & y = 1 \\ \max(0, m - \|x\|) & y = -1 \end{cases}$
   */
  hingeEmbeddingLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: HingeEmbeddingLossTensors,
    options?: HingeEmbeddingLossOptions<R>,
  ): Promise<Answer<R, "input">>;

  /**
   * How far the scores of the correct classes fall short of exceeding those of the wrong by 1.
   *
   * $\ell = \frac{1}{C}\sum_{i: y_i = 1} \sum_{j: y_j = 0} \max(0, 1 - (x_i - x_j))$
   */
  multiLabelMarginLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: MultiLabelMarginLossTensors,
    options?: MultiLabelMarginLossOptions<R>,
  ): Promise<Answer<R, "input">>;

  /**
   * Squared error for small differences, absolute error beyond delta: robust to outliers.
   *
   * $\ell_i = \begin{cases} \frac12 d_i^2 & |d_i| \le \delta \\ \delta (|d_i| - \frac12\delta) & \text{otherwise}
   * \end{cases}, \quad d_i = x_i - y_i$
   */
  huberLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: HuberLossTensors,
    options?: HuberLossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * Squared error for differences below beta, absolute error beyond; common in object detection.
   *
   * $\ell_i = \begin{cases} d_i^2 / (2\beta) & |d_i| < \beta \\ |d_i| - \frac12\beta & \text{otherwise} \end{cases},
   * \quad d_i = x_i - y_i$
   */
  smoothL1Loss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: SmoothL1LossTensors,
    options?: SmoothL1LossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * A smooth two-class margin: log(1 + exp(-y x)).
   *
   * $\ell = \frac{1}{n}\sum_i \log(1 + \exp(-y_i x_i))$
   */
  softMarginLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: SoftMarginLossTensors,
    options?: SoftMarginLossOptions<R>,
  ): Promise<Answer<R, "input">>;

  /**
   * Binary cross-entropy of the logit of each of several labels, averaged over the labels.
   *
   * $\ell = -\frac{1}{C}\sum_c \left(y_c \log \sigma(x_c) + (1 - y_c) \log(1 - \sigma(x_c))\right)$
   */
  multiLabelSoftMarginLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: MultiLabelSoftMarginLossTensors,
    options?: MultiLabelSoftMarginLossOptions<R>,
  ): Promise<Answer<R, "input" | "target">>;

  /**
   * Draws two vectors together (target 1) or apart (target -1) by the cosine of their angle.
   *
   * $\ell = \begin{cases} 1 - \cos(x_1, x_2) & y = 1 \\ \max(0, \cos(x_1, x_2) - m) & y = -1 \end{cases}$
   */
  cosineEmbeddingLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: CosineEmbeddingLossTensors,
    options?: CosineEmbeddingLossOptions<R>,
  ): Promise<Answer<R, "input1" | "input2">>;

  /**
   * How far the score of the true class falls short of exceeding every other class's by a margin.
   *
   * $\ell = \frac{1}{C}\sum_{i \ne y} w_y \max(0, m + x_i - x_y)^p$
   */
  multiMarginLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: MultiMarginLossTensors,
    options?: MultiMarginLossOptions<R>,
  ): Promise<Answer<R, "input">>;

  /**
   * An anchor is to be nearer to a positive than to a negative example, by a margin.
   *
   * $\ell = \max(0, \|a - p\|_2^2 - \|a - n\|_2^2 + m)$
   */
  tripletMarginLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: TripletMarginLossTensors,
    options?: TripletMarginLossOptions<R>,
  ): Promise<Answer<R, "anchor" | "positive" | "negative">>;

  /**
   * The triplet margin loss with a distance function of your choice.
   *
   * $\ell = \max(0, d(a, p) - d(a, n) + m)$
   */
  tripletMarginWithDistanceLoss<R extends "none" | "mean" | "sum" = "mean">(
    tensors: TripletMarginWithDistanceLossTensors,
    options?: TripletMarginWithDistanceLossOptions<R>,
  ): Promise<Answer<R, "anchor" | "positive" | "negative">>;
}
