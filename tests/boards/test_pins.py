"""The pins of the board files, against those of amaranth-boards."""

import importlib
from fractions import Fraction

import pytest

from sangi.boards.board import Board
from sangi.boards.load import list_boards, load_board

KNOWN = {
    "arty_a7_100": "arty_a7.ArtyA7_100Platform",
    "arty_a7_35": "arty_a7.ArtyA7_35Platform",
    "arty_z7_20": "arty_z7.ArtyZ720Platform",
    "colorlight_5a75b": "colorlight_5a75b_r7_0.Colorlight_5A75B_R70Platform",
    "cora_z7": "cora_z7.CoraZ7_07SPlatform",
    "de10_lite": "de10_lite.DE10LitePlatform",
    "de10_nano": "de10_nano.DE10NanoPlatform",
    "ecpix5": "ecpix5.ECPIX585Platform",
    "hx8k_b_evn": "ice40_hx8k_b_evn.ICE40HX8KBEVNPlatform",
    "icebreaker": "icebreaker.ICEBreakerPlatform",
    "orangecrab_25f": "orangecrab_r0_2.OrangeCrabR0_2_25FPlatform",
    "orangecrab_85f": "orangecrab_r0_2.OrangeCrabR0_2_85FPlatform",
    "tang_nano_9k": "tang_nano_9k.TangNano9kPlatform",
    "tang_primer_20k": "tang_primer_20k.TangPrimer20kDockPlatform",
    "ulx3s_12f": "ulx3s.ULX3S_12F_Platform",
    "ulx3s_25f": "ulx3s.ULX3S_25F_Platform",
    "ulx3s_45f": "ulx3s.ULX3S_45F_Platform",
    "ulx3s_85f": "ulx3s.ULX3S_85F_Platform",
}
UNKNOWN = {"arria10_gx", "kv260", "pynq_z2", "ultra96v2", "zcu104"}
HEADER = {"orangecrab_25f": ("io", "0", "1"), "orangecrab_85f": ("io", "0", "1")}
"""Boards whose line runs over a header: the connector, and its pins for rx and tx."""


class Platform:
    """What amaranth-boards says, by resource name."""

    def __init__(self, name: str) -> None:
        module, kind = KNOWN[name].split(".")
        self.platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), kind)()

    def has(self, name: str) -> bool:
        return (name, 0) in self.platform.resources

    def pins(self, name: str, number: int = 0, part: str | None = None) -> list[str]:
        resource = self.platform.lookup(name, number)
        ios = resource.ios
        if part is not None:
            ios = next(sub for sub in ios if sub.name == part).ios
        return ios[0].names

    def row(self, name: str) -> list[str]:
        count = sum(1 for key, _ in self.platform.resources if key == name)
        return [self.pins(name, number)[0] for number in range(count)]


@pytest.fixture(params=sorted(KNOWN))
def pair(request: pytest.FixtureRequest) -> tuple[Board, Platform]:
    pytest.importorskip("amaranth_boards")
    return load_board(request.param), Platform(request.param)


def test_every_board_is_compared_or_known_to_be_new():
    assert set(KNOWN) | UNKNOWN == set(list_boards())
    for name in UNKNOWN:
        assert "amaranth" not in str(load_board(name).source)


def test_the_source_names_the_platform(pair):
    board, _ = pair
    assert str(board.source).startswith(f"amaranth-boards: {KNOWN[board.name]}; ")


def test_device(pair):
    board, known = pair
    platform = known.platform
    device = board.settings["device"]
    if board.family in ("ecp5", "ice40"):
        assert device["name"] == platform.device
        assert device["package"].upper().endswith(platform.package[2:])
    elif board.family == "gowin":
        assert (device["nextpnr"], board.part) == (platform.part, platform.part)
    elif board.family == "xc7":
        # Digilent sells both grades of the Arty; their own board files name these.
        size = platform.device.rstrip("i")
        assert device["name"] == size
        assert device["part"].startswith((size, f"{size}i"))
        assert platform.package in device["part"]
    else:
        whole = platform.device + platform.package + platform.speed + platform.suffix
        assert device["part"] == board.part == whole
    if board.family == "ecp5":
        assert device["speed"] == int(platform.speed)


def test_oscillator(pair):
    board, known = pair
    oscillator = board.settings["oscillator"]
    assert oscillator["name"] == known.platform.default_clk
    assert [oscillator["pin"]] == known.pins(oscillator["name"])
    frequency = known.platform.lookup(oscillator["name"], 0).clock.frequency
    assert Fraction(frequency) == 1_000_000 * Fraction(oscillator["mhz"])


def test_line(pair):
    board, known = pair
    if "ps" in board.settings["device"]:
        assert "uart" not in board.settings
        return
    line = board.settings["uart"]
    if board.name in HEADER:
        connector, rx, tx = HEADER[board.name]
        mapping = known.platform.connectors[connector, 0].mapping
        assert (line["rx"], line["tx"]) == (mapping[rx], mapping[tx])
        return
    assert [line["rx"]] == known.pins("uart", 0, "rx")
    assert [line["tx"]] == known.pins("uart", 0, "tx")


def test_lights_and_buttons(pair):
    board, known = pair
    pins = board.settings["pins"]
    if known.has("led") and board.name != "colorlight_5a75b":
        assert pins["leds"] == known.row("led")
    elif "leds" in pins:
        assert pins["leds"] == [known.pins("rgb_led", 0, part)[0] for part in "rgb"]
    if "buttons" in pins:
        assert pins["buttons"] == known.row("button")
    if "power_button" in pins:
        assert [pins["power_button"]] == known.pins("button_pwr")


def test_reset(pair):
    board, known = pair
    reset = board.settings.get("reset")
    assert (reset is not None) == known.has("rst")
    if reset is not None:
        assert [reset["pin"]] == known.pins("rst")
        inverted = known.platform.lookup("rst", 0).ios[0].invert
        assert (reset["active"] == "low") == inverted


def test_standard_of_the_pins(pair):
    board, known = pair
    clock = known.platform.lookup(board.settings["oscillator"]["name"], 0)
    attributes = {key.upper(): value for key, value in clock.attrs.items()}
    standard = attributes.get("IO_TYPE") or attributes.get("IOSTANDARD")
    assert board.settings["pins"]["io_type"] == (standard or attributes["IO_STANDARD"])
