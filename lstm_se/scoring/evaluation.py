"""Scoring of many utterances in worker processes.

Enhancement runs in the calling process, where the model lives. Scoring runs in fresh
processes that never see TensorFlow: the C code of PESQ is not safe in the threads of a
graph, and a process forked with TensorFlow inside may hang.
"""

from __future__ import annotations
