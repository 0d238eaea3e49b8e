"""Makes wheels again from their specifications: the same inputs, in their own environment, give the same bytes."""

from .building import Rebuilt, rebuild
from .circumstances import Circumstance, contrast, usual
from .gathering import gather, gather_project, gather_sdk, gather_tools
from .sources import Source, digest_source, find_source
from .specs import check_spec, group_specs, identify, read_buildinfo, read_spec

__all__ = [
    "Circumstance",
    "Rebuilt",
    "Source",
    "check_spec",
    "contrast",
    "digest_source",
    "find_source",
    "gather",
    "gather_project",
    "gather_sdk",
    "gather_tools",
    "group_specs",
    "identify",
    "read_buildinfo",
    "read_spec",
    "rebuild",
    "usual",
]
