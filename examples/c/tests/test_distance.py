import pytest

from example_c import distance


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("Zoë", "Zoe", 1), ("🐍🐍", "🐍", 1)],
)
def test_distance(a: str, b: str, expected: int) -> None:
    assert distance(a, b) == distance(b, a) == expected


def test_takes_strings_only() -> None:
    with pytest.raises(TypeError):
        distance(b"a", "b")
