import pytest

from example_cxx import count


def test_count() -> None:
    assert count("") == {}
    assert count("  to be\tor not\nto be ") == {"be": 2, "not": 1, "or": 1, "to": 2}
    assert count("Zoë Zoë") == {"Zoë": 2}


def test_an_exception_of_cxx_becomes_one_of_python() -> None:
    with pytest.raises(ValueError, match="a word of 7 bytes"):
        count("spam spamalot"[:12], longest=6)
