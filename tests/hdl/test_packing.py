"""Weights packed into one operand of a multiplier: exact at every border of every field."""

import itertools

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal, signed, unsigned
from amaranth.sim import Simulator
from hypothesis import given
from hypothesis import strategies as st

from sangi.boards.schema import FAMILIES
from sangi.hdl.multipliers import products_of
from sangi.hdl.packed import lowest_bit, operands, taken_apart
from sangi.hdl.packing import Packing, packing_of

INT8, INT4 = (-128, 127), (-8, 7)
BYTE, NIBBLE = (8, False), (4, False)


def elements(bits, is_signed):
    """Return the least and the greatest element."""
    low = -(1 << bits - 1) if is_signed else 0
    return low, low + (1 << bits) - 1


def unpacked(packing, total, parity=0):
    """Return the fields of sums as the circuit's formula has them."""
    if packing.overlap:
        top = (total >> packing.shift ^ parity) & 1
        return [
            (total & (1 << packing.shift) - 1) - (top << packing.shift),
            (total >> packing.shift) + top,
        ]
    half, mask = 1 << packing.shift - 1, (1 << packing.shift) - 1
    found = []
    for index in range(packing.count):
        below = index * packing.shift
        raw = total >> below
        if index < packing.count - 1:
            raw = ((raw & mask) ^ half) - half
        found.append(raw + ((total >> below - 1 & 1) if index else 0))
    return found


@pytest.mark.parametrize(
    ("weights", "element", "expected"),
    [
        # xc7 25 × 18, xcup 27 × 18, ecp5 18 × 18, ice40 16 × 16, cyclonev 27 × 27 (bits, signed);
        # a field of 8 × 8 bits is 16 bits wide, of two summed 17; the sign of the lower weight
        # takes a bit more of -128 than of -127, so that with it fields overlap in 25 bits.
        (INT8, BYTE, {"xc7": (2, 16, 2, 1), "xcup": (2, 17, 2), "cyclonev": (2, 17, 2)}),
        ((-127, 127), BYTE, {"xc7": (2, 17, 2), "xcup": (2, 17, 2), "cyclonev": (2, 17, 2)}),
        (
            INT4,
            BYTE,
            {"xc7": (2, 13, 2), "ecp5": (2, 13, 2), "ice40": (2, 11, 1, 1), "gowin": None},
        ),
        ((-7, 7), BYTE, {"ecp5": (2, 13, 2), "ice40": (2, 12, 2, 1), "max10": None}),
        (INT4, NIBBLE, {"xc7": (3, 9, 2), "xcup": (3, 9, 2), "ecp5": (2, 9, 2)}),
        ((-4, 3), (3, False), {"ecp5": (3, 7, 2), "xc7": (4, 7, 2), "ice40": (3, 6, 1)}),
        (INT8, BYTE, {"ecp5": None, "ice40": None, "gowin": None, "max10": None}),
    ],
)
def test_as_many_as_fit_a_block(weights, element, expected):
    for family, numbers in expected.items():
        packing = packing_of(*weights, *element, 12, 8, family)
        found = packing and (packing.count, packing.shift, packing.summed, packing.overlap)
        assert found == (numbers and (*numbers, 0)[:4]), family


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("bits", [2, 4, 5, 8])
@pytest.mark.parametrize("is_signed", [False, True])
def test_an_operand_is_one_block_and_saves_some(family, bits, is_signed):
    for width, lanes in itertools.product((3, 4, 6, 8), (1, 4)):
        half = 1 << width - 1
        packing = packing_of(-half, half - 1, bits, is_signed, 24, lanes, family)
        if packing is None:
            continue
        size = packing.operand_bits
        pieces = products_of(size, True, bits, is_signed, size + bits, family)
        assert len(pieces.widths) == 1 and not pieces.spelled
        alone = products_of(bits, is_signed, width, True, bits + width, family)
        assert pieces.blocks < packing.count * alone.blocks or alone.spelled
        assert packing.summed == 1 or lanes > 1
        # Every operand's least and greatest value fit it.
        ones = sum(1 << packing.shift * index for index in range(packing.count))
        assert -(1 << size - 1) <= -half * ones and (half - 1) * ones < 1 << size - 1


def test_every_product_of_two_bytes():
    """All 256 × 256 × 256 of them, unsigned elements, and signed ones."""
    low, high = (np.arange(-128, 128)[:, None], np.arange(-128, 128)[None, :])
    for packing in (Packing(2, 16, *INT8, 1), Packing(2, 15, *INT8, 1, 1)):
        assert packing.holds(*BYTE)
        for element in range(-128, 256):
            total = element * ((high << packing.shift) + low)
            found = unpacked(packing, total, element & high & 1)
            assert (found[0] == element * low).all() and (found[1] == element * high).all()


def test_every_sum_of_two_products_of_bytes():
    """Fields that overlap: every lower sum beside the ends of the upper ones."""
    packing = packing_of(*INT8, *BYTE, 2, 2, "xc7")
    assert (packing.shift, packing.summed, packing.overlap) == (16, 2, 1)
    assert packing.operand_bits == 25
    low = np.arange(2 * -128 * 255, 2 * 127 * 255 + 1)
    for high in (2 * -128 * 255, 2 * -128 * 255 + 1, -2, -1, 0, 1, 2 * 127 * 255):
        found = unpacked(packing, (high << packing.shift) + low, high & 1)
        assert (found[0] == low).all() and (found[1] == high).all()


@given(
    st.integers(2, 4),
    st.integers(2, 8),
    st.tuples(st.integers(1, 8), st.booleans()),
    st.sampled_from([1, 2]),
    st.booleans(),
    st.data(),
)
def test_borders_of_every_field(count, width, element, summed, overlapping, data):
    """Whatever ``holds`` accepts is exact, the ends of all ranges before all others."""
    low = data.draw(st.integers(-(1 << width - 1), -1))
    high = data.draw(st.integers(0, (1 << width - 1) - 1))
    overlap = int(overlapping and count == 2)
    packing = next(
        one
        for one in (Packing(count, s, low, high, summed, overlap) for s in range(1, 40))
        if one.holds(*element)
    )
    shift = packing.shift
    ends = elements(*element)
    some = st.sampled_from([*ends, 0]) | st.integers(*ends)
    weight = st.sampled_from([low, high, 0, -1]) | st.integers(low, high)
    total, sums = 0, [0] * count
    for _ in range(summed):
        a, weights = data.draw(some), [data.draw(weight) for _ in range(count)]
        total += a * sum(w << shift * index for index, w in enumerate(weights))
        sums = [old + a * w for old, w in zip(sums, weights, strict=True)]
    assert unpacked(packing, total, sums[-1] & 1) == sums


@pytest.mark.parametrize("element", [BYTE, (8, True), NIBBLE, (1, False), (3, True)])
@pytest.mark.parametrize("count", [2, 3])
def test_no_narrower_field_is_exact(element, count):
    """One bit less, and some product is wrong: ``holds`` is not just generous."""
    low, high = -4, 3
    shift = next(s for s in range(1, 40) if Packing(count, s, low, high, 1).holds(*element))
    narrow = Packing(count, shift - 1, low, high, 1)
    a = np.array(sorted({*elements(*element), 0, 1 - (element == (1, True))}))
    grids = np.meshgrid(a, *[np.arange(low, high + 1)] * count, indexing="ij")
    total = grids[0] * sum(w << (shift - 1) * index for index, w in enumerate(grids[1:]))
    found = unpacked(narrow, total)
    wrong = any((one != grids[0] * w).any() for one, w in zip(found, grids[1:], strict=True))
    assert wrong or narrow.shift < narrow.stored[-1]


CIRCUITS = {
    "int4, every product": (Packing(2, 8, -8, 7, 1), NIBBLE, None),
    "int4, signed, every product": (Packing(2, 8, -8, 7, 1), (4, True), None),
    "three of 2 bits, every product": (Packing(3, 5, -2, 1, 1), (3, False), None),
    "int4, overlapping, every product": (Packing(2, 7, -8, 7, 1, 1), NIBBLE, None),
    "int8, overlapping": (Packing(2, 15, -128, 127, 1, 1), BYTE, 300),
    "int8, signed, overlapping": (Packing(2, 15, -128, 127, 1, 1), (8, True), 300),
    "int8": (Packing(2, 16, -128, 127, 1), BYTE, 300),
    "int8, signed": (Packing(2, 16, -128, 127, 1), (8, True), 300),
    "three of 3 bits": (Packing(3, 7, -4, 3, 1), NIBBLE, 300),
}


@pytest.mark.parametrize(("packing", "element", "draws"), CIRCUITS.values(), ids=CIRCUITS)
def test_the_circuit_takes_products_apart(packing, element, draws):
    rng = np.random.default_rng(3)
    low, high = elements(*element)
    ranges = [range(low, high + 1)] + [range(packing.low, packing.high + 1)] * packing.count
    if draws is None:
        cases = list(itertools.product(*ranges))
    else:
        corners = [(one[0], one[-1], min(0, one[-1])) for one in ranges]
        cases = list(itertools.product(*corners))
        cases += [tuple(int(rng.choice(one)) for one in ranges) for _ in range(draws)]
    m = Module()
    shape = signed(element[0]) if element[1] else unsigned(element[0])
    x, word = Signal(shape), Signal(sum(packing.stored))
    (operand,) = operands(m, packing, word, "weights")
    parts = taken_apart(packing, x * operand, lowest_bit(packing, x, operand), 30)
    sums = [
        part.value if part.carry is None else (part.value + part.carry)[:30].as_signed()
        for part in parts
    ]
    out = Signal(30 * packing.count)
    m.d.comb += out.eq(Cat(Cat(one, one[-1].replicate(30 - len(one))) for one in sums))
    found = []

    async def testbench(ctx):
        for element_, *weights in cases:
            fields = packing.fields(np.array(weights))
            stored, at = 0, 0
            for field, bits in zip(fields, packing.stored, strict=True):
                assert -(1 << bits - 1) <= field < 1 << bits - 1
                stored |= (int(field) & (1 << bits) - 1) << at
                at += bits
            ctx.set(word, stored)
            await ctx.tick()
            ctx.set(x, element_)
            found.append(ctx.get(out))

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    mask = (1 << 30) - 1
    expected = [
        sum((a * w & mask) << 30 * index for index, w in enumerate(weights))
        for a, *weights in cases
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1, 16, -128, 127, 1), "count must be at least 2, not 1"),
        ((2, 16, -128, 127, 3), "summed must be 1 or 2, not 3"),
        ((3, 16, -8, 7, 1, 1), "overlap must be 0, or 1 with two weights, not 1"),
        ((2, 16, 0, 127, 1), "low must be below 0, not 0"),
    ],
)
def test_refused_packings(values, message):
    with pytest.raises(ValueError, match=message):
        Packing(*values)
