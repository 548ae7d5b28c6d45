"""The commands of ``lstm-se``, one file each.

A new one takes three steps: a file here with a click command, its line in ``cli.py``, and its place
in ``tests/test_imports.py``. What a command computes with is imported when it runs, so that
``--help`` stays fast.
"""
