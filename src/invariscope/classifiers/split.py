"""Cut a network at one layer, so that what is below is computed once and what follows runs, or is trained, alone.

The cut follows the flow of data: what the layer's output reaches is above, everything else below. So a skip connection
that passes the layer by is handed over beside the layer's input.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from invariscope.classifiers.surgery import layer_input, replaced_output
from invariscope.errors import UserError

NORMALISATIONS = (nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm)
READERS = (*NORMALISATIONS, nn.Conv2d, nn.MaxPool2d)
ACTIVATIONS = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish,
    nn.Hardswish, nn.Sigmoid, nn.Tanh, nn.Softplus,
)  # fmt: skip
ACTIVATION_FUNCTIONS = (F.relu, F.relu_, F.leaky_relu, F.elu, F.gelu, F.silu, torch.relu, torch.relu_, torch.tanh)
ACTIVATION_METHODS = ("relu", "relu_", "tanh", "sigmoid")
UNKNOWN = "the network's flow depends on its data (torch.fx cannot trace it)"


class Split(nn.Module):
    """A network in parts that share its weights: split(convolution(below[0]), *below) is network(x), below = below(x).

    `below` gives the layer's input first, then what passes the layer by; each has a row an image. Its own parameters,
    and `copy.deepcopy` and `train` of it, concern only what follows the layer. `own` is the layer's own normalisation
    and activation, None if it is not known and part of `above`. `contiguous`: what follows wants its input laid out so,
    whatever it was cut out of.
    """

    def __init__(self, below: nn.Module, own: nn.Module | None, above: nn.Module, contiguous: bool = False) -> None:
        super().__init__()
        self._below = (below,)  # in a tuple: no submodule
        self.own = own
        self.above = above
        self.contiguous = contiguous

    def __deepcopy__(self, memo: dict[int, Any]) -> "Split":
        own, above = copy.deepcopy(self.own, memo), copy.deepcopy(self.above, memo)
        return Split(self._below[0], own, above, self.contiguous)

    def below(self, x: Tensor) -> tuple[Tensor, ...]:
        return self._below[0](x)

    def represent(self, convolved: Tensor) -> Tensor:
        """The layer's output after its own normalisation and activation. Raises UserError if these are not known."""
        if self.own is None:
            raise UserError(
                f"the layer's own normalisation and activation are not known: {UNKNOWN}; use `sees: convolution`"
            )
        return self.own(self._laid_out(convolved))

    def forward(self, convolved: Tensor, *below: Tensor) -> Tensor:
        """Logits."""
        convolved = self._laid_out(convolved)
        return self.above(convolved if self.own is None else self.own(convolved), *map(self._laid_out, below))

    def _laid_out(self, value: Tensor) -> Tensor:
        return value.contiguous() if self.contiguous else value


def split_at(model: nn.Module, convolution: nn.Module, example: Tensor) -> Split:
    """Cut `model` (in eval mode) at a layer; `example` is a batch of at least two images to check the cut with.

    A network that torch.fx cannot trace (control flow that depends on data) is replayed instead: then nothing below is
    saved, and the layer's own normalisation counts as above. Raises UserError if the model does not run the layer once.
    """
    contiguous = getattr(model, "layout", None) == torch.contiguous_format
    try:
        split = _traced(model, convolution)
        split.contiguous = contiguous
        if _agrees(split, model, convolution, example):
            return split
    except UserError:
        raise
    except Exception:  # torch.fx raises anything when a network does not trace
        pass
    path = next(name for name, module in model.named_modules() if module is convolution)
    replay = _Replay(model, path, _called_after(model, path, example))
    return Split(_InputAndImages(model, convolution), None, replay, contiguous)


@torch.no_grad()
def _agrees(split: Split, model: nn.Module, convolution: nn.Module, example: Tensor) -> bool:
    below = split.below(example)
    if not all(isinstance(value, Tensor) and value.shape[:1] == example.shape[:1] for value in below):
        return False
    return torch.allclose(split(convolution(below[0]), *below), model(example), rtol=1e-4, atol=1e-5)


def with_layer(model: nn.Module, path: str, build: Callable[[nn.Module], nn.Module]) -> nn.Module:
    """A copy of `model` with another layer at `path`; the layer's own normalisation and activation become a part of it.

    `build` makes the layer from that normalisation and activation, a module. The copy is what torch.fx makes of the
    model in its present mode. Raises UserError if torch.fx cannot trace it, or if it does not run the layer once.
    """
    model = copy.deepcopy(model)
    try:
        graph, layer, own = _find(model, model.get_submodule(path))
    except UserError:
        raise
    except Exception as error:  # torch.fx raises anything when a network does not trace
        raise UserError(f"layer {path!r}: its own normalisation and activation are not known: {UNKNOWN}") from error
    replacement = build(_part(model, own, [layer], [(own or [layer])[-1]]))
    for node in reversed(own):  # the layer does their work
        node.replace_all_uses_with(layer)
        graph.erase_node(node)
    model.set_submodule(path, replacement)
    return fx.GraphModule(model, graph, type(model).__name__)


def activation_after(model: nn.Module, layer: nn.Module) -> nn.Module:
    """A layer's own normalisation and activation, as far as they directly follow it; the identity if none is known."""
    try:
        _, node, own = _find(model, layer)
    except Exception:  # torch.fx raises anything when a network does not trace
        return nn.Identity()
    return _part(model, own, [node], [(own or [node])[-1]])


def _find(model: nn.Module, convolution: nn.Module) -> tuple[fx.Graph, fx.Node, list[fx.Node]]:
    """The model's graph, the layer in it, and the layer's own normalisation and activation."""
    graph = _Tracer(convolution).trace(model)
    modules = dict(model.named_modules())
    calls = [node for node in graph.nodes if node.op == "call_module" and modules[node.target] is convolution]
    if len(calls) != 1:
        raise _not_once(len(calls))
    return graph, calls[0], _own_block(calls[0], modules)


def _traced(model: nn.Module, convolution: nn.Module) -> Split:
    graph, layer, own = _find(model, convolution)
    reached = _reached(graph, layer)
    source = layer.all_input_nodes[0]
    handed = [source, *_handed_over(graph, reached, source)]
    below = [node for node in graph.nodes if node not in reached and node.op != "output"]
    above = [node for node in graph.nodes if node in reached and node is not layer and node not in own]
    return Split(
        _part(model, below, [], handed),
        _part(model, own, [layer], [(own or [layer])[-1]]),
        _part(model, above, [(own or [layer])[-1], *handed], None),
    )


class _Tracer(fx.Tracer):
    """Keeps the layer whole, whatever its class."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return m is self.layer or super().is_leaf_module(m, module_qualified_name)


def _reached(graph: fx.Graph, layer: fx.Node) -> set[fx.Node]:
    """The layer, and every node that its output reaches."""
    reached = {layer}
    for node in graph.nodes:
        if reached.intersection(node.all_input_nodes):
            reached.add(node)
    return reached


def _handed_over(graph: fx.Graph, reached: set[fx.Node], source: fx.Node) -> list[fx.Node]:
    """What the part above reads from below, beside the layer's input; parameters it reads by itself."""
    wanted = {need for node in reached for need in node.all_input_nodes} - reached - {source}
    return [node for node in graph.nodes if node in wanted and node.op != "get_attr"]


def _own_block(layer: fx.Node, modules: dict[str, nn.Module]) -> list[fx.Node]:
    """The normalisation and the activation that directly follow a layer, as far as they do."""
    block: list[fx.Node] = []
    node = layer
    for wanted in (_is_normalisation, _is_activation):
        following = next(iter(node.users)) if len(node.users) == 1 else None
        if following is not None and wanted(following, modules):
            block.append(following)
            node = following
    return block


def _is_normalisation(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    return node.op == "call_module" and isinstance(modules[str(node.target)], NORMALISATIONS)


def _is_activation(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    if node.op == "call_module":
        return isinstance(modules[str(node.target)], ACTIVATIONS)
    if node.op == "call_function":
        return node.target in ACTIVATION_FUNCTIONS
    return node.op == "call_method" and node.target in ACTIVATION_METHODS


def _part(
    model: nn.Module, nodes: list[fx.Node], inputs: list[fx.Node], outputs: list[fx.Node] | None
) -> fx.GraphModule:
    """The nodes as a module of their own, from `inputs` to a tuple of `outputs` (None: the network's own output)."""
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    modules = dict(model.named_modules())
    for node in inputs:
        placeholder = graph.placeholder(node.name)
        # Activations may work in place, and the caller's tensor may be a cache.
        spared = all(_only_reads(user, modules) for user in nodes if node in user.all_input_nodes)
        copies[node] = placeholder if spared else graph.call_method("clone", (placeholder,))
    for node in nodes:
        for need in node.all_input_nodes:
            if need.op == "get_attr" and need not in copies:
                copies[need] = graph.node_copy(need)
        if node.op != "output":
            copies[node] = graph.node_copy(node, lambda need: copies[need])
        else:
            graph.output(fx.map_arg(node.args[0], lambda need: copies[need]))
    if outputs is not None:
        values = tuple(copies[node] for node in outputs)
        graph.output(values if not inputs else values[0])
    return fx.GraphModule(model, graph)


def _only_reads(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    """Whether a node surely leaves its input as it is and gives a tensor of its own."""
    return node.op == "call_module" and isinstance(modules[str(node.target)], READERS)


class _InputAndImages(nn.Module):
    """Below, for a network that cannot be cut."""

    def __init__(self, model: nn.Module, convolution: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.convolution = convolution

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return layer_input(self.model, self.convolution, x), x


class _Replay(nn.Module):
    """Above, for a network that cannot be cut: the whole network, with the layer's output put in its place.

    Its submodules are what the network calls after the layer, so training it leaves the rest alone.
    """

    def __init__(self, model: nn.Module, path: str, later: list[str]) -> None:
        super().__init__()
        self._model = (model,)
        self.path = path
        self.names = later
        self.later = nn.ModuleList(model.get_submodule(name) for name in later)

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Replay":
        return _Replay(copy.deepcopy(self._model[0], memo), self.path, self.names)

    def forward(self, convolved: Tensor, _: Tensor, x: Tensor) -> Tensor:
        model = self._model[0]
        with replaced_output(model.get_submodule(self.path), lambda _: convolved.clone()):
            return model(x)


@torch.no_grad()
def _called_after(model: nn.Module, path: str, example: Tensor) -> list[str]:
    """The modules whose first call comes after the layer's. Raises UserError if the layer is not called just once."""
    calls: list[str] = []
    names = {module: name for name, module in model.named_modules()}
    handles = [
        module.register_forward_pre_hook(lambda module, _: calls.append(names[module])) for module in model.modules()
    ]
    try:
        model(example)
    finally:
        for handle in handles:
            handle.remove()
    if calls.count(path) != 1:
        raise _not_once(calls.count(path))
    before = calls[: calls.index(path) + 1]
    return [name for name in dict.fromkeys(calls) if name not in before]


def _not_once(times: int) -> UserError:
    return UserError(f"the network runs the layer {times} times for an image; name a layer that runs once")
