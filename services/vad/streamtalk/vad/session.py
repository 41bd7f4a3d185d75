"""One attached session: its audio, its speech state, its lease and what is due for it."""

from streamtalk.client.cadence import Cadence
from streamtalk.proto.attachment import Attach
from streamtalk.proto.audio import MIC_RATE_HZ, ms_to_samples
from streamtalk.proto.state import VadState
from streamtalk.proto.topics import topic
from streamtalk.vad.config import VadConfig
from streamtalk.vad.segmenter import Segmenter
from streamtalk.vad.tracker import CHUNK_SAMPLES, Tracker


class Session:
    """What `vad` knows of one attachment. Times are monotonic nanoseconds, given by the caller."""

    def __init__(self, attach: Attach, config: VadConfig, slot: int, now_ns: int) -> None:
        self.name = attach.session
        self.lease = attach.lease
        self.ring = attach.ring
        self.slot = slot
        self.fresh = True
        self.mic_topic = topic("audio", "mic", attach.session)
        self.state_topic = topic("state", "vad", attach.session)
        pre_roll = ms_to_samples(config.pre_roll_ms, MIC_RATE_HZ)
        self.tracker = Tracker(attach.stream, attach.from_sample, pre_roll)
        self.heard_ns = now_ns
        self.state_due_ns = now_ns
        self._cadence = Cadence(now_ns)
        self._from_sample = attach.from_sample
        self._lease_ns = config.lease_ms * 1_000_000
        self._segmenter = Segmenter(config.segmenter, attach.from_sample)
        self._judged = attach.from_sample
        self._probability = 0.0
        self.renew(now_ns)

    def renew(self, now_ns: int) -> None:
        """Keep the lease."""
        self.lease_until_ns = now_ns + self._lease_ns

    def judged(self, from_sample: int, probabilities: list[float], now_ns: int) -> list[VadState]:
        """Take the model's answer for consecutive chunks; returns the state after each change.

        Chunks before the first judged sample have only warmed the model. In a backlog one batch may
        hold several changes: each is told, so that no short segment is hidden by a later one.
        """
        changes = []
        for index, probability in enumerate(probabilities):
            start = from_sample + index * CHUNK_SAMPLES
            end = start + CHUNK_SAMPLES
            if end <= self._from_sample:
                continue
            self._judged = end
            self._probability = probability
            if self._segmenter.feed(start, end, probability):
                changes.append(self.state(now_ns))
        return changes

    def state(self, now_ns: int) -> VadState:
        """The whole state, as published; notes when the next one is due."""
        at_rest = not self._segmenter.speaking
        self.state_due_ns = self._cadence.next_ns(now_ns, at_rest=at_rest)
        return VadState(
            lease=self.lease,
            stream=self.tracker.stream,
            sample=self._judged,
            speaking=self._segmenter.speaking,
            segment=self._segmenter.segment,
            end=self._segmenter.end,
            probability=min(1.0, max(0.0, self._probability)),
            peak=min(1.0, max(0.0, self._segmenter.peak)),
            frames_lost=self.tracker.frames_lost,
        )
