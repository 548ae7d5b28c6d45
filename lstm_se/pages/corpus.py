"""The corpus of the pages: the bundled one, or the reader's own copy of VoiceBank-DEMAND."""

from __future__ import annotations

import os

from ..corpora.mini import mini
from ..corpora.pairs import Corpus, voicebank_demand


def chosen() -> Corpus:
    """The bundled corpus; with ``FULL=1`` the one in the folder that ``VOICEBANK_ROOT`` names.

    Raises:
        FileNotFoundError: If that folder, ``../corpora/voicebank`` if none is named, is no corpus.
    """
    if os.environ.get("FULL") != "1":
        return mini()
    return voicebank_demand(os.environ.get("VOICEBANK_ROOT", "../corpora/voicebank"))
