"""What the engines offer every Conv and Dense layer of a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace

from ...hdl.engines import Params
from ...runtime.errors import UsageError
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.program import Program
from .grouped import grouped_cycles, grouped_options, grouped_settings, is_grouped
from .layer import Layer, Setting
from .sparse import skipping_cycles, skipping_options, skipping_settings, worthwhile
from .unrolled import (
    comparable,
    unrolled_cycles,
    unrolled_options,
    unrolled_refusal,
    unrolled_settings,
)
from .windowed import folded_cycles, folded_options, folded_settings
from .wishes import LayerWish, Wishes


def _always(_: Layer) -> bool:
    """Say yes."""
    return True


def _at_any(_: Layer, __: int) -> bool:
    """Say yes."""
    return True


def _if_whole(layer: Layer) -> str | None:
    """Refuse layers whose filters do not see all channels."""
    return "its filters see a group of the channels each" if is_grouped(layer) else None


def _if_grouped(layer: Layer) -> str | None:
    """Refuse layers whose filters see all channels."""
    return None if is_grouped(layer) else "no filter of it sees a group of the channels each"


def _if_in_wires(layer: Layer) -> str | None:
    """Refuse layers whose weights cannot be wires."""
    return _if_whole(layer) or unrolled_refusal(layer)


@dataclass(frozen=True)
class Offer:
    """What the mapping asks of an engine.

    Attributes
    ----------
    name : str
        The engine's, as users write it.
    options : callable (layer, (lanes in, lanes out), interval) -> tuple of Params
        Circuits that take at most ``interval`` cycles a frame behind and before streams of so many
        lanes, and agree with ``layer.fixed``.
    cycles : callable (layer) -> iterable of int
        Intervals at which the options change.
    settings : callable (layer) -> mapping of str to tuple
        What users may fix, and the values that each can have.
    refusal : callable (layer) -> str or None
        Why it cannot compute a layer at all; None where it can.
    pays : callable (layer) -> bool
        Whether it is worth looking at where other engines are allowed as well.
    pays_at : callable (layer, interval) -> bool
        Likewise for one interval, where the options take long to find.
    """

    name: str
    options: Callable[[Layer, tuple[int, int], int], tuple[Params, ...]]
    cycles: Callable[[Layer], Iterable[int]]
    settings: Callable[[Layer], Mapping[str, tuple[Setting, ...]]]
    refusal: Callable[[Layer], str | None]
    pays: Callable[[Layer], bool] = _always
    pays_at: Callable[[Layer, int], bool] = _at_any

    def computes(self, layer: Layer) -> bool:
        """Whether it can compute a layer at all."""
        return self.refusal(layer) is None


OFFERS: tuple[Offer, ...] = (
    Offer("folded", folded_options, folded_cycles, folded_settings, _if_whole),
    Offer("grouped", grouped_options, grouped_cycles, grouped_settings, _if_grouped),
    Offer("skipping", skipping_options, skipping_cycles, skipping_settings, _if_whole, worthwhile),
    Offer(
        "unrolled",
        unrolled_options,
        unrolled_cycles,
        unrolled_settings,
        _if_in_wires,
        pays_at=comparable,
    ),
)

ENGINES: tuple[str, ...] = tuple(offer.name for offer in OFFERS)


class Offers:
    """What the engines that the user allows offer the layers of a program.

    Parameters
    ----------
    program : Program
    wishes : Wishes
    family : str or None
        Of the board; without it circuits of one family only are not offered.
    levels : int
        Adders in a row between two registers; see ``levels_at``.

    Raises
    ------
    UsageError
        If the wishes name a layer, an engine or a setting that there is not, or a layer is left
        without an engine.
    """

    def __init__(
        self,
        program: Program,
        wishes: Wishes | None = None,
        family: str | None = None,
        levels: int = 1,
    ) -> None:
        wishes = Wishes() if wishes is None else wishes
        for name in wishes.engines:
            _check_engine("engine", name)
        self.layers = _layers(program, wishes, family, levels)
        for name in wishes.layers:
            if name not in self.layers:
                raise UsageError(
                    f"layer must be one of {_listed(self.layers)}, not {name!r}: "
                    f"{program.name} has no other Conv and Dense nodes"
                )
        self._wished = frozenset(wishes.layers)
        self.able: dict[str, tuple[Offer, ...]] = {}
        self.allowed: dict[str, tuple[Offer, ...]] = {}
        for name, layer in self.layers.items():
            wish = wishes.layers.get(name, LayerWish())
            self.able[name] = able = _able(layer, wish, wishes.engines)
            # An engine that is the only one computes what it can, whether that pays or not.
            self.allowed[name] = tuple(offer for offer in able if offer.pays(layer)) or able
        self._check_engines(program.name, wishes.engines)

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines among which some layer has a choice, to be looked at each ``alone``.

        Those whose options take long to find count only where they compute all layers, but those
        that the user fixed and those that are grouped.
        """
        contested = [able for able in self.able.values() if len(able) > 1]
        free = [
            self.able[name]
            for name, layer in self.layers.items()
            if name not in self._wished and not is_grouped(layer)
        ]
        return tuple(
            offer.name
            for offer in OFFERS
            if any(offer in able for able in contested)
            and (offer.pays_at is _at_any or all(offer in able for able in free))
        )

    def _check_engines(self, network: str, engines: tuple[str, ...]) -> None:
        """Refuse engines that could compute no layer at all, whatever is wished of single ones."""
        able = {
            offer.name
            for offer in OFFERS
            if any(offer.computes(layer) for layer in self.layers.values())
        }
        if engines and self.layers and not able.intersection(engines):
            layer = next(iter(self.layers.values()))
            raise UsageError(
                f"engine must be one that computes a layer of {network} "
                f"({', '.join(name for name in ENGINES if name in able)}), not {', '.join(engines)}"
                f" ('{layer.name}': {_offer_of(engines[0]).refusal(layer)})"
            )

    def alone(self, engine: str) -> Offers:
        """Return the offers of one of ``engines`` alone; tables of the weights are shared.

        Layers that it cannot compute, or that the user fixed to others, keep those.
        """
        narrowed = copy(self)
        narrowed.allowed = {
            name: tuple(offer for offer in able if offer.name == engine) or self.allowed[name]
            for name, able in self.able.items()
        }
        return narrowed

    def options(self, name: str, lanes: tuple[int, int], interval: int) -> tuple[Params, ...]:
        """Return the circuits of a layer that take at most ``interval`` cycles a frame."""
        layer, allowed = self.layers[name], self.allowed[name]
        return tuple(
            params
            for offer in allowed
            if len(allowed) == 1 or offer.pays_at(layer, interval)
            for params in offer.options(layer, lanes, interval)
        )

    def freedom(self, name: str) -> str:
        """Say what a node that is too slow may use; ``name`` need not be a layer."""
        if name not in self.layers:
            return "all its lanes"
        fixed = [f"{key} = {value}" for key, value in self.layers[name].fixed.items()]
        engines = " or ".join(offer.name for offer in self.allowed[name])
        if fixed:
            return f"{engines} and {', '.join(fixed)}"
        return f"all its lanes ({engines})"

    def intervals(self) -> set[int]:
        """Return the intervals at which the options of some layer change."""
        return {
            cycles
            for name, layer in self.layers.items()
            for offer in self.allowed[name]
            for cycles in offer.cycles(layer)
        }


def _layers(program: Program, wishes: Wishes, family: str | None, levels: int) -> dict[str, Layer]:
    """Return the Conv and Dense nodes of a program as layers, by name."""
    layers = {}
    for node in program.nodes:
        if isinstance(node.op, Conv | Dense):
            source, out = program.types[node.inputs[0]], program.types[node.output]
            fixed = dict(wishes.layers.get(node.name, LayerWish()).settings)
            layers[node.name] = Layer(node.name, node.op, source, out, fixed, family, levels)
    return layers


def _able(layer: Layer, wish: LayerWish, engines: tuple[str, ...]) -> tuple[Offer, ...]:
    """Return the engines that may compute a layer; what is fixed of it is checked.

    Where none of ``engines`` can compute it, those that can may.
    """
    offers = tuple(offer for offer in OFFERS if offer.computes(layer))
    if wish.engine is not None:
        what = f"engine of layer '{layer.name}'"
        _check_engine(what, wish.engine)
        names = [offer.name for offer in offers]
        if wish.engine not in names:
            raise UsageError(
                f"{what} must be {' or '.join(names)}, not {wish.engine!r}: "
                f"{_offer_of(wish.engine).refusal(layer)}"
            )
        engines = (wish.engine,)
    offers = tuple(offer for offer in offers if offer.name in engines) or offers
    able = tuple(offer for offer in offers if layer.fixed.keys() <= offer.settings(layer).keys())
    if not able:
        known = dict.fromkeys(key for offer in offers for key in offer.settings(layer))
        wrong = ", ".join(key for key in layer.fixed if key not in known) or ", ".join(layer.fixed)
        raise UsageError(
            f"settings of layer '{layer.name}' must be of one engine, "
            + "; ".join(f"{offer.name}: {', '.join(offer.settings(layer))}" for offer in offers)
            + f"; not {wrong}"
            + "".join(
                f" ({offer.name}: {offer.refusal(layer)})"
                for offer in OFFERS
                if layer.fixed.keys() <= offer.settings(layer).keys() and not offer.computes(layer)
            )
        )
    for key, value in layer.fixed.items():
        values = tuple(dict.fromkeys(v for offer in able for v in offer.settings(layer)[key]))
        if value not in values:
            raise UsageError(
                f"{key} of layer '{layer.name}' must be one of {_listed(values)}, not {value!r}"
            )
    possible = _possible(able, layer) if layer.fixed else able
    if not possible:
        told = ", ".join(f"{key} = {value}" for key, value in layer.fixed.items())
        ways = " or ".join(_ways_out(able, layer))
        raise UsageError(
            f"settings of layer '{layer.name}' must be possible together, not {told}"
            + (f"; change {ways}" if ways else "")
        )
    return possible


def _possible(offers: tuple[Offer, ...], layer: Layer) -> tuple[Offer, ...]:
    """Return the engines that have circuits, fast or slow, with all that is fixed of a layer."""
    return tuple(
        offer
        for offer in offers
        if all(value in offer.settings(layer)[key] for key, value in layer.fixed.items())
        and any(True for _ in offer.cycles(layer))
    )


def _ways_out(offers: tuple[Offer, ...], layer: Layer) -> Iterator[str]:
    """Say for every setting to what it alone could be changed, so that all are possible."""
    for key in layer.fixed:
        values = [
            value
            for value in dict.fromkeys(v for offer in offers for v in offer.settings(layer)[key])
            if _possible(offers, replace(layer, fixed={**layer.fixed, key: value}))
        ]
        if values:
            yield f"{key} to {_listed(values)}"


def _offer_of(engine: str) -> Offer:
    return next(offer for offer in OFFERS if offer.name == engine)


def _check_engine(what: str, name: str) -> None:
    if name not in ENGINES:
        raise UsageError(f"{what} must be one of {', '.join(ENGINES)}, not {name!r}")


def _listed(values: Iterable[Setting]) -> str:
    return ", ".join(str(value) for value in values)
