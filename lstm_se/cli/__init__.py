"""The command line, one command a file.

A new command takes two steps: a file here with a click command, and its line in ``main.py``. What a
command computes with is imported when it runs, so that ``--help`` stays fast.
"""
