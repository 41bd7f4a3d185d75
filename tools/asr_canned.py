"""Write the clip of `asr`'s canned request: a command by eSpeak NG, 8 bit µ-law in base64."""

import base64
from pathlib import Path

import numpy as np
import soxr

from streamtalk.asr.canned import TEXT, encode_mu_law
from streamtalk.proto.audio import MIC_RATE_HZ, SPEECH_RATE_HZ
from streamtalk.tts.config import EspeakSettings
from streamtalk.tts.engine import Order, Samples
from streamtalk.tts.engines.espeak import EspeakEngine

TARGET = Path(__file__).parents[1] / "services/asr/streamtalk/asr/canned.b64"


def main() -> None:
    """Synthesise, resample, compress, write."""
    chunks: list[Samples] = []

    def keep(samples: Samples) -> bool:
        chunks.append(samples.copy())
        return True

    engine = EspeakEngine(EspeakSettings(words_per_minute=150))
    engine.load()
    for _ in engine.speak(Order(TEXT, language="en"), keep):
        pass
    speech = soxr.resample(np.concatenate(chunks), SPEECH_RATE_HZ, MIC_RATE_HZ)
    TARGET.write_bytes(base64.encodebytes(encode_mu_law(np.asarray(speech, np.float32))))
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes, {len(speech) / MIC_RATE_HZ:.2f} s")


if __name__ == "__main__":
    main()
