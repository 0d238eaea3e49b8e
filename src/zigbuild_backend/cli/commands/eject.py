"""``zigbuild eject``: writes a build.zig into the project, which needs zig alone."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from ...core.base import store_folders
from ...core.base.epoch import read_epoch
from ...core.base.errors import ConfigurationError, NotFoundError, Problem
from ...core.base.host import find_host_target
from ...core.base.pythons import ANY_PYTHON, Python
from ...core.base.store import Store
from ...core.base.targets import TARGETS
from ...core.cpython.header_sets import list_minors_at_hand, obtain_header_set
from ...core.generate.build_inputs import prepare_inputs
from ...core.generate.generator_runs import GeneratorEnvironment
from ...core.generate.installed_tools import find_tools, select_tools
from ...core.graph.ejection import render_files, write_files
from ...core.graph.graph import open_graph
from ...core.project.planned_wheels import PlannedWheel, choose_all_pythons, choose_pythons
from ...core.project.project import Checkout, Project
from ...core.project.project_folder import read_project
from ...core.zig.ziglang import obtain_zig
from ..session import Session, format_count, join_shortened
from ..wheel_selection import find_tool_folders


def run(arguments: Namespace, session: Session) -> int:
    root = session.cwd / arguments.project
    checkout = Checkout(read_project(root), root)
    project = checkout.project
    if not project.is_compiled:
        raise ConfigurationError(
            "the project compiles nothing", where="tool.zigbuild.extension", hint="there is nothing to eject"
        )
    pythons = choose_all_pythons(project)
    minors = list_minors_at_hand(session.machine, arguments.headers)
    chosen = [python for python in pythons if python.minor in minors or python == ANY_PYTHON]
    left_out = [python.name for python in pythons if python not in chosen]
    if not chosen:
        raise NotFoundError(
            "there are no headers of any CPython that the project supports",
            where=", ".join(left_out),
            hint="install one, or: zigbuild headers add PATH_OR_URL",
        )
    zig = obtain_zig(project.settings.zig, session.machine)
    headers = {
        python: obtain_header_set(python.minor, session.machine, arguments.headers) if python != ANY_PYTHON else None
        for python in chosen
    }
    requirements, only_headers = select_tools(project)
    tools = find_tools(requirements, find_tool_folders(project, session), headers=only_headers)
    kept = Store(session.store.folder(store_folders.WORK, project.metadata.file_name.rsplit("-", 1)[0]))
    environment = GeneratorEnvironment(tools, session.environ, kept, read_epoch(session.environ))
    wheels = [(target, python) for target in TARGETS for python in chosen]
    inputs = prepare_inputs(checkout, wheels, environment)
    files = render_files(open_graph(checkout, zig), headers, zig, inputs)
    ejected = write_files(root, files, force=arguments.force)
    if left_out:
        session.notice(
            Problem(
                "left out, as their headers are not at hand",
                ", ".join(left_out),
                "zigbuild headers add PATH_OR_URL, then eject again",
            )
        )
    session.result(f"wrote {_list(ejected.written)}")
    if ejected.removed:
        session.result(f"removed {format_count(len(ejected.removed), 'file')} of an earlier run")
    session.say(
        f"for {join_shortened(python.name for python in chosen)}. Now zig alone builds them into zig-out:\n"
        f"  python -m ziglang build --release=fast {_find_example(project, chosen)}\n"
        "Keep .zig-cache and zig-out out of version control."
    )
    return 0


def _list(paths: tuple[str, ...]) -> str:
    """Return the files at the top, and the number of files in each folder."""
    folders: dict[str, int] = {}
    for path in paths:
        name, _, inner = path.partition("/")
        folders[name] = folders.get(name, 0) + bool(inner)
    return ", ".join(
        f"{name}/ ({format_count(number, 'file')})" if number else name for name, number in folders.items()
    )


def _find_example(project: Project, pythons: Sequence[Python]) -> str:
    """Return the identifier of a wheel for this machine and one of *pythons*."""
    try:
        target = find_host_target()
    except ConfigurationError:  # a machine that no wheel is made for still builds those of others
        target = TARGETS[0]
    own = [python for python in choose_pythons(project, target) if python in pythons]
    return PlannedWheel((own or pythons)[-1], target).identifier
