"""A build backend (PEP 517, PEP 660) that compiles extension modules with zig: for this machine and for others.

Each hook imports other modules when it is called, since every import of the package runs this module first.
"""

from __future__ import annotations

ConfigSettings = dict[str, "str | list[str] | bool"] | None
"""The ``--config-settings`` of a frontend; :mod:`.hooks` lists their keys."""


def get_requires_for_build_wheel(config_settings: ConfigSettings = None) -> list[str]:
    """Return the requirements of a wheel: the pinned version of zig, and tools that read a dynamic version."""
    from . import hooks

    return hooks.get_requires(config_settings)


def get_requires_for_build_editable(config_settings: ConfigSettings = None) -> list[str]:
    """Return the requirements of an editable install: those of a wheel, but zig only if anything is compiled."""
    from . import hooks

    return hooks.get_requires(config_settings, only_to_compile=True)


def get_requires_for_build_sdist(config_settings: ConfigSettings = None) -> list[str]:
    """Return the requirements of an sdist: tools that read a dynamic version, but no zig."""
    from . import hooks

    return hooks.get_requires_for_sdist(config_settings)


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """Write the wheel's ``.dist-info`` into *metadata_directory*, without compiling, and return its name."""
    from . import hooks

    return hooks.prepare_metadata(metadata_directory, config_settings)


def prepare_metadata_for_build_editable(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """Write the ``.dist-info`` of an editable install, which equals the wheel's one, and return its name."""
    from . import hooks

    return hooks.prepare_metadata(metadata_directory, config_settings)


def build_wheel(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Make the wheel for this machine, or the one that *config_settings* names, and return its file name."""
    from . import hooks

    return hooks.build_wheel(wheel_directory, config_settings)


def build_editable(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: str | None = None
) -> str:
    """Make a wheel that imports the project from its folder, with modules for this machine, and return its name."""
    from . import hooks

    return hooks.build_editable(wheel_directory, config_settings)


def build_sdist(sdist_directory: str, config_settings: ConfigSettings = None) -> str:
    """Make the sdist, and return its file name."""
    from . import hooks

    return hooks.build_sdist(sdist_directory, config_settings)
