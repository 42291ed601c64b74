"""The README's examples print what it says, and the example programs do what they say."""

import doctest
import runpy

from conftest import ROOT

HERE = ROOT / "clients/python"


def test_every_example_of_the_readme(server):
    text = (HERE / "README.md").read_text().replace("http://127.0.0.1:8080", server.url)
    examples = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
    assert len(examples.examples) > 25
    output: list[str] = []
    doctest.DocTestRunner().run(examples, out=output.append)
    assert not output, "".join(output)


def test_digits_are_learnt_as_well_from_a_remote_loss(client):
    import torch

    import lossd.torch

    digits = runpy.run_path(str(HERE / "examples/digits.py"))
    lossd.torch.set_client(client)
    local_loss, local_accuracy = digits["train"](torch.nn.CrossEntropyLoss(), epochs=8)
    loss, accuracy = digits["train"](lossd.torch.CrossEntropyLoss(), epochs=8)
    lossd.torch.set_client(None)
    assert local_accuracy > 0.9
    assert abs(accuracy - local_accuracy) <= 1 / 450
    assert abs(loss - local_loss) <= 1e-6 * local_loss
