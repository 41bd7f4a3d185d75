"""The bus as a service: the forwarder, and a thread that answers probes about it."""

import time
from typing import Final

from streamtalk.bus.config import BusConfig
from streamtalk.bus.forwarder import Forwarder
from streamtalk.runtime.engine_thread import Activity
from streamtalk.runtime.service import HOUSEKEEPING_NS, Service, ServiceContext

_ENDED: Final = "the forwarder has ended"


class BusService(Service[BusConfig]):
    """Owns the two bus endpoints."""

    service = "bus"
    trim_ns = 3_000_000_000
    """Subscriptions of a peer that has left are free memory, which libzmq would keep."""

    def __init__(self, context: ServiceContext, config: BusConfig) -> None:
        self._forwarder = Forwarder(context.run_dir)
        self._ended_ns = 0
        super().__init__(context, config)

    def on_tick(self, now_ns: int) -> int:
        """Stop being ready when the forwarder has ended."""
        if not self._forwarder.alive and not self._ended_ns:
            self._ended_ns = now_ns
            self.become_failed(_ENDED, "work")
        return now_ns + HOUSEKEEPING_NS

    def activity(self) -> Activity:
        """Without its forwarder it hangs: nothing but a new process helps."""
        if not self._ended_ns:
            return super().activity()
        return Activity(_ENDED, (time.monotonic_ns() - self._ended_ns) / 1e6, 0.0)

    def on_close(self) -> None:
        """End the forwarder."""
        self._forwarder.close()
