"""What a check found: figures of every layer and output, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...runtime.errors import MismatchError

EQUAL_SHARE = 0.9999
"""Of all elements, where each layer gets the oracle's inputs: float32 errs on rare ties."""

FEW = 3
"""Elements that may differ however few there are: a share of a small number says little."""

LARGEST_STEP = 1


@dataclass(frozen=True)
class Steps:
    """How a quantized tensor compares.

    Attributes
    ----------
    unequal : int
        Elements that differ.
    largest : int
        Largest difference in steps of the quantizer.
    """

    unequal: int
    largest: int


@dataclass(frozen=True)
class Totals:
    """How all layers compare.

    Attributes
    ----------
    elements, unequal, largest : int
        As in LayerCheck and Steps.
    """

    elements: int
    unequal: int
    largest: int

    @property
    def share(self) -> float:
        """Share of elements that are equal."""
        return 1.0 - self.unequal / max(1, self.elements)


@dataclass(frozen=True)
class LayerCheck:
    """One quantized tensor.

    Attributes
    ----------
    layer, op : str
        The node that a user looks for, and its kind.
    tensor : str
        Name in the ONNX file.
    elements : int
        Compared, over all frames.
    whole : Steps
        With the program run from the images on.
    fed : Steps, or None
        With the oracle's tensors as the layer's inputs; None for a float model, and where the
        layer's inputs have a quantizer that calibration put in.
    sqnr : float, or None
        Signal-to-noise ratio of the program's values in dB (``whole``); None where nothing
        differs.
    """

    layer: str
    op: str
    tensor: str
    elements: int
    whole: Steps
    fed: Steps | None
    sqnr: float | None


@dataclass(frozen=True)
class OutputCheck:
    """One output of the model.

    Attributes
    ----------
    name, layer : str
        The output, and the last layer that the circuit computes for it.
    elements : int
        Over all frames.
    difference : float
        Largest difference to the original output, as a part of the latter's largest magnitude.
    same_top1 : float, or None
        Share of frames with the same decision; None where there is nothing to decide.
    wrong : int, or None
        Elements that differ by more than float32 arithmetic explains, where the last layer gets
        the oracle's inputs; None where ``LayerCheck.fed`` is, and for an output that is a
        quantized layer.
    """

    name: str
    layer: str
    elements: int
    difference: float
    same_top1: float | None
    wrong: int | None


@dataclass(frozen=True)
class Check:
    """A program beside its original model.

    Attributes
    ----------
    model : str
        Name of the file.
    oracle : str
        What executed the original: ``ONNX Runtime`` or ``qonnx``.
    frames : int
    exact : bool
        Whether the original is quantized, so that steps must be equal.
    layers, outputs : tuples
    skipped : tuple of str
        Layers whose tensor the file does not hold.
    """

    model: str
    oracle: str
    frames: int
    exact: bool
    layers: tuple[LayerCheck, ...]
    outputs: tuple[OutputCheck, ...]
    skipped: tuple[str, ...] = ()

    @property
    def judged(self) -> tuple[tuple[LayerCheck, Steps], ...]:
        """The layers that were fed with the oracle's tensors, and how they compare."""
        return tuple((layer, layer.fed) for layer in self.layers if layer.fed is not None)

    @property
    def whole(self) -> Totals:
        """All layers, run from the images on."""
        return _total((layer.elements, layer.whole) for layer in self.layers)

    @property
    def fed(self) -> Totals:
        """All layers that were fed with the oracle's tensors."""
        return _total((layer.elements, steps) for layer, steps in self.judged)

    @property
    def mismatches(self) -> tuple[str, ...]:
        """What a quantized model does not allow, a line each; empty for a float model."""
        lines = [
            f"{layer.op} '{layer.layer}' must differ by at most {LARGEST_STEP} step, not "
            f"{steps.largest} ({steps.unequal:,} of {layer.elements:,} elements)"
            for layer, steps in self.judged
            if steps.largest > LARGEST_STEP
        ]
        lines += [
            f"output '{output.name}' of '{output.layer}' must differ by no more than float32 "
            f"rounding, and {output.wrong:,} of {output.elements:,} elements do"
            for output in self.outputs
            if output.wrong
        ]
        if self.fed.share < EQUAL_SHARE and self.fed.unequal > FEW:
            worst, _ = max(self.judged, key=lambda pair: pair[1].unequal / pair[0].elements)
            lines.append(
                f"equal elements must be at least {EQUAL_SHARE:.2%}, not {self.fed.share:.4%}; "
                f"most differ in {worst.op} '{worst.layer}'"
            )
        return tuple(lines)

    def verify(self) -> None:
        """Raise unless program and original agree.

        Raises
        ------
        MismatchError
            The message names the layers.
        """
        if self.mismatches:
            raise MismatchError(
                "\n".join(
                    [
                        f"{self.model}: program and {self.oracle} must agree where each layer "
                        f"gets {self.oracle}'s inputs:",
                        *(f"  {line}" for line in self.mismatches),
                    ]
                )
            )


def _total(parts: Iterable[tuple[int, Steps]]) -> Totals:
    counts = list(parts)
    return Totals(
        sum(elements for elements, _ in counts),
        sum(steps.unequal for _, steps in counts),
        max((steps.largest for _, steps in counts), default=0),
    )
