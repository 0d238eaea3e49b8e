"""Runs a project's setup.py until setuptools knows what to build, and prints that as JSON.

The arguments are the folder of the project, which is writable, and the folders of the packages that it may import.
"""

import contextlib
import importlib
import json
import os
import sys
from pathlib import Path

root, *folders = sys.argv[1:]
sys.path[:0] = [root, *folders]
os.chdir(root)

_FIELDS = (
    "name", "sources", "include_dirs", "define_macros", "undef_macros", "library_dirs", "libraries",
    "runtime_library_dirs", "extra_objects", "extra_compile_args", "extra_link_args", "export_symbols", "swig_opts",
    "language", "optional", "py_limited_api",
)  # fmt: skip

with contextlib.redirect_stdout(sys.stderr):
    importlib.import_module("setuptools")  # it provides distutils
    if not Path("setup.py").exists():
        Path("setup.py").write_text("from setuptools import setup\nsetup()\n", "utf-8")
    sys.argv[:] = ["setup.py", "--quiet"]
    project = importlib.import_module("distutils.core").run_setup(
        "setup.py", script_args=["--quiet"], stop_after="config"
    )
    project.ext_modules = list(project.ext_modules or [])
    with contextlib.suppress(Exception):
        project.set_defaults(name=False)  # finds packages if setup.py names none
    error = ""
    if "build_ext" in project.cmdclass:
        # The project's own build_ext may change its extensions until the moment before each is compiled.
        for module in ("setuptools.command.build_ext", "distutils.command.build_ext"):
            importlib.import_module(module).build_ext.build_extension = lambda *_: None
        try:
            command = project.get_command_obj("build_ext")
            command.ensure_finalized()
            command.run()
        except (Exception, SystemExit) as reason:
            error = str(reason) or type(reason).__name__
    metadata = project.metadata
    document = {
        "name": metadata.get_name(),
        "version": metadata.get_version(),
        "requires-python": str(
            getattr(metadata, "python_requires", None) or getattr(project, "python_requires", "") or ""
        ),
        "dependencies": list(getattr(project, "install_requires", None) or []),
        "packages": list(project.packages or []),
        "package-dir": dict(project.package_dir or {}),
        "modules": list(project.py_modules or []),
        "extensions": [{name: getattr(extension, name, None) for name in _FIELDS} for extension in project.ext_modules],
        "libraries": [[name, dict(options)] for name, options in project.libraries or []],
        "error": error,
        "others": [name for name in ("cffi_modules", "rust_extensions") if getattr(project, name, None)],
    }

print(json.dumps(document, default=str))
