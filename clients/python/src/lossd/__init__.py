"""Client of lossd: 21 loss functions and their exact gradients, computed by a server.

>>> client = lossd.Client("http://127.0.0.1:8080")
>>> client.mse_loss([1.0, 2.0], [1.0, 4.0], gradients=True)

`lossd.torch` has the same losses as functions and modules of PyTorch, `lossd.sklearn` as scorers of scikit-learn.
"""

from lossd._answer import Answer, merge
from lossd._client import AsyncClient, Client
from lossd._errors import LossdError, ProblemError, TransportError

__all__ = ["Answer", "AsyncClient", "Client", "LossdError", "ProblemError", "TransportError", "merge"]
__version__ = "1.0.0"
