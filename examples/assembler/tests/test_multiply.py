import platform

import pytest

from example_assembler import is_assembler, multiply_high

NUMBERS = (0, 1, 2**32 - 1, 2**32, 2**63, 0x0123456789ABCDEF, 2**64 - 1)


@pytest.mark.parametrize("a", NUMBERS)
@pytest.mark.parametrize("b", NUMBERS)
def test_multiply_high(a: int, b: int) -> None:
    assert multiply_high(a, b) == a * b >> 64


def test_numbers_that_are_too_large() -> None:
    with pytest.raises(OverflowError):
        multiply_high(2**64, 1)


def test_assembler_is_used_where_it_is_written() -> None:
    assert is_assembler == (platform.machine().lower() in ("x86_64", "amd64", "aarch64", "arm64"))
