"""The voice and the loudspeaker of a replay: recorded or new audio, flowing into a real sink."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from streamtalk.cli.flight.file import Recording
from streamtalk.cli.flight.stages import Chunk
from streamtalk.client.sink import Sink
from streamtalk.orchestrator.heard import estimate_marks
from streamtalk.proto.audio import BYTES_PER_SAMPLE, SPEECH_RATE_HZ
from streamtalk.proto.codec import decode_as
from streamtalk.proto.errors import MessageError
from streamtalk.proto.frames import Speech
from streamtalk.proto.state import Frontier
from streamtalk.proto.synthesis import Speak, Spoken
from streamtalk.proto.topics import parse_topic

_SPEECH: Final = msgspec.msgpack.Decoder(Speech)
_SAMPLES_PER_WORD: Final = SPEECH_RATE_HZ * 2 // 5
_TONE: Final = b"\x00\x10"
"""One sample, loud enough to be heard."""

_MESSAGE_SAMPLES: Final = 4_800

Key = tuple[str, int, int]
"""(answer, piece, attempt)."""


def recorded_speech(recording: Recording, session: str) -> dict[Key, list[tuple[int, bytes]]]:
    """(time, PCM) of each piece of a session, without what was sent twice."""
    found: dict[Key, list[tuple[int, bytes]]] = {}
    reached: dict[Key, int] = {}
    for row in recording.rows:
        try:
            name = parse_topic(row.topic)
            if (name.lane, name.name, name.session) != ("audio", "speech", session):
                continue
            header = decode_as(_SPEECH, row.header)
        except MessageError:
            continue
        key = (header.answer, header.piece, header.attempt)
        known = reached.get(key, 0) - header.sample
        pcm = row.payload[max(0, known) * BYTES_PER_SAMPLE :]
        if known >= 0 and pcm:
            found.setdefault(key, []).append((row.at_ns, pcm))
            reached[key] = reached.get(key, 0) + len(pcm) // BYTES_PER_SAMPLE
    return found


def tone(samples: int) -> bytes:
    """Something audible in place of speech that nobody has heard."""
    return _TONE * samples


def invented(request: Speak) -> tuple[list[Chunk], Spoken]:
    """A tone of about the right length, for a text that nobody has spoken."""
    marks = estimate_marks(request.text, 1 << 20)
    total = _SAMPLES_PER_WORD * max(1, len(marks))
    spoken = Spoken(
        answer=request.answer,
        piece=request.piece,
        total_samples=total,
        marks=list(estimate_marks(request.text, total)),
        estimated=True,
        language="en" if request.language == "auto" else request.language,
        voice=request.voice,
        first_audio_ms=0.0,
        compute_ms=0.0,
    )
    return [Chunk(0, tone(total))], spoken


@dataclass
class _Piece:
    attempt: int
    chunks: list[tuple[int, bytes]] = field(default_factory=list)
    """(when it exists, PCM)."""

    _joined: bytes = b""
    _taken: int = 0

    def ready(self, now_ns: int) -> tuple[bytes, bool]:
        """What exists, and whether that is all."""
        before = self._taken
        while self._taken < len(self.chunks) and self.chunks[self._taken][0] <= now_ns:
            self._taken += 1
        if self._taken > before:
            self._joined += b"".join(pcm for _, pcm in self.chunks[before : self._taken])
        return self._joined, self._taken == len(self.chunks)


class Loudspeaker:
    """A real sink; audio flows into it as far as it wants, as a voice sends it."""

    def __init__(self) -> None:
        self.sink = Sink()
        self._pieces: dict[tuple[str, int], _Piece] = {}

    def add(self, request: Speak, chunks: list[tuple[int, bytes]]) -> None:
        """A piece that is being made; a later attempt takes its place."""
        self._pieces[request.answer, request.piece] = _Piece(request.attempt, chunks)

    def pull(self, mic_sample: int, now_ns: int) -> None:
        """20 ms go by: take what has been made, play the next frame."""
        self._feed(mic_sample, now_ns)
        self.sink.pull(mic_sample)

    def _feed(self, mic_sample: int, now_ns: int) -> None:
        for frontier in self.sink.state(mic_sample).held:
            before: Frontier | None = None
            current: Frontier | None = frontier
            while current is not None and current != before:
                before = current
                self._send(current, now_ns)
                current = self._frontier(mic_sample, frontier.answer)

    def _frontier(self, mic_sample: int, answer: str) -> Frontier | None:
        held = self.sink.state(mic_sample).held
        return next((f for f in held if f.answer == answer), None)

    def _send(self, frontier: Frontier, now_ns: int) -> None:
        number, sample = frontier.have_piece, frontier.have_sample
        piece = self._pieces.get((frontier.answer, number))
        if piece is None or piece.attempt < frontier.attempt:
            return
        pcm, whole = piece.ready(now_ns)
        total = len(pcm) // BYTES_PER_SAMPLE
        wanted = total if number < frontier.want_piece else min(total, frontier.want_sample)
        end = min(wanted, sample + _MESSAGE_SAMPLES)
        if end <= sample and not (whole and end == total):
            return
        header = Speech(
            answer=frontier.answer,
            piece=number,
            sample=sample,
            attempt=piece.attempt,
            total_samples=total if whole and end == total else None,
        )
        self.sink.accept(header, pcm[sample * BYTES_PER_SAMPLE : end * BYTES_PER_SAMPLE])
