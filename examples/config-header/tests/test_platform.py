import os

from example_config_header import platform


def test_platform() -> None:
    assert platform() == {
        "line_end": os.linesep,
        "path_separator": os.pathsep,
        "fork": hasattr(os, "fork"),
        "registry": os.name == "nt",
    }
