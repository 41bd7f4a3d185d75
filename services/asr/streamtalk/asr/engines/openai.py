"""Any server with `/v1/audio/transcriptions`: OpenAI, and the many that speak as it does."""

import os
from collections.abc import Mapping
from typing import Final

import numpy as np

from streamtalk.asr import canned
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.loudness import from_pcm, peak_db
from streamtalk.asr.remote.answers import Said, SaidSegment, language_tag
from streamtalk.asr.remote.deadlines import longest_s
from streamtalk.asr.remote.server import Ask, TranscriptionServer
from streamtalk.asr.remote.settings import OpenAiTranscriptionSettings
from streamtalk.asr.remote.upload import audio_file, fields
from streamtalk.asr.streaming.decoder import Segment
from streamtalk.asr.trust.judge import Judge, sound_of
from streamtalk.asr.writing.characters import guess_language, primary
from streamtalk.asr.writing.script import converted
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ
from streamtalk.proto.errors import (
    EngineError,
    RemoteAuthError,
    RemoteGarbageError,
    RemoteRefusedError,
    RemoteTimeoutError,
)
from streamtalk.proto.recognition import Word
from streamtalk.runtime.remote.address import find_key, parse_url
from streamtalk.runtime.remote.io_thread import IoThread

KEY_VARIABLE: Final = "STREAMTALK_ASR_OPENAI_API_KEY"
_HOST: Final = "api.openai.com"
_SLACK_S: Final = 2.0


class OpenAiEngine:
    """Uploads what was said, and reads the transcript with the times of its words.

    A call ends by its own deadlines, which grow with the audio. The GIL is free while it waits.
    Words that the server gives no probability for are as sure as their segment.
    """

    features = ("dictation",)
    languages: tuple[str, ...] = ()

    def __init__(
        self,
        settings: OpenAiTranscriptionSettings,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        address = parse_url(settings.base_url, "asr.engines.openai.base_url")
        key = find_key(environment, KEY_VARIABLE, "OPENAI_API_KEY", address)
        if key is None and address.host == _HOST:
            raise RemoteAuthError(f"{_HOST} needs a key: set {KEY_VARIABLE} or OPENAI_API_KEY")
        self._settings = settings
        self._server = TranscriptionServer(settings, address, key, KEY_VARIABLE)
        self._forms = ["verbose_json", "json"]
        if settings.response_format != "auto":
            self._forms = [settings.response_format]
        wanted = settings.partials
        self._makes_partials = address.is_loopback if wanted == "auto" else wanted == "always"
        self._judge = Judge()
        self._io: IoThread | None = None

    def load(self) -> None:
        """Start the I/O thread; the network is not needed."""
        self._server.load()
        self._io = IoThread("remote-recogniser")

    def close(self) -> None:
        """Break off what is under way and end the I/O thread."""
        io, self._io = self._io, None
        if io is not None:
            io.do(self._server.close())
            io.close()

    def deadline_ms(self, audio_ms: float) -> float:
        """What a call takes at most: the watchdog is to wait longer."""
        return (longest_s(self._settings, audio_ms / 1_000.0) + _SLACK_S) * 1_000.0

    def check(self) -> None:
        """Have the server transcribe the clip; raises EngineError where it hears nothing.

        What a server's model makes of an English sentence is its own: that there is text, counts.
        """
        said = self._ask(Speech(canned.clip()), self._settings.language)
        if not said.text.strip():
            raise EngineError("the server heard nothing where somebody speaks")

    def hear(self, speech: Speech) -> Heard:
        """Transcribe; raises RemoteError where the server gives no transcript."""
        asked = primary(speech.language)
        language = self._settings.language if asked in {"", "auto"} else asked
        samples = from_pcm(speech.pcm)
        if peak_db(samples) < self._settings.silence_db:
            return Heard("", language, 0.0, rejected="silence")
        if not speech.final:
            text = self._partial(speech, language)
            return Heard(text, _named("", language, text), 0.0)
        said = self._ask(speech, language)
        text = said.text.strip()
        language = _named(language_tag(said.language), language, text)
        segments = [_segment(part, samples.size) for part in said.segments or ()]
        judged = converted(text, "simplified")
        sound = sound_of(samples)
        reason = self._judge.reason(judged, segments, sound, speech.voice)
        if reason and self._settings.reject_invented:
            return Heard("", language, 0.0, rejected=reason)
        confidence = _confidence(segments) if text else 0.0
        return Heard(text, language, confidence, words=_words(said, segments, samples.size))

    def _partial(self, speech: Speech, language: str) -> str:
        """What the server streams within a moment; nothing where it refuses to."""
        if not self._makes_partials:
            return ""
        try:
            return self._ask(speech, language).text.strip()
        except RemoteRefusedError:
            self._makes_partials = False
            return ""

    def _ask(self, speech: Speech, language: str) -> Said:
        """Ask in the best form that the server takes; one that it refuses is not tried again."""
        audio_s = len(speech.pcm) / BYTES_PER_SAMPLE / MIC_RATE_HZ
        file = audio_file(speech.pcm, self._settings.upload_format)
        quick_s = 0.0 if speech.final else self._settings.partial_s

        def asked(form: str) -> Said:
            """In this form."""
            wanted = fields(self._settings, speech, language, form)
            return self._do(Ask(audio_s, wanted, file, quick_s))

        best, plain = self._forms[0], self._forms[-1]
        if not speech.final or best == plain:
            return asked(plain)
        try:
            return asked(best)
        except RemoteRefusedError:
            said = asked(plain)
            self._forms = [plain]
            return said

    def _do(self, ask: Ask) -> Said:
        if self._io is None:
            raise EngineError("the engine is not loaded")
        limit_s = longest_s(self._settings, ask.audio_s) + _SLACK_S
        try:
            return self._io.do(self._server.transcribe(ask), limit_s)
        except TimeoutError as error:
            raise RemoteTimeoutError("the request did not end: restart the service") from error


def _named(said: str, asked: str, text: str) -> str:
    """The language: as the server says, else as it was asked for, else by the script."""
    return said or (guess_language(text) if asked == "auto" else asked)


def _segment(part: SaidSegment, samples: int) -> Segment:
    return Segment(
        text=part.text,
        from_sample=_at(part.start, samples),
        to_sample=_at(part.end, samples),
        mean_log_probability=min(part.avg_logprob, 0.0),
        no_speech_probability=min(max(part.no_speech_prob, 0.0), 1.0),
    )


def _confidence(segments: list[Segment]) -> float:
    """Mean probability of a token; 1 where the server tells nothing, the judge nothing bad."""
    if not segments:
        return 1.0
    return float(np.exp(np.mean([segment.mean_log_probability for segment in segments])))


def _words(said: Said, segments: list[Segment], samples: int) -> tuple[Word, ...]:
    """Words ascending in time, none beyond the audio; raises RemoteGarbageError for too many."""
    words: list[Word] = []
    last = 0
    if len(said.words or ()) > len(said.text):
        raise RemoteGarbageError("the server gives more words than its text has characters")
    for word in said.words or ():
        begin = max(last, _at(word.start, samples))
        last = max(begin, _at(word.end, samples))
        sure = word.probability
        if sure is None:
            around = (s for s in segments if s.from_sample <= begin < s.to_sample)
            sure = _confidence(list(around))
        text = word.word.strip()
        if text:
            words.append(
                Word(
                    text=text,
                    from_sample=begin,
                    to_sample=last,
                    confidence=min(max(sure, 0.0), 1.0),
                )
            )
    return tuple(words)


def _at(seconds: float, samples: int) -> int:
    return min(max(round(min(max(seconds, 0.0), 1e6) * MIC_RATE_HZ), 0), samples)
