"""The corpus of the pages: the bundled one, or the reader's own copy of VoiceBank-DEMAND."""

from __future__ import annotations

import os

from ..corpora.mini import mini
from ..corpora.pairs import Corpus, voicebank_demand
from ..corpora.recordings import from_store


def chosen() -> Corpus:
    """The bundled corpus; with ``FULL=1`` the one in the folder that ``VOICEBANK_ROOT`` names.

    The sound of that one comes from stores, so that a page may go through it again and again.

    Raises:
        FileNotFoundError: If that folder, ``../corpora/voicebank`` if none is named, is no corpus.
    """
    if os.environ.get("FULL") != "1":
        return mini()
    corpus = voicebank_demand(os.environ.get("VOICEBANK_ROOT", "../corpora/voicebank"))
    parts = corpus.train, corpus.validation, corpus.test
    return Corpus(corpus.root, *map(from_store, parts))
