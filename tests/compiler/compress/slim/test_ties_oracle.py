"""The units of graphs against the dependency groups of torch-pruning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sangi.compiler.compress.slim.ties import find_ties, mixes
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.onnx_io.read.read import read_model
from sangi.compiler.passes.pipeline import LAYOUT_PASSES, run_passes

# The exporter that needs no further package warns that it will go.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

#: What goes with a channel: ("out" or "in", layer, filter or channel that it reads).
Member = tuple[str, str, int]


def modules() -> dict[str, Any]:
    """Return a residual, a depthwise, and a concat network."""
    import torch
    from torch import nn

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, **layers: Any) -> None:
            super().__init__()
            for name, layer in layers.items():
                self.add_module(name, layer)

    class Residual(Block):
        def forward(self, x: Any) -> Any:
            stem = self.bn(self.stem(x)).relu()
            x = (self.a2(self.a1(stem).relu()) + stem).relu()
            x = (self.b2(self.b1(x).relu()) + self.short(x)).relu()
            x = (self.c2(self.c1(x).relu()) + x).relu()
            return self.out(x.mean((2, 3)))

    class Depthwise(Block):
        def forward(self, x: Any) -> Any:
            x = self.dw(self.stem(x).relu()).relu()
            y = self.pw(x).relu()
            y = (self.project(self.dw2(y).relu()) + x).relu()
            return self.out(nn.functional.max_pool2d(y, 2).flatten(1))

    class Dense(Block):
        def forward(self, x: Any) -> Any:
            x = self.stem(x).relu()
            x = torch.cat((x, self.g1(x).relu()), 1)
            x = torch.cat((self.g2(x).relu(), x), 1)
            return self.out(self.fc(self.narrow(x).relu().flatten(1)).relu())

    def conv(channels: int, filters: int, size: int = 3, **options: Any) -> Any:
        return nn.Conv2d(channels, filters, size, padding=size // 2, **options)

    return {
        "residual": Residual(
            stem=conv(3, 6, bias=False),
            bn=nn.BatchNorm2d(6),
            a1=conv(6, 5),
            a2=conv(5, 6),
            b1=conv(6, 7, stride=2),
            b2=conv(7, 8),
            short=conv(6, 8, 1, stride=2),
            c1=conv(8, 4),
            c2=conv(4, 8),
            out=nn.Linear(8, 4),
        ),
        "depthwise": Depthwise(
            stem=conv(3, 6),
            dw=conv(6, 6, groups=6),
            pw=conv(6, 9, 1),
            dw2=conv(9, 9, groups=9),
            project=conv(9, 6, 1),
            out=nn.Linear(6 * 16, 4),
        ),
        "concat": Dense(
            stem=conv(3, 4),
            g1=conv(4, 3),
            g2=conv(7, 5),
            narrow=conv(12, 6, 1),
            fc=nn.Linear(6 * 64, 7),
            out=nn.Linear(7, 4),
        ),
    }


def ours(graph: Graph) -> set[frozenset[Member]]:
    """Return the members of every unit that can go."""
    ties = find_ties(graph)
    members: dict[int, set[Member]] = {}
    for name in graph.order():
        op = graph.op(name)
        if not isinstance(op, Conv | Dense):
            continue
        layer = name.strip("/").split("/")[0]
        for place, unit in enumerate(ties.units[name].tolist()):
            members.setdefault(unit, set()).add(("out", layer, place))
        if mixes(op):
            (source,) = graph.inputs(name)
            channels = _channels(graph, source)
            for place, unit in enumerate(ties.units[source].tolist()):
                members.setdefault(unit, set()).add(("in", layer, place % channels))
    fixed = ties.fixed
    return {frozenset(found) for unit, found in members.items() if not fixed[unit]}


def _channels(graph: Graph, name: str) -> int:
    """Return the channels of the image that a vector was flattened from."""
    while len(graph.shape(name)) == 1 and graph.inputs(name):
        (name,) = graph.inputs(name)
        if isinstance(graph.op(name), Conv | Dense):
            break
    return graph.shape(name)[-1]


def theirs(model: Any, x: Any, pixels: dict[str, int]) -> set[frozenset[Member]]:
    """Return the groups of torch-pruning, one channel of every layer after the other."""
    import torch_pruning as tp
    from torch import nn

    graph = tp.DependencyGraph().build_dependency(model, x)
    names = {module: name for name, module in model.named_modules()}
    groups = set()
    for name, module in model.named_modules():
        if name == "out" or not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        prune = graph.get_pruner_of_module(module).prune_out_channels
        for channel in range(module.weight.shape[0]):
            members: set[Member] = set()
            for dependency, places in graph.get_pruning_group(module, prune, [channel]):
                target = dependency.target.module
                if target not in names or not isinstance(target, nn.Conv2d | nn.Linear):
                    continue
                depthwise = isinstance(target, nn.Conv2d) and target.groups > 1
                out = depthwise or graph.is_out_channel_pruning_fn(dependency.handler)
                each = 1 if out else pixels.get(names[target], 1)
                side = "out" if out else "in"
                members |= {(side, names[target], place // each) for place in places}
            groups.add(frozenset(members))
    return groups


@pytest.mark.parametrize("kind", ["residual", "depthwise", "concat"])
def test_units_are_the_groups_of_torch_pruning(kind: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_pruning")
    model = modules()[kind].eval()
    x = torch.zeros(1, 3, 8, 8)
    path = tmp_path / "net.onnx"
    torch.onnx.export(model, (x,), str(path), dynamo=False)
    reading = read_model(path)
    assert not reading.problems
    graph = run_passes(reading.graph, LAYOUT_PASSES)
    # In the file's order, a flattened image has all pixels of one channel together.
    groups = theirs(model, x, {"fc": 64, "out": 16 if kind == "depthwise" else 1})
    assert ours(graph) == groups
    assert len(groups) == {"residual": 30, "depthwise": 15, "concat": 25}[kind]
