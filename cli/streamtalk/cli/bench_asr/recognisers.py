"""What hears on the road: a process by its socket, or a script at the cost that it states."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import zmq

from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.service import transcript
from streamtalk.asr.streaming.decoder import Decoding, Samples, TimedWord
from streamtalk.asr.streaming.following import Following, heard
from streamtalk.asr.streaming.scripted import Cost, ScriptedDecoder
from streamtalk.asr.streaming.streamer import Streamer
from streamtalk.cli.bench_asr.road import STREAM
from streamtalk.client.closing import Closing
from streamtalk.client.peer import Peer
from streamtalk.client.ring import RingWriter
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.state import PLAIN_VOICE

_DEADLINE_S: Final = 600.0


class ProcessRecogniser(Closing):
    """A running `asr` instance that reads a microphone ring, which this writes."""

    def __init__(
        self, context: zmq.Context[Any], endpoint: str, ring: Path, language: str, grammar: str = ""
    ) -> None:
        self._peer = Peer(context, endpoint)
        self._ring = RingWriter(ring, STREAM)
        self._language, self._grammar = language, grammar

    def close(self) -> None:
        """Close the socket and remove the ring."""
        self._peer.close()
        self._ring.close()

    def hear(
        self, from_sample: int, to_sample: int, *, final: bool, voice: float = PLAIN_VOICE
    ) -> tuple[Transcript, int]:
        """One call; raises the error that the instance refused with."""
        request = Transcribe(
            ring=str(self._ring.path),
            stream=STREAM,
            from_sample=from_sample,
            to_sample=to_sample,
            final=final,
            language=self._language,
            grammar=self._grammar,
            voice=voice,
        )
        started_ns = time.monotonic_ns()
        found = self._peer.call(request, Transcript, _DEADLINE_S)
        return found, time.monotonic_ns() - started_ns

    def microphone(self, pcm: bytes, *, paced: bool) -> Callable[[int], None]:
        """What writes the ring up to a sample, silence behind the end; in real time if wanted."""
        start_ns = time.monotonic_ns()

        def arrive(to_sample: int) -> None:
            """Everything before `to_sample` has been heard."""
            if paced:
                due_ns = start_ns + to_sample * 1_000_000_000 // MIC_RATE_HZ
                time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
            begin, end = self._ring.written * BYTES_PER_SAMPLE, to_sample * BYTES_PER_SAMPLE
            self._ring.write(pcm[begin:end].ljust(end - begin, b"\0"))

        return arrive


class VirtualRecogniser:
    """Streams a script in no time at all, and says what it would have taken."""

    def __init__(self, script: Sequence[TimedWord], cost: Cost, *, streamed: bool) -> None:
        self._script = script
        self._cost = cost
        self._streamed = streamed
        self._following = Following(self._streamer)
        self._spent_ms = 0.0
        self._decoding_s = 0.0
        self.longest = 0
        """Samples of the longest window that was decoded."""

        self.bookkeeping_ms: list[float] = []
        """CPU time of each call beside the decoding."""

    def hear(
        self, from_sample: int, to_sample: int, *, final: bool, voice: float = PLAIN_VOICE
    ) -> tuple[Transcript, int]:
        """The words of the script in this range."""
        speech = Speech(b"", final=final, origin=("", STREAM, from_sample), voice=voice)
        streamer = self._following.of(speech) if self._streamed else self._streamer(speech)
        samples = np.broadcast_to(np.float32(0), (to_sample - from_sample,))
        self._spent_ms = self._decoding_s = 0.0
        started_s = time.thread_time()
        progress = streamer.final(samples) if final else streamer.partial(samples)
        spent_s = time.thread_time() - started_s - self._decoding_s
        self.bookkeeping_ms.append(spent_s * 1000)
        found = heard(progress, final=final, samples=len(samples))
        request = Transcribe(ring="-", from_sample=from_sample, to_sample=to_sample, final=final)
        took_ns = int(self._spent_ms * 1e6)
        return transcript(request, found, len(samples), self._spent_ms), took_ns

    def _streamer(self, speech: Speech) -> Streamer:
        first = speech.origin[2] if speech.origin else 0
        script = [word.moved(-first) for word in self._script if word.from_sample >= first]
        decoder = ScriptedDecoder(script, lambda: streamer.window_from, self._spend)
        streamer = Streamer(_Timed(decoder, self._add_decoding), "en")
        return streamer

    def _spend(self, samples: int) -> None:
        self._spent_ms += self._cost.ms(samples)
        self.longest = max(self.longest, samples)

    def _add_decoding(self, seconds: float) -> None:
        self._decoding_s += seconds


class _Timed:
    """A decoder whose own CPU time is told."""

    def __init__(self, decoder: ScriptedDecoder, tell: Callable[[float], None]) -> None:
        self._decoder = decoder
        self._tell = tell

    def decode(self, samples: Samples, *, prompt: str, language: str, final: bool) -> Decoding:
        """As the decoder does."""
        started_s = time.thread_time()
        found = self._decoder.decode(samples, prompt=prompt, language=language, final=final)
        self._tell(time.thread_time() - started_s)
        return found


class EngineRecogniser:
    """An engine in this process, or what is like one, over one recording."""

    def __init__(self, hear: Callable[[Speech], Heard], pcm: bytes, grammar: str = "") -> None:
        self._hear = hear
        self._pcm = pcm
        self._grammar = grammar

    def hear(
        self, from_sample: int, to_sample: int, *, final: bool, voice: float = PLAIN_VOICE
    ) -> tuple[Transcript, int]:
        """One call, on the clock of this process."""
        begin, end = from_sample * BYTES_PER_SAMPLE, to_sample * BYTES_PER_SAMPLE
        pcm = self._pcm[begin:end].ljust(end - begin, b"\0")
        started_ns = time.monotonic_ns()
        origin = ("", STREAM, from_sample)
        grammar = self._grammar
        found = self._hear(Speech(pcm, final=final, origin=origin, grammar=grammar, voice=voice))
        took_ns = time.monotonic_ns() - started_ns
        request = Transcribe(ring="-", from_sample=from_sample, to_sample=to_sample, final=final)
        return transcript(request, found, to_sample - from_sample, took_ns / 1e6), took_ns
