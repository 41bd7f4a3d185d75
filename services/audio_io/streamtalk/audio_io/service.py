"""From requests to the station: who holds the devices, and for how long."""

import time

from streamtalk.audio_io.config import AudioIoConfig
from streamtalk.audio_io.engine import ENGINES, SoundSystem
from streamtalk.audio_io.station import Station
from streamtalk.proto.device import GetAudioStatus, SetMicrophone, StartAudio, StopAudio
from streamtalk.proto.errors import EngineError, SessionError
from streamtalk.proto.message import Ok, Request
from streamtalk.runtime.engine_table import create_engine
from streamtalk.runtime.engine_thread import Activity
from streamtalk.runtime.responder import Call
from streamtalk.runtime.service import Service

_TICK_NS = 250_000_000
_ROUND_BUDGET_MS = 4_000.0


class AudioIoService(Service[AudioIoConfig]):
    """Devices are closed, for privacy, until somebody starts a session."""

    service = "audio_io"
    _station: Station | None = None
    _lease_ns: int | None = None

    def on_start(self) -> None:
        """Load the sound library; with `always_on` the devices open at once."""
        name = "portaudio" if self.config.engine == "auto" else self.config.engine
        settings = getattr(self.config.engines, name, None)
        try:
            system: SoundSystem = create_engine(self.service, ENGINES, name, settings)
        except EngineError as error:
            # Not tried again: a library is missing, and the machine may have no sound at all.
            self.become_failed(str(error), "")
            return
        # A process of this slot that was killed has left the socket of its edge.
        self.context.run_dir.clear_slot(self.service)
        self._station = Station(self.config, system, self.context.run_dir, self.log)
        self._station.start()
        if self.config.always_on:
            self._station.begin(self.config.session, self.config.language)
        self.become_ready()

    def on_request(self, request: Request, payload: bytes, call: Call) -> None:
        """Serve the calls of `proto/device.py`."""
        station = self._ready_station()
        if isinstance(request, StartAudio):
            self._start(station, request)
        elif isinstance(request, StopAudio):
            self._stop(station, request.session)
            call.reply(Ok())
            return
        elif isinstance(request, SetMicrophone):
            station.gate.set(
                muted=request.muted, push_to_talk=request.push_to_talk, talking=request.talking
            )
        elif not isinstance(request, GetAudioStatus):
            super().on_request(request, payload, call)
            return
        call.reply(station.status())

    def on_tick(self, now_ns: int) -> int:
        """Close what nobody holds any more; log what changed."""
        station = self._station
        if station is not None:
            if self._lease_ns is not None and now_ns >= self._lease_ns:
                self.log.warning("nobody holds the session any more; closing the devices")
                self._finish(station)
            station.tell()
        return now_ns + _TICK_NS

    def describe(self) -> dict[str, object]:
        """The engine, and that a session may be held here."""
        return {"engine": "portaudio" if self.config.engine == "auto" else self.config.engine}

    def activity(self) -> Activity:
        """Whether the thread of the sockets still comes round."""
        if self._station is None:
            return Activity("", 0.0, 0.0)
        silent_ms = self._station.edge.silent_ms(time.monotonic_ns())
        return Activity("edge", silent_ms, _ROUND_BUDGET_MS)

    def on_close(self) -> None:
        """Give the devices back."""
        if self._station is not None:
            self._station.close()

    def _ready_station(self) -> Station:
        if self._station is None:
            raise EngineError(self.reason or "the sound library is not loaded yet")
        return self._station

    def _start(self, station: Station, request: StartAudio) -> None:
        if station.session is None:
            station.begin(request.session, request.language)
        elif station.session != request.session:
            message = f"the devices are held by session {station.session!r}; stop that one first"
            raise SessionError(message)
        always_on = self.config.always_on and request.session == self.config.session
        self._lease_ns = (
            None if always_on else time.monotonic_ns() + self.config.lease_ms * 1_000_000
        )

    def _stop(self, station: Station, session: str) -> None:
        if station.session == session:
            self._finish(station)

    def _finish(self, station: Station) -> None:
        self._lease_ns = None
        station.finish()
