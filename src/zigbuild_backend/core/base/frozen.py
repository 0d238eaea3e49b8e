"""Frozen dataclasses that are quick to define: they share methods that the standard library compiles for each class.

A build of one C file defines about a hundred classes, in a process of its own: compiling six methods for each takes as
long as compiling the file. Type checkers see the ``dataclass`` of the standard library, whose ``field``, ``fields``,
``replace`` and ``asdict`` work with these classes, too.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

_MISSING = dataclasses.MISSING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen, kw_only=False):
        """Return a decorator that works as ``dataclasses.dataclass(frozen=True)`` does."""
        if not frozen:
            raise TypeError("use dataclasses.dataclass")
        return lambda cls: _define(cls, kw_only)


def _define(cls: Any, kw_only: bool) -> Any:
    """Return *cls* as a dataclass with the shared methods, except for those that it defines itself."""
    own = set(vars(cls))
    cls = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
    cls.__frozen_fields__ = dataclasses.fields(cls)
    for name, method in _METHODS.items():
        if name not in own:
            setattr(cls, name, method)
    return cls


def _init(self: Any, *args: Any, **kwargs: Any) -> None:
    """Set each field to its argument or its default."""
    values = self.__dict__
    given = iter(args)
    for field in self.__frozen_fields__:
        name = field.name
        value = _MISSING if field.kw_only else next(given, _MISSING)
        if name in kwargs:
            if value is not _MISSING:
                raise TypeError(f"{type(self).__qualname__}() got two values for {name!r}")
            value = kwargs.pop(name)
        elif value is _MISSING:
            value = field.default if field.default_factory is _MISSING else field.default_factory()
            if value is _MISSING:
                raise TypeError(f"{type(self).__qualname__}() lacks the argument {name!r}")
        values[name] = value
    for value in given:
        raise TypeError(f"{type(self).__qualname__}() has no field for {value!r}")
    for name in kwargs:
        raise TypeError(f"{type(self).__qualname__}() has no field {name!r}")


def _key(self: Any) -> tuple[Any, ...]:
    """Return the values of the fields that take part in comparison."""
    values = self.__dict__
    return tuple([values[field.name] for field in self.__frozen_fields__ if field.compare])


def _eq(self: Any, other: object) -> bool:
    if self is other:
        return True
    return _key(self) == _key(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(_key(self))


def _repr(self: Any) -> str:
    values = self.__dict__
    shown = (f"{field.name}={values[field.name]!r}" for field in self.__frozen_fields__ if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _setattr(_: object, name: str, __: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_METHODS = {
    "__init__": _init,
    "__eq__": _eq,
    "__hash__": _hash,
    "__repr__": _repr,
    "__setattr__": _setattr,
    "__delattr__": _delattr,
}
