"""Values of the backend behave as the frozen dataclasses of the standard library."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from zigbuild_backend.core.base import frozen
from zigbuild_backend.core.settings.recipe_model import RecipeSettings


def define(dataclass: Callable[..., Any]) -> tuple[type[Any], type[Any]]:
    """Return the classes of one implementation."""

    @dataclass(frozen=True)
    class Point:
        """A point."""

        x: int
        y: int = 2
        names: list[str] = dataclasses.field(default_factory=list, compare=False)
        secret: str = dataclasses.field(default="s", repr=False)
        kind: ClassVar[str] = "point"

    @dataclass(frozen=True)
    class Named(Point):
        """A point with a name, and a text of its own."""

        name: str = ""

        def __repr__(self) -> str:
            return f"<{self.name}>"

    return Point, Named


OURS, THEIRS = define(frozen.dataclass), define(dataclasses.dataclass)


def both(use: Callable[[type[Any], type[Any]], Any]) -> tuple[Any, Any]:
    """Return the result of the same use of both: a value, or the kind of error."""

    def attempt(classes: tuple[type[Any], type[Any]]) -> Any:
        try:
            return use(*classes)
        except Exception as error:
            return type(error)

    return attempt(OURS), attempt(THEIRS)


@pytest.mark.parametrize(
    "use",
    [
        lambda point, named: repr(point(1)),
        lambda point, named: repr(named(1, name="n")),
        lambda point, named: point(1, 2, ["a"]) == point(1, 2, ["b"]),
        lambda point, named: point(1) == point(2),
        lambda point, named: point(1) == named(1),
        lambda point, named: point(1) == (1, 2),
        lambda point, named: {point(1): 1}[point(1, names=["x"])],
        lambda point, named: hash(named(1)) == hash(named(1)),
        lambda point, named: dataclasses.asdict(named(3, name="n")),
        lambda point, named: [field.name for field in dataclasses.fields(named)],
        lambda point, named: repr(dataclasses.replace(point(1), y=5)),
        lambda point, named: point(1).names is point(1).names,
        lambda point, named: vars(named(1, 4, ["l"], "t", "n")),
        lambda point, named: point(),
        lambda point, named: point(1, 2, [], "s", "more"),
        lambda point, named: point(1, x=1),
        lambda point, named: point(1, z=1),
        lambda point, named: setattr(point(1), "x", 3),
        lambda point, named: setattr(point(1), "other", 3),
        lambda point, named: delattr(point(1), "x"),
        lambda point, named: dataclasses.replace(point(1), z=1),
    ],
)
def test_the_same_as_in_the_standard_library(use: Callable[[type[Any], type[Any]], Any]) -> None:
    ours, theirs = both(use)
    assert ours == theirs


def test_fields_by_keyword_alone() -> None:
    with pytest.raises(TypeError, match="recipe"):
        RecipeSettings()


def test_values_can_be_pickled() -> None:
    from zigbuild_backend.core.base.targets import TARGETS

    assert pickle.loads(pickle.dumps(TARGETS)) == TARGETS


def test_only_frozen_ones() -> None:
    with pytest.raises(TypeError, match=r"dataclasses\.dataclass"):
        frozen.dataclass(frozen=False)
