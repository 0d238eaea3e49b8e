"""Finds the effects of the settings for a target and a Python: the products, their inputs, and the tables of those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from ..core.base.pythons import ANY_PYTHON, Python
from ..core.base.targets import Target
from ..core.project.products import LibraryProduct, Module, Part, Product
from ..core.project.project import Project
from ..core.settings.conditions import When
from ..core.settings.fields import Values, key_of
from ..core.settings.product_tables import Inputs
from .setting_origins import Origins, Row, render_when

_NOT_INPUTS = ("name", "exclude", "when", "on", "config_header")


@dataclass(frozen=True)
class Effect:
    """The effect of the settings on a product.

    ``path`` is the path of a module or shared library in the wheel, ``absence`` the reason why it is not built.
    """

    kind: str
    name: str
    path: str = ""
    absence: str = ""
    rows: tuple[Row, ...] = ()


def find_effects(project: Project, target: Target, python: Python | None, origins: Origins) -> Iterator[Effect]:
    """Yield the effect on each product, for *target*, a single slice, and *python*, None for any."""
    products = project.products
    kinds = (("extension", products.modules), ("library", products.libraries), ("executable", products.programs))
    for kind, members in kinds:
        for index, product in enumerate(members):
            place = f"{kind}[{index}]"
            if not product.is_for(target, python):
                yield Effect(kind, product.name, absence=f"only for {render_when(product.settings.when)}")
                continue
            is_placed = isinstance(product, Module) and python and python != ANY_PYTHON
            path = product.path(python, target) if is_placed else ""  # type: ignore[attr-defined]
            if isinstance(product, LibraryProduct) and product.is_shared:
                path = product.path(target)
            yield Effect(
                kind, product.name, path, rows=tuple(_list_rows(product, place, kind, target, python, origins))
            )


def _list_rows(
    product: Product, place: str, kind: str, target: Target, python: Python | None, origins: Origins
) -> Iterator[Row]:
    """Yield the inputs of a product in the order of its tables; a later single value or macro replaces earlier ones."""
    name = f"{kind}.{product.name}"
    rows: dict[tuple[str, object], Row] = {}
    parts = product.parts_for(target, python)
    for part in parts:
        where = _place(part, product, place)
        for key, value in _flatten(part):
            origin = origins.find(f"{where}.{key}", (f"{name}.{key}", *_macro(key)))
            if part.when != When():
                origin += f" ({render_when(part.when)})"
            identity = key if isinstance(value, str | bool | int) else (key, where)
            rows[key, identity] = Row(key, value, origin)
    yield from rows.values()
    for number, header in enumerate(product.settings.config_header):
        yield Row("config-header", header.path, origins.find(f"{place}.config-header[{number}]"))
    inputs = {field.name for field in fields(Inputs)}
    for field in fields(product.settings):
        value = getattr(product.settings, field.name)
        if field.name not in inputs and field.name not in _NOT_INPUTS and value != field.default:
            key = key_of(field.name)
            yield Row(key, value, origins.find(f"{place}.{key}", (f"{name}.{key}",)))


def _macro(key: str) -> tuple[str, ...]:
    return (f"define.{key.removeprefix('defines.')}",) if key.startswith("defines.") else ()


def _place(part: Part, product: Product, place: str) -> str:
    """Return the key of the table of *part*."""
    tables: list[Any] = list(product.settings.on)
    index = next((index for index, table in enumerate(tables) if table is part.table), None)
    return place if index is None else f"{place}.on[{index}]"


def _flatten(part: Part) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a table with their values: sources and objects as found on disk, and each macro separately."""
    found = {"sources": part.sources, "objects": part.objects}
    for field in fields(Inputs):
        key, value = key_of(field.name), found.get(field.name, getattr(part.table, field.name))
        if field.type == "Values" or field.type is Values:
            yield from ((f"{key}.{name}", text) for name, text in value)
        elif field.name in ("flags", "std"):
            inner = ((f"{key}.{part.name}", getattr(value, part.name)) for part in fields(value))
            yield from ((name, said) for name, said in inner if said)
        elif value:
            yield key, value
