"""Programs and scripts."""

from __future__ import annotations

from frontends import Frontend
from projects import render_pyproject

PROGRAM = """\
#include <stdio.h>
int main(void) { puts("0 one 2 three"); return 0; }
"""


def render_program(name: str, source: str = "example.c") -> str:
    return f'[[tool.zigbuild.executable]]\nname = "{name}"\nsources = ["{source}"]\n'


def test_a_program(frontend: Frontend) -> None:
    files = {"pyproject.toml": render_pyproject("executable", render_program("example")), "example.c": PROGRAM}
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.names == {"executable-1.0.0.data/scripts/example"}
    assert wheel.tag.startswith("py3-none-")
    assert not wheel.tag.endswith("-any")
    assert "Root-Is-Purelib: false\n" in wheel.read("WHEEL")
    venv = frontend.venv()
    frontend.install(wheel, venv)
    assert venv.run(venv.folder / "bin" / "example").stdout == "0 one 2 three\n"


def test_what_can_be_run_may_be_run(frontend: Frontend) -> None:
    settings = f"""
    {render_program("example")}
    [tool.zigbuild]
    packages = ["executable_module.py"]
    [tool.zigbuild.wheel]
    scripts = ["scripts/example-script"]
    """
    files = {
        "pyproject.toml": render_pyproject("executable-bit", settings),
        "example.c": PROGRAM,
        "executable_module.py": "#!/usr/bin/env python3\n",
        "scripts/example-script": "#!/usr/bin/env python3\nprint('a script')\n",
    }
    project = frontend.write(files)
    for path in ("executable_module.py", "scripts/example-script"):
        (project / path).chmod(0o755)
    wheel = frontend.wheel(project)
    runnable = {member.filename for member in wheel.members if member.external_attr >> 16 & 0o100}
    scripts = "executable_bit-1.0.0.data/scripts"
    assert runnable == {"executable_module.py", f"{scripts}/example", f"{scripts}/example-script"}


def test_flags_by_a_frontend(frontend: Frontend) -> None:
    said = 'version = "0.0.1"\nlicense-files = ["LICENSE"]'
    source = "#if FOO != 1\n#error FOO\n#endif\nint BAR main(void) { return 0; }\n"
    files = {
        "pyproject.toml": render_pyproject("With.Flags", render_program("cmake_example", "src/main.c"), project=said),
        "src/main.c": source,
        "LICENSE": "",
    }
    wheel = frontend.wheel(frontend.write(files), {"executable.cmake_example.flags.all": "-DFOO=1;-DBAR="})
    assert wheel.names == {"with_flags-0.0.1.data/scripts/cmake_example", f"{wheel.info}/licenses/LICENSE"}
    assert wheel.path.name.startswith("with_flags-0.0.1-py3-none-")


def test_a_library_of_a_program_is_static(frontend: Frontend) -> None:
    settings = f"""
    {render_program("example")}
    link = ["example"]
    [[tool.zigbuild.library]]
    name = "example"
    sources = ["examplelib.c"]
    [tool.zigbuild.wheel]
    headers = ["examplelib.h"]
    """
    files = {
        "pyproject.toml": render_pyproject("library", settings),
        "example.c": '#include "examplelib.h"\nint main(void) { return sum(1, 2) - 3; }\n',
        "examplelib.c": '#include "examplelib.h"\nint sum(int a, int b) { return a + b; }\n',
        "examplelib.h": "int sum(int a, int b);\n",
    }
    project = frontend.write(files)
    wheel = frontend.wheel(project)
    assert wheel.names == {"library-1.0.0.data/headers/examplelib.h", "library-1.0.0.data/scripts/example"}
    venv = frontend.venv()
    frontend.install(wheel, venv)
    venv.run(venv.folder / "bin" / "example")
    assert set(frontend.sdist(project)) == {*files, "PKG-INFO"}
    assert frontend.read_sdist("PKG-INFO").splitlines()[1:3] == ["Name: library", "Version: 1.0.0"]


def test_a_script_and_a_version(frontend: Frontend) -> None:
    settings = """
    [tool.zigbuild.version]
    from = "file"
    path = "CMakeLists.txt"
    pattern = 'project\\([^)]+ VERSION (?P<version>[0-9.]+)'
    [tool.zigbuild.wheel]
    scripts = ["scripts/script1"]
    """
    files = {
        "pyproject.toml": render_pyproject("custom_modules", settings, project='dynamic = ["version"]'),
        "CMakeLists.txt": "project(custom_modules LANGUAGES NONE VERSION 2.3.4)\n",
        "scripts/script1": "#!/usr/bin/env python3\nprint(__file__)\n",
    }
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.path.name == "custom_modules-2.3.4-py3-none-any.whl"
    venv = frontend.venv()
    frontend.install(wheel, venv)
    script = venv.folder / "bin" / "script1"
    assert venv.run(script).stdout == f"{script}\n"
