"""An engine of one's own: PocketSphinx, which hangs for ever at the first final when it is told."""

import os
import threading
from pathlib import Path
from typing import Final

from streamtalk.asr.config import PocketSphinxSettings
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.engines.pocketsphinx import PocketSphinxEngine

HANG_VARIABLE: Final = "TEST_HANG_FILE"
"""Names a file; a final that finds it takes it away and never returns."""


class HangingRecogniser(PocketSphinxEngine):
    """Hears as PocketSphinx does, but for that one call."""

    def __init__(self, _: object) -> None:
        super().__init__(PocketSphinxSettings())

    def hear(self, speech: Speech) -> Heard:
        """Transcribe, or hang."""
        told = Path(os.environ[HANG_VARIABLE])
        if speech.final and told.exists():
            told.unlink()
            threading.Event().wait()
        return super().hear(speech)
