"""What an editable install consists of: these modules are copied into it as they are.

They import the standard library alone, little of it when an interpreter starts, and run on Python 3.9.
"""
