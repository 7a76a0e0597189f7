"""codes/qr.py: the symbol is read back module by module, so that its segments are seen and not believed."""
import struct
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from webapp.codes.qr import GS1_MINIMUM_MM, make_qr, print_size, save_qr

CODE = "1K23N8XV24BW2WX5MK95"
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
MASKS = [
    lambda r, c: (r + c) % 2, lambda r, c: r % 2, lambda r, c: c % 3, lambda r, c: (r + c) % 3,
    lambda r, c: (r // 2 + c // 3) % 2, lambda r, c: r * c % 2 + r * c % 3,
    lambda r, c: (r * c % 2 + r * c % 3) % 2, lambda r, c: ((r + c) % 2 + r * c % 3) % 2,
]


def test_symbol_is_a_byte_and_an_alphanumeric_segment_at_level_q():
    level, segments = read_version_3(make_qr("https://yan.example", CODE).matrix)
    assert level == "Q"
    assert segments == [("byte", "https://"), ("alphanumeric", f"YAN.EXAMPLE/{CODE}")]


@pytest.mark.parametrize(("host", "version"), [(6, 3), (8, 3), (12, 3), (13, 4), (16, 4)])
def test_a_host_of_twelve_characters_still_prints_at_15_mm(host, version):
    size = print_size(make_qr("https://" + "h" * host, CODE))
    assert size.version == version
    assert (size.module_mm >= GS1_MINIMUM_MM) == (version == 3)
    assert round(size.module_mm, 3) == {3: 0.405, 4: 0.366}[version]


def test_demo_address_keeps_its_scheme_and_port():
    assert print_size(make_qr("http://127.0.0.1:8000", CODE)).version == 4


def test_svg_has_true_millimetres(tmp_path):
    save_qr(make_qr("https://yan.cn", CODE), tmp_path / "q.svg", 20.0)
    root = ElementTree.parse(tmp_path / "q.svg").getroot()
    assert (root.get("width"), root.get("height")) == ("20.0mm", "20.0mm")


def test_png_is_made_of_whole_dots_and_prints_at_its_size(tmp_path):
    save_qr(make_qr("https://yan.cn", CODE), tmp_path / "q.png", 15.0)
    body = (tmp_path / "q.png").read_bytes()
    width = struct.unpack(">I", body[16:20])[0]
    per_metre = struct.unpack(">I", body[body.index(b"pHYs") + 4:][:4])[0]
    assert width % 37 == 0
    assert width / per_metre * 1000 == pytest.approx(15.0, rel=0.01)


def read_version_3(matrix) -> tuple[str, list[tuple[str, str]]]:
    """Level and segments of an undamaged version 3 symbol of level Q (29 modules; two blocks of 17 data bytes)."""
    assert len(matrix) == 29
    form = int("".join(str(matrix[8][c]) for c in (0, 1, 2, 3, 4)), 2) ^ 0b10101
    mask = MASKS[form & 7]
    bits = "".join(str(matrix[r][c] ^ (mask(r, c) == 0)) for r, c in data_places())
    mixed = [int(bits[i:i + 8], 2) for i in range(0, 34 * 8, 8)]
    body = "".join(f"{byte:08b}" for byte in mixed[0::2] + mixed[1::2])
    return {0b11: "Q", 0b00: "M", 0b01: "L", 0b10: "H"}[form >> 3], list(read_segments(body))


def data_places() -> Iterator[tuple[int, int]]:
    """Rows and columns of data modules in the order they are filled: two columns at a time, up and down."""
    upward = True
    for right in (28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 5, 3, 1):
        for row in range(28, -1, -1) if upward else range(29):
            yield from ((row, column) for column in (right, right - 1) if not is_function(row, column))
        upward = not upward


def is_function(row: int, column: int) -> bool:
    finder = (row < 9 and column < 9) or (row < 9 and column > 20) or (row > 20 and column < 9)
    return finder or row == 6 or column == 6 or (20 <= row <= 24 and 20 <= column <= 24)


def read_segments(body: str) -> Iterator[tuple[str, str]]:
    at = 0

    def take(count: int) -> int:
        nonlocal at
        at += count
        return int(body[at - count:at], 2)

    while mode := take(4):
        if mode == 0b0100:
            yield "byte", bytes(take(8) for _ in range(take(8))).decode()
        else:
            assert mode == 0b0010
            count = take(9)
            pairs = "".join(ALPHANUMERIC[v // 45] + ALPHANUMERIC[v % 45] for v in (take(11) for _ in range(count // 2)))
            yield "alphanumeric", pairs + (ALPHANUMERIC[take(6)] if count % 2 else "")
