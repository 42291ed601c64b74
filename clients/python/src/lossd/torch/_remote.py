"""A remote evaluation as a node of autograd's graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import safetensors.torch
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lossd import _wire
from lossd._client import Client
from lossd._losses import Option

_client: Client | None = None


def set_client(client: Client | None) -> None:
    """The client of all modules, and of functions that are not given one. For the whole process."""
    global _client
    _client = client


def _default_client() -> Client:
    if _client is None:
        raise RuntimeError("lossd.torch has no client: call lossd.torch.set_client(lossd.Client(url)), or pass client=")
    return _client


@dataclass(frozen=True)
class _Call:
    client: Client
    loss: str
    options: Mapping[str, Option]
    roles: Sequence[str]

    def evaluate(self, tensors: Mapping[str, Tensor], gradients: Sequence[str]) -> dict[str, Tensor]:
        # Copies, since safetensors refuses tensors that share memory or are not contiguous.
        copies = {name: t.detach().cpu().clone(memory_format=torch.contiguous_format) for name, t in tensors.items()}
        path = _wire.path(self.loss, self.options, gradients)
        response = self.client._connection.send("POST", path, safetensors.torch.save(copies))
        return safetensors.torch.load(response.content)


class _Evaluation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, call: _Call, *tensors: Tensor) -> Tensor:
        named = dict(zip(call.roles, tensors, strict=True))
        ctx.call = call
        ctx.wanted = [role for role, needed in zip(call.roles, ctx.needs_input_grad[1:], strict=True) if needed]
        ctx.unreduced = call.options["reduction"] == "none"
        answer = call.evaluate(named, [] if ctx.unreduced else ctx.wanted)
        kept = tensors if ctx.unreduced else [answer[f"grad.{role}"].to(named[role].device) for role in ctx.wanted]
        ctx.save_for_backward(*kept)
        floating = [t.dtype for t in tensors if t.is_floating_point()]
        return answer["loss"].to(tensors[0].device, reduce(torch.promote_types, floating or [answer["loss"].dtype]))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.unreduced:
            named = dict(zip(ctx.call.roles, ctx.saved_tensors, strict=True))
            answer = ctx.call.evaluate({**named, "grad_output": grad_output}, ctx.wanted)
            found = {role: answer[f"grad.{role}"].to(named[role].device) for role in ctx.wanted}
        else:
            found = {role: g * grad_output for role, g in zip(ctx.wanted, ctx.saved_tensors, strict=True)}
        return None, *(found.get(role) for role in ctx.call.roles)


def evaluate(client: Client | None, loss: str, tensors: Mapping[str, Tensor | None], **options: Option) -> Tensor:
    """The loss of the tensors that are not None, under PyTorch's definition."""
    given = {role: tensor for role, tensor in tensors.items() if tensor is not None}
    call = _Call(client or _default_client(), loss, {"definition": "pytorch", **options}, list(given))
    result: Tensor = _Evaluation.apply(call, *given.values())  # type: ignore[no-untyped-call]
    return result
