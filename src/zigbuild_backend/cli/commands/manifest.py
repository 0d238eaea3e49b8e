"""``zigbuild manifest``: writes the hashes and buildinfos of a release, from which its wheels are rebuilt."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from ...core.base.errors import ConfigurationError, MismatchError, NotFoundError
from ...core.base.store import write_atomically
from ...core.fetch.sdists import is_sdist_of
from ...core.wheel.spec import WheelSpec
from ...rebuild.source_finder import digest_source
from ...rebuild.wheel_specs import read_buildinfo, read_spec
from ...release.release_manifest import FILE_NAME, ReleasedWheel, make_manifest, render_manifest
from ..original_wheels import read_released
from ..session import Session, format_count


def run(arguments: Namespace, session: Session) -> int:
    files = list(_list_files(arguments.files))
    wheels = [path for path in files if path.suffix == ".whl"]
    specs = [read_spec(path) for path in wheels]
    sdist = _choose_sdist(files, specs)
    manifest = make_manifest(
        read_released(sdist), [ReleasedWheel(read_released(path), read_buildinfo(path)) for path in wheels]
    )
    found = digest_source(sdist, session.store)
    for wheel in manifest.wheels:
        if not wheel.spec.recipe and wheel.spec.source != found:
            raise MismatchError(
                f"was built from a tree with the digest {wheel.spec.source}, but the sdist has {found}",
                where=wheel.file.name,
                hint=f"build it from {sdist.name}, or give the sdist that it was built from",
            )
    out = arguments.out or sdist.with_name(FILE_NAME)
    write_atomically(out.absolute(), render_manifest(manifest))
    session.result(str(out))
    session.say(f"{manifest.name} {manifest.version}: the sdist and {format_count(len(wheels), 'wheel')}")
    return 0


def _list_files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if file.name.endswith((".whl", ".tar.gz")))
        elif not path.is_file():
            raise NotFoundError("there is no such file", where=str(path), hint="check the path")
        elif not path.name.endswith((".whl", ".tar.gz")):
            raise ConfigurationError("is neither an sdist nor a wheel", where=str(path))
        else:
            yield path


def _choose_sdist(files: Iterable[Path], specs: Iterable[WheelSpec]) -> Path:
    """Return the sdist among *files*; of several, the one of the release of the wheels."""
    sdists = [path for path in files if path.name.endswith(".tar.gz")]
    spec = next(iter(specs), None)
    fitting = [path for path in sdists if spec is None or is_sdist_of(path.name, spec.name, spec.version)]
    if len(fitting) == 1:
        return fitting[0]
    if sdists and spec and not fitting:
        raise MismatchError(
            f"is not an sdist of {spec.name} {spec.version}, like the wheels", where=", ".join(map(str, sdists))
        )
    raise ConfigurationError(
        "a manifest needs exactly one sdist, and its wheels",
        where=", ".join(map(str, fitting)) or "no sdist",
        hint="zigbuild manifest SDIST WHEEL…, or a folder that has them",
    )
