"""Which channels move together, and which may not move."""

from sangi.compiler.order.ties import ties_of

from ..mapping.programs import Builder


def test_what_is_between_two_layers_is_one_free_class():
    net = Builder((4, 4, 3))
    first = net.maxpool("pool", net.requantize("q", net.conv("first", "x", 8)))
    program = net.program(net.requantize("end", net.conv("second", first, 4)))
    ties = ties_of(program)
    assert ties.free == (ties.classes["first"],)
    assert ties.classes["first"] == ties.classes["q"] == ties.classes["pool"]
    assert ties.classes["second"] == ties.classes["end"]


def test_an_add_ties_its_branches():
    net = Builder((4, 4, 3))
    x = net.requantize("q", net.conv("c", "x", 8))
    y = net.add("sum", x, net.requantize("qb", net.conv("branch", x, 8)))
    flat = net.flatten("flat", net.global_sum("pixels", y))
    program = net.program(net.dense("end", flat, 4))
    ties = ties_of(program)
    # A single pixel becomes channels as they are.
    assert ties.classes["flat"] == ties.classes["sum"]
    assert ties.classes["c"] == ties.classes["branch"] == ties.classes["sum"]
    assert ties.free == (ties.classes["c"],)


def test_a_branch_from_the_input_keeps_its_order():
    net = Builder((4, 4, 8))
    y = net.add("sum", "x", net.requantize("q", net.conv("c", "x", 8)))
    program = net.program(net.conv("end", y, 4))
    assert ties_of(program).free == ()


def test_depthwise_filters_follow_their_channels_and_other_groups_keep_theirs():
    net = Builder((4, 4, 3))
    x = net.requantize("q", net.conv("c", "x", 8))
    y = net.requantize("qd", net.conv("depthwise", x, 8, groups=8))
    z = net.requantize("qp", net.conv("pointwise", y, 8, 1))
    program = net.program(net.conv("end", net.conv("grouped", z, 8, groups=2), 4))
    ties = ties_of(program)
    assert ties.classes["c"] == ties.classes["depthwise"]
    assert ties.free == (ties.classes["c"],)


def test_what_follows_from_an_order_that_is_held_holds_it():
    net = Builder((4, 4, 3))
    a = net.requantize("qa", net.conv("a", "x", 4))
    b = net.requantize("qb", net.conv("b", "x", 4))
    joined = net.concat("joined", a, b)
    # One more class that would have to follow from the joined one and from filters at once.
    y = net.add("sum", joined, net.requantize("qc", net.conv("c", "x", 8)))
    program = net.program(net.conv("end", y, 4))
    assert ties_of(program).free == ()


def test_joined_channels_follow():
    net = Builder((4, 4, 3))
    a = net.requantize("qa", net.conv("a", "x", 4))
    b = net.requantize("qb", net.conv("b", "x", 4))
    program = net.program(net.conv("end", net.concat("joined", a, b), 4))
    ties = ties_of(program)
    assert ties.free == (ties.classes["a"], ties.classes["b"])
    assert ties.classes["joined"] not in ties.free
