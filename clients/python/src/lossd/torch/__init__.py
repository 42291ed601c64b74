"""torch.nn.functional's and torch.nn's losses, computed by a lossd server, with autograd.

>>> lossd.torch.set_client(lossd.Client("http://127.0.0.1:8080"))
>>> loss = lossd.torch.cross_entropy(model(x), target)
>>> loss.backward()

Names, arguments and numbers are PyTorch's (definition pytorch); the deprecated `size_average` and `reduce` are left
out. Functions also take `client`. Gradients come with the value in one request or, under reduction "none", in one of
their own in backward(). Gradients of gradients are not to be had.
"""

from lossd.torch._remote import set_client
from lossd.torch.functional import *  # noqa: F403
from lossd.torch.modules import *  # noqa: F403

__all__ = ["set_client"]
