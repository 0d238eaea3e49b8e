"""Tables of the parts of a release that are not compiled: version, readme, contents of the sdist and of wheels."""

from __future__ import annotations

from typing import Literal

from ..base.frozen import dataclass
from . import content_rules, rules
from .fields import Paths, setting


@dataclass(frozen=True)
class VersionSource:
    """``[tool.zigbuild.version]``: the source of a ``dynamic`` version. In an sdist it is that of PKG-INFO."""

    from_: Literal["file", "attribute", "vcs"] = setting(
        "``file``: found in a text file; ``attribute``: read from Python code without running it; ``vcs``: by the "
        "tags in git"
    )
    path: str = setting("of ``file``: the path", rule=rules.path, default="")
    pattern: str = setting(
        "of ``file``: a regular expression with a group ``version``, or one group; default: an assignment such as "
        '``__version__ = "…"``, or the whole file',
        rule=content_rules.version_pattern,
        default="",
    )
    attribute: str = setting(
        "of ``attribute``: ``package.module:NAME``, a variable of the project with a string or a tuple of numbers",
        rule=content_rules.attribute,
        default="",
    )
    tag_prefix: str = setting(
        "of ``vcs``: the beginning of tags of versions, if the repository has other tags, such as ``spam-v``",
        rule=content_rules.tag_prefix,
        default="",
    )
    tag_pattern: str = setting(
        "of ``vcs``: a regular expression with a group ``version`` for the names of tags; default: ``1.2``, ``v1.2``, "
        "``name-1.2``",
        rule=content_rules.version_pattern,
        default="",
    )
    fallback: str = setting("of ``vcs``: the version if there is no tag", rule=rules.version, default="")
    write_to: str = setting(
        'of ``vcs``: a file that sdists and wheels have with the version in it: ``__version__ = "…"`` if it ends in '
        "``.py``, else a line of text. It is not written into the source tree",
        rule=rules.path,
        default="",
    )


@dataclass(frozen=True)
class Fragment:
    """A piece of the readme: a text, or a file or a part of it."""

    text: str = setting("the text itself", default="")
    path: str = setting("a file instead", rule=rules.path, default="")
    start_after: str = setting("of a file: it is taken from behind the first occurrence of this text", default="")
    end_before: str = setting("of a file: it is taken up to the next occurrence of this text", default="")
    pattern: str = setting(
        "of a file: a regular expression whose first group is taken; ``.`` matches line breaks, too",
        rule=content_rules.group_pattern,
        default="",
    )


@dataclass(frozen=True)
class Substitution:
    """A replacement in the whole readme."""

    pattern: str = setting("a regular expression", rule=content_rules.pattern)
    replacement: str = setting(r"the replacement, with ``\1`` for its first group", default="")


@dataclass(frozen=True)
class Readme:
    """``[tool.zigbuild.readme]``: the pieces of a ``dynamic`` readme."""

    content_type: Literal["text/markdown", "text/x-rst", "text/plain"] = setting("its markup")
    fragments: tuple[Fragment, ...] = setting("the pieces, joined without anything between them")
    substitutions: tuple[Substitution, ...] = setting("replacements, applied in their order", default=())


@dataclass(frozen=True)
class SdistContents:
    """``[tool.zigbuild.sdist]``: the files of the project. A file that is not in the sdist is in no wheel either."""

    include: tuple[str, ...] = setting(
        "files that are part of it although git ignores them or ``exclude`` matches them; patterns as in .gitignore",
        rule=content_rules.ignore_pattern,
        default=(),
    )
    exclude: tuple[str, ...] = setting(
        "files that are not part of it although git does not ignore them; patterns as in .gitignore",
        rule=content_rules.ignore_pattern,
        default=(),
    )


@dataclass(frozen=True)
class WheelContents:
    """``[tool.zigbuild.wheel]``: the contents of wheels."""

    exclude: tuple[str, ...] = setting(
        "globs of files that are left out although they are in the packages; compiled sources always are",
        rule=rules.path,
        default=(),
    )
    include: Paths = setting(
        "files and folders from elsewhere in the project, each with its path in the wheel",
        rule=content_rules.inclusion,
        default=(),
    )
    scripts: tuple[str, ...] = setting(
        "files that are installed as commands: globs or folders; scripts of Python run with the interpreter of the "
        "environment",
        rule=rules.path,
        default=(),
    )
    headers: tuple[str, ...] = setting(
        "files that are installed among the headers of Python: globs, or folders, whose files keep their paths",
        rule=rules.path,
        default=(),
    )
    data: Paths = setting(
        "files and folders that are installed outside of the packages, each with its path in the environment, such as "
        "``share/man/man1/spam.1``",
        rule=content_rules.placement,
        default=(),
    )


@dataclass(frozen=True)
class Editable:
    """``[tool.zigbuild.editable]``: the behaviour of editable installs."""

    rebuild: bool = setting(
        "compile the modules again when the project is imported after a change of one of their files",
        default=False,
    )
