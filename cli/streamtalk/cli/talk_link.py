"""A person's line to `audio_io`: holds the session there and hears its states."""

import time
from typing import Any, Final

import msgspec
import zmq
from msgspec.structs import asdict, replace

from streamtalk.cli.talk_view import TalkView
from streamtalk.cli.upgrade.news import read as read_upgrade
from streamtalk.client.caller import Caller
from streamtalk.client.closing import Closing
from streamtalk.client.directory import Addresses
from streamtalk.client.edge import EdgeLoop
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext, open_subscriber
from streamtalk.proto.codec import decode_as
from streamtalk.proto.device import (
    AudioStatus,
    GetAudioStatus,
    SetMicrophone,
    StartAudio,
    StopAudio,
)
from streamtalk.proto.errors import MessageError, StreamTalkError
from streamtalk.proto.message import Request
from streamtalk.proto.state import SessionState
from streamtalk.proto.topics import topic

_HOLD_NS: Final = 1_000_000_000
_LOOK_NS: Final = 100_000_000
_CALL_S: Final = 2.0
_GOODBYE_S: Final = 1.0
_DECODER: Final = msgspec.msgpack.Decoder(SessionState)


class TalkLink(Closing):
    """One thread; call `serve` often. What comes goes into `view`."""

    def __init__(self, run_dir: RunDir, session: str, language: str) -> None:
        self.view = TalkView()
        self._run_dir = run_dir
        self.session = session
        self._language = language
        self._context: zmq.Context[Any] = BoundedContext()
        self.loop = EdgeLoop()
        self._caller = Caller(self._context, self.loop)
        self._addresses = Addresses(run_dir, self._caller)
        self._topic = topic("state", "session", session)
        self._subscriber = open_subscriber(
            self._context, run_dir, self._topic, self._addresses.topic
        )
        self.loop.add(self._subscriber, self._hear)
        self._hold_ns = self._look_ns = 0
        self._endpoint = ""
        self._microphone = SetMicrophone()

    def serve(self, timeout_ms: float) -> list[int]:
        """Hold the session, handle what comes; returns watched descriptors that are readable."""
        now_ns = time.monotonic_ns()
        self._addresses.tick(now_ns)
        if now_ns >= self._hold_ns:
            self._hold_ns = now_ns + _HOLD_NS
            self._call(StartAudio(session=self.session, language=self._language))
        elif now_ns >= self._look_ns:
            self._look_ns = now_ns + _LOOK_NS
            self._call(GetAudioStatus())
            self.view.upgrade = read_upgrade(self._run_dir)
        readable = self.loop.poll(timeout_ms)
        self._caller.tick(time.monotonic_ns())
        return readable

    def set_microphone(
        self,
        *,
        muted: bool | None = None,
        push_to_talk: bool | None = None,
        talking: bool | None = None,
    ) -> None:
        """Mute, unmute, push-to-talk."""
        wish = SetMicrophone(muted=muted, push_to_talk=push_to_talk, talking=talking)
        news = {name: value for name, value in asdict(wish).items() if value is not None}
        self._microphone = replace(self._microphone, **news)
        self._call(wish)

    def close(self) -> None:
        """Give the devices back and close every socket."""
        endpoint = self._addresses.find("audio_io")
        if endpoint is not None:
            ended: list[object] = []
            request = StopAudio(session=self.session)
            self._caller.call(endpoint, request, _GOODBYE_S, ended.append, ended.append)
            while not ended:
                self.loop.poll(20)
                self._caller.tick(time.monotonic_ns())
        self.loop.remove(self._subscriber)
        self._caller.close()
        self._context.destroy(linger=0)

    def _call(self, request: Request) -> None:
        endpoint = self._addresses.find("audio_io")
        if endpoint is None:
            self._hold_ns = 0
            self.view.audio = None
            self.view.refusal = "the sound service is not there; it is being waited for"
            return
        if endpoint != self._endpoint:
            # A process that was restarted knows nothing of a mute: tell it before it listens.
            self._endpoint = endpoint
            self._caller.call(endpoint, self._microphone, _CALL_S, self._take, self._refused)
        self._caller.call(endpoint, request, _CALL_S, self._take, self._refused)

    def _take(self, status: AudioStatus) -> None:
        self.view.audio, self.view.refusal = status, ""

    def _refused(self, error: StreamTalkError) -> None:
        self.view.refusal = str(error)

    def _hear(self, parts: list[bytes]) -> None:
        if len(parts) != 3:  # noqa: PLR2004 — topic, header, payload
            return
        if parts[0] == self._addresses.topic:
            self._addresses.hear(parts[1])
        elif parts[0] == self._topic:
            try:
                self.view.hear(decode_as(_DECODER, parts[1]))
            except MessageError:
                return
