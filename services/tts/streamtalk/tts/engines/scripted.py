"""An engine of exact cost and exact output, for load, benchmarks and deterministic tests."""

import numpy as np

from streamtalk.proto.audio import SPEECH_RATE_HZ, ms_to_samples, samples_to_ms
from streamtalk.proto.synthesis import Voice
from streamtalk.runtime.burn import burn
from streamtalk.runtime.fault import go_wrong, hang_when_told
from streamtalk.tts.config import ScriptedSettings
from streamtalk.tts.engine import Emit, Made, Order, Samples, Steps
from streamtalk.tts.marks import spread
from streamtalk.tts.spelling import Spelling


class ScriptedEngine:
    """A tone as long as the text; a step is a chunk.

    Cancel grain: one chunk.
    """

    def __init__(self, settings: ScriptedSettings) -> None:
        self._settings = settings
        self._marked = 0
        """Pieces so far whose text is one that goes wrong."""

        self._spelling = Spelling(settings.letters) if settings.letters else None

    def load(self) -> None:
        """Nothing to load."""

    def voices(self) -> list[Voice]:
        """One voice for each of the two languages."""
        return [Voice(name="tone-en", language="en"), Voice(name="tone-zh", language="zh")]

    @property
    def calibrated(self) -> bool:
        """Its exact output is what it is for."""
        return True

    def fingerprint(self, order: Order) -> str:
        """Empty unless `cacheable`: a fault has to come as often as the script says."""
        del order
        return f"scripted {self._settings!r}" if self._settings.cacheable else ""

    def speak(self, order: Order, emit: Emit) -> Steps:
        """One step for each chunk."""
        if self._spelling is not None:
            return (yield from self._spelling.speak(order, emit))
        total = self._total_samples(order)
        faulty = self._is_faulty(order)
        chunk = ms_to_samples(self._settings.chunk_ms, SPEECH_RATE_HZ)
        for index, start in enumerate(range(0, total, chunk)):
            if index:
                yield None
            length = min(chunk, total - start)
            wrong = faulty and index >= self._settings.fault_after_chunks
            self._work(order, index, length, wrong=wrong)
            if not emit(self._audio(start, length, wrong=wrong)):
                break
        language = "zh" if order.language == "zh" or order.voice == "tone-zh" else "en"
        return Made(spread(order.text, total), True, language, f"tone-{language}")  # noqa: FBT003

    def _total_samples(self, order: Order) -> int:
        settings = self._settings
        length_ms = settings.piece_ms or len(order.text) * settings.ms_per_char / order.rate
        return max(ms_to_samples(length_ms, SPEECH_RATE_HZ), 1)

    def _work(self, order: Order, index: int, length: int, *, wrong: bool) -> None:
        settings = self._settings
        hang_when_told(settings.hang_file, hold_gil=settings.hold_gil)
        if wrong and settings.fault != "silence":
            go_wrong(settings.fault, hold_gil=settings.hold_gil)
        cost_ms = samples_to_ms(length, SPEECH_RATE_HZ) * settings.real_time_factor
        if order.piece == 0 and index == 0:
            cost_ms = settings.first_chunk_ms
        burn(cost_ms, hold_gil=settings.hold_gil)

    def _is_faulty(self, order: Order) -> bool:
        settings = self._settings
        if settings.fault == "none" or settings.fault_text not in order.text:
            return False
        number = self._marked - settings.fault_skips
        self._marked += 1
        return number >= 0 and not 0 < settings.fault_lasts <= number

    def _audio(self, start: int, length: int, *, wrong: bool) -> Samples:
        settings = self._settings
        if settings.fault == "silence" and wrong:
            return np.zeros(length, np.float32)
        if settings.tone_hz == 0:
            return np.full(length, settings.level, np.float32)
        turns = np.arange(start, start + length) * (settings.tone_hz / SPEECH_RATE_HZ)
        tone: Samples = (settings.level * np.sin(2 * np.pi * turns)).astype(np.float32)
        return tone
