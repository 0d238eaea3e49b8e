"""Parsers of ELF, Mach-O and PE files."""
