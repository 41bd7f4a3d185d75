"""Calls from a command to a running stack: services are found through the registry."""

import time
from typing import Any, Final, TypeVar

import zmq

from streamtalk.client.closing import Closing
from streamtalk.client.directory import usable
from streamtalk.client.peer import Peer
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext
from streamtalk.proto.directory import Directory, Instance, Lookup
from streamtalk.proto.errors import NotReadyError, StreamTalkError
from streamtalk.proto.message import Reply, Request

R = TypeVar("R", bound=Reply)
_LOOKUP_S: Final = 2.0
_AGAIN_S: Final = 0.2
PATIENCE_S: Final = 10.0
"""A service that is being restarted is waited for this long."""


class Reach(Closing):
    """One ZeroMQ context for the calls of one command; a context manager, for one thread."""

    def __init__(self, run_dir: RunDir) -> None:
        self.run_dir = run_dir
        self.context: zmq.Context[Any] = BoundedContext()

    def close(self) -> None:
        """Give everything back."""
        self.context.destroy(linger=0)

    def directory(self) -> Directory:
        """Every instance; raises NotReadyError where no stack runs."""
        try:
            with Peer(self.context, self.run_dir.registry) as registry:
                return registry.call(Lookup(), Directory, _LOOKUP_S)
        except StreamTalkError as error:
            message = f"no stack answers in {self.run_dir.path}: start one with `streamtalk up`"
            raise NotReadyError(message) from error

    def instance(self, service: str) -> Instance:
        """A usable instance; raises NotReadyError with the reason that there is none."""
        directory = self.directory()
        found = sorted(usable(directory, service), key=lambda i: (i.rank, i.queue))
        if found:
            return found[0]
        reasons = [i.reason or i.state for i in directory.instances if i.service == service]
        message = (
            f"no {service} is ready ({'; '.join(reasons) or 'none runs'}): see `streamtalk status`"
        )
        raise NotReadyError(message)

    def call(
        self,
        service: str,
        request: Request,
        expected: type[R],
        deadline_s: float,
        payload: bytes = b"",
    ) -> R:
        """One call to a usable instance."""
        with Peer(self.context, self.instance(service).endpoint) as peer:
            return peer.call(request, expected, deadline_s, payload)

    def call_patiently(
        self,
        service: str,
        request: Request,
        expected: type[R],
        deadline_s: float,
        payload: bytes = b"",
    ) -> R:
        """As `call`, made again elsewhere when the instance is lost; for calls without effects."""
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.call(service, request, expected, deadline_s, payload)
            except StreamTalkError as error:
                if not error.retryable or time.monotonic() > give_up:
                    raise
            time.sleep(_AGAIN_S)
