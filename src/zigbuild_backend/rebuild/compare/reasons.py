"""Likely reasons for differences in a library: by the fact in its tables, and by the name of the section."""

from __future__ import annotations

FACTS = {
    "is_library": ("is a library", "it was linked in another way"),
    "name": ("name of its own", "the linker was given another name, or that of another output file"),
    "exports": ("exported symbols", "other sources, another list of exports, or a runtime that is linked in"),
    "imports": ("imported symbols", "another compiler, C library or set of CPython's headers"),
    "libraries": ("needed libraries", "it was linked against other libraries, or in another order"),
    "rpaths": ("run paths", "a folder of the machine that built it got into the file"),
    "version_needs": ("needed versions of libraries", "it was linked against another C library"),
    "interpreter": ("program interpreter", "it was linked as a program"),
    "has_executable_stack": ("executable stack", "an object file lacks the note that it needs none"),
    "has_text_relocations": ("text relocations", "it was not compiled as position-independent code"),
    "uses_neon": ("use of NEON", "it was compiled for another CPU"),
    "platform": ("platform", "it is for another system"),
    "min_version": ("oldest system that it is for", "MACOSX_DEPLOYMENT_TARGET, or the target, was another"),
    "uuid": ("UUID", "linkers make it of the file's bytes, of its path, or by chance"),
    "signature": ("code signature", "where it is not valid, the file was altered after it was linked"),
    "dll_characteristics": ("DLL characteristics", "it was linked with other options"),
}
"""By the field of :class:`.Binary` and its subclasses: a label, and the reason."""

_CODE = "the code differs: another compiler, other options or other sources"
_CONSTANTS = "constants and texts of the code differ"
_DEBUG_NAMES = "debug data: names and folders of the sources, and what compiled them"
_NOT_STRIPPED = "names of the code: it is not stripped"

SECTIONS = {
    ".text": _CODE,
    "__TEXT,__text": _CODE,
    ".rodata": _CONSTANTS,
    ".rdata": _CONSTANTS,
    "__TEXT,__const": _CONSTANTS,
    "__TEXT,__cstring": _CONSTANTS,
    ".data": "initial values of variables differ",
    "__DATA,__data": "initial values of variables differ",
    ".comment": "the versions of the compiler and the linker",
    ".symtab": _NOT_STRIPPED,
    ".strtab": _NOT_STRIPPED,
    "string table": "the names of symbols",
    ".debug_str": _DEBUG_NAMES,
    ".debug_line": _DEBUG_NAMES,
    ".debug_line_str": _DEBUG_NAMES,
    ".note.gnu.build-id": "a digest over the file, or chance",
    ".gnu_debuglink": "the checksum of debug data in another file",
    "checksum": "a sum over the file; or the file was altered, and the sum was not",
    "certificates": "the file was signed, or signed again",
    "code signature": "hashes of every page: the file was signed again",
    "LC_BUILD_VERSION": "another SDK, another linker, or another oldest system",
    "LC_VERSION_MIN_MACOSX": "another SDK, or another oldest system",
    "LC_LOAD_DYLIB": "another version of a library that it is linked against",
    "LC_UUID": "linkers make it of the file's bytes, of its path, or by chance",
    "headers": "it was linked with other options, or altered",
    "file header": "it was linked with other options, or altered",
    "time stamp of the header": "the time of the build, or a digest over the file",
    "time stamp of the exports": "the time of the build, or a digest over the file",
    "time stamp of the debug data (CodeView)": "the time of the build, or a digest over the file",
    "name of the DLL": "the output file had another name",
    "debug data (CodeView)": "the path and the identifier of a .pdb file",
}
"""By the name of the section."""

STRING_TABLES = frozenset({".strtab", ".dynstr", "string table"})
"""Sections of names that each end with a NUL."""

FOLLOWING = frozenset(
    {
        *("file header", "program headers", "section headers", ".shstrtab", ".note.gnu.build-id", ".gnu_debuglink"),
        *(".dynsym", ".dynstr", ".dynamic", ".hash", ".gnu.hash", ".gnu.version", ".gnu.version_r", ".gnu.version_d"),
        *(".rela.dyn", ".rel.dyn", ".relr.dyn", ".rela.plt", ".rel.plt", ".plt", ".got", ".got.plt", ".data.rel.ro"),
        *(".eh_frame", ".eh_frame_hdr", ".ARM.exidx", ".symtab", ".init", ".fini", ".plt.sec", ".plt.got"),
        *(".debug_info", ".debug_abbrev", ".debug_aranges", ".debug_addr", ".debug_loc", ".debug_loclists"),
        *(".debug_ranges", ".debug_rnglists", ".debug_str_offsets", ".debug_frame"),
        *("segment __TEXT", "segment __DATA", "segment __DATA_CONST", "segment __LINKEDIT", "LC_DYSYMTAB", "LC_UUID"),
        *("__TEXT,__unwind_info", "__TEXT,__eh_frame", "__TEXT,__stubs", "__TEXT,__stub_helper", "__DATA_CONST,__got"),
        *("__DATA,__la_symbol_ptr", "chained fixups", "rebase info", "binding info", "weak binding info"),
        *("lazy binding info", "export info", "export trie", "function starts", "data in code", "symbol table"),
        "code signature",
        *(
            "headers",
            ".pdata",
            ".xdata",
            ".reloc",
            "checksum",
            "debug data (reproducible hash)",
            "time stamp of the debug data (reproducible hash)",
        ),
    }
)
"""Tables with addresses of code and data, and digests: they differ when anything else does."""
