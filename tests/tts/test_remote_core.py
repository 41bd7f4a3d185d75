"""What remote voices decide, without a server: PCM, WAV, deadlines, statuses, addresses."""

import itertools
import math
import struct
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.proto.errors import (
    ConfigError,
    LanguageError,
    RemoteAuthError,
    RemoteError,
    RemoteGarbageError,
    RemoteRateLimitedError,
    RemoteRefusedError,
    RemoteServerError,
)
from streamtalk.runtime.remote.address import find_key, parse_host_port, parse_url
from streamtalk.runtime.remote.answer import (
    MAX_PAUSE_S,
    PAUSE_S,
    Pause,
    check_is_sound,
    pause_s,
    status_error,
)
from streamtalk.runtime.remote.inbox import FULL_BYTES, TAKEN_BYTES, Arrivals, Inbox
from streamtalk.tts.engine import Order, Samples
from streamtalk.tts.engines.azure import ssml
from streamtalk.tts.remote.choosing import VoiceTable
from streamtalk.tts.remote.deadlines import piece_deadlines
from streamtalk.tts.remote.engine import Decoder
from streamtalk.tts.remote.pcm import PcmAssembler
from streamtalk.tts.remote.settings import RemoteSettings
from streamtalk.tts.remote.wav import WavDecoder
from tests.support.voice_servers.sound import tone, wav

pytestmark = pytest.mark.unit

NAME = "http://tts.example"


def decoded(decoder: Decoder, raw: bytes, cuts: list[int]) -> Samples:
    """All samples of bytes that come in these pieces."""
    edges = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    parts = [decoder.feed(raw[a:b]) for a, b in itertools.pairwise(edges)]
    return np.concatenate([*parts, decoder.finish()])


@given(st.lists(st.integers(0, 1 << 20), max_size=8))
def test_pcm_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    """Splits within a sample change nothing, and every sample keeps its exact value."""
    raw = np.array([0, 1, -1, 16_384, -32_768, 32_767] * 50, "<i2").tobytes()
    audio = decoded(PcmAssembler(24_000), raw, cuts)
    assert audio.dtype == np.float32
    assert (audio * 32_768).astype(int).tolist() == np.frombuffer(raw, "<i2").tolist()


def test_half_a_sample_at_the_end_is_dropped() -> None:
    """A stream of an odd length is one sample shorter, not noise."""
    raw = tone("hello")
    assert decoded(PcmAssembler(24_000), raw + b"\x7f", []).size == len(raw) // 2


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 48_000])
@pytest.mark.parametrize("cuts", [[], [1, 3, 5_001, 7_777]])
def test_pcm_of_another_rate_keeps_length_and_pitch(rate_hz: int, cuts: list[int]) -> None:
    """A tone of 440 Hz stays one, for as long as it was."""
    raw = tone("half a second", rate_hz=rate_hz)
    audio = decoded(PcmAssembler(rate_hz), raw, cuts)
    seconds = len(raw) / 2 / rate_hz
    assert audio.size == pytest.approx(seconds * 24_000, abs=24)
    peak_hz = np.argmax(np.abs(np.fft.rfft(audio))) * 24_000 / audio.size
    assert peak_hz == pytest.approx(440.0, abs=2.0)


@given(st.lists(st.integers(0, 1 << 20), max_size=6), st.booleans())
def test_wav_is_read_as_it_comes(cuts: list[int], is_open: bool) -> None:
    """Header and samples may be cut anywhere; a length that is not stated is no obstacle."""
    pcm = tone("hi")
    audio = decoded(WavDecoder(), wav(pcm, is_open=is_open), cuts)
    assert (audio * 32_768).astype("<i2").tobytes() == pcm


def test_wav_ends_where_its_data_ends() -> None:
    """Tags behind the samples are not played, and chunks before them are passed over."""
    whole = wav(tone("hi"))
    listed = whole[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + whole[12:]
    assert decoded(WavDecoder(), listed + b"id3 and so on", []).size == len(tone("hi")) // 2


@pytest.mark.parametrize(
    "raw",
    [
        b"<html>no</html>",
        b"RIFF\0\0\0\0AVI LIST",
        b"RIFF",
        wav(tone("hi"))[:30],
        wav(b"")[:12] + b"data\0\0\0\0",
        wav(tone("hi")).replace(struct.pack("<HH", 1, 1), struct.pack("<HH", 1, 2), 1),
        wav(tone("hi")).replace(struct.pack("<HH", 1, 1), struct.pack("<HH", 7, 1), 1),
        wav(b"")[:12] + b"junk\xff\xff\xff\x7f",
    ],
)
def test_what_is_no_playable_wav_is_refused(raw: bytes) -> None:
    """Text, other containers, other formats and headers without an end have an error."""
    with pytest.raises(RemoteGarbageError):
        decoded(WavDecoder(), raw, [])


def test_deadlines_follow_the_sound() -> None:
    """First the first byte, then the gaps, and over all of it the whole piece."""
    settings = RemoteSettings(first_byte_timeout_s=3, stall_timeout_s=2, piece_timeout_s=10)
    deadlines = piece_deadlines(settings, 100.0)
    assert deadlines.next_s() == 103.0
    assert "no sound within 3 s" in deadlines.complaint()
    deadlines.came(102.0)
    assert deadlines.next_s() == 104.0
    assert "stopped for 2 s" in deadlines.complaint()
    deadlines.came(109.0)
    assert deadlines.next_s() == 110.0
    assert "not whole within 10 s" in deadlines.complaint()


@pytest.mark.parametrize(
    "status, kind",
    [
        (302, RemoteGarbageError),
        (400, RemoteRefusedError),
        (401, RemoteAuthError),
        (403, RemoteAuthError),
        (404, RemoteRefusedError),
        (429, RemoteRateLimitedError),
        (500, RemoteServerError),
        (503, RemoteServerError),
    ],
)
def test_status_has_its_error(status: int, kind: type[RemoteError]) -> None:
    """Each says the server, the status, and what to do."""
    error = status_error(status, url=NAME, key_variable="THE_KEY", pause_s=7.0)
    assert type(error) is kind
    assert NAME in str(error)
    assert str(status) in str(error)
    assert ("THE_KEY" in str(error)) == (kind is RemoteAuthError)
    assert error.retryable == (status in {429, 500, 503})


@pytest.mark.parametrize(
    "retry_after, date, expected_s",
    [
        ("7", "", 7.0),
        ("0.5", "", 0.5),
        ("-3", "", 0.0),
        ("86400", "", MAX_PAUSE_S),
        ("nan", "", PAUSE_S),
        ("", "", PAUSE_S),
        ("soon", "", PAUSE_S),
        ("Wed, 21 Oct 2015 07:28:20 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", 20.0),
        ("Wed, 21 Oct 2015 07:28:20 GMT", "", PAUSE_S),
    ],
)
def test_retry_after_is_read_in_both_forms(retry_after: str, date: str, expected_s: float) -> None:
    """Seconds, or a date beside the answer's own; what is neither, or endless, has a bound."""
    assert pause_s(retry_after, date) == expected_s


def test_pause_refuses_until_the_time_and_no_longer() -> None:
    """A server that said "in 7 s" is not asked at 6.9 s; the latest wish counts."""
    pause = Pause()
    pause.admit(0.0, NAME)
    pause.until(7.0)
    pause.until(5.0)
    with pytest.raises(RemoteRateLimitedError, match=r"in 0\.1 s"):
        pause.admit(6.9, NAME)
    pause.admit(7.0, NAME)


@pytest.mark.parametrize(
    "kind, first",
    [
        ("text/html; charset=utf-8", b"x"),
        ("application/json", b"x"),
        ("", b"<!DOCTYPE html>"),
        ("audio/pcm", b"\n <HTML>"),
        ("application/octet-stream", b'{ "error": 1}'),
    ],
)
def test_text_is_no_sound(kind: str, first: bytes) -> None:
    """By its type, or by how it begins when the type is missing or wrong."""
    with pytest.raises(RemoteGarbageError, match="text"):
        check_is_sound(kind, first, NAME)


@pytest.mark.parametrize("kind", ["", "audio/pcm", "application/octet-stream"])
def test_sound_passes(kind: str) -> None:
    """Samples of any type that servers state."""
    check_is_sound(kind, tone("hi"), NAME)


@pytest.mark.parametrize(
    "text", ["", "tts", "ftp://x/", "http://", "https://a:pw@b", "http://a?key=pw", "http://a:b"]
)
def test_odd_addresses_are_refused_without_quoting_them(text: str) -> None:
    """A password that was written into an address is not repeated."""
    with pytest.raises(ConfigError, match=r"some\.setting") as caught:
        parse_url(text, "some.setting")
    assert "pw" not in str(caught.value)


def test_addresses_know_where_they_lead() -> None:
    """Loopback and encryption are what a key depends on."""
    here, there = parse_url("http://127.0.0.1:80/v1/", "s"), parse_url("https://a.example", "s")
    assert (here.url, here.is_loopback, here.is_encrypted) == (
        "http://127.0.0.1:80/v1",
        True,
        False,
    )
    assert (there.host, there.is_loopback, there.is_encrypted) == ("a.example", False, True)
    assert parse_host_port("[::1]:50000", "s") == "[::1]:50000"
    with pytest.raises(ConfigError, match="host:port"):
        parse_host_port("http://x:1", "s")


@pytest.mark.parametrize(
    "url, environment, expected",
    [
        ("https://a.example", {"OWN": " k "}, "k"),
        ("http://a.example", {"OWN": "k"}, "k"),
        ("https://a.example", {"SHARED": "s"}, "s"),
        ("http://127.0.0.1:1", {"SHARED": "s"}, "s"),
        ("http://a.example", {"SHARED": "s"}, None),
        ("https://a.example", {"OWN": "k", "SHARED": "s"}, "k"),
        ("https://a.example", {}, None),
    ],
)
def test_key_goes_where_it_is_meant_for(
    url: str, environment: dict[str, str], expected: str | None
) -> None:
    """Our variable anywhere; the maker's never in the clear to another machine."""
    key = find_key(environment, "OWN", "SHARED", parse_url(url, "s"))
    assert (key.reveal() if key else None) == expected
    assert "k" not in repr(key).replace("ApiKey", "").replace("None", "")


def test_voice_is_chosen_by_language_or_name() -> None:
    """The text's language, else the first voice where it speaks all, else an error."""
    table = VoiceTable({"en": "alloy", "zh": "nova"}, "x", speaks_all=True)
    assert table.choose(Order("hello")) == ("en", "alloy")
    assert table.choose(Order("你好")) == ("zh", "nova")
    assert table.choose(Order("Привет")) == ("ru", "alloy")
    assert table.choose(Order("hello", voice="nova")) == ("en", "nova")
    with pytest.raises(LanguageError, match="'echo'"):
        table.choose(Order("hello", voice="echo"))
    with pytest.raises(LanguageError, match="'ru'"):
        VoiceTable({"en": "alloy"}, "x", speaks_all=False).choose(Order("Привет"))
    with pytest.raises(ConfigError, match=r"x\.voices"):
        VoiceTable({}, "x", speaks_all=True)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60))
def test_ssml_says_any_text_and_nothing_else(text: str) -> None:
    """Whatever stands in the text or the voice's name is data: the elements stay three."""
    root = ET.fromstring(ssml(text, 'en-US-"><break/>', 1.25, "-5%"))  # noqa: S314 — our own
    speak, voice, prosody = list(root.iter())
    assert prosody.text == text
    assert prosody.attrib == {"rate": "+25%", "pitch": "-5%"}
    assert voice.attrib == {"name": 'en-US-"><break/>'}
    assert speak.tag.endswith("speak")


def test_inbox_gives_all_of_it_in_order_then_the_end() -> None:
    """Bytes come out as they went in, in portions that keep a step short."""
    inbox = Inbox(Arrivals(), lambda: None)
    raw = bytes(range(256)) * 300
    inbox.put(raw[:70_000])
    inbox.put(raw[70_000:])
    inbox.end()
    parts = []
    while (part := inbox.take(0.0)) is not None:
        parts.append(part)
    assert b"".join(parts) == raw
    assert max(map(len, parts)) <= TAKEN_BYTES


def test_inbox_raises_its_failure_after_what_came_before_it() -> None:
    """What was received is heard before the error is."""
    inbox = Inbox(Arrivals(), lambda: None)
    inbox.put(b"ab")
    inbox.end(RemoteServerError("broken"))
    assert inbox.take(0.0) == b"ab"
    with pytest.raises(RemoteServerError):
        inbox.take(0.0)


def test_inbox_asks_for_more_only_when_there_is_room() -> None:
    """A server that sends faster than anybody takes is read no further."""
    told: list[int] = []
    inbox = Inbox(Arrivals(), lambda: told.append(1))
    inbox.put(bytes(FULL_BYTES))
    full = [inbox.is_full, bool(told)]
    inbox.take(0.0)
    assert [*full, inbox.is_full, bool(told)] == [True, False, False, True]


def test_piece_without_sound_does_not_wait_while_another_has_some() -> None:
    """One step of a slow piece never holds up another one's; a closed one holds up nobody."""
    arrivals = Arrivals()
    slow, quick = (Inbox(arrivals, lambda: None) for _ in range(2))
    quick.put(b"ab")
    assert slow.take(math.inf) == b""
    quick.close()
    assert arrivals.untaken == set()
