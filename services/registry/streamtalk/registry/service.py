"""The registry as a service: registrations in, the directory out; it forwards no request."""

import contextlib
import os
import signal
import time
from typing import Final

import zmq

from streamtalk.proto.codec import encode
from streamtalk.proto.directory import Activate, Deregister, Lookup, Ping, Register, Registered
from streamtalk.proto.errors import UnknownMessageError
from streamtalk.proto.message import Ok, Request
from streamtalk.proto.topics import ALL_SESSIONS, topic
from streamtalk.registry.book import Book
from streamtalk.registry.config import RegistryConfig
from streamtalk.registry.snapshot import load_snapshot, save_snapshot
from streamtalk.runtime.process import process_runs
from streamtalk.runtime.responder import Call, Responder
from streamtalk.runtime.service import Service, ServiceContext

TOPIC: Final = topic("state", "directory", ALL_SESSIONS)
_PERIOD_NS: Final = 1_000_000_000
_CHECKS_AFTER_LOSS_NS: Final = (0, 2_000_000, 10_000_000, 50_000_000)
"""libzmq needs a moment until a lost peer is unreachable; when to look after a disconnection."""

_PING: Final = encode(Ping())


class RegistryService(Service[RegistryConfig]):
    """Owns the well-known endpoint; sees the death of an instance by its disconnection."""

    service = "registry"

    def __init__(self, context: ServiceContext, config: RegistryConfig) -> None:
        self._snapshot_path = context.run_dir.slots / "registry.json"
        self._book = Book(
            registry=context.instance,
            silent_after_ns=config.silent_after_ms * 1_000_000,
            forget_after_ns=config.forget_after_ms * 1_000_000,
        )
        self._book.restore(load_snapshot(self._snapshot_path), time.monotonic_ns(), process_runs)
        super().__init__(context, config)
        self._directory = Responder(
            self.zmq_context, context.run_dir.registry, self._on_call, self.log, context.metrics
        )
        router = self._directory.socket
        router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        router.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self._monitor = router.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self.reactor.add(router, self._directory.receive)
        self.reactor.add(self._monitor, self._on_disconnection)
        self._publish_due_ns = 0
        self._checks_ns: list[int] = []

    def on_request(self, request: Request, payload: bytes, call: Call) -> None:
        """Serve the directory."""
        del payload
        if isinstance(request, Register):
            changed = self._book.register(request.instance, time.monotonic_ns())
            call.reply(Registered(active=self._book.is_active(request.instance)))
            if changed:
                self._changed()
        elif isinstance(request, Lookup):
            call.reply(self._book.view())
        elif isinstance(request, Activate):
            self._book.activate(request.service, request.slots, request.awaited)
            self._changed(durable=True)
            call.reply(self._book.view())
        elif isinstance(request, Deregister):
            self._remove(request.instance)
            call.reply(Ok())
        else:
            message = f"the registry does not serve {type(request).__name__}"
            raise UnknownMessageError(message)

    def refuses_while_draining(self, request: Request) -> bool:
        """Keep the directory right to the end."""
        del request
        return False

    def on_tick(self, now_ns: int) -> int:
        """Expire the silent, look for the lost, repeat the directory."""
        if self._book.expire(now_ns):
            self._changed()
            self._end_silent_watchdog()
        while self._checks_ns and self._checks_ns[0] <= now_ns:
            self._checks_ns.pop(0)
            self._remove_unreachable()
        if now_ns >= self._publish_due_ns:
            self._publish(now_ns)
        return min([self._publish_due_ns, *self._checks_ns])

    def on_close(self) -> None:
        """Close the well-known endpoint."""
        self._directory.socket.disable_monitor()
        self._monitor.close()
        self._directory.close()

    def _on_disconnection(self, parts: list[bytes]) -> None:
        del parts
        now_ns = time.monotonic_ns()
        self._checks_ns = [now_ns + delay_ns for delay_ns in _CHECKS_AFTER_LOSS_NS]
        self.wake_at(now_ns)

    def _remove_unreachable(self) -> None:
        for instance in self._book.instance_ids():
            try:
                self._directory.socket.send_multipart([instance.encode(), b"", _PING], zmq.NOBLOCK)
            except zmq.Again:
                continue
            except zmq.ZMQError as error:
                if error.errno != zmq.EHOSTUNREACH:
                    raise
                self._remove(instance)

    def _end_silent_watchdog(self) -> None:
        """Who watches everybody is watched here: supervisord starts the next one."""
        for instance in self._book.view().instances:
            if instance.service == "watchdog" and not instance.live:
                self.log.error("the watchdog is silent; ending it")
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(instance.pid, signal.SIGKILL)

    def _remove(self, instance: str) -> None:
        if self._book.remove(instance):
            self._changed()

    def _changed(self, *, durable: bool = False) -> None:
        try:
            save_snapshot(self._snapshot_path, self._book.snapshot(), durable=durable)
        except OSError as error:
            fields = {"reason": error.strerror}
            self.log.warning("cannot save the directory", extra={"limited": True, "fields": fields})
        self._publish(time.monotonic_ns())

    def _publish(self, now_ns: int) -> None:
        self._publish_due_ns = now_ns + _PERIOD_NS
        self.publish(TOPIC, self._book.view())
