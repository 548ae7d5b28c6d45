"""Odd sound files, each with what a reader must make of it: the samples, or the reason why not.

python tests/support/torture.py FOLDER        writes the files and manifest.json
python tests/support/torture.py --page        renews the table in book/troubleshooting.md

Three readers are held to it: lstm_se.sound.source, firmware/examples/wav and book/live/wav.js.
"""

import hashlib
import io
import json
import math
import random
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import soundfile as sf

PAGE = Path(__file__).resolve().parents[2] / "book" / "troubleshooting.md"
READERS = {"python": "Python", "c": "C", "page": "page"}
RATE, SAMPLES, LOST = 16_000, 1000, 600
FOREVER, EXTENSIBLE = 0xFFFF_FFFF, 0xFFFE
UNTOLD = "the header tells no length: read to the end of the file"
EMPTY = {
    "python": "has 0 samples: there is a header but no sound in it",
    "c": "has 0 samples: there is a header but no sound in it",
    "page": "it is a WAV file without samples",
}
OTHER_RATE = {"c": "is not 16 kHz, mono, 16 bits: convert it first"}
OTHER_KIND = {"c": "is no WAV file", "page": "it is no WAV file"}
NO_SOUND = "is not a sound file that can be read"


@dataclass(frozen=True)
class OddFile:
    """One file and what is to be made of it.

    Attributes:
        name: Of the file.
        what: What is odd, for the table.
        content: All bytes.
        samples: Shape ``(channels, samples)``, float32; ``None`` if nobody can read it.
        refused: Reader that cannot read it, and the reason it gives.
        note: What every reader says that reads it.
        rate: In Hz.
    """

    name: str
    what: str
    content: bytes = field(repr=False)
    samples: np.ndarray | None = field(default=None, repr=False)
    refused: dict[str, str] = field(default_factory=dict)
    note: str = ""
    rate: int = RATE

    @property
    def mono(self) -> np.ndarray:
        """Mean of the channels, float32: what the page's reader gives."""
        assert self.samples is not None
        return self.samples.mean(axis=0, dtype=np.float64).astype("<f4")


def digest(mono: np.ndarray) -> str:
    """SHA-256 of float32 samples."""
    return hashlib.sha256(mono.astype("<f4").tobytes()).hexdigest()


def sound(channels: int = 1, samples: int = SAMPLES, bits: int = 16) -> np.ndarray:
    """Integers of so many bits that no library has drawn, shape ``(channels, samples)``."""
    index = np.arange(1, channels * samples + 1, dtype=np.int64).reshape(channels, samples)
    scattered = index * 2_654_435_761 % 2**32  # Knuth's multiplicative hashing
    return (scattered >> (32 - bits)) - 2 ** (bits - 1)


def chunk(name: bytes, body: bytes, told: int | None = None) -> bytes:
    """A chunk of a WAV file, padded; ``told`` is the size it claims."""
    return (
        name + struct.pack("<I", len(body) if told is None else told) + body + bytes(len(body) % 2)
    )


def form(
    code: int = 1, channels: int = 1, rate: int = RATE, bits: int = 16, extra: bytes = b""
) -> bytes:
    """The chunk that says how samples are stored."""
    align = channels * bits // 8
    return chunk(
        b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * align, align, bits) + extra
    )


def riff(*chunks: bytes, told: int | None = None, magic: bytes = b"RIFF") -> bytes:
    """A WAV file; ``told`` is the size it claims."""
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body) if told is None else told) + body


def integers(samples: np.ndarray, bits: int) -> bytes:
    """Interleaved little-endian samples; those of 8 bits have no sign."""
    if bits == 8:
        return (samples.T + 128).astype(np.uint8).tobytes()
    if bits == 24:
        return samples.T.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
    return samples.T.astype(f"<i{bits // 8}").tobytes()


def scaled(samples: np.ndarray, bits: int = 16) -> np.ndarray:
    """Integers to float32 in [-1, 1)."""
    return (samples / 2 ** (bits - 1)).astype(np.float32)


def companded() -> dict[str, tuple[int, np.ndarray]]:
    """Code of the format and value of each of the 256 bytes, as ITU-T G.711 has them."""
    u = 255 - np.arange(256)
    mu = (((u & 15) << 3) + 132 << (u >> 4 & 7)) - 132
    a = np.arange(256) ^ 0x55
    segment, step = a >> 4 & 7, (a & 15) << 4
    law = np.where(segment == 0, step + 8, (step + 264) << np.maximum(segment - 1, 0))
    return {
        "mu": (7, np.where(u & 128, -mu, mu)),
        "a": (6, np.where(a & 128, law, -law)),
    }


def encoded(kind: str, samples: np.ndarray, **options) -> bytes:
    """A file as libsndfile writes it."""
    target = io.BytesIO()
    sf.write(target, samples.T.astype(np.int16), RATE, "PCM_16", format=kind, **options)
    return target.getvalue()


def headers() -> list[OddFile]:
    """Sizes that are not those of the file, chunks in the way, kinds of headers."""
    x = sound()
    pcm, expected, rest = integers(x, 16), scaled(x), scaled(x)[:, :-LOST]
    plain, data = riff(form(), chunk(b"data", pcm)), chunk(b"data", pcm)
    no_size, one_byte_more = chunk(b"data", pcm, 0), chunk(b"LIST", b"INFOINAM\3\0\0\0abc")
    lost = f"cut: the header promises {LOST / RATE:.2f} s more than there is"
    killed, piped = "a size of 0: the recorder was killed", "a size for none: it was a pipe"
    guid = struct.pack("<HHIH", 22, 16, 4, 1) + bytes.fromhex("000000001000800000aa00389b71")
    large = [chunk(b"ds64", struct.pack("<QQQI", 0, len(pcm), SAMPLES, 0)), form()]
    large.append(chunk(b"data", pcm, FOREVER))
    files = [
        OddFile("plain.wav", "nothing odd", plain, expected),
        OddFile("cut.wav", "its end missing", plain[: -2 * LOST], rest),
        OddFile("cut_odd.wav", "its end missing", plain[: 1 - 2 * LOST], rest),
        OddFile("killed.wav", killed, riff(form(), no_size, told=0), expected),
        OddFile("killed_36.wav", killed, riff(form(), no_size, told=36), expected),
    ]
    for name, told in (("piped.wav", FOREVER), ("piped_2_gb.wav", 0x7FFF_F000)):
        content = riff(form(), chunk(b"data", pcm, told), told=told)
        files.append(OddFile(name, piped, content, expected))
    notes = {"its end missing": lost, killed: UNTOLD, piped: UNTOLD}
    files = [replace(odd, note=notes.get(odd.what, "")) for odd in files]
    before = [chunk(b"JUNK", bytes(70_000)), form(), one_byte_more, data]
    files += [
        OddFile("junk.wav", "other chunks before its samples", riff(*before), expected),
        OddFile(
            "list.wav", "a chunk behind its samples", riff(form(), data, one_byte_more), expected
        ),
        OddFile(
            "long.wav", "the extensible header", riff(form(EXTENSIBLE, extra=guid), data), expected
        ),
    ]
    more = (
        f"the header promises {LOST / RATE:.2f} s less than there is: read to the end of the file"
    )
    half = chunk(b"data", pcm, len(pcm) - 2 * LOST)
    for name, told in (("short.wav", None), ("renewed.wav", len(pcm) - 2 * LOST + 36)):
        content = riff(form(), half, told=told)
        files.append(OddFile(name, "a size below what is there", content, expected, note=more))
    for magic in (b"RF64", b"BW64"):
        content, name = riff(*large, told=FOREVER, magic=magic), f"{magic.decode().lower()}.wav"
        files.append(OddFile(name, "RF64 or BW64", content, expected, {"c": OTHER_KIND["c"]}))
    return files


def kinds() -> list[OddFile]:
    """Samples of all kinds, rates and numbers of channels."""
    x, files = sound(), []

    def add(name: str, what: str, head: bytes, body: bytes, samples: np.ndarray, **more) -> None:
        more = {"refused": OTHER_RATE} | more
        files.append(OddFile(name, what, riff(head, chunk(b"data", body)), samples, **more))

    for bits in (8, 24, 32):
        wide, what = sound(bits=bits), "8, 24 or 32 bits"
        body = integers(wide, bits)
        add(f"{bits}_bits.wav", what, form(bits=bits), body, scaled(wide, bits))
    odd = sound(samples=999, bits=8)
    for name, pad in (("odd.wav", b"\0"), ("unpadded.wav", b"")):
        body = integers(odd, 8) + pad + chunk(b"LIST", b"INFO")
        content = riff(form(bits=8), chunk(b"data", body, odd.size))
        what = "an odd size and a chunk behind it"
        files.append(OddFile(name, what, content, scaled(odd, 8), OTHER_RATE))
    for bits in (32, 64):
        loud, what = (4 * scaled(x)).astype(f"<f{bits // 8}"), "floats up to 4 times full scale"
        body = loud.tobytes()
        add(f"loud_{bits}.wav", what, form(3, bits=bits), body, loud.astype(np.float32))
    for law, (code, values) in companded().items():
        refused = OTHER_RATE | {"page": f"its WAV format {code} with 8 bits cannot be read here"}
        head, body = form(code, rate=8000, bits=8), bytes(range(256))
        more = {"refused": refused, "rate": 8000}
        add(f"{law}_law.wav", "A-law or µ-law", head, body, scaled(values[np.newaxis]), **more)
    for channels in (2, 8):
        many, what = sound(channels), "2 or 8 channels"
        body = integers(many, 16)
        add(f"{channels}_channels.wav", what, form(channels=channels), body, scaled(many))
    for rate in (11_025, 44_056, 192_000):
        what, body = "11,025, 44,056 or 192,000 Hz", integers(x, 16)
        add(f"{rate}_hz.wav", what, form(rate=rate), body, scaled(x), rate=rate)
    one = sound(samples=1)
    add("one.wav", "one sample", form(), integers(one, 16), scaled(one), refused={})
    for kind in ("AIFF", "FLAC", "W64"):
        what = "AIFF, FLAC or Wave64 inside"
        files.append(OddFile(f"{kind}.wav", what, encoded(kind, x), scaled(x), OTHER_KIND))
    content = encoded("WAV", x, endian="BIG")
    return [*files, OddFile("rifx.wav", "big-endian samples", content, scaled(x), OTHER_KIND)]


def refusals() -> list[OddFile]:
    """Files that nobody can read, and must say so."""
    nothing, listed = chunk(b"data", b""), chunk(b"LIST", b"INFO")
    endless, no_head = chunk(b"LIST", b"INFO", FOREVER), chunk(b"data", bytes(8))
    broken = chunk(b"data", struct.pack("<3f", 0, math.nan, math.inf))
    no_wav = OTHER_KIND | {"python": NO_SOUND}
    no_samples = EMPTY | {"python": NO_SOUND, "c": "is a damaged WAV file: it has no samples"}
    no_format = {"python": NO_SOUND, "c": "has no format", "page": "its WAV header has no format"}
    nan = {
        "python": "has 2 samples that are NaN or infinite from 0.000 s on",
        "page": "it has samples that are no numbers",
    }
    return [
        OddFile("text.wav", "text", b"this is no sound at all\n" * 9, refused=no_wav),
        OddFile("0.wav", "0 bytes", b"", refused=OTHER_KIND | {"python": "is empty: 0 bytes"}),
        OddFile("none.wav", "no sample", riff(form(), nothing), refused=EMPTY),
        OddFile("none_2.wav", "no sample", riff(form(), nothing, listed), refused=EMPTY),
        OddFile("head.wav", "half a header", riff(form())[:30], refused=no_samples),
        OddFile("end.wav", "a chunk without end", riff(form(), endless), refused=no_samples),
        OddFile("no_format.wav", "no format", riff(no_head), refused=no_format),
        OddFile(
            "nan.wav",
            "samples that are no numbers",
            riff(form(3, bits=32), broken),
            refused=OTHER_RATE | nan,
        ),
    ]


def names() -> list[OddFile]:
    """Nothing is odd about these but what they are called; two are one on a Mac."""
    x = sound()
    content, what = riff(form(), chunk(b"data", integers(x, 16))), "a name in any script"
    listed = (
        "李雷.wav",
        "Анна.wav",
        "caf\u00e9.wav",
        "cafe\u0301.wav",
        "two  words.wav",
        "-dash.wav",
    )
    return [OddFile(name, what, content, scaled(x)) for name in listed]


def pack() -> list[OddFile]:
    """All odd files."""
    return [*headers(), *kinds(), *refusals(), *names()]


def damaged(count: int, seed: int = 0) -> Iterator[bytes]:
    """WAV files of the pack with one or two wrong bytes in the header, some of them cut."""
    rng = random.Random(seed)
    whole = [odd.content for odd in pack() if odd.content[8:12] == b"WAVE"]
    for _ in range(count):
        content = bytearray(rng.choice(whole))
        for _ in range(rng.choice((1, 2))):
            content[rng.randrange(min(80, len(content)))] = rng.choice(
                (0, 1, 255, rng.randrange(256))
            )
        yield bytes(content[: rng.choice((None, rng.randrange(len(content))))])


def write(folder: Path) -> list[OddFile]:
    """Write all files, and ``manifest.json`` about them."""
    files = pack()
    folder.mkdir(parents=True, exist_ok=True)
    manifest = []
    for odd in files:
        (folder / odd.name).write_bytes(odd.content)
        entry = {"name": odd.name, "what": odd.what, "note": odd.note, "refused": odd.refused}
        if odd.samples is not None:
            channels, frames = odd.samples.shape
            entry |= {"rate": odd.rate, "channels": channels, "frames": frames}
            entry |= {"sha256": digest(odd.mono)}
        manifest.append(entry)
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return files


def table() -> str:
    """What becomes of each kind of odd file, for the book."""
    rows = ["| a file with | is read by | and what is said |", "| --- | --- | --- |"]
    for odd in pack():
        reading = [label for key, label in READERS.items() if key not in odd.refused]
        who = {len(READERS): "all three", 0: "none"}.get(len(reading), " and ".join(reading))
        row = f"| {odd.what} | {who} | {odd.note or ('' if reading else odd.refused['python'])} |"
        if row not in rows:
            rows.append(row)
    return "\n".join(rows)


def renewed(page: str) -> str:
    """The page with the table of today."""
    return re.sub(r"\| a file with \|.*?\n\n", lambda _: table() + "\n\n", page, flags=re.DOTALL)


if __name__ == "__main__":
    if sys.argv[1] == "--page":
        PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(f"{len(write(Path(sys.argv[1])))} files")
