"""The peer: MSELoss as a PyTorch user would serve it, with FastAPI, orjson and uvicorn on uvloop.

    uvicorn --app-dir bench/peers fastapi_server:app --loop uvloop --http httptools
"""
import orjson
import torch
from fastapi import FastAPI, Request, Response

torch.set_num_threads(1)
app = FastAPI()


def evaluate(x, y, gradients):
    loss = torch.nn.functional.mse_loss(x.requires_grad_(gradients), y)
    if gradients:
        loss.backward()
    return loss


@app.post("/v1/losses/MSELoss")
async def json_endpoint(request: Request):
    body = orjson.loads(await request.body())
    x, y = torch.tensor(body["input"], dtype=torch.float64), torch.tensor(body["target"], dtype=torch.float64)
    gradients = bool(body.get("gradients"))
    answer = {"loss": evaluate(x, y, gradients).item()}
    if gradients:
        answer["gradients"] = {"input": x.grad.numpy()}
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


@app.post("/raw")
async def raw_endpoint(request: Request):
    numbers = torch.frombuffer(bytearray(await request.body()), dtype=torch.float32)
    x, y = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
    return Response(evaluate(x, y, False).detach().numpy().tobytes(), media_type="application/octet-stream")
