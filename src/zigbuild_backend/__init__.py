"""A build backend (PEP 517, PEP 660) that compiles extension modules with zig: for this machine, or for every other.

The hooks import what they need when they are called, as everything imports this module first.
"""

from __future__ import annotations

ConfigSettings = dict[str, "str | list[str] | bool"] | None
"""What a frontend passes on from its ``--config-settings``; see :mod:`.hooks` for the keys that are known."""


def get_requires_for_build_wheel(config_settings: ConfigSettings = None) -> list[str]:
    """The exact version of zig that the project is pinned to."""
    from . import hooks

    return hooks.get_requires(config_settings)


def get_requires_for_build_editable(config_settings: ConfigSettings = None) -> list[str]:
    """The exact version of zig that the project is pinned to, if there is anything to compile."""
    from . import hooks

    return hooks.get_requires(config_settings, only_to_compile=True)


def get_requires_for_build_sdist(config_settings: ConfigSettings = None) -> list[str]:
    """No zig: an sdist can be made without. What asks git for the version, if it comes from there."""
    from . import hooks

    return hooks.get_requires_for_sdist(config_settings)


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """Writes the wheel's ``.dist-info`` into *metadata_directory*, compiling nothing, and gives its name."""
    from . import hooks

    return hooks.prepare_metadata(metadata_directory, config_settings)


def prepare_metadata_for_build_editable(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """The same as for a wheel."""
    from . import hooks

    return hooks.prepare_metadata(metadata_directory, config_settings)


def build_wheel(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Makes the wheel for this machine, or the one that *config_settings* asks for, and gives its file name."""
    from . import hooks

    return hooks.build_wheel(wheel_directory, config_settings)


def build_editable(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Makes a wheel that imports the project from where it is, with its modules compiled for this machine."""
    from . import hooks

    return hooks.build_editable(wheel_directory, config_settings)


def build_sdist(sdist_directory: str, config_settings: ConfigSettings = None) -> str:
    """Makes the sdist, and gives its file name."""
    from . import hooks

    return hooks.build_sdist(sdist_directory, config_settings)
