"""Probabilities of chunks into speaking or not, and where speech began and ended."""

from streamtalk.proto.audio import MIC_RATE_HZ, ms_to_samples
from streamtalk.vad.config import SegmenterSettings


class Segmenter:
    """Speech state of one session, judged by positions alone: a hole in the audio is elapsed time.

    Two thresholds keep a wavering probability from cutting speech to pieces (hysteresis). Speech is
    told at once, and taken back at its pause where it was short and never sure: it then ends where
    it began.
    """

    def __init__(self, settings: SegmenterSettings, from_sample: int) -> None:
        self._settings = settings
        self._min_speech = ms_to_samples(settings.min_speech_ms, MIC_RATE_HZ)
        self._min_silence = ms_to_samples(settings.min_silence_ms, MIC_RATE_HZ)
        self._look_back = ms_to_samples(settings.look_back_ms, MIC_RATE_HZ)
        self._sure_after = ms_to_samples(settings.sure_after_ms, MIC_RATE_HZ)
        self._floor = self._floor_before = from_sample
        self._began = from_sample
        self._best = 0.0
        self._onset: int | None = None
        self.speaking = False
        self.segment: int | None = None
        self.end: int | None = None

    def feed(self, from_sample: int, to_sample: int, probability: float) -> bool:
        """Judge the chunk [from_sample, to_sample); true when speaking began or paused."""
        if self.speaking:
            return self._go_on(to_sample, probability)
        return self._listen(from_sample, to_sample, probability)

    def _go_on(self, to_sample: int, probability: float) -> bool:
        self._best = max(self._best, probability)
        if probability >= self._settings.stop_probability:
            self.end = self._floor = to_sample
            return False
        self.speaking = to_sample - self._floor < self._min_silence
        if not self.speaking and self._was_none():
            self.end, self._floor = self.segment, self._floor_before
        return not self.speaking

    def _was_none(self) -> bool:
        """Whether what paused was no speech after all."""
        short = self._floor - self._began < self._sure_after
        return short and self._best < self._settings.sure_probability

    def _listen(self, from_sample: int, to_sample: int, probability: float) -> bool:
        settings = self._settings
        lasting = self._onset is not None and probability >= settings.stop_probability
        if not lasting and probability < settings.start_probability:
            self._onset = None
            return False
        if self._onset is None:
            self._onset, self._best = from_sample, 0.0
        self._best = max(self._best, probability)
        if to_sample - self._onset < self._min_speech:
            return False
        self.segment = max(self._floor, self._onset - self._look_back)
        self._floor_before, self._began = self._floor, self._onset
        self.end = self._floor = to_sample
        self._onset = None
        self.speaking = True
        return True
