"""The whole of a compression: from a float model and its data to a small QDQ model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ...runtime.errors import UsageError
from ..ir.graph import Graph
from ..workspace import make_folder
from .banks import BANKS, banks_text, check_wide_enough, layer_codes
from .data.check import check_moves
from .data.metric import Function, Metric, load_metric
from .data.parts import Parts, read_parts
from .data.read import Source
from .data.samples import Array, Samples
from .export import COMPRESSED, quantized_graph, write_compressed
from .finish import LAST, Finish, better
from .history import history_of
from .model import arranged, first_output_shape, read_float
from .network import Network
from .options import (
    STAGES,
    Choices,
    Search,
    Weights,
    check_output,
    check_target,
    planned_stages,
)
from .picture import write_picture
from .prepare import prepare
from .record import as_document, write_record
from .search.codec import digest, value_digest
from .search.events import Candidate, Event, PhaseStarted
from .search.grid import grid_search
from .search.judge import Base, Judge, ignore
from .search.margin import Outcome, margin_search, no_rung_holds
from .search.store import Store
from .sizes import Encoding, Sizes, measure, sizes_of
from .slim.dead import remove_dead_channels
from .stages.base import Stage
from .stages.dc import Scope
from .stages.iq import Quantization
from .torch_net.options import FitOptions
from .torch_net.require import require_torch
from .verdict import Accuracies, judged

STATISTICS = 2048
"""Training images from which the statistics of Norm are taken."""

FINAL = 3
"""The last fine-tuning has so many times the epochs of the others."""


@dataclass(frozen=True, eq=False)
class Compressed:
    """What came out of a compression.

    Attributes
    ----------
    path : Path
        The QDQ model.
    work : Path
        Folder with candidates, ``search.json`` and ``search.png``.
    outcome : Outcome
        Of the search.
    chosen : Candidate
        What was written: the search's choice, or that after the last fine-tuning.
    sizes : Sizes
        Of the file.
    accuracies : Accuracies
    trainings : int
        All of them, restored ones, the last and those of a killed run included.
    seconds : float
        Of all trainings.
    document : dict
        All of it as JSON values: ``search.json``.
    """

    path: Path
    work: Path
    outcome: Outcome
    chosen: Candidate
    sizes: Sizes
    accuracies: Accuracies
    trainings: int
    seconds: float
    document: dict[str, Any]


def compress_model(
    model: str | Path,
    train: Source,
    test: Source | None = None,
    *,
    out: str | Path,
    target_accuracy: float | None = None,
    max_drop: float | None = None,
    stages: Sequence[str] = STAGES,
    weights: Weights = "int",
    balanced: int | None = None,
    scope: Scope = "all",
    margin: int = 1,
    reserve: float = 0.5,
    search: Search = "margin",
    smallest: Encoding | None = None,
    epochs: int = 10,
    final_epochs: int | None = None,
    teacher: bool = True,
    metric: str | Function | None = None,
    group: str | None = None,
    val: Source | None = None,
    validation: float = 0.2,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    shift: int = 0,
    flip: bool = False,
    light: float = 0.0,
    turn: float = 0.0,
    zoom: float = 0.0,
    floor: float = 0.15,
    work: str | Path | None = None,
    seed: int = 0,
    watch: Callable[[Event], None] = ignore,
    note: Callable[[str], None] | None = None,
) -> Compressed:
    """Search how small a network can be made while it stays as good as it must.

    Parameters
    ----------
    model : str or Path
        A float ONNX model; batch normalization folded or not.
    train : path, sequence of paths, or Samples
        ``.npz`` with ``x`` (images, raw) and ``y``.
    test : path, sequence of paths, or Samples, optional
        Looked at once, at the end.
    out : str or Path
        The QDQ model to write.
    target_accuracy, max_drop : float, one of them
        What the result must reach on the validation split, one standard error subtracted: a value
        of the metric, or the original's less so much.
    stages, weights, balanced, scope, margin, reserve, search, floor, smallest
        See ``Choices``.
    epochs, final_epochs : int
        Of every fine-tuning, and of the last one (three times as many by default; 0 for none).
    teacher : bool
        Whether fine-tuning also imitates the original's outputs.
    metric : str or callable, optional
        ``module:function``, ``(outputs, y) -> float``, higher is better; top-1 by default.
    group : str, optional
        Name of an array of the training files: frames of one (y, group) stay together.
    val : path, sequence of paths, or Samples, optional
        A validation set of the user's own.
    validation : float
        Otherwise, the share of the training images that is taken for it.
    mean, std : sequences of float, optional
        The model gets (x - mean) / std, and so does the result.
    input_shape : sequence of int, optional
        Replaces the shape of the input, batch included.
    shift, flip, light, turn, zoom : int, bool, float, float, float
        How training images are varied: moved by so many pixels, mirrored, their contrast and
        brightness changed by such a share, turned by so many degrees, their rows and columns
        stretched by such a share.
    work : str or Path, optional
        Folder for candidates, ``OUT.search`` by default; a search that was stopped goes on there.
    seed : int
        Of the split and of every training.
    watch : callable
        Called with every event of the search.
    note : callable, optional
        Called with lines that the user should see.

    Raises
    ------
    UsageError
        If an option or a file is wrong, the original misses the target itself, or no step of
        quantization holds it.
    DataError
        If images or labels are bad, or do not fit the model.
    ModelError
        If the model cannot be read, or is no float model that can be trained.
    ToolError
        If PyTorch is missing.
    BuildError
        If the model or the folder cannot be written.
    """
    choices = Choices(
        tuple(stages), weights, balanced, scope, margin, reserve, search, floor, smallest
    )
    check_target(target_accuracy, max_drop, is_share=metric is None)
    judged_by = load_metric(metric)
    fit = FitOptions(
        epochs=epochs, shift=shift, flip=flip, light=light, turn=turn, zoom=zoom, seed=seed
    )
    fit = fit if teacher else replace(fit, teacher=0.0)
    last = FINAL * epochs if final_epochs is None else final_epochs
    if last < 0:
        raise UsageError(f"final_epochs must be at least 0, not {last}")
    out = Path(out)
    check_output(out, Path(model))
    last_fit = replace(fit, epochs=max(1, last))
    require_torch()
    from .torch_net.trainer import TorchTrainer

    events: list[Event] = []

    def told(event: Event) -> None:
        events.append(event)
        watch(event)

    told(PhaseStarted("read the model and the data"))
    graph = read_float(model, input_shape)
    parts = read_parts(
        train,
        val,
        test,
        group=group,
        validation=validation,
        seed=seed,
        shape=first_output_shape(graph),
        own_metric=metric is not None,
    )
    parts = _arranged(graph, parts, mean, std)
    check_moves(parts.train.x.shape[1:], shift=shift, flip=flip)
    folder = Path(work) if work is not None else out.with_name(f"{out.name}.search")
    told(PhaseStarted("prepare the network"))
    network = prepare(graph, _some(parts.train.x))
    if balanced is not None:
        check_wide_enough(network, balanced)
    judge = Judge(
        trainer=TorchTrainer(network, parts.train, parts.validation, fit, judged_by),
        target=0.0,
        measure=measure,
        store=Store(folder / "candidates"),
        seed=seed,
        context=_context(parts, fit, judged_by),
        watch=told,
    )
    goal = target_accuracy
    if goal is None:
        goal = judge.trainer.score(network).value - (max_drop or 0.0)
    judge = replace(judge, target=goal)
    judge.original(network)  # refuses a target that is out of reach
    # What cannot be written is refused before hours of training, not behind them.
    for place in (out.parent, folder):
        make_folder(place)
    planned = planned_stages(choices, byte_input=parts.train.x.dtype == np.uint8)
    outcome = _searched(network, planned, judge, choices)
    chosen, paid, seconds = outcome.chosen, outcome.trainings + outcome.broken_off, outcome.seconds
    if last:
        told(PhaseStarted("last fine-tuning"))
        final = replace(
            judge,
            trainer=TorchTrainer(network, parts.train, parts.validation, last_fit, judged_by),
            context=_context(parts, last_fit, judged_by),
        )
        start = Base(chosen.network, chosen.candidate.key)
        tuned = final.rung(chosen, start, len(planned), Finish(last), LAST)
        paid += tuned.candidate.trainings + tuned.candidate.broken_off
        seconds += tuned.candidate.seconds
        chosen = better(chosen, tuned)
    told(PhaseStarted("write the model and judge it"))
    # How it was made, not what it cost: a search that was stopped once leaves the same file.
    made = {
        "model": Path(model).name,
        "target": goal,
        "metric": judged_by.name,
        "seed": seed,
        **asdict(choices),
        "stages": list(choices.stages),
        "smallest": choices.encoding,
        "epochs": epochs,
        "final_epochs": last,
        "teacher": teacher,
        "shift": shift,
        "flip": flip,
        "light": light,
        "turn": turn,
        "zoom": zoom,
        "mean": _listed(mean, float),
        "std": _listed(std, float),
        "input_shape": _listed(input_shape, int),
        "group": group,
        "validation": validation if val is None else None,
        "path": chosen.candidate.label,
    }
    sizes = _written(chosen.network, out, made, balanced)
    original = outcome.original.score.value
    accuracies = judged(graph, out, parts, judged_by, original, note or _silent)
    history = history_of(events)
    document = as_document(
        history,
        model=Path(model).name,
        options=made,
        metric=judged_by.name,
        accuracies=asdict(accuracies),
        sizes=sizes,
        trainings=paid,
        seconds=seconds,
    )
    write_record(document, folder / "search.json")
    for suffix in ("png", "svg"):
        write_picture(
            history,
            folder / f"search.{suffix}",
            title=f"{Path(model).name} → {out.name}",
            metric=judged_by.name,
            result=(chosen.candidate.score, sizes),
        )
    return Compressed(
        path=out,
        work=folder,
        outcome=outcome,
        chosen=chosen.candidate,
        sizes=sizes,
        accuracies=accuracies,
        trainings=paid,
        seconds=seconds,
        document=document,
    )


def _arranged(
    graph: Graph, parts: Parts, mean: Sequence[float] | None, std: Sequence[float] | None
) -> Parts:
    def of(samples: Samples, name: str) -> Samples:
        return arranged(graph, samples, name, mean, std)

    test = None if parts.test is None else of(parts.test, "test")
    return Parts(of(parts.train, "train"), of(parts.validation, "validation"), test)


def _some(x: Array) -> Array:
    """Return at most STATISTICS images, taken evenly: files are often sorted by class."""
    places = np.linspace(0, len(x) - 1, min(len(x), STATISTICS)).astype(np.int64)
    chosen: Array = x[places]
    return chosen


def _searched(
    network: Network, planned: Sequence[Stage], judge: Judge, choices: Choices
) -> Outcome:
    """Return the outcome of the search that was chosen; quantized where that was asked for."""
    needed = [stage for stage in planned if isinstance(stage, Quantization)]
    if choices.search == "margin":
        return margin_search(
            *(network, planned, judge),
            size=choices.size,
            margin=choices.margin,
            reserve=choices.reserve,
            needed=needed,
        )
    outcome = grid_search(network, planned, judge, choices.size)
    taken = {step.number for step in outcome.chosen.candidate.steps}
    for number, stage in enumerate(planned):
        if stage in needed and number not in taken:
            raise no_rung_holds(stage, judge.target)
    return outcome


def _written(network: Network, out: Path, made: Mapping[str, Any], balanced: int | None) -> Sizes:
    """Write the model, without channels that compute nothing, and return its sizes.

    With banks these channels stay: which bank a channel lies in depends on its place.
    """
    graph = quantized_graph(network)
    metadata = {COMPRESSED: json.dumps(made)}
    if balanced is None:
        graph = remove_dead_channels(graph)
    else:
        metadata[BANKS] = banks_text(layer_codes(graph), balanced)
    write_compressed(graph, out, metadata)
    return sizes_of(graph, network.original_weights)


def _context(parts: Parts, fit: FitOptions, metric: Metric) -> str:
    data = [parts.train.digest(), parts.validation.digest()]
    # Another version may train and measure in another way.
    return digest([version("sangi"), *data, value_digest(fit), metric.name + metric.digest])


def _listed(values: Sequence[float] | None, kind: Callable[[float], float]) -> list[float] | None:
    """Return numbers as JSON has them, whatever they were given as."""
    return None if values is None else [kind(value) for value in values]


def _silent(line: str) -> None:
    """Say nothing."""
