"""Speech denoising with a small LSTM, from noisy WAV files to a microcontroller."""

from importlib.metadata import version

from .config import Config
from .corpora.mini import mini
from .corpora.pairs import voicebank_demand
from .enhance import Denoiser, Stream, load
from .evaluation import evaluate

__version__ = version("lstm-se")
__all__ = [
    "Config",
    "Denoiser",
    "Stream",
    "evaluate",
    "load",
    "mini",
    "voicebank_demand",
]
