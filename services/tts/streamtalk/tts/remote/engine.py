"""What all remote engines have in common: one request for each piece, sound as it comes."""

import contextlib
import hashlib
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.errors import RemoteGarbageError
from streamtalk.proto.synthesis import Voice
from streamtalk.runtime.remote.io_thread import Fetch, IoThread, Put
from streamtalk.tts.engine import Emit, Made, Order, Samples
from streamtalk.tts.marks import spread

STEP_WAIT_S: Final = 0.01
"""A step that finds nothing yields after this time; so a cancel is seen within it, too."""

_LONGEST_S: Final = 10.0
_LONGEST_S_PER_CHAR: Final = 0.6
"""No voice reads a character, or a digit as a word, more slowly than this at a rate of 1."""

_STEP: Final = SPEECH_RATE_HZ
"""Most samples that a step emits: an answer that comes in one part gives way all the same."""

C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)


class Decoder(Protocol):
    """Bytes of an answer, cut anywhere, to float32 of shape (samples,), 24 kHz."""

    @property
    def form(self) -> str:
        """What it takes the bytes for: the same ones sound otherwise at another rate."""
        ...

    def feed(self, raw: bytes) -> Samples:
        """What these bytes complete."""
        ...

    def finish(self) -> Samples:
        """What is still held when the answer has ended."""
        ...


@dataclass(frozen=True)
class Piece(Generic[C]):
    """A request for one piece, and how its answer is read."""

    call: C
    decoder: Decoder
    language: str
    voice: str


class Dialect(Protocol[C]):
    """How one service wants to be asked: pure."""

    def voices(self) -> list[Voice]:
        """The voices that an order may name."""
        ...

    def piece(self, order: Order) -> Piece[C]:
        """The request for an order; raises LanguageError where no voice can say it."""
        ...


class Source(Protocol[C_contra]):
    """Carries requests out; on the I/O thread, but for `load`."""

    def load(self) -> None:
        """Import what it needs and check its settings; reaches for no network."""
        ...

    def identity(self, call: C_contra) -> bytes:
        """Where is asked, and for what: all that decides the answer. No key is in it."""
        ...

    async def read(self, call: C_contra, put: Put) -> None:
        """Put the bytes of the sound as they come; raises RemoteError.

        When cancelled, the connection is closed before this returns.
        """
        ...

    async def close(self) -> None:
        """Close what is kept open for the next piece."""
        ...


class RemoteEngine(Generic[C]):
    """Implements `SpeechEngine`. A step passes on what has come, or waits 10 ms for it.

    Cancel grain: what came within 10 ms; then the connection is closed, and nothing else is sent.
    """

    def __init__(self, dialect: Dialect[C], source: Source[C]) -> None:
        self._dialect = dialect
        self._source = source
        self._io: IoThread | None = None

    def load(self) -> None:
        """Check settings and keys, and start the I/O thread; the network is not needed."""
        self._source.load()
        self._io = IoThread("remote-voice")

    def close(self) -> None:
        """Break off what is under way and end the I/O thread."""
        io, self._io = self._io, None
        if io is not None:
            with contextlib.suppress(TimeoutError):
                io.do(self._source.close())
            io.close()

    def voices(self) -> list[Voice]:
        """The configured voices."""
        return self._dialect.voices()

    def fingerprint(self, order: Order) -> str:
        """A hash of the request that would be made: server, model, voice, parameters, recording.

        Whether the server has another model behind the same name by now, nobody here can know.
        """
        piece = self._dialect.piece(order)
        asked = hashlib.sha256(self._source.identity(piece.call)).hexdigest()
        return f"remote {asked} {piece.decoder.form}"

    def speak(self, order: Order, emit: Emit) -> Generator[None, None, Made]:
        """One request; its sound is emitted as it comes. Marks are estimated from the text."""
        if self._io is None:
            raise RuntimeError("speak before load")
        piece = self._dialect.piece(order)
        reading = _Reading(order, piece.decoder, emit)
        source = self._source
        with contextlib.closing(self._io.fetch(lambda put: source.read(piece.call, put))) as fetch:
            yield
            while not reading.step(fetch):
                yield
        marks = spread(order.text, reading.emitted)
        return Made(marks, estimated=True, language=piece.language, voice=piece.voice)


class _Reading:
    """One piece on its way from the inbox to the caller."""

    def __init__(self, order: Order, decoder: Decoder, emit: Emit) -> None:
        self.emitted = 0
        self._decoder = decoder
        self._emit = emit
        self._held: deque[Samples] = deque()
        self._is_over = False
        longest_s = _LONGEST_S + _LONGEST_S_PER_CHAR * len(order.text) / order.rate
        self._limit = int(longest_s * SPEECH_RATE_HZ)

    def step(self, fetch: Fetch) -> bool:
        """Pass on what has come; whether that was all, or no more is wanted."""
        if not self._held:
            self._take(fetch.inbox.take(STEP_WAIT_S))
        if self._held and not self._emit(self._held.popleft()):
            return True
        return self._is_over and not self._held

    def _take(self, raw: bytes | None) -> None:
        self._is_over = raw is None
        audio = self._decoder.finish() if raw is None else self._decoder.feed(raw)
        self.emitted += audio.size
        if self.emitted > self._limit:
            raise RemoteGarbageError(
                f"the server speaks without end: over {self._limit // SPEECH_RATE_HZ} s of sound "
                "for this text"
            )
        if self._is_over and not self.emitted:
            raise RemoteGarbageError("the server answered without any sound")
        self._held += [audio[at : at + _STEP] for at in range(0, audio.size, _STEP)]
