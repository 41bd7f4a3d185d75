"""The `tts` service with a remote voice: what it keeps, what it says of each fault, and no key."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamtalk.client.peer import Peer
from streamtalk.proto.errors import (
    EngineError,
    RemoteAuthError,
    RemoteGarbageError,
    RemoteRateLimitedError,
    RemoteRefusedError,
    RemoteServerError,
    RemoteTimeoutError,
    RemoteUnreachableError,
    SessionError,
)
from streamtalk.proto.health import Metrics, MetricsText
from streamtalk.proto.message import Ok
from streamtalk.proto.synthesis import Cancel, Speak, Spoken
from tests.support.recorder import eventually
from tests.support.voice_servers.http_server import PROSE
from tests.support.voice_servers.sound import tone
from tests.tts.conftest import Voice
from tests.tts.remote_scene import (
    EVERYWHERE,
    KEY,
    KEYS,
    OVER_HTTP,
    TEXT,
    server_for,
    service_settings,
)

pytestmark = pytest.mark.process

StartVoice = Callable[..., Voice]
OFTEN: list[tuple[str, type[EngineError]]] = [
    ("unauthorized", RemoteAuthError),
    ("bad_request", RemoteRefusedError),
    ("failing", RemoteServerError),
    ("empty", RemoteGarbageError),
    ("stall_early", RemoteTimeoutError),
    ("stall", RemoteTimeoutError),
    ("reset", RemoteUnreachableError),
    ("endless", RemoteGarbageError),
    ("silence", EngineError),
]
"""What can go wrong over either transport."""

TEXTS: list[tuple[str, type[EngineError]]] = [
    ("html", RemoteGarbageError),
    ("json", RemoteGarbageError),
    ("redirect", RemoteGarbageError),
]
LIMITED: list[tuple[str, type[EngineError]]] = [("rate_limited", RemoteRateLimitedError)]
"""Last: a server that limits its use is left alone afterwards."""


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary key, where the services look for theirs."""
    for variable, key in KEYS.items():
        monkeypatch.setenv(variable, key)


def order(answer: str, text: str = TEXT) -> Speak:
    """The only piece of an answer of session `s`."""
    return Speak(session="s", answer=answer, piece=0, text=text, credit_samples=1 << 40)


def speak_elsewhere(voice: Voice) -> Spoken:
    """Order answer `a` from another thread, whose socket is its own."""
    with Peer(voice.context, voice.endpoint) as peer:
        return peer.call(order("a"), Spoken, 30.0)


def entries(voice: Voice) -> int:
    """Pieces in the cache of this voice; the lock is none."""
    return sum(path.name != "lock" for path in (voice.run_dir.path / "cache").iterdir())


def lookups(voice: Voice) -> tuple[int, int]:
    """Hits and misses, as the metrics have them."""
    lines = voice.peer.call(Metrics(), MetricsText, 5.0).text.splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    hit, miss = (found[f'streamtalk_tts_cache_lookups{{result="{r}"}}'] for r in ("hit", "miss"))
    return int(hit), int(miss)


def written(folder: Path) -> bytes:
    """Every byte of every file that the service left."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", EVERYWHERE)
def test_server_is_asked_once_for_what_is_said_twice(name: str, start_voice: StartVoice) -> None:
    """The second answer has the same marks and length, costs no request, and is a hit.

    Half a sample behind the last one is no part of it.
    """
    with server_for(name).serving() as server:
        voice = start_voice(**service_settings(name, server.url))
        server.fault = "none" if name == "google" else "half_sample"
        made = voice.peer.call(order("a"), Spoken, 10.0)
        first, _ = voice.hear_piece()
        assert eventually(lambda: entries(voice) == 1)
        asked = len(server.asked)
        again = voice.peer.call(order("b"), Spoken, 10.0)
        second, _ = voice.hear_piece()
        assert len(server.asked) == asked == 2
        assert lookups(voice) == (1, 1)
        left = written(voice.run_dir.path)
    facts = ("marks", "estimated", "language", "voice", "total_samples")
    assert [getattr(again, fact) for fact in facts] == [getattr(made, fact) for fact in facts]
    assert made.marks
    assert made.total_samples == len(tone(TEXT)) // 2
    assert len(first) == len(second) == 2 * made.total_samples
    assert KEY.encode() not in left
    assert TEXT.encode() not in left


def test_phrases_are_made_ahead(
    start_voice: StartVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each configured phrase is one request after the start, and none when it is wanted."""
    config = tmp_path / "streamtalk.toml"
    config.write_text('[tts]\npreload = ["One moment.", "Say that again?"]\n', "utf-8")
    monkeypatch.setenv("STREAMTALK_CONFIG", str(config))
    with server_for("openai").serving() as server:
        voice = start_voice(**service_settings("openai", server.url))
        assert eventually(lambda: entries(voice) == 2)
        assert [asked.text for asked in server.asked] == [
            "Ready.",
            "One moment.",
            "Say that again?",
        ]
        assert voice.hear(0.1) is None
        voice.peer.call(order("a", "One moment."), Spoken, 10.0)
        assert len(server.asked) == 3
        assert lookups(voice) == (1, 0)


@pytest.mark.parametrize("name", ["openai", "cosyvoice-grpc"])
def test_other_parameters_are_another_piece(name: str, start_voice: StartVoice) -> None:
    """A rate that was not ordered before is asked for."""
    with server_for(name).serving() as server:
        voice = start_voice(**service_settings(name, server.url))
        for answer, rate in (("a", 1.0), ("b", 1.5)):
            quick = Speak(session="s", answer=answer, piece=0, text=TEXT, rate=rate)
            voice.peer.call(quick, Spoken, 10.0)
        assert lookups(voice) == (0, 2)
        assert len(server.asked) == 3


@pytest.mark.parametrize("name", EVERYWHERE)
def test_fault_is_named_and_nothing_of_it_is_kept(name: str, start_voice: StartVoice) -> None:
    """Each fault refuses the order under its own name; half a piece is never in the cache."""
    faults = [*OFTEN, *(TEXTS if name in OVER_HTTP else []), *LIMITED]
    with server_for(name).serving() as server:
        voice = start_voice(**service_settings(name, server.url))
        for fault, kind in faults:
            server.fault = fault
            with pytest.raises(kind) as caught:
                voice.peer.call(order(fault), Spoken, 30.0)
            assert type(caught.value) is kind, fault
            for secret in (KEY, PROSE, TEXT):
                assert secret not in str(caught.value)
        assert entries(voice) == 0
        assert KEY.encode() not in written(voice.run_dir.path)


@pytest.mark.parametrize("name", ["azure", "cosyvoice-own", "cosyvoice-triton"])
def test_cancelled_piece_is_not_kept(name: str, start_voice: StartVoice) -> None:
    """What came before the cancel was sound, and still it is no piece; the next time it is made."""
    with server_for(name).serving() as server:
        settings = service_settings(name, server.url)
        engine = name.partition("-")[0].upper()
        voice = start_voice(**{**settings, f"ENGINES__{engine}__STALL_TIMEOUT_S": "30"})
        server.fault = "stall"
        with ThreadPoolExecutor(1) as caller:
            call = caller.submit(speak_elsewhere, voice)
            assert voice.hear() is not None
            voice.peer.call(Cancel(session="s", answer="a"), Ok, 5.0)
            with pytest.raises(SessionError):
                call.result(10.0)
        assert server.gone.wait(10)
        server.fault = "none"
        assert entries(voice) == 0
        voice.peer.call(order("b"), Spoken, 10.0)
        assert eventually(lambda: entries(voice) == 1)
        assert lookups(voice) == (0, 2)
