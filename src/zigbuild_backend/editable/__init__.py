"""Editable installs (PEP 660): wheels that import the project's Python files from its folder.

The modules of :mod:`.installed` are copied into such a wheel.
"""
