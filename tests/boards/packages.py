"""The pins of packages that logic can use, from open databases of the chips.

CSG324 and CLG400 from Project X-Ray (prjxray-db, ``package_pins.csv`` of xc7a35tcsg324,
xc7z010clg400 and xc7z020clg400), U672 from Mistral (``sx120f-pkg.txt``, package u23; pins of the
processor, of JTAG and of configuration left out). Rows are as drawn: a letter and its columns.
"""

from __future__ import annotations


def _pins(text: str) -> frozenset[str]:
    rows = (line.split() for line in text.strip().splitlines())
    return frozenset(row + column for row, *columns in rows for column in columns)


_CSG324 = _pins("""
A 1 3 4 5 6 8 9 10 11 13 14 15 16 18
B 1 2 3 4 6 7 8 9 11 12 13 14 16 17 18
C 1 2 4 5 6 7 9 10 11 12 14 15 16 17
D 2 3 4 5 7 8 9 10 12 13 14 15 17 18
E 1 2 3 5 6 7 15 16 17 18
F 1 3 4 5 6 13 14 15 16 18
G 1 2 3 4 6 13 14 16 17 18
H 1 2 4 5 6 14 15 16 17
J 2 3 4 5 13 14 15 17 18
K 1 2 3 5 6 13 15 16 17 18
L 1 3 4 5 6 13 14 15 16 18
M 1 2 3 4 6 13 14 16 17 18
N 1 2 4 5 6 14 15 16 17
P 2 3 4 5 14 15 17 18
R 1 2 3 5 6 7 8 10 11 12 13 15 16 17 18
T 1 3 4 5 6 8 9 10 11 13 14 15 16 18
U 1 2 3 4 6 7 8 9 11 12 13 14 16 17 18
V 1 2 4 5 6 7 9 10 11 12 14 15 16 17
""")

_CLG400_SMALL = _pins("""
A 20
B 19 20
C 20
D 18 19 20
E 17 18 19
F 16 17 19 20
G 14 15 17 18 19 20
H 15 16 17 18 20
J 14 15 16 18 19 20
K 14 16 17 18 19
L 14 15 16 17 19 20
M 14 15 17 18 19 20
N 15 16 17 18 20
P 14 15 16 18 19 20
R 14 16 17 18 19
T 10 11 12 14 15 16 17 19 20
U 12 13 14 15 17 18 19 20
V 12 13 15 16 17 18 20
W 13 14 15 16 18 19 20
Y 14 16 17 18 19
""")

_BANK_13 = _pins("""
T 5 9
U 5 7 8 9 10
V 5 6 7 8 10 11
W 6 8 9 10 11
Y 6 7 8 9 11 12 13
""")

_U672 = _pins("""
C 12
D 8 11 12
E 8 11
T 8 11 12 13
U 9 10 11 13 14
V 10 11 12 13 15 16
W 8 11 12 14 15 20 21 24
Y 4 5 8 11 13 15 16 17 18 19 24
AA 4 11 13 15 18 19 20 23 24 26
AB 4 23 25 26
AC 4 22 23 24
AD 4 5 10 11 12 17 19 20 23 26
AE 4 6 7 8 9 11 12 15 17 19 20 22 23 24 25 26
AF 4 5 6 7 8 9 10 11 13 15 17 18 20 21 22 23 25 26 27 28
AG 5 6 8 9 10 11 13 14 15 16 18 19 20 21 23 24 25 26 28
AH 2 3 4 5 6 7 8 9 11 12 13 14 16 17 18 19 21 22 23 24 26 27
""")

PINS = {
    "csg324": _CSG324,
    "xc7z007sclg400": _CLG400_SMALL,
    "xc7z020clg400": _CLG400_SMALL | _BANK_13,
    "5CSEBA6U23": _U672,
}
"""By a part of the part's name."""

COUNTS = {"csg324": 210, "xc7z007sclg400": 100, "xc7z020clg400": 125, "5CSEBA6U23": 145}
"""How many the vendors' tables of packages promise (UG475, UG865, CV-51001)."""

CLOCKS = {
    "csg324": _pins("""
    A 10
    B 8
    C 9 11
    D 5 15
    E 2 3 15
    F 4 15
    H 16
    N 5 15
    P 4 15 17
    R 3
    T 5 14
    """),
    "xc7z007sclg400": _pins("H 16\nJ 18\nK 17\nL 16\nN 18 20\nU 14 18"),
    "xc7z020clg400": _pins("H 16\nJ 18\nK 17\nL 16\nN 18 20\nT 9\nU 7 14 18\nY 7 9"),
}
"""Pins of Xilinx packages that take a clock on one line (``P`` of ``MRCC`` and ``SRCC``)."""
