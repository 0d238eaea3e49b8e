from __future__ import annotations

import example_shared_library as tally


def test_one_library_for_all() -> None:
    before = tally.total()
    tally.add(2)
    library = tally.open_library()
    library.tally_add(3)
    assert tally.total() == library.tally_total() == before + 5


def test_what_is_not_marked_is_hidden() -> None:
    assert not hasattr(tally.open_library(), "tally_internal")
