"""What compiling against CPython needs and no compiler has: headers, pyconfig.h, import libraries, the stable ABI."""

from .headers import (
    HeaderSet,
    KnownHeaders,
    add_header_set,
    find_header_set,
    find_minors_at_hand,
    list_header_sets,
    load_header_set,
    recover_header_set,
)
from .pyconfig import pyconfig_header
from .translation import declare_inline, translated_headers, translation_files

__all__ = [
    "HeaderSet",
    "KnownHeaders",
    "add_header_set",
    "declare_inline",
    "find_header_set",
    "find_minors_at_hand",
    "list_header_sets",
    "load_header_set",
    "pyconfig_header",
    "recover_header_set",
    "translated_headers",
    "translation_files",
]
