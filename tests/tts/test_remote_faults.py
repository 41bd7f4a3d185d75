"""Whatever goes wrong with a remote voice has a name and passes, over every transport alike."""

import gc
import logging
import re
from typing import Final

import numpy as np
import pytest

from streamtalk.proto.errors import (
    RemoteAuthError,
    RemoteError,
    RemoteGarbageError,
    RemoteRateLimitedError,
    RemoteRefusedError,
    RemoteServerError,
    RemoteTimeoutError,
    RemoteUnreachableError,
)
from streamtalk.tts.engine import Order
from tests.support.voice_servers.http_server import PROSE, free_port
from tests.support.voice_servers.sound import tone
from tests.tts.remote_scene import (
    EVERYWHERE,
    KEY,
    OVER_GRPC,
    OVER_HTTP,
    STREAMED,
    TEXT,
    Hearing,
    any_scene,
    engine_of,
    say,
    server_for,
)

pytestmark = pytest.mark.process

EXPECTED: Final = (np.frombuffer(tone(TEXT), "<i2") / 32_768).astype(np.float32)
PATIENT: Final = {
    "connect_timeout_s": 20.0,
    "first_byte_timeout_s": 60.0,
    "stall_timeout_s": 60.0,
    "piece_timeout_s": 120.0,
}
COMMON: Final[dict[str, type[RemoteError]]] = {
    "unauthorized": RemoteAuthError,
    "rate_limited": RemoteRateLimitedError,
    "bad_request": RemoteRefusedError,
    "no_such_path": RemoteRefusedError,
    "failing": RemoteServerError,
    "empty": RemoteGarbageError,
    "stall_early": RemoteTimeoutError,
    "stall": RemoteTimeoutError,
    "reset": RemoteUnreachableError,
    "endless": RemoteGarbageError,
}
HTTP_ONLY: Final[dict[str, type[RemoteError]]] = {
    "forbidden": RemoteAuthError,
    "redirect": RemoteGarbageError,
    "html": RemoteGarbageError,
    "json": RemoteGarbageError,
}
LATE: Final = ("stall_early", "stall")
"""Faults that a deadline ends; a busy machine is to pass for no other one."""

FAULTS: Final = [
    *((name, fault, kind) for fault, kind in COMMON.items() for name in EVERYWHERE),
    *((name, fault, kind) for fault, kind in HTTP_ONLY.items() for name in OVER_HTTP),
    ("cosyvoice-triton", "model_error", RemoteServerError),
]


@pytest.mark.parametrize("name", EVERYWHERE)
@pytest.mark.parametrize("fault", ["none", "odd_splits", "half_sample"])
def test_voice_brings_every_sample(name: str, fault: str) -> None:
    """Whatever way the bytes are split, the sound is the server's, to the last whole sample."""
    if (name, fault) == ("google", "half_sample"):
        pytest.skip("a WAV of half a sample cannot be written")
    with any_scene(name, fault, **PATIENT) as (engine, _):
        heard = say(engine)
    assert np.array_equal(heard.audio, EXPECTED)


@pytest.mark.parametrize("name, fault, kind", FAULTS)
def test_fault_has_a_name_and_passes(
    name: str, fault: str, kind: type[RemoteError], caplog: pytest.LogCaptureFixture
) -> None:
    """Each fault raises its error in time, without key or prose; afterwards the engine speaks."""
    caplog.set_level(logging.DEBUG)
    deadlines = {} if fault in LATE else PATIENT
    with any_scene(name, fault, **deadlines) as (engine, server):
        with pytest.raises(kind) as caught:
            say(engine)
        assert type(caught.value) is kind
        server.fault = "none"
        # Only HTTP says for how long the server is to be left alone.
        if fault != "rate_limited" or name in OVER_GRPC:
            assert say(engine).samples == EXPECTED.size
    cause = caught.value.__cause__ if name in OVER_HTTP else None
    told = f"{caught.value} {cause!r} {caplog.text}"
    for secret in (KEY, PROSE, TEXT):
        assert secret not in told


@pytest.mark.parametrize("name", EVERYWHERE)
def test_absent_server_is_named(name: str) -> None:
    """Nobody at that address: the address is in the error, and it may be tried again."""
    address = f"127.0.0.1:{free_port()}"
    engine = engine_of(name, address if name in OVER_GRPC else f"http://{address}")
    try:
        with pytest.raises(RemoteUnreachableError, match=re.escape(address)):
            say(engine)
    finally:
        engine.close()
        gc.collect()
    assert RemoteUnreachableError.retryable


@pytest.mark.parametrize("name", EVERYWHERE)
def test_restart_in_mid_stream_costs_one_piece(name: str) -> None:
    """A server that goes away while it speaks has a retryable error; back again, it speaks."""
    server = server_for(name)
    server.fault = "stall"
    with server.serving():
        engine = engine_of(name, server.url, **PATIENT)
        hearing = Hearing(engine, Order(TEXT))
        next(hearing.steps)
        assert server.begun.wait(10)
    try:
        with pytest.raises(RemoteError) as caught:
            hearing.finish()
        assert caught.value.retryable
        server.fault = "none"
        with server.serving(server.port):
            assert say(engine).samples == EXPECTED.size
    finally:
        engine.close()
        gc.collect()


@pytest.mark.parametrize("name", EVERYWHERE)
@pytest.mark.parametrize("how", ["generator", "emit"])
def test_cancel_closes_the_connection(name: str, how: str) -> None:
    """The server sees the close while it still has sound to send; nothing is emitted after it."""
    with any_scene(name, "stall", **PATIENT) as (engine, server):
        hearing = Hearing(engine, Order(TEXT))
        next(hearing.steps)
        assert server.begun.wait(10)
        if how == "emit" and name in STREAMED:
            hearing.is_wanted = False
            hearing.finish()
        else:
            hearing.steps.close()
        emitted = len(hearing.chunks)
        assert server.gone.wait(10)
        assert len(hearing.chunks) == emitted <= 1
        assert list(hearing.steps) == []
