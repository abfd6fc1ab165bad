"""A function of the user's that gives the network."""

import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch

from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import Normalisation, load_classifier, save_classifier
from invariscope.classifiers.own_network import build
from invariscope.classifiers.split import split_at
from invariscope.classifiers.surgery import find_convolution, run_with_banks
from invariscope.classifiers.training import Training, train
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.own_function import source_files
from invariscope.screening.config import Rendering
from invariscope.screening.screen import screen
from tests.toy import write_params

CPU = torch.device("cpu")
AS_IT_IS = {"mean": [0.0], "std": [1.0]}
TRAINING = {"epochs": 1, "batch_size": 32, "learning_rate": 1e-2, "weight_decay": 0.0}
HEAD = """
import torch
import torch.nn.functional as F
from torch import nn
"""
# Nested, with functional activations, a residual, `view`, tied layers, a constant outside the state, no name that ends
# in a number.
ODD = """
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = nn.ModuleDict({"first": nn.Conv2d(width, width, 3, padding=1, bias=False)})
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return F.relu(self.norm(self.inner["first"](x))) + x

class Odd(nn.Module):
    def __init__(self, classes, channels, width=6):
        super().__init__()
        self.stem = nn.Conv2d(channels, width, 3, padding=1)
        self.body = nn.ModuleList([Block(width), Block(width)])
        self.dense = nn.Linear(width * 36, width * 36)
        self.again = self.dense
        self.register_buffer("scale", torch.full((1,), 0.5), persistent=False)
        self.readout = nn.Linear(width * 36, classes, bias=False)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.stem(x)), 2) * self.scale
        for block in self.body:
            x = block(x)
        return self.readout(F.gelu(self.again(self.dense(x.view(x.size(0), -1)))))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Write the user's module into the working directory; gives its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    name = f"nets_{abs(hash(tmp_path)):x}"
    (tmp_path / name).mkdir()

    def write(text: str) -> str:
        (tmp_path / name / "mine.py").write_text(HEAD + dedent(text))
        for loaded in [key for key in sys.modules if key.partition(".")[0] == name]:
            monkeypatch.delitem(sys.modules, loaded)
        return f"{name}.mine"

    return write


def test_the_function_is_given_what_it_asks_for_and_the_arguments(module) -> None:
    name = module(
        """
        def build(classes, width, size):
            assert (classes, width, size) == (4, 3, 12)
            return nn.Sequential(nn.Flatten(), nn.Linear(144, width), nn.Linear(width, classes))
        def fixed():
            return build(4, 3, 12)
        class Net(nn.Sequential):
            def __init__(self, channels, classes):
                super().__init__(nn.Flatten(), nn.LazyLinear(classes * channels))
        """
    )
    network = build({"architecture": f"{name}:build", "arguments": {"width": 3}}, 1, 12, 4)
    assert network.get_submodule("1").out_features == 3 and network.training
    assert build({"architecture": f"{name}:fixed"}, 1, 12, 4)(torch.rand(2, 1, 12, 12)).shape == (2, 4)
    assert build({"architecture": f"{name}:Net"}, 1, 12, 4).get_parameter("1.weight").shape == (4, 144)


BROKEN = [  # source of the module, what the line must say
    ("def other(): pass", r"has no function 'build'; it has other"),
    ("build = 3", "has no function 'build'; it has none"),
    (
        "import nothing_of_this_name",
        r"cannot be imported: ModuleNotFoundError: .*this_name.*mine.py, line 5",
    ),
    ("def build(:", r"cannot be imported: SyntaxError: invalid syntax \(nets_\w+/mine.py, line 5\)"),
    ("raise SystemExit('bye')", "cannot be imported: SystemExit: bye"),
    ("def build(depth): pass", "failed: TypeError: .*missing 1 required positional argument: 'depth'"),
    ("def build():\n    return {}['a']", r"failed: KeyError: 'a' \(nets_\w+/mine.py, line 6\)"),
    ("def build(): return 'net'", "gives a str; it must give a torch.nn.Module"),
    ("def build(): return nn.Flatten()", "has no parameters"),
    (
        "def build(): return nn.Sequential(nn.Flatten(), nn.Linear(9, 4))",
        "cannot take images of shape",
    ),
    ("def build(): return nn.Sequential(nn.Flatten(), nn.Linear(144, 3))", "3 outputs and 4 classes; .*data.classes"),
    ("def build(): return nn.Conv2d(1, 4, 3)", r"gives \(1, 4, 10, 10\) of images .*, not \(1, 4\)"),
    (
        "class Two(nn.Linear):\n    def forward(self, x): return [super().forward(x.flatten(1))]\n"
        "def build(): return Two(144, 4)",
        "gives a list; it must give logits",
    ),
    (
        "class Odd(nn.Linear):\n    def get_extra_state(self): return 'text'\n"
        "def build(): return nn.Sequential(nn.Flatten(), Odd(144, 4))",
        "its state '1._extra_state' is a str",
    ),
]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_what_is_wrong_with_it_is_one_line(text: str, said: str, module) -> None:
    name = module(text)
    with pytest.raises(UserError, match=said) as error:
        build({"architecture": f"{name}:build"}, 1, 12, 4)
    assert str(error.value).startswith(f"architecture: {name}:build: ")
    assert "\n" not in str(error.value)


def test_a_module_that_is_not_there(module) -> None:
    name = module("")
    for missing in (f"{name}.yours", "nowhere_at_all", "nowhere_at_all.mine"):
        with pytest.raises(UserError, match=f"no module '{missing.removesuffix('.mine')}' in /"):
            build({"architecture": f"{missing}:build"}, 1, 12, 4)


UNTRAINABLE = [
    ("return nn.Sequential(nn.Flatten(), nn.Linear(144, 4)).requires_grad_(False)", "all its parameters are frozen"),
    ("return Detached(144, 4)", "no gradient can pass"),
    ("return Pair(144, 4)", "gives a tuple in train mode"),
]


@pytest.mark.parametrize(("text", "said"), UNTRAINABLE)
def test_what_cannot_be_trained_is_said_before_training(text: str, said: str, module, train_images: Images) -> None:
    name = module(
        f"""
        class Detached(nn.Linear):
            def forward(self, x): return super().forward(x.flatten(1)).detach()
        class Pair(nn.Linear):
            def forward(self, x):
                x = super().forward(x.flatten(1))
                return (x, x) if self.training else x
        def build(): {text}
        """
    )
    block = {"architecture": f"{name}:build", "normalisation": AS_IT_IS}
    new_classifier(block, train_images, 0, CPU)  # it may be taken as it is
    with pytest.raises(UserError, match=said):
        new_classifier(block | {"training": TRAINING}, train_images, 0, CPU)


def test_weights_in_the_network_are_taken_as_they_are(module, train_images: Images) -> None:
    name = module(
        """
        def build(classes):
            network = nn.Sequential(nn.Flatten(), nn.Linear(144, classes))
            nn.init.constant_(network[1].weight, 0.25)
            return network
        """
    )
    block: dict[str, Any] = {"architecture": f"{name}:build"}
    with pytest.raises(UserError, match="does not say how its images were normalised"):
        new_classifier(block, train_images, 0, CPU)
    taken = new_classifier(block | {"normalisation": AS_IT_IS}, train_images, 0, CPU)
    assert (taken.network.get_parameter("1.weight") == 0.25).all()
    assert taken.normalisation == Normalisation((0.0,), (1.0,))
    other = new_classifier(block | {"normalisation": AS_IT_IS}, train_images, 1, CPU)
    again = new_classifier(block | {"normalisation": AS_IT_IS}, train_images, 0, CPU)
    biases = [model.network.get_parameter("1.bias") for model in (taken, again, other)]
    assert torch.equal(biases[0], biases[1]) and not torch.equal(
        biases[0], biases[2]
    )  # what is drawn hangs on the seed


def test_an_odd_network_is_trained_saved_cut_and_screened(module, train_images: Images, tmp_path: Path) -> None:
    """With channels last its `view` would fail: it is kept from that everywhere."""
    name = module(ODD)
    block = {"architecture": f"{name}:Odd", "arguments": {"width": 5}, "training": TRAINING}
    model = new_classifier(block, train_images, 0, CPU)
    train(model, Training(**TRAINING), train_images, {"test": train_images}, 0)
    save_classifier(model, tmp_path / "m.safetensors")
    loaded = load_classifier(tmp_path / "m.safetensors", CPU, trusted=f"{name}:Odd")
    x = train_images.tensors()[0][:6]
    assert torch.equal(loaded(x), model(x))
    assert (loaded.network.scale == 0.5).all()  # it is in no file

    convolution = find_convolution(loaded.network, "body.1.inner.first")
    split = split_at(loaded, convolution, x)
    below = split.below(x)
    torch.testing.assert_close(split(convolution(below[0]), *below), loaded(x))
    inside_out = [value.to(memory_format=torch.channels_last) for value in (convolution(below[0]), *below)]
    torch.testing.assert_close(split(*inside_out), loaded(x))
    torch.testing.assert_close(split.represent(convolution(below[0])).min(), torch.tensor(0.0))  # norm and relu are own
    banks = convolution.weight.expand(len(x), *convolution.weight.shape)
    torch.testing.assert_close(run_with_banks(loaded, convolution, x, banks), loaded(x))

    answers = screen(loaded, train_images, [("brightness", 0.0)], Rendering("zeros", "bilinear", True), 0, CPU)
    expected = loaded(train_images.tensors()[0][answers.image_ids]).argmax(1)
    assert (answers.predicted[0] == expected.numpy()).all() and len(expected) == len(train_images)


def test_a_read_out_without_bias_is_trained_anew_for_other_classes(module, train_images: Images, tmp_path) -> None:
    name = module(ODD)
    donor = build({"architecture": f"{name}:Odd"}, 1, 12, 9).state_dict()
    torch.save(donor, tmp_path / "w.pt")
    block = {"architecture": f"{name}:Odd", "weights": str(tmp_path / "w.pt"), "normalisation": AS_IT_IS}
    with pytest.raises(UserError, match="tell 9 classes, the data have 4"):
        new_classifier(block, train_images, 0, CPU)
    network = new_classifier(block | {"training": TRAINING}, train_images, 0, CPU).network
    assert network.get_parameter("readout.weight").shape[0] == 4
    assert torch.equal(network.get_parameter("stem.weight"), donor["stem.weight"])


def test_a_file_does_not_choose_what_is_run(module, train_images: Images, tmp_path: Path) -> None:
    name = module(f"{ODD}\n(lambda: open('run', 'a').close())()")
    block = {"architecture": f"{name}:Odd", "training": TRAINING}
    save_classifier(new_classifier(block, train_images, 0, CPU), tmp_path / "m.safetensors")
    (tmp_path / "run").unlink()
    for loaded in [key for key in sys.modules if key.startswith("nets_")]:
        del sys.modules[loaded]
    (tmp_path / "params.yaml").write_text("")
    with pytest.raises(UserError, match=r"not run because params.yaml does not name it; .*trusted='nets_\w+.mine:Odd'"):
        load_classifier(tmp_path / "m.safetensors", CPU)
    write_params(tmp_path, {"own": {"data": {}, "classifiers": {"net": {"architecture": "os:system"}}}})
    with pytest.raises(UserError, match="not run"):
        load_classifier(tmp_path / "m.safetensors", CPU)
    assert not (tmp_path / "run").exists()
    write_params(tmp_path, {"own": {"data": {}, "classifiers": {"net": block}}})
    load_classifier(tmp_path / "m.safetensors", CPU)
    assert (tmp_path / "run").exists()


def test_the_users_files_that_are_loaded(module, tmp_path: Path) -> None:
    name = module("from .part import build")
    (tmp_path / name.replace(".mine", "") / "part.py").write_text(
        f"{HEAD}\ndef build(): return nn.Sequential(nn.Flatten(), nn.Linear(144, 4))"
    )
    (tmp_path / "unrelated.py").write_text("")
    build({"architecture": f"{name}:build"}, 1, 12, 4)
    assert [path.name for path in source_files()] == ["mine.py", "part.py"]
