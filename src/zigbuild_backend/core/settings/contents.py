"""What is released beside the compiled modules: version and readme, what the sdist holds, what goes into wheels."""

from __future__ import annotations

from typing import Literal

from ..base.frozen import dataclass
from . import content_rules, rules
from .fields import Paths, setting


@dataclass(frozen=True)
class VersionSource:
    """``[tool.zigbuild.version]``: where a version comes from that ``dynamic`` asks for. Sdists have it in PKG-INFO."""

    from_: Literal["file", "attribute", "vcs"] = setting(
        "``file``: found in a text; ``attribute``: read from Python code that is not run; ``vcs``: by the tags in git"
    )
    path: str = setting("of ``file``: its path", rule=rules.path, default="")
    pattern: str = setting(
        'of ``file``: a regular expression with a group ``version``, or one group; default: ``__version__ = "…"`` or '
        "the like, or the whole file",
        rule=content_rules.version_pattern,
        default="",
    )
    attribute: str = setting(
        "of ``attribute``: ``package.module:NAME``, a string or a tuple of numbers in the project",
        rule=content_rules.attribute,
        default="",
    )
    tag_prefix: str = setting(
        "of ``vcs``: what tags of versions begin with, where a repository has others, such as ``spam-v``",
        rule=content_rules.tag_prefix,
        default="",
    )
    tag_pattern: str = setting(
        "of ``vcs``: a regular expression with a group ``version`` for the names of tags; default: ``1.2``, ``v1.2``, "
        "``name-1.2``",
        rule=content_rules.version_pattern,
        default="",
    )
    fallback: str = setting("of ``vcs``: the version where no tag is", rule=rules.version, default="")
    write_to: str = setting(
        'of ``vcs``: a file that holds the version in sdist and wheel: ``__version__ = "…"`` if it ends in ``.py``, '
        "else a line of text. Nothing is written into the source tree",
        rule=rules.path,
        default="",
    )


@dataclass(frozen=True)
class Fragment:
    """A piece of the readme: a text, or a file or a part of it."""

    text: str = setting("the text itself", default="")
    path: str = setting("a file instead", rule=rules.path, default="")
    start_after: str = setting("of a file: begins behind the first place of this text", default="")
    end_before: str = setting("of a file: ends at the next place of this text", default="")
    pattern: str = setting(
        "of a file: a regular expression, with ``.`` also for line breaks, whose first group is taken",
        rule=content_rules.group_pattern,
        default="",
    )


@dataclass(frozen=True)
class Substitution:
    """What is replaced in the whole readme."""

    pattern: str = setting("a regular expression", rule=content_rules.pattern)
    replacement: str = setting(r"what comes in its place, with ``\1`` for its first group", default="")


@dataclass(frozen=True)
class Readme:
    """``[tool.zigbuild.readme]``: what a readme is put together from that ``dynamic`` asks for."""

    content_type: Literal["text/markdown", "text/x-rst", "text/plain"] = setting("its markup")
    fragments: tuple[Fragment, ...] = setting("its pieces, joined as they are")
    substitutions: tuple[Substitution, ...] = setting("then applied one after the other", default=())


@dataclass(frozen=True)
class SdistContents:
    """``[tool.zigbuild.sdist]``: what is part of the project. What is not in the sdist gets into no wheel either."""

    include: tuple[str, ...] = setting(
        "files that are part of it though git ignores them or ``exclude`` names them; patterns as in .gitignore",
        rule=content_rules.ignore_pattern,
        default=(),
    )
    exclude: tuple[str, ...] = setting(
        "files that are no part of it though git does not ignore them; patterns as in .gitignore",
        rule=content_rules.ignore_pattern,
        default=(),
    )


@dataclass(frozen=True)
class WheelContents:
    """``[tool.zigbuild.wheel]``: what goes into the wheels."""

    exclude: tuple[str, ...] = setting(
        "globs of files that stay out though they are in the packages; compiled sources always do",
        rule=rules.path,
        default=(),
    )
    include: Paths = setting(
        "files and folders from elsewhere in the project, each with its path in the wheel",
        rule=content_rules.inclusion,
        default=(),
    )
    scripts: tuple[str, ...] = setting(
        "files that are installed as commands, by globs, or folders of them; those of Python get the environment's "
        "interpreter",
        rule=rules.path,
        default=(),
    )
    headers: tuple[str, ...] = setting(
        "files that are installed among the headers of Python, by globs, or folders of them, whose files keep their "
        "paths in it",
        rule=rules.path,
        default=(),
    )
    data: Paths = setting(
        "files and folders that are installed outside of the packages, each with its path below the environment's "
        "folder, such as ``share/man/man1/spam.1``",
        rule=content_rules.placement,
        default=(),
    )


@dataclass(frozen=True)
class Editable:
    """``[tool.zigbuild.editable]``: what an editable install does."""

    rebuild: bool = setting(
        "compile the modules again when the project is imported and something that they were made of has changed",
        default=False,
    )
