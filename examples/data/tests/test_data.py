import subprocess
import sys
import sysconfig
from pathlib import Path

from example_data import read_dice

SCRIPTS = Path(sysconfig.get_path("scripts"))


def test_file_in_the_package() -> None:
    assert read_dice()[:2] == ["coin", "d4"]


def test_commands() -> None:
    suffix = ".exe" if sys.platform == "win32" else ""
    assert subprocess.check_output([SCRIPTS / f"example-roll{suffix}", "3", "6"], text=True) == "10\n"
    assert subprocess.run([SCRIPTS / f"example-roll{suffix}"], capture_output=True).returncode == 2
    assert subprocess.check_output([sys.executable, SCRIPTS / "example-names"], text=True).startswith("coin d4 ")


def test_manual() -> None:
    assert (Path(sysconfig.get_path("data")) / "share/man/man1/example-roll.1").is_file()
