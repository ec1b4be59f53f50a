"""What a check found: figures of every layer and output, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass

from ...runtime.errors import MismatchError

EQUAL_SHARE = 0.9999
"""Of all elements, where each layer gets the oracle's inputs: float32 errs on rare ties."""

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
        With the oracle's tensors as the layer's inputs; None for a float model.
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
        the oracle's inputs; None for a float model, and for an output that is a quantized layer.
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
    def elements(self) -> int:
        """Elements of all layers."""
        return sum(layer.elements for layer in self.layers)

    @property
    def whole(self) -> Steps:
        """All layers, run from the images on."""
        return _joined([layer.whole for layer in self.layers])

    @property
    def fed(self) -> Steps:
        """All layers, each with the oracle's inputs."""
        return _joined([layer.fed for layer in self.layers if layer.fed is not None])

    def share(self, steps: Steps) -> float:
        """Return the share of equal elements that ``unequal`` of all leave."""
        return 1.0 - steps.unequal / max(1, self.elements)

    @property
    def mismatches(self) -> tuple[str, ...]:
        """What a quantized model does not allow, a line each; empty for a float model."""
        if not self.exact:
            return ()
        lines = [
            f"{layer.op} '{layer.layer}' must differ by at most {LARGEST_STEP} step, not "
            f"{layer.fed.largest} ({layer.fed.unequal:,} of {layer.elements:,} elements)"
            for layer in self.layers
            if layer.fed is not None and layer.fed.largest > LARGEST_STEP
        ]
        lines += [
            f"output '{output.name}' of '{output.layer}' must differ by no more than float32 "
            f"rounding, and {output.wrong:,} of {output.elements:,} elements do"
            for output in self.outputs
            if output.wrong
        ]
        share = self.share(self.fed)
        if share < EQUAL_SHARE:
            worst = max(
                (layer for layer in self.layers if layer.fed is not None),
                key=lambda layer: 0 if layer.fed is None else layer.fed.unequal / layer.elements,
            )
            lines.append(
                f"equal elements must be at least {EQUAL_SHARE:.2%}, not {share:.4%}; most differ "
                f"in {worst.op} '{worst.layer}'"
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


def _joined(parts: list[Steps]) -> Steps:
    return Steps(
        sum(part.unequal for part in parts), max((part.largest for part in parts), default=0)
    )
