"""What a voice activity engine implements, and the table of those there are."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from streamtalk.runtime.engine_table import EngineSpec


class VadEngine(Protocol):
    """A model with a memory per session, kept in numbered slots; called from one thread."""

    def load(self, slots: int) -> None:
        """Load the model and make memory for `slots` sessions; raises EngineMissingError."""
        ...

    def reset(self, slot: int) -> None:
        """Forget what was heard in `slot`."""
        ...

    def judge(self, slots: Sequence[int], chunks: NDArray[np.float32]) -> list[float]:
        """Speech probability, 0 to 1, of the next chunk of each slot.

        Args:
            slots: One slot per row, none twice.
            chunks: Shape (slots, 512), in [-1, 1], 16 kHz.
        """
        ...


ENGINES: Final = {
    "silero": EngineSpec("streamtalk.vad.engines.silero:SileroEngine", ("onnxruntime",)),
    "scripted": EngineSpec("streamtalk.vad.engines.scripted:ScriptedEngine"),
}
"""Every engine by the name that configuration uses."""

AUTO: Final = "silero"
"""What `auto` means: the only real model there is, and part of the default install."""
