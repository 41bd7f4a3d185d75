"""Logs through a queue into own rotating files: a stopped supervisor must never block a service."""

import atexit
import json
import logging
import logging.handlers
import os
import queue
import sys
import time
from pathlib import Path
from typing import Final

LEVEL_VARIABLE: Final = "STREAMTALK_LOG_LEVEL"
_FILE_BYTES: Final = 2 << 20
_FILES: Final = 3
_QUEUE_RECORDS: Final = 10_000
_OPEN: Final[dict[str, logging.handlers.QueueListener]] = {}


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record; fields given as `extra={"fields": {...}}` are merged in."""
        row = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "service": record.name.removeprefix("streamtalk."),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            row["trace"] = self.formatException(record.exc_info)
        return json.dumps(row, ensure_ascii=False)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 — logging calls it so
        """UTC with milliseconds."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"{stamp}.{int(record.msecs):03d}Z"


class DroppingQueueHandler(logging.handlers.QueueHandler):
    """Hands records to the writing thread; drops and counts them when the disk does not keep up."""

    def __init__(self, records: "queue.Queue[logging.LogRecord]") -> None:
        super().__init__(records)
        self.dropped = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        """Put without ever waiting."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1


class OncePerSecond(logging.Filter):
    """Lets each message template pass at most once a second: for what a peer can provoke."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record may pass."""
        if not getattr(record, "limited", False):
            return True
        if record.created - self._last.get(record.msg, 0.0) < 1.0:
            return False
        self._last[record.msg] = record.created
        return True


def open_log(service: str, folder: Path, slot: str) -> logging.Logger:
    """The logger of this process: `<slot>.log` (2 MiB, 3 files), and stderr on a terminal."""
    logging.raiseExceptions = False
    log = logging.getLogger(f"streamtalk.{service}")
    log.setLevel(os.environ.get(LEVEL_VARIABLE, "INFO").upper())
    log.propagate = False
    file = logging.handlers.RotatingFileHandler(
        folder / f"{slot}.log",
        maxBytes=_FILE_BYTES,
        backupCount=_FILES - 1,
        encoding="utf-8",
        delay=True,
    )
    file.setFormatter(JsonFormatter())
    sinks: list[logging.Handler] = [file]
    if sys.stderr.isatty():
        terminal = logging.StreamHandler()
        terminal.setFormatter(logging.Formatter("%(levelname).1s %(name)s %(message)s"))
        sinks.append(terminal)
    records: queue.Queue[logging.LogRecord] = queue.Queue(_QUEUE_RECORDS)
    handler = DroppingQueueHandler(records)
    handler.addFilter(OncePerSecond())
    log.handlers = [handler]
    listener = logging.handlers.QueueListener(records, *sinks)
    listener.start()
    _OPEN[log.name] = listener
    atexit.register(close_log, log)
    return log


def close_log(log: logging.Logger) -> None:
    """Write what still waits, and end the writing thread; idempotent."""
    listener = _OPEN.pop(log.name, None)
    if listener is not None:
        listener.stop()
        log.handlers = []
        for sink in listener.handlers:
            sink.close()
