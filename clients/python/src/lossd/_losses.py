"""The losses as methods. Made from the server's rows by ./dev openapi. Do not edit."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, Literal, TypeVar

from numpy.typing import ArrayLike

Result = TypeVar("Result", covariant=True)
Option = str | float | bool | None

# Tensors in which numbers without a dtype, such as lists, are class indices or lengths, int64: "always", or "below
# input" where they are of a lower rank than the input, else probabilities. In all others they are float64, as in JSON.
INDICES: Mapping[str, Mapping[str, str]] = {
    "CrossEntropyLoss": {"target": "below input"},
    "CTCLoss": {"target": "always", "input_lengths": "always", "target_lengths": "always"},
    "NLLLoss": {"target": "always"},
    "MultiLabelMarginLoss": {"target": "always"},
    "MultiMarginLoss": {"target": "always"},
}


class Losses(ABC, Generic[Result]):
    """One method for each loss; what they return is the subclass's matter."""

    @abstractmethod
    def evaluate(
        self,
        loss: str,
        tensors: Mapping[str, ArrayLike | None],
        options: Mapping[str, Option] | None = None,
        *,
        gradients: bool | str | Sequence[str] = False,
        id: str | None = None,
    ) -> Result:
        """Evaluate the loss of this class name, such as "MSELoss". The other methods call this one."""

    def l1_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        broadcast: bool | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""The mean absolute difference between predictions and targets.

        .. math:: \ell = \frac{1}{n}\sum_i |x_i - y_i|

        Parameters
        ----------
        input
            Predictions x. Shape: any. Has a gradient.
        target
            Targets y. Shape: any. Has a gradient.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "L1Loss",
            {"input": input, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "broadcast": broadcast},
            gradients=gradients,
            id=id,
        )

    def mse_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        broadcast: bool | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""The mean squared difference between predictions and targets.

        .. math:: \ell = \frac{1}{n}\sum_i (x_i - y_i)^2

        Parameters
        ----------
        input
            Predictions x. Shape: any. Has a gradient.
        target
            Targets y. Shape: any. Has a gradient.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "MSELoss",
            {"input": input, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "broadcast": broadcast},
            gradients=gradients,
            id=id,
        )

    def cross_entropy(
        self,
        input: ArrayLike,
        target: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        input_kind: Literal["logits", "probabilities", "log_probabilities"] | None = None,
        ignore_index: int | None = None,
        label_smoothing: float | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""Softmax and negative log-likelihood in one: how far predicted class scores are from the true classes.

        .. math:: \ell = -\frac{1}{n}\sum_i \sum_c y_{ic} \log \frac{\exp x_{ic}}{\sum_k \exp x_{ik}}

        Parameters
        ----------
        input
            Scores x of each class. Shape: (C), (N, C) or (N, C, d1...dk). Has a gradient.
        target
            Class indices, or probabilities y of each class. Shape: indices: input's without C; probabilities: input's. Has a
            gradient.
        weight
            A factor for each class. Shape: (C).
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        input_kind
            What input holds: logits (softmax is applied), probabilities or their logarithms. One of logits, probabilities,
            log_probabilities. Default: logits.
        ignore_index
            The class index whose rows are left out. For class indices only. Range: >= -9007199254740992 and <=
            9007199254740992. Default: -100.
        label_smoothing
            The share of each target that is spread evenly over all classes. Range: >= 0 and <= 1. Default: 0.
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "CrossEntropyLoss",
            {"input": input, "target": target, "weight": weight, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "input_kind": input_kind, "ignore_index": ignore_index, "label_smoothing": label_smoothing},
            gradients=gradients,
            id=id,
        )

    def ctc_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        input_lengths: ArrayLike | None = None,
        target_lengths: ArrayLike | None = None,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        input_kind: Literal["log_probabilities", "probabilities", "logits"] | None = None,
        blank: int | None = None,
        zero_infinity: bool | None = None,
        mean_by_target_length: bool | None = None,
        ctc_gradient: Literal["exact", "log_softmax"] | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""Connectionist temporal classification: how likely a sequence of labels is under all its alignments to the frames of input.

        .. math:: \ell = -\log P(y \mid x) = -\log \sum_{\text{alignments } a} \prod_t p_t(a_t)

        Parameters
        ----------
        input
            Log-probabilities x of each class in each frame. Shape: (T, N, C) or (T, C). Has a gradient.
        target
            Labels, without blanks. Shape: (N, S), (S), or all targets in one row. Integers.
        input_lengths
            Frames of each sequence. Shape: (N) or (). Integers.
        target_lengths
            Labels of each sequence. Shape: (N) or (). Integers.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        input_kind
            What input holds: log-probabilities, probabilities, or logits (softmax is applied). One of log_probabilities,
            probabilities, logits. Default: log_probabilities.
        blank
            The class that stands for no label. Range: >= 0 and <= 9007199254740992. Default: 0.
        zero_infinity
            Make infinite losses, of targets that cannot be aligned, and their gradients 0. Default: False.
        mean_by_target_length
            Under reduction mean, divide each loss by its target's length. Default: False (textbook), True (pytorch).
        ctc_gradient
            For log_probabilities: the exact partial derivative, or PyTorch's, which presumes that input came out of a
            log_softmax. One of exact, log_softmax. Default: exact (textbook), log_softmax (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "CTCLoss",
            {"input": input, "target": target, "input_lengths": input_lengths, "target_lengths": target_lengths, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "input_kind": input_kind, "blank": blank, "zero_infinity": zero_infinity, "mean_by_target_length": mean_by_target_length, "ctc_gradient": ctc_gradient},
            gradients=gradients,
            id=id,
        )

    def nll_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        input_kind: Literal["probabilities", "log_probabilities"] | None = None,
        ignore_index: int | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""The negative log-likelihood of the true classes under predicted distributions.

        .. math:: \ell = -\sum_i \log p_{i, y_i}

        Parameters
        ----------
        input
            Probabilities p of each class, or their logarithms. Shape: (C), (N, C) or (N, C, d1...dk). Has a gradient.
        target
            Class indices y. Shape: input's shape without C. Integers.
        weight
            A factor >= 0 for each class. Shape: (C).
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: sum
            (textbook), mean (pytorch).
        input_kind
            What input holds: probabilities or their logarithms. One of probabilities, log_probabilities. Default:
            probabilities (textbook), log_probabilities (pytorch).
        ignore_index
            The class index whose rows are left out. Range: >= -9007199254740992 and <= 9007199254740992. Default: -100.
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "NLLLoss",
            {"input": input, "target": target, "weight": weight, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "input_kind": input_kind, "ignore_index": ignore_index},
            gradients=gradients,
            id=id,
        )

    def poisson_nll_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        broadcast: bool | None = None,
        log_input: bool | None = None,
        full: Literal["false", "stirling", "exact"] | bool | None = None,
        eps: float | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""The negative log-likelihood of counts under Poisson distributions with given rates.

        .. math:: \ell = \frac{1}{n}\sum_i \left(x_i - y_i \log x_i\right)

        Parameters
        ----------
        input
            Rates x, or their logarithms. Shape: any. Has a gradient.
        target
            Counts y. Shape: any. Has a gradient.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        log_input
            Whether input holds logarithms of rates. Default: False (textbook), True (pytorch).
        full
            Add log(target!): by Stirling's approximation (also true) or exactly. One of false, stirling, exact. Default:
            false.
        eps
            Added to the rate inside the logarithm. Without log_input only. Range: >= 0. Default: 0 (textbook), 1e-08
            (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "PoissonNLLLoss",
            {"input": input, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "broadcast": broadcast, "log_input": log_input, "full": full, "eps": eps},
            gradients=gradients,
            id=id,
        )

    def gaussian_nll_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        var: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        broadcast: bool | None = None,
        log_var_weight: float | None = None,
        full: bool | None = None,
        eps: float | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target", "var"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""The negative log-likelihood of targets under normal distributions with given means and variances.

        .. math:: \ell = \frac{1}{n}\sum_i \left(\frac{(x_i - y_i)^2}{2 v_i} + c \log v_i\right)

        Parameters
        ----------
        input
            Means x. Shape: any. Has a gradient.
        target
            Targets y. Shape: any. Has a gradient.
        var
            Variances v. Shape: input's, or that without its last axis, or one that broadcasts. Has a gradient.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        log_var_weight
            The factor of log(var): 1 in the textbook's formula, 1/2 in the density's. Default: 1 (textbook), 0.5 (pytorch).
        full
            Add the constant log(2 pi) / 2. Default: False.
        eps
            var is held at eps at least. Range: >= 0. Default: 0 (textbook), 1e-06 (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "GaussianNLLLoss",
            {"input": input, "target": target, "var": var, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "broadcast": broadcast, "log_var_weight": log_var_weight, "full": full, "eps": eps},
            gradients=gradients,
            id=id,
        )

    def kl_div(
        self,
        input: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum", "batchmean"] | None = None,
        broadcast: bool | None = None,
        input_kind: Literal["probabilities", "log_probabilities"] | None = None,
        log_target: bool | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""The Kullback-Leibler divergence of the target distribution from the predicted one.

        .. math:: \ell = \sum_i P_i \log \frac{P_i}{Q_i}

        Parameters
        ----------
        input
            The model's distribution Q. Shape: any. Has a gradient.
        target
            The true distribution P. Shape: any. Has a gradient.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses; batchmean divides their sum by input's first dimension, times the mean
            sample_weight. One of none, mean, sum, batchmean. Default: sum (textbook), mean (pytorch).
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        input_kind
            What input holds: probabilities or their logarithms. One of probabilities, log_probabilities. Default:
            probabilities (textbook), log_probabilities (pytorch).
        log_target
            Whether target holds logarithms of probabilities. Default: False.
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "KLDivLoss",
            {"input": input, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "broadcast": broadcast, "input_kind": input_kind, "log_target": log_target},
            gradients=gradients,
            id=id,
        )

    def binary_cross_entropy(
        self,
        input: ArrayLike,
        target: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        clamp_log: bool | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""Binary cross-entropy between probabilities and targets.

        .. math:: \ell = -\frac{1}{n}\sum_i \left(y_i \log p_i + (1 - y_i) \log(1 - p_i)\right)

        Parameters
        ----------
        input
            Probabilities p. Shape: any. Has a gradient.
        target
            Targets y in [0, 1]. Shape: input's. Has a gradient.
        weight
            A factor for each element. Shape: broadcasts to input.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        clamp_log
            Hold logarithms at -100 at least, so that the loss stays finite. Default: False (textbook), True (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "BCELoss",
            {"input": input, "target": target, "weight": weight, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "clamp_log": clamp_log},
            gradients=gradients,
            id=id,
        )

    def binary_cross_entropy_with_logits(
        self,
        input: ArrayLike,
        target: ArrayLike,
        weight: ArrayLike | None = None,
        pos_weight: ArrayLike | None = None,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""Binary cross-entropy of sigmoid(input), computed from the logits.

        .. math:: \ell = -\frac{1}{n}\sum_i \left(y_i \log \sigma(x_i) + (1 - y_i) \log(1 - \sigma(x_i))\right)

        Parameters
        ----------
        input
            Logits x. Shape: any. Has a gradient.
        target
            Targets y, as a rule in [0, 1]. Shape: input's. Has a gradient.
        weight
            A factor for each element. Shape: broadcasts to input.
        pos_weight
            A factor for the positive term. Shape: broadcasts to input.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "BCEWithLogitsLoss",
            {"input": input, "target": target, "weight": weight, "pos_weight": pos_weight, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction},
            gradients=gradients,
            id=id,
        )

    def margin_ranking_loss(
        self,
        input1: ArrayLike,
        input2: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        broadcast: bool | None = None,
        margin: float | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input1", "input2"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""How far a pair of scores is from being ranked in the right order by a margin.

        .. math:: \ell = \frac{1}{n}\sum_i \max(0, -y_i (x_{1i} - x_{2i}) + \text{margin})

        Parameters
        ----------
        input1
            Scores x1. Shape: any. Has a gradient.
        input2
            Scores x2. Shape: any. Has a gradient.
        target
            Y: 1 if x1 should rank higher, -1 if x2. Shape: any.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        margin
            By how much the right order should win. Default: 0.
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "MarginRankingLoss",
            {"input1": input1, "input2": input2, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "broadcast": broadcast, "margin": margin},
            gradients=gradients,
            id=id,
        )

    def hinge_embedding_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        norm: Literal["l2", "none"] | None = None,
        margin: float | None = None,
        broadcast: bool | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""Draws embeddings of target 1 to zero and pushes those of target -1 beyond a margin.

        .. math:: \ell = \begin{cases} \|x\| & y = 1 \\ \max(0, m - \|x\|) & y = -1 \end{cases}

        Parameters
        ----------
        input
            Vectors x (norm l2) or distances (norm none). Shape: (..., D) under norm l2, else any. Has a gradient.
        target
            1: alike, -1: unlike. Shape: input's without D under norm l2, else input's.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        norm
            l2: input holds vectors, whose lengths count; none: input holds distances. One of l2, none. Default: l2
            (textbook), none (pytorch).
        margin
            The distance from which on elements of target -1 cost nothing. Default: 1.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "HingeEmbeddingLoss",
            {"input": input, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "norm": norm, "margin": margin, "broadcast": broadcast},
            gradients=gradients,
            id=id,
        )

    def multilabel_margin_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        target_kind: Literal["multi_hot", "indices"] | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""How far the scores of the correct classes fall short of exceeding those of the wrong by 1.

        .. math:: \ell = \frac{1}{C}\sum_{i: y_i = 1} \sum_{j: y_j = 0} \max(0, 1 - (x_i - x_j))

        Parameters
        ----------
        input
            Scores x of each class. Shape: (C) or (N, C). Has a gradient.
        target
            The correct classes, marked with 1 or listed. Shape: input's.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        target_kind
            What target holds: 1 for correct and 0 for wrong classes, or lists of the correct classes, each ended by a
            negative number. One of multi_hot, indices. Default: multi_hot (textbook), indices (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "MultiLabelMarginLoss",
            {"input": input, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "target_kind": target_kind},
            gradients=gradients,
            id=id,
        )

    def huber_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        broadcast: bool | None = None,
        delta: float | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""Squared error for small differences, absolute error beyond delta: robust to outliers.

        .. math:: \ell_i = \begin{cases} \frac12 d_i^2 & |d_i| \le \delta \\ \delta (|d_i| - \frac12\delta) & \text{otherwise} \end{cases}, \quad d_i = x_i - y_i

        Parameters
        ----------
        input
            Predictions x. Shape: any. Has a gradient.
        target
            Targets y. Shape: any. Has a gradient.
        weight
            A factor for each element. Shape: broadcasts to input.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        delta
            Where the loss turns from quadratic to linear. Range: > 0. Default: 1.
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "HuberLoss",
            {"input": input, "target": target, "weight": weight, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "broadcast": broadcast, "delta": delta},
            gradients=gradients,
            id=id,
        )

    def smooth_l1_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        broadcast: bool | None = None,
        beta: float | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""Squared error for differences below beta, absolute error beyond; common in object detection.

        .. math:: \ell_i = \begin{cases} d_i^2 / (2\beta) & |d_i| < \beta \\ |d_i| - \frac12\beta & \text{otherwise} \end{cases}, \quad d_i = x_i - y_i

        Parameters
        ----------
        input
            Predictions x. Shape: any. Has a gradient.
        target
            Targets y. Shape: any. Has a gradient.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        beta
            Where the loss turns from quadratic to linear. Range: >= 0. Default: 1.
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "SmoothL1Loss",
            {"input": input, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "broadcast": broadcast, "beta": beta},
            gradients=gradients,
            id=id,
        )

    def soft_margin_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        broadcast: bool | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""A smooth two-class margin: log(1 + exp(-y x)).

        .. math:: \ell = \frac{1}{n}\sum_i \log(1 + \exp(-y_i x_i))

        Parameters
        ----------
        input
            Scores x. Shape: any. Has a gradient.
        target
            Labels y: 1 or -1. Shape: any.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        broadcast
            Let target broadcast to input's shape. Default: False (textbook), True (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "SoftMarginLoss",
            {"input": input, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "broadcast": broadcast},
            gradients=gradients,
            id=id,
        )

    def multilabel_soft_margin_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input", "target"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""Binary cross-entropy of the logit of each of several labels, averaged over the labels.

        .. math:: \ell = -\frac{1}{C}\sum_c \left(y_c \log \sigma(x_c) + (1 - y_c) \log(1 - \sigma(x_c))\right)

        Parameters
        ----------
        input
            Logits x of each label. Shape: (..., C). Has a gradient.
        target
            Targets y, as a rule in [0, 1]. Shape: input's. Has a gradient.
        weight
            A factor for each label. Shape: broadcasts to input.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "MultiLabelSoftMarginLoss",
            {"input": input, "target": target, "weight": weight, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction},
            gradients=gradients,
            id=id,
        )

    def cosine_embedding_loss(
        self,
        input1: ArrayLike,
        input2: ArrayLike,
        target: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        margin: float | None = None,
        eps: float | None = None,
        broadcast: bool | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input1", "input2"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""Draws two vectors together (target 1) or apart (target -1) by the cosine of their angle.

        .. math:: \ell = \begin{cases} 1 - \cos(x_1, x_2) & y = 1 \\ \max(0, \cos(x_1, x_2) - m) & y = -1 \end{cases}

        Parameters
        ----------
        input1
            Vectors x1. Shape: (D) or (N, D). Has a gradient.
        input2
            Vectors x2. Shape: (D) or (N, D). Has a gradient.
        target
            1: alike, -1: unlike. Shape: () or (N).
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        margin
            The cosine up to which vectors of target -1 cost nothing. Range: >= -1 and <= 1. Default: 0.
        eps
            A number added to each squared norm. Range: >= 0. Default: 0 (textbook), 9.999999960041972e-13 (pytorch).
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "CosineEmbeddingLoss",
            {"input1": input1, "input2": input2, "target": target, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "margin": margin, "eps": eps, "broadcast": broadcast},
            gradients=gradients,
            id=id,
        )

    def multi_margin_loss(
        self,
        input: ArrayLike,
        target: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        p: int | None = None,
        margin: float | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["input"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""How far the score of the true class falls short of exceeding every other class's by a margin.

        .. math:: \ell = \frac{1}{C}\sum_{i \ne y} w_y \max(0, m + x_i - x_y)^p

        Parameters
        ----------
        input
            Scores x of each class. Shape: (C) or (N, C). Has a gradient.
        target
            Class indices y. Shape: () or (N). Integers.
        weight
            A factor for each class. Shape: (C).
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        p
            The power of each class's violation of the margin: 1 or 2. Range: >= 1 and <= 2. Default: 1.
        margin
            By how much the true class's score is to exceed each other's. Default: 1.
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "MultiMarginLoss",
            {"input": input, "target": target, "weight": weight, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "p": p, "margin": margin},
            gradients=gradients,
            id=id,
        )

    def triplet_margin_loss(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        squared: bool | None = None,
        p: float | None = None,
        eps: float | None = None,
        swap: bool | None = None,
        margin: float | None = None,
        broadcast: bool | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["anchor", "positive", "negative"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""An anchor is to be nearer to a positive than to a negative example, by a margin.

        .. math:: \ell = \max(0, \|a - p\|_2^2 - \|a - n\|_2^2 + m)

        Parameters
        ----------
        anchor
            Vectors a. Shape: (..., D). Has a gradient.
        positive
            Vectors p, like the anchors. Shape: (..., D). Has a gradient.
        negative
            Vectors n, unlike the anchors. Shape: (..., D). Has a gradient.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        squared
            Compare the squares of the norms. Default: True (textbook), False (pytorch).
        p
            The power of the norm; Infinity for the maximum. Range: > 0. Default: 2.
        eps
            A number added to each coordinate of a difference. Range: >= 0. Default: 0 (textbook), 1e-06 (pytorch).
        swap
            Take the distance from positive to negative where it is smaller than that from the anchor. Default: False.
        margin
            By how much the negative is to be farther from the anchor than the positive. Default: 1.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "TripletMarginLoss",
            {"anchor": anchor, "positive": positive, "negative": negative, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "squared": squared, "p": p, "eps": eps, "swap": swap, "margin": margin, "broadcast": broadcast},
            gradients=gradients,
            id=id,
        )

    def triplet_margin_with_distance_loss(
        self,
        anchor: ArrayLike,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        definition: Literal["textbook", "pytorch"] | None = None,
        reduction: Literal["none", "mean", "sum"] | None = None,
        distance: Literal["euclidean", "squared_euclidean", "manhattan", "chebyshev", "minkowski", "cosine"] | None = None,
        distance_expression: str | None = None,
        p: float | None = None,
        eps: float | None = None,
        swap: bool | None = None,
        margin: float | None = None,
        broadcast: bool | None = None,
        sample_weight: ArrayLike | None = None,
        grad_output: ArrayLike | None = None,
        gradients: bool | Sequence[Literal["anchor", "positive", "negative"]] = False,
        id: str | None = None,
    ) -> Result:
        r"""The triplet margin loss with a distance function of your choice.

        .. math:: \ell = \max(0, d(a, p) - d(a, n) + m)

        Parameters
        ----------
        anchor
            Vectors a. Shape: (..., D). Has a gradient.
        positive
            Vectors p, like the anchors. Shape: (..., D). Has a gradient.
        negative
            Vectors n, unlike the anchors. Shape: (..., D). Has a gradient.
        definition
            Whose defaults fill the options that are not given: the published formula's or PyTorch's. One of textbook,
            pytorch. Default: textbook.
        reduction
            What to do with the unreduced losses: return them, or their mean or sum. One of none, mean, sum. Default: mean.
        distance
            The distance between two vectors. One of euclidean, squared_euclidean, manhattan, chebyshev, minkowski, cosine.
            Default: euclidean.
        distance_expression
            A distance d(a, b) of your own, in place of a named one, for instance sqrt(sum((a - b)^2) + 1e-12). Vectors a and
            b; numbers, pi, e, D (their length); + - * / ^ and parentheses; elementwise abs sqrt exp log log1p expm1 sin cos
            tan tanh sinh cosh atan sign max(x,y) min(x,y) pow(x,y); reductions to a number sum mean prod amax amin norm
            dot(x,y). The result is a number. At most 4096 bytes, 512 operands, operators and calls, parentheses 64 deep.
        p
            The power of the minkowski distance; Infinity for the maximum. Range: > 0. Default: 2.
        eps
            A number added to each coordinate of a difference: euclidean, minkowski. Range: >= 0. Default: 0 (textbook), 1e-06
            (pytorch).
        swap
            Take the distance from positive to negative where it is smaller than that from the anchor. Default: False.
        margin
            By how much the negative is to be farther from the anchor than the positive. Default: 1.
        broadcast
            Let paired tensors of different shapes broadcast, as NumPy and PyTorch do. Default: False (textbook), True
            (pytorch).
        sample_weight
            Factors of the unreduced losses, finite and >= 0, of a shape that broadcasts to theirs. They enter the
            denominator; 0 leaves its element out.
        grad_output
            The cotangent of the returned loss, in its shape; multiplies the gradients. Default: ones.
        gradients
            True: of all floating tensors that have one; or the names of tensors.
        id
            At most 128 bytes; comes back as the answer's.

        Raises
        ------
        ProblemError
            The server refused: see its `code`, `detail`, `hint` and `pointer`.
        """
        return self.evaluate(
            "TripletMarginWithDistanceLoss",
            {"anchor": anchor, "positive": positive, "negative": negative, "sample_weight": sample_weight, "grad_output": grad_output},
            {"definition": definition, "reduction": reduction, "distance": distance, "distance_expression": distance_expression, "p": p, "eps": eps, "swap": swap, "margin": margin, "broadcast": broadcast},
            gradients=gradients,
            id=id,
        )
