"""What an image is optimised for: units of a network, and weighted sums of them (METHODS 5; paper 002, section 1.2).

A unit is written `module:channel`, the mean over all positions of a channel's map (paper, section 3.3), or
`module:channel@row,column`, one neuron of it; `class:number` or `class:name` is a logit. Sums are written as in
arithmetic: `conv3:5 - 0.5 * conv3:7`, with blanks around + and -.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from invariscope.errors import UserError

Shape = tuple[int, int, int]  # channels, height, width
Hook = Callable[..., Any]  # (module, inputs, output) -> None, or what goes on in place of the output
CLASS = "class"  # the module that stands for the network's own output
TERM = re.compile(
    r"(?P<sign>[+-]?)\s*(?:(?P<weight>\d+(?:\.\d*)?(?:e[+-]?\d+)?)\s*\*\s*)?(?P<module>[\w.]+):(?P<unit>.+)"
)
CHANNEL = re.compile(r"(?P<channel>\d+)(?:@(?P<row>\d+),(?P<column>\d+))?")


@dataclass(frozen=True)
class Unit:
    """A channel of a module's output, or one of its neurons."""

    module: str  # path within the network, or CLASS
    channel: int
    position: tuple[int, int] | None = None  # row and column; None is the mean over all

    def __str__(self) -> str:
        at = "" if self.position is None else f"@{self.position[0]},{self.position[1]}"
        return f"{self.module}:{self.channel}{at}"


@dataclass(frozen=True)
class Objective:
    """A weighted sum of units; objectives can be added, subtracted and multiplied by numbers."""

    terms: tuple[tuple[float, Unit], ...]

    def __str__(self) -> str:
        parts = [
            f"{'-' if weight < 0 else '+'} {'' if abs(weight) == 1 else f'{abs(weight):g} * '}{unit}"
            for weight, unit in self.terms
        ]
        first, *rest = parts
        return " ".join([first.removeprefix("+ ").replace("- ", "-"), *rest])

    def __add__(self, other: "Objective") -> "Objective":
        return Objective(self.terms + other.terms)

    def __mul__(self, factor: float) -> "Objective":
        return Objective(tuple((factor * weight, unit) for weight, unit in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> "Objective":
        return -1.0 * self

    def __sub__(self, other: "Objective") -> "Objective":
        return self + -other


def parse(text: str, class_names: Sequence[str] = ()) -> Objective:
    """The objective that a text says. Raises UserError if it says none."""
    parts = re.split(r"\s+(?=[+-]\s)", text.strip())
    return Objective(tuple(_term(part, text, class_names) for part in parts))


def _term(part: str, text: str, class_names: Sequence[str]) -> tuple[float, Unit]:
    found = TERM.fullmatch(part)
    if not found:
        example = "such as 'conv3:5', 'conv3:5@2,4', 'class:9' or 'conv3:5 - 0.5 * conv3:7'"
        raise UserError(f"objective {text!r}: {part!r} is no unit of a network; write one {example}")
    weight = float(found["weight"] or 1) * (-1 if found["sign"] == "-" else 1)
    unit = found["unit"].strip()
    if channel := CHANNEL.fullmatch(unit):
        position = (int(channel["row"]), int(channel["column"])) if channel["row"] else None
        return weight, Unit(found["module"], int(channel["channel"]), position)
    if found["module"] == CLASS and unit in class_names:
        return weight, Unit(CLASS, list(class_names).index(unit))
    known = f"; the classes are {', '.join(class_names)}" if found["module"] == CLASS and class_names else ""
    raise UserError(f"objective {text!r}: {unit!r} is no number of a channel or class{known}")


class Probe:
    """Reads objectives off a network, all in one forward pass, which ends at the last layer that is asked for.

    `model` is what is called with images (N, C, H, W), such as a Classifier, to whose `network` paths are relative; to
    any other module paths are its own. Raises UserError if a unit is not there, or if its module does not run once.
    """

    def __init__(self, model: nn.Module, objectives: Sequence[Objective], shape: Shape) -> None:
        self.model, self.objectives, self.shape = model, tuple(objectives), shape
        self.device = next((tensor.device for tensor in model.parameters()), torch.device("cpu"))
        modules = modules_of(model)
        terms: dict[str, list[tuple[int, float, Unit]]] = {}
        for row, objective in enumerate(self.objectives):
            for weight, unit in objective.terms:
                if unit.module not in modules:
                    raise UserError(f"objective '{objective}': no module {unit.module!r}; there are {_listed(modules)}")
                terms.setdefault(unit.module, []).append((row, weight, unit))
        self.modules = {name: modules[name] for name in terms}
        self._require(terms, shape)
        self.terms = {name: _Terms(listed, self.device) for name, listed in terms.items()}

    def all(self, x: Tensor) -> Tensor:
        """(N, K): every objective of every image of x (N, C, H, W)."""
        read: dict[str, Tensor] = {}

        def reader(name: str) -> Callable[..., None]:
            def hook(_: nn.Module, __: Any, output: Tensor) -> None:
                read[name] = self.terms[name].read(output)  # at once: what follows may work in place
                if len(read) == len(self.modules):
                    raise Reached

            return hook

        run_hooked(self.model, x, {self.modules[name]: reader(name) for name in self.modules})
        values = x.new_zeros(len(x), len(self.objectives))
        for name, terms in self.terms.items():  # in one order, so that sums are the same for any network
            values = values.index_add(1, terms.rows, terms.weights * read[name])
        return values

    def of(self, x: Tensor, which: Tensor) -> Tensor:
        """(N,): of each image of x (N, C, H, W) the objective whose number `which` (N,) gives."""
        return self.all(x).gather(1, which[:, None])[:, 0]

    def _require(self, terms: Mapping[str, list[tuple[int, float, Unit]]], shape: Sequence[int]) -> None:
        shapes = output_shapes(self.model, self.modules, shape)
        for name, listed in terms.items():
            for row, _, unit in listed:
                if problem := _problem(unit, shapes[name]):
                    raise UserError(f"objective '{self.objectives[row]}': {problem}")


class _Terms:
    """The terms of all objectives that read one module."""

    def __init__(self, terms: Sequence[tuple[int, float, Unit]], device: torch.device) -> None:
        units = [unit for _, _, unit in terms]
        self.rows = torch.tensor([row for row, _, _ in terms], device=device)  # (T,) numbers of objectives
        self.weights = torch.tensor([weight for _, weight, _ in terms], device=device)  # (T,)
        self.channels = torch.tensor([unit.channel for unit in units], device=device)  # (T,)
        placed = [(term, *unit.position) for term, unit in enumerate(units) if unit.position]
        self.placed = torch.tensor(placed, device=device).reshape(-1, 3).t()  # (3, P): term, row, column

    def read(self, output: Tensor) -> Tensor:
        """(N, T) values of units in an output (N, C) or (N, C, H, W)."""
        if output.dim() == 2:
            return output[:, self.channels]
        values = output.mean((2, 3))[:, self.channels]
        if self.placed.shape[1]:
            term, row, column = self.placed
            values = values.index_copy(1, term, output[:, self.channels[term], row, column])
        return values


class Reached(Exception):
    """The forward pass has come to the last module that is read; nothing after it need run."""


def modules_of(model: nn.Module) -> dict[str, nn.Module]:
    """A network's modules by path, and the network itself as CLASS."""
    network = getattr(model, "network", None)
    network = network if isinstance(network, nn.Module) else model
    return {**{name: module for name, module in network.named_modules() if name}, CLASS: model}


@torch.no_grad()
def output_shapes(
    model: nn.Module, modules: Mapping[str, nn.Module], shape: Sequence[int]
) -> dict[str, tuple[int, ...]]:
    """Shapes of what modules make of one image (C, H, W), without the batch. Raises UserError unless each runs once."""
    found: dict[str, list[Any]] = {name: [] for name in modules}
    hooks = {module: (lambda _, __, output, name=name: found[name].append(output)) for name, module in modules.items()}
    like = next(model.parameters(), torch.zeros(()))
    run_hooked(model, torch.zeros(1, *shape, device=like.device, dtype=like.dtype), hooks)
    for name, outputs in found.items():
        if len(outputs) != 1:
            raise UserError(
                f"module {name!r}: the network runs it {len(outputs)} times an image; name one that runs once"
            )
        if not isinstance(outputs[0], Tensor) or outputs[0].dim() not in (2, 4):
            what = tuple(outputs[0].shape) if isinstance(outputs[0], Tensor) else type(outputs[0]).__name__
            raise UserError(
                f"module {name!r}: gives {what}; name one that gives (images, channels) or maps of channels"
            )
    return {name: tuple(outputs[0].shape[1:]) for name, outputs in found.items()}


def run_until(model: nn.Module, module: nn.Module, x: Tensor) -> Tensor:
    """What a module gives when the model sees x; the forward pass ends there. Gradients reach x."""
    caught: list[Tensor] = []

    def hook(_: nn.Module, __: Any, output: Tensor) -> None:
        caught.append(output)
        raise Reached

    run_hooked(model, x, {module: hook})
    return caught[0]


def run_hooked(model: nn.Module, x: Tensor, hooks: Mapping[nn.Module, Hook]) -> None:
    """Run the model on x with forward hooks on modules; the pass ends where one raises `Reached`."""
    handles = [module.register_forward_hook(hook) for module, hook in hooks.items()]
    try:
        model(x)
    except Reached:
        pass
    finally:
        for handle in handles:
            handle.remove()


def _problem(unit: Unit, shape: tuple[int, ...]) -> str | None:
    """Why a module's output (C,) or (C, H, W) has no such unit."""
    if unit.channel >= shape[0]:
        return f"{unit.module} has {shape[0]} channels, 0 to {shape[0] - 1}"
    if unit.position and len(shape) == 1:
        return f"{unit.module} has no positions; leave @{unit.position[0]},{unit.position[1]} out"
    if unit.position and any(at >= side for at, side in zip(unit.position, shape[1:], strict=True)):
        return f"{unit.module} has maps of {shape[1]} x {shape[2]}, counted from 0"
    return None


def _listed(modules: Mapping[str, nn.Module], most: int = 30) -> str:
    names = list(modules)
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in eval mode inside the block, and as it was after it."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
