"""Running a build's images on a device."""

import pytest

from sangi.compiler.run import shown


@pytest.mark.parametrize(
    ("device", "public"),
    [
        ("tcp:host:7420?token=secret", "tcp:host:7420?token=…"),
        ("tcp:host:7420?token=a-b_c&x=1", "tcp:host:7420?token=…&x=1"),
        ("uart:/dev/ttyUSB0?baud=3000000", "uart:/dev/ttyUSB0?baud=3000000"),
    ],
)
def test_a_token_is_never_shown(device, public):
    assert shown(device) == public
