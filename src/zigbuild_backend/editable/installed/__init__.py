"""The modules of an editable install, which are copied into its wheel.

They run on Python 3.9, import only the standard library, and little of it when an interpreter starts.
"""
