"""When a partial is worth its cost."""

from typing import Final

from streamtalk.proto.audio import MIC_RATE_HZ, ms_to_samples

_FIRST_SAMPLES: Final = 4_800
_STEP_SAMPLES: Final = 3_200
_SHARE: Final = 0.5
"""Partials may take this share of the engine's time; finals of others come in the rest."""


class Pacing:
    """Spaces partials by what the last ones cost, so that a slow machine makes fewer."""

    def __init__(self) -> None:
        self._cost_ms = 0.0
        self._last_end = 0

    def begin(self) -> None:
        """A new utterance."""
        self._last_end = 0

    def due(self, samples: int) -> bool:
        """Whether an utterance that has grown to `samples` is to be decoded now."""
        if self._last_end == 0:
            return samples >= _FIRST_SAMPLES
        wanted = max(_STEP_SAMPLES, ms_to_samples(self._cost_ms / _SHARE, MIC_RATE_HZ))
        return samples - self._last_end >= wanted

    def took(self, cost_ms: float, samples: int) -> None:
        """A partial of `samples` cost so much; half of the old figure is kept."""
        self._cost_ms = cost_ms if not self._cost_ms else (self._cost_ms + cost_ms) / 2
        self._last_end = samples
