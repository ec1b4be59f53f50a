"""The board files, and what is said of bad ones."""

import pytest

from sangi.boards.load import list_boards, load_board, parse_board
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
[uart]
rx = "M1"
"""


def test_known_boards_load():
    assert list_boards() == (
        "icebreaker",
        "kv260",
        "pynq_z2",
        "ulx3s_25f",
        "ulx3s_85f",
        "zcu104",
    )
    for name in list_boards():
        board = load_board(name)
        assert board.name == name
        assert board.lut > 0 and board.bram > 0


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("ulx3s_25f", (24288, 24288, 56, 28)),
        ("ulx3s_85f", (83640, 83640, 208, 156)),
        ("pynq_z2", (53200, 106400, 140, 220)),
        ("zcu104", (230400, 460800, 312, 1728)),
        ("kv260", (117120, 234240, 144, 1248)),
        ("icebreaker", (5280, 5280, 30, 8)),
    ],
)
def test_resources(name, figures):
    board = load_board(name)
    assert (board.lut, board.ff, board.bram, board.dsp) == figures


@pytest.mark.parametrize("name", ["ulx3s_25f", "ulx3s_85f"])
def test_ulx3s_pins_are_those_of_amaranth_boards(name):
    ulx3s = pytest.importorskip("amaranth_boards.ulx3s")
    platform = getattr(ulx3s, f"ULX3S_{name[-3:].upper()}_Platform")()
    board = load_board(name)
    assert platform.device == board.settings["device"]["name"]

    def pins(*path):
        resource = platform.lookup(*path[:2])
        io = resource.ios[0]
        if len(path) > 2:
            io = next(sub for sub in resource.ios if sub.name == path[2]).ios[0]
        return io.names

    assert pins("clk25", 0) == [board.settings["oscillator"]["pin"]]
    assert platform.lookup("clk25", 0).clock.frequency == 1e6 * board.settings["oscillator"]["mhz"]
    for way in ("rx", "tx"):
        assert pins("uart", 0, way) == [board.settings["uart"][way]]
    for kind, name in (("led", "leds"), ("button", "buttons")):
        expected = board.settings["pins"][name]
        assert [pins(kind, i)[0] for i in range(len(expected))] == expected
    assert pins("button_pwr", 0) == [board.settings["pins"]["power_button"]]


def test_own_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    board = load_board(str(path))
    assert (board.name, board.clock_mhz, board.tool) == ("mine", 50.0, None)
    assert board.settings == {"uart": {"rx": "M1"}}


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
        ("[resources]", "[resource]", r"table \[resources\].* is missing"),
        ("title =", "title", "must be TOML: .*line 2"),
    ],
)
def test_malformed(old, new, message):
    assert old in GOOD
    with pytest.raises(BoardError, match=f"board bad: .*{message}"):
        parse_board("bad", GOOD.replace(old, new, 1))
