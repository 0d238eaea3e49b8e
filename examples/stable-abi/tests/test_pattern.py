import pytest

from example_stable_abi import Pattern

PAIRS = [
    (b"na", b"banana"),
    (b"a", b"aaa"),
    (b"aa", b"aaaaa"),
    (b"needle", b"ned needl needle"),
    (b"abcabd", b"abcabcabd" * 3),
    (b"\0\xff", b"\xff\0\xff\0"),
    (b"longer than the data", b"data"),
    (b"x", b""),
]


@pytest.mark.parametrize(("needle", "data"), PAIRS)
def test_finds_what_python_finds(needle: bytes, data: bytes) -> None:
    pattern = Pattern(needle)
    assert pattern.needle == needle
    assert pattern.count(data) == data.count(needle)
    for start in range(len(data) + 2):
        assert pattern.find(data, start) == data.find(needle, start)


def test_refuses_what_it_cannot_look_for() -> None:
    with pytest.raises(ValueError, match="empty"):
        Pattern(b"")
    with pytest.raises(ValueError, match="negative"):
        Pattern(b"a").find(b"a", -1)
    with pytest.raises(TypeError):
        Pattern("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Pattern(needle=b"a")  # type: ignore[call-arg]


def test_never_changes() -> None:
    with pytest.raises(AttributeError):
        Pattern(b"a").needle = b"b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Pattern.find = None  # type: ignore[method-assign, assignment]
