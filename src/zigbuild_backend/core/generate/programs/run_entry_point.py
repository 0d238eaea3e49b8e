"""Runs a console script: ``run_entry_point.py MODULE ATTRIBUTE NAME ARGUMENT…``."""

import importlib
import operator
import sys

_, module, attribute, *sys.argv = sys.argv
del sys.path[0]
sys.exit(operator.attrgetter(attribute)(importlib.import_module(module))())
