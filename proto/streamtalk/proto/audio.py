"""The one audio format between edges and engines: s16le mono in 20 ms frames, fixed rates."""

from typing import Final

FRAME_MS: Final = 20
"""Length of every audio frame, both directions."""

BYTES_PER_SAMPLE: Final = 2
"""Samples are signed 16-bit little-endian."""

MIC_RATE_HZ: Final = 16_000
"""Rate of microphone audio; microphone positions count samples at this rate."""

SPEECH_RATE_HZ: Final = 24_000
"""Rate of synthesised speech; playback positions count samples at this rate."""

MIC_FRAME_SAMPLES: Final = MIC_RATE_HZ * FRAME_MS // 1000
MIC_FRAME_BYTES: Final = MIC_FRAME_SAMPLES * BYTES_PER_SAMPLE
SPEECH_FRAME_SAMPLES: Final = SPEECH_RATE_HZ * FRAME_MS // 1000
SPEECH_FRAME_BYTES: Final = SPEECH_FRAME_SAMPLES * BYTES_PER_SAMPLE

MAX_SPEECH_FRAMES_PER_MESSAGE: Final = 10
"""A speech message holds 1 to 10 whole frames: what is already made travels together."""


def ms_to_samples(ms: float, rate_hz: int) -> int:
    """Samples in `ms` milliseconds at `rate_hz`, rounded down."""
    return int(ms * rate_hz // 1000)


def samples_to_ms(samples: int, rate_hz: int) -> float:
    """Milliseconds that `samples` last at `rate_hz`."""
    return samples * 1000 / rate_hz
