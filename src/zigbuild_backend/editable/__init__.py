"""Editable installs (PEP 660): a wheel that imports the project's Python files from where they are.

:mod:`.installed` has what goes into the wheel as it is.
"""
