"""Speech denoising with a small LSTM, from noisy WAV files to a microcontroller."""

from importlib.metadata import version

from .chip.engines import load
from .config import Config
from .corpora.mini import mini
from .corpora.pairs import voicebank_demand
from .network.denoiser import Denoiser
from .network.stream import Stream
from .scoring.evaluation import evaluate

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
