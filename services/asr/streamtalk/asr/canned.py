"""The canned request: a known clip, made by `tools/asr_canned.py`, and the text that it says."""

import base64
from importlib.resources import files
from typing import Final

import numpy as np

from streamtalk.asr.loudness import Samples, to_pcm
from streamtalk.proto.audio import MIC_RATE_HZ

TEXT: Final = "what time is it"
GRAMMAR: Final = """#JSGF V1.0;
grammar canned;
public <canned> = what time is it | what day is it | set a timer | stop | say that again;
"""

_MU: Final = 255.0
_PAUSE_S: Final = 0.3


def clip() -> bytes:
    """The clip between two pauses, 16 kHz s16le."""
    packed = base64.b64decode(files("streamtalk.asr").joinpath("canned.b64").read_bytes())
    pause = np.zeros(int(_PAUSE_S * MIC_RATE_HZ), np.float32)
    return to_pcm(np.concatenate([pause, decode_mu_law(packed), pause]))


def encode_mu_law(samples: Samples) -> bytes:
    """One byte a sample, by the continuous µ-law with µ = 255 (G.711's curve, not its bits)."""
    curve = np.sign(samples) * np.log1p(_MU * np.abs(samples)) / np.log1p(_MU)
    return bytes(np.round((curve + 1) * _MU / 2).astype(np.uint8))


def decode_mu_law(packed: bytes) -> Samples:
    """Float samples of `encode_mu_law`."""
    curve = np.frombuffer(packed, np.uint8).astype(np.float32) * 2 / _MU - 1
    return np.asarray(np.sign(curve) * np.expm1(np.abs(curve) * np.log1p(_MU)) / _MU, np.float32)
