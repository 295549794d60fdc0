"""The command line twin: one small file a command.

A command is a module here with a docstring (its help), ``add_arguments(parser)`` and
``run(arguments) -> dict`` (its one JSON object). ``WRITES_FILES = True`` says that it fills
``--out`` itself; for all others the object is written there. Heavy imports stay inside ``run``.
"""
