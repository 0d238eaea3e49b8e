"""The names of this machine in wheel identifiers: its platform tag, and the running Python."""

from __future__ import annotations

import sys

from zigbuild_backend.core.base.host import find_host_target

HOST = find_host_target().platform_tag
PYTHON = f"cp3{sys.version_info[1]}"
