import pytest

from example_nanobind import PrefixTree


def test_words_by_their_beginning() -> None:
    tree = PrefixTree()
    for word in ("zig", "zigzag", "zag", "zig", "Zoë"):
        tree.add(word)
    assert len(tree) == 4
    assert tree.find("zi") == ["zig", "zigzag"]
    assert tree.find("Zo") == ["Zoë"]
    assert tree.find("x") == []
    assert "zag" in tree
    assert "za" not in tree


def test_takes_strings_only() -> None:
    with pytest.raises(TypeError):
        PrefixTree().add(b"zig")  # type: ignore[arg-type]
