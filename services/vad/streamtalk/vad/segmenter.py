"""Probabilities of chunks into speaking or not, and where speech began and ended."""

from streamtalk.proto.audio import MIC_RATE_HZ, ms_to_samples
from streamtalk.vad.config import SegmenterSettings


class Segmenter:
    """Speech state of one session, judged by positions alone: a hole in the audio is elapsed time.

    Two thresholds keep a wavering probability from cutting speech to pieces (hysteresis). Nothing
    that was told is taken back: how sure the model was of it goes with it.
    """

    def __init__(self, settings: SegmenterSettings, from_sample: int) -> None:
        self._settings = settings
        self._min_speech = ms_to_samples(settings.min_speech_ms, MIC_RATE_HZ)
        self._min_silence = ms_to_samples(settings.min_silence_ms, MIC_RATE_HZ)
        self._look_back = ms_to_samples(settings.look_back_ms, MIC_RATE_HZ)
        self._floor = from_sample
        self._onset: int | None = None
        self._onset_peak = 0.0
        self.speaking = False
        self.segment: int | None = None
        self.end: int | None = None
        self.peak = 0.0
        """Best probability of the current or last segment so far."""

    def feed(self, from_sample: int, to_sample: int, probability: float) -> bool:
        """Judge the chunk [from_sample, to_sample); true when speaking began or paused."""
        if self.speaking:
            return self._go_on(to_sample, probability)
        return self._listen(from_sample, to_sample, probability)

    def _go_on(self, to_sample: int, probability: float) -> bool:
        self.peak = max(self.peak, probability)
        if probability >= self._settings.stop_probability:
            self.end = self._floor = to_sample
            return False
        self.speaking = to_sample - self._floor < self._min_silence
        return not self.speaking

    def _listen(self, from_sample: int, to_sample: int, probability: float) -> bool:
        settings = self._settings
        lasting = self._onset is not None and probability >= settings.stop_probability
        if not lasting and probability < settings.start_probability:
            self._onset = None
            return False
        if self._onset is None:
            self._onset, self._onset_peak = from_sample, 0.0
        self._onset_peak = max(self._onset_peak, probability)
        if to_sample - self._onset < self._min_speech:
            return False
        self.segment = max(self._floor, self._onset - self._look_back)
        self.end = self._floor = to_sample
        self.peak = self._onset_peak
        self._onset = None
        self.speaking = True
        return True
