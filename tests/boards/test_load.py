"""The board files, and what is said of bad ones."""

import re
from pathlib import Path

import pytest

from sangi.boards.load import list_boards, load_board, parse_board
from sangi.boards.schema import FAMILIES, TOOLS
from sangi.runtime.errors import BoardError, UsageError

GOOD = """
title = "A board"
part = "LFE5U-25F-6BG381C"
family = "ecp5"
clock_mhz = 50
shell = "uart"
[resources]
lut = 100
ff = 100
bram = 4
dsp = 2
[oscillator]
pin = "G2"
mhz = 25
[uart]
rx = "M1"
tx = "L4"
baud = 1000000
[pins]
leds = ["B2", "C2"]
[programmer]
command = ["load", "--file={bitstream}"]
"""

FIGURES = {
    "arria10_gx": (854400, 1708800, 2713, 1518),
    "arty_a7_100": (63400, 126800, 135, 240),
    "arty_a7_35": (20800, 41600, 50, 90),
    "arty_z7_20": (53200, 106400, 140, 220),
    "colorlight_5a75b": (24288, 24288, 56, 28),
    "cora_z7": (14400, 28800, 50, 66),
    "de10_lite": (49760, 49760, 182, 144),
    "de10_nano": (83018, 166036, 553, 112),
    "ecpix5": (83640, 83640, 208, 156),
    "hx8k_b_evn": (7680, 7680, 32, 0),
    "icebreaker": (5280, 5280, 30, 8),
    "kv260": (117120, 234240, 144, 1248),
    "orangecrab_25f": (24288, 24288, 56, 28),
    "orangecrab_85f": (83640, 83640, 208, 156),
    "pynq_z2": (53200, 106400, 140, 220),
    "tang_nano_9k": (8640, 6480, 26, 20),
    "tang_primer_20k": (20736, 15552, 46, 48),
    "ultra96v2": (70560, 141120, 216, 360),
    "ulx3s_12f": (12096, 12096, 32, 28),
    "ulx3s_25f": (24288, 24288, 56, 28),
    "ulx3s_45f": (43848, 43848, 108, 72),
    "ulx3s_85f": (83640, 83640, 208, 156),
    "zcu104": (230400, 460800, 312, 1728),
}
"""lut, ff, bram, dsp of the vendors' tables."""


def test_every_board_of_the_list_is_there():
    assert list_boards() == tuple(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_resources(name):
    board = load_board(name)
    assert board.name == name
    assert (board.lut, board.ff, board.bram, board.dsp) == FIGURES[name]


@pytest.mark.parametrize("name", FIGURES)
def test_a_board_says_what_a_project_needs(name):
    board = load_board(name)
    assert board.source
    settings = board.settings
    assert {"device", "pll"} <= set(settings)
    assert "ps" in settings["device"] or {"oscillator", "uart", "pins", "programmer"} <= set(
        settings
    )
    if "uart" in settings:
        # The line is an eighth as fast as the shell's clock (hdl/shell/uart/top.py).
        fastest = max(board.clock_mhz, settings["oscillator"]["mhz"])
        assert fastest * 1e6 / settings["uart"]["baud"] >= 8


@pytest.mark.parametrize("name", FIGURES)
def test_tool_and_shell_come_together(name):
    board = load_board(name)
    assert (board.tool is None) == (board.shell is None)
    if board.shell is not None:
        assert board.shell == ("axi" if "ps" in board.settings["device"] else "uart")


def test_own_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    board = load_board(str(path))
    assert (board.name, board.clock_mhz, board.tool) == ("mine", 50.0, None)
    assert board.source is None
    assert board.settings == {
        "oscillator": {"pin": "G2", "mhz": 25},
        "uart": {"rx": "M1", "tx": "L4", "baud": 1000000},
        "pins": {"leds": ["B2", "C2"]},
        "programmer": {"command": ["load", "--file={bitstream}"]},
    }


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(BoardError, match=r"icebreaker, kv260, .*not 'ulx4s'"):
        load_board("ulx4s")


def test_missing_file_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r"none\.toml does not exist"):
        load_board(str(tmp_path / "none.toml"))


def test_folder_instead_of_file(tmp_path):
    (tmp_path / "x.toml").mkdir()
    with pytest.raises(BoardError, match="cannot be read"):
        load_board(str(tmp_path / "x.toml"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('part = "LFE5U-25F-6BG381C"', "", "'part' is missing"),
        ("dsp = 2", "", "'dsp' is missing"),
        ("lut = 100", "lut = -1", "lut must be a whole number ≥ 0, not -1"),
        ("lut = 100", "lut = 1.5", "lut must be a whole number ≥ 0, not 1.5"),
        ("lut = 100", "lut = true", "lut must be a whole number"),
        ("clock_mhz = 50", "clock_mhz = 0", "clock_mhz must be a number > 0, not 0"),
        ("clock_mhz = 50", "clock_mhz = nan", "clock_mhz must be a number > 0"),
        ("clock_mhz = 50", 'clock_mhz = "50"', "clock_mhz must be a number > 0, not '50'"),
        ('title = "A board"', "title = 3", "title must be a text, not 3"),
        ('family = "ecp5"', 'family = "ecp6"', "family must be one of xc7, .*not 'ecp6'"),
        ('shell = "uart"', 'shell = "usb"', "shell must be one of uart, axi, not 'usb'"),
        (
            "[resources]",
            "[resource]",
            "the key 'resource' is unknown; the known ones are clock_mhz, ",
        ),
        ("title =", "name = 'x'\ntitle =", "the key 'name' is unknown"),
        ("dsp = 2", "dsp = 2\nuram = 3", "the key 'resources.uram' is unknown"),
        ("title =", "title", "must be TOML: .*line 2"),
    ],
)
def test_malformed(old, new, message):
    assert old in GOOD
    with pytest.raises(BoardError, match=f"board bad: .*{message}"):
        parse_board("bad", GOOD.replace(old, new, 1))


def refusal(old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(BoardError) as error:
        parse_board("bad", GOOD.replace(old, new, 1))
    return str(error.value)


def test_resources_that_are_missing():
    start, end = GOOD.index("[resources]"), GOOD.index("[oscillator]")
    with pytest.raises(BoardError) as error:
        parse_board("bad", GOOD[:start] + GOOD[end:])
    assert str(error.value) == ("board bad: a table [resources] with lut, ff, bram, dsp is missing")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "baud =",
            "bauds =",
            "the key 'uart.bauds' is unknown; the known ones are baud, rx, tx",
        ),
        ('tx = "L4"', "", "the key 'uart.tx' is missing"),
        ("mhz = 25\n", "mhz = 0\n", "oscillator.mhz must be a number > 0, not 0"),
        ("mhz = 25\n", "mhz = inf\n", "oscillator.mhz must be a number > 0, not inf"),
        ("mhz = 25\n", "mhz = true\n", "oscillator.mhz must be a number > 0, not True"),
        ("baud = 1000000", "baud = 1e6", "uart.baud must be a whole number > 0, not 1000000.0"),
        ('rx = "M1"', 'rx = ["M1"]', "uart.rx must be a pin, not ['M1']"),
        ('rx = "M1"', 'rx = "m1"', "uart.rx must be a pin's name like 'A12', not 'm1'"),
        ('rx = "M1"', 'rx = "35"', "uart.rx must be a pin's name like 'A12', not '35'"),
        ('["B2", "C2"]', '"B2"', "pins.leds must be a list of pins, not 'B2'"),
        (
            '"C2"',
            '"C2 "',
            "pins.leds[1] must be a pin's name like 'A12', not 'C2 '",
        ),
        (
            '"C2"',
            '"L4"',
            "the pin L4 must be used once, not for uart.tx and pins.leds[1]",
        ),
        (
            '"C2"',
            '"B2"',
            "the pin B2 must be used once, not for pins.leds[0] and pins.leds[1]",
        ),
        (
            "--file={bitstream}",
            "--file",
            "programmer.command must be a list of texts of which one holds {bitstream}, "
            "not ['load', '--file']",
        ),
        (
            "[programmer]",
            '[reset]\npin = "A1"\nactive = "no"\n[programmer]',
            "reset.active must be 'low' or 'high', not 'no'",
        ),
        ("[resources]", "pll = 1\n[resources]", "pll must be a table, not 1"),
        (
            "[resources]",
            'tool = "ise"\n[resources]',
            "tool must be one of nextpnr-ecp5, nextpnr-ice40, nextpnr-gowin, vivado, quartus, "
            "not 'ise'",
        ),
        (
            "[resources]",
            'tool = "vivado"\n[resources]',
            "tool vivado must go with a family of xc7, xcup, not ecp5",
        ),
        (
            'shell = "uart"',
            'tool = "nextpnr-ecp5"',
            "the key 'shell' is missing; with a tool it is one of uart, axi",
        ),
    ],
)
def test_messages_word_for_word(old, new, message):
    assert refusal(old, new) == f"board bad: {message}"


def test_an_unknown_table_is_told_with_the_known_ones():
    said = refusal("[pins]", "[pin]")
    assert said.startswith("board bad: the key 'pin' is unknown; the known ones are clock_mhz, ")
    assert said.endswith(", title, tool, uart")


def test_ice40_and_gowin_number_their_pins():
    for family in ("ice40", "gowin"):
        text = GOOD.replace('"ecp5"', f'"{family}"').replace('"M1"', '"35"')
        assert parse_board("x", text).settings["uart"]["rx"] == "35"
        with pytest.raises(BoardError, match="must be a pin's name like 'A12' or '35', not 'p35'"):
            parse_board("x", text.replace('"35"', '"p35"'))


def test_the_page_for_contributors():
    page = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    page = page[page.index("## Add a board") : page.index("## Determinism")]
    example = "\n".join(line.strip() for line in page.splitlines() if line.startswith("       "))
    shown, real = parse_board("ulx3s_85f", example), load_board("ulx3s_85f")
    for name in ("title", "part", "family", "clock_mhz", "lut", "ff", "bram", "dsp"):
        assert getattr(shown, name) == getattr(real, name)
    assert f"# {' '.join(FAMILIES)}" in example
    rows = re.findall(r"\| `([a-z0-9-]+)` \| ([a-z0-9, ]+) \|", page)
    assert {tool: tuple(families.split(", ")) for tool, families in rows} == TOOLS
