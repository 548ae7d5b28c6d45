"""What a denoiser is made of: one frozen record, saved as JSON beside every set of weights."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from .files import write_whole

TOO_LARGE = 2**63  # NaN and infinity are not below it either, and JSON as Python reads it has both
KINDS: dict[Any, str] = {
    str: "a word",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    float | None: "a number or null",
    tuple[int, ...]: "a list of whole numbers, such as [64,64]",
}
POSITIVE = (
    "sample_rate",
    "n_fft",
    "hop_length",
    "bands",
    "level_seconds",
    "cell_clip",
    "channels",
    "blocks",
    "across",
    "context",
    "segment_seconds",
    "batch_size",
)
NEVER_BELOW_ZERO = (
    "fine_hz",
    "f_min",
    "complex_weight",
    "snr_weight",
    "estoi_weight",
    "learning_rate",
)


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind; unlike in Python, ``True`` is no whole number."""
    if kind == tuple[int, ...]:
        return isinstance(value, tuple) and all(_fits(v, int) and v > 0 for v in value)
    if kind == float | None:
        return value is None or _fits(value, float)
    if isinstance(value, bool):
        return kind is bool
    if not isinstance(value, float | int if kind is float else kind):
        return False
    return isinstance(value, str) or abs(value) < TOO_LARGE


@dataclass(frozen=True)
class Config:
    """Every choice that changes what a denoiser computes or how it is trained.

    The defaults are the preset ``tiny``: the denoiser that comes with the package.

    Attributes:
        name: Name of the preset or experiment.
        sample_rate: Rate of the signals the network sees, in Hz.
        n_fft: Window length in samples.
        hop_length: Samples between two frames; must divide ``n_fft / 2``.
        center: Mirror the beginning in front, instead of starting from silence as a stream does.
        bands: Number of bands the network sees.
        band_scale: ``"erb"``, ``"mel"`` or ``"linear"``.
        fine_hz: Up to this frequency in Hz every bin is a band of its own.
        f_min: The network does not see bins below this frequency in Hz.
        compression: ``"log"`` (log10 of band power), ``"power"`` (power ** 0.15, that is magnitude
            ** 0.3) or ``"none"``.
        normalisation: ``"none"``, ``"zscore"`` or ``"minmax"`` of the waveform, or ``"running"``:
            the causal level of the log features is subtracted, so that the network cannot tell loud
            from quiet.
        level_seconds: Time constant of the running level, in s.
        normalisation_scope: Statistics of the whole ``"utterance"`` or of each ``"segment"``.
        cell: Recurrent cell, ``"lstm"``, ``"gru"`` or ``"rnn"``.
        units: Width of each recurrent layer.
        cell_clip: The LSTM's cell state is kept within +-cell_clip; ``None`` lets it grow.
        batch_norm: Normalise the output of each recurrent layer over the batch, as in 2022.
        dense: Widths of ReLU layers between the recurrent layers and the mask.
        initializer: Keras' name of the distribution that input kernels are drawn from; recurrent
            ones start orthogonal, and what ``subbands`` add by rules of its own.
        mask: The network gives one gain for each of the STFT's ``"bins"`` or of the ``"bands"``.
        local: Each gain also sees the band that it belongs to and the two beside it, past the
            recurrent layers: these know how loud the noise is, but 128 numbers cannot tell the
            place of every harmonic. With ``subbands`` it sees bins instead of bands.
        subbands: Width in bins of each sub-band, all bins but that at 0 Hz. The recurrent layers
            of ``units`` give context then, and layers that all sub-bands share find the mask.
            Empty: the recurrent layers find it themselves.
        channels: Numbers that describe a sub-band in a frame.
        blocks: How many times the sub-bands look across at each other and back in time.
        across: Width of each of the two LSTMs, one up and one down, that run over the sub-bands.
        context: Numbers that the recurrent layers hand to each sub-band.
        smoothing: Weight of the past in an exponential moving average of the mask, in [0, 1).
        loss: ``"mse"``, ``"mae"``, ``"magnitude"``, ``"psa"`` or ``"compressed"``.
        complex_weight: Weight of the complex term in the compressed loss.
        snr_weight: Weight of the log error-to-signal term that is added to the loss.
        estoi_weight: Weight of the lost intelligibility that is added to the loss.
        segment_seconds: Length of a training segment in s.
        batch_size: Segments in a batch.
        optimizer: ``"adam"``, or ``"muon"`` for the recurrent layers and Adam for the others.
        learning_rate: Initial rate; it falls to a hundredth along a cosine.
        averaging: Weight of the past in a moving average of the weights, in [0, 1); the average is
            validated and kept. It looks back ``1 / (1 - averaging)`` steps, but never over more
            than a tenth of the training run.
        seed: Seed of weights and data.
    """

    name: str = "tiny"
    sample_rate: int = 16_000
    n_fft: int = 512
    hop_length: int = 256
    center: bool = False
    bands: int = 104
    band_scale: Literal["erb", "mel", "linear"] = "erb"
    fine_hz: float = 2500.0
    f_min: float = 0.0
    compression: Literal["log", "power", "none"] = "log"
    normalisation: Literal["none", "zscore", "minmax", "running"] = "running"
    level_seconds: float = 3.0
    normalisation_scope: Literal["utterance", "segment"] = "utterance"
    cell: Literal["lstm", "gru", "rnn"] = "lstm"
    units: tuple[int, ...] = (128, 128)
    cell_clip: float | None = 10.0
    batch_norm: bool = False
    dense: tuple[int, ...] = ()
    initializer: Literal["glorot_uniform", "glorot_normal", "he_normal", "orthogonal"] = (
        "glorot_uniform"
    )
    mask: Literal["bins", "bands"] = "bins"
    local: bool = True
    subbands: tuple[int, ...] = ()
    channels: int = 24
    blocks: int = 2
    across: int = 16
    context: int = 8
    smoothing: float = 0.0
    loss: Literal["mse", "mae", "magnitude", "psa", "compressed"] = "compressed"
    complex_weight: float = 0.1
    snr_weight: float = 0.01
    estoi_weight: float = 0.5
    segment_seconds: float = 4.0
    batch_size: int = 8
    optimizer: Literal["adam", "muon"] = "muon"
    learning_rate: float = 0.003
    averaging: float = 0.999
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot work, before anything is computed."""
        for field, kind in FIELDS.items():
            value = getattr(self, field)
            if get_origin(kind) is Literal:
                if value not in get_args(kind):
                    raise ValueError(f"{field} is {value!r}: choose one of {get_args(kind)}")
            elif not _fits(value, kind):
                raise ValueError(f"{field} is {value!r}: give {KINDS[kind]}")
        for field in POSITIVE:
            if (value := getattr(self, field)) is not None and value <= 0:
                raise ValueError(f"{field} is {value}: it must be positive")
        for field in NEVER_BELOW_ZERO:
            if (value := getattr(self, field)) < 0:
                raise ValueError(f"{field} is {value}: it must not be negative")
        # the name becomes that of a graph, and of its layers
        if not re.fullmatch(r"[^\W_][\w.-]*", self.name, re.ASCII):
            raise ValueError(f"name is {self.name!r}: take letters, digits, '_', '.' and '-'")
        if (half := self.n_fft / 2) % self.hop_length:
            raise ValueError(f"hop_length {self.hop_length} must divide n_fft / 2 = {half:g}")
        if self.normalisation == "running" and self.compression != "log":
            raise ValueError(
                "normalisation 'running' subtracts a level: it needs compression 'log'"
            )
        if not self.units:
            raise ValueError("units is empty: name the width of at least one recurrent layer")
        if self.segment_seconds * self.sample_rate < 1:
            raise ValueError(f"segment_seconds is {self.segment_seconds}: that is not one sample")
        if self.subbands:
            self._check_subbands()
        for field in ("smoothing", "averaging"):
            if not 0 <= getattr(self, field) < 1:
                raise ValueError(f"{field} {getattr(self, field)} must lie in [0, 1)")

    def _check_subbands(self) -> None:
        """Refuse sub-bands that leave bins out, and what their network does not have."""
        if (covered := sum(self.subbands)) != self.bins - 1:
            raise ValueError(f"subbands cover {covered} bins: let them add up to {self.bins - 1}")
        needs = {"cell": "lstm", "batch_norm": False, "dense": (), "mask": "bins"}
        for field, needed in needs.items():
            if (value := getattr(self, field)) != needed:
                raise ValueError(f"{field} is {value!r}: subbands need {needed!r}")
        if self.cell_clip is None:
            raise ValueError("cell_clip is None: subbands need a bound, such as 10")

    @property
    def bins(self) -> int:
        """Number of frequency bins of the STFT."""
        return self.n_fft // 2 + 1

    @property
    def inputs(self) -> int:
        """Number of features in a frame, the bands and, behind them, the bins for sub-bands."""
        return self.bands + self.bins if self.subbands else self.bands

    @property
    def outputs(self) -> int:
        """Number of gains that the network gives for each frame."""
        return self.bins if self.mask == "bins" else self.bands

    @property
    def streams(self) -> bool:
        """Whether the denoiser can run on sound whose future is not there yet."""
        return not self.center and self.normalisation in ("none", "running")

    @classmethod
    def preset(cls, name: str, /, **changes: Any) -> Config:
        """A named preset, with changes.

        Args:
            name: ``"tiny"`` (the one we deploy), ``"plain"`` (what the pages train in a minute),
                ``"bandwise"`` (layers that all sub-bands share), ``"paper"`` (TinyLSTM) or
                ``"lstm2022"``.
            **changes: Fields to change.

        Raises:
            ValueError: If there is no such preset or field, or a value is not allowed.
        """
        if name not in PRESETS:
            raise ValueError(f"no preset {name!r}: choose one of {', '.join(PRESETS)}")
        return cls.of({**PRESETS[name], "name": name, **changes}, f"preset {name!r}")

    @classmethod
    def of(cls, fields: dict[str, Any], source: str) -> Config:
        """The configuration that ``fields`` describe; ``source`` names them in an error.

        What they leave out is as in the preset ``plain``: a file from before there was a field
        describes a denoiser that did without.
        """
        if unknown := sorted(fields.keys() - FIELDS.keys()):
            raise ValueError(f"{source}: unknown field {unknown[0]!r}; known are {sorted(FIELDS)}")
        fields = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        try:
            return cls(**{**PRESETS["plain"], **fields})
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from None

    def save(self, path: str | Path) -> None:
        """Write the configuration as JSON, atomically."""
        write_whole(path, json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Config:
        """Read a configuration that :meth:`save` wrote.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is no configuration.
        """
        try:
            fields = json.loads(Path(path).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} is not a configuration in JSON: {error}") from None
        if not isinstance(fields, dict):
            raise ValueError(f"{path} is not a configuration: it holds no fields")
        return cls.of(fields, str(path))


FIELDS: dict[str, Any] = get_type_hints(Config)
LARGE = {"band_scale": "mel", "units": (256, 256), "dense": (128,), "mask": "bands"}
_TINY = dataclasses.asdict(Config())
PRESETS: dict[str, dict[str, Any]] = {  # the others say what they change of plain
    "tiny": _TINY,
    "plain": {
        "bands": 64,
        "fine_hz": 0.0,
        "level_seconds": 1.5,
        "local": False,
        "complex_weight": 0.43,
        "snr_weight": 0.0007,
        "estoi_weight": 0.0,
        "segment_seconds": 3.0,
        "batch_size": 32,
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "averaging": 0.0,
    },
    # TinyLSTMs (arXiv 2005.11138): 128 mel bands ** 0.3, two LSTM-256, FC-128, mask of 128 bands
    "paper": {
        **LARGE,
        "bands": 128,
        "compression": "power",
        "normalisation": "none",
        "complex_weight": 0.113,
        "snr_weight": 0.0,
    },
    # the 2022 experiments: half the window, twice the frames, statistics of the whole utterance
    "lstm2022": {
        "n_fft": 256,
        "hop_length": 128,
        "center": True,
        **LARGE,
        "bands": 64,  # not the 128 of 2022: on 129 bins 12 of those are empty
        "compression": "none",
        "normalisation": "zscore",
        "cell_clip": None,
        "batch_norm": True,
        "loss": "psa",
        "snr_weight": 0.0,
        "segment_seconds": 1.0,
    },
    # 32 sub-bands, of 94 Hz at the bottom and 560 Hz at the top
    "bandwise": {
        **_TINY,
        "units": (48,),
        "subbands": (*[3] * 8, *[4] * 8, *[6] * 4, *[10] * 4, *[16] * 4, *[18] * 4),
    },
}
