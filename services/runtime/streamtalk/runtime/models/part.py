"""A file that is not whole yet: it grows as `NAME.part`, and gets its name with its checksum."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx

from streamtalk.proto.errors import EngineError
from streamtalk.runtime.models.hub import Digest, HubFile

TOLD_BYTES: Final = 1 << 18
"""A report for so much that came: also on a slow line soon enough to be stopped."""

_READ_BYTES: Final = 1 << 20


class Part:
    """What is here of a file; `tell` hears how many bytes that are."""

    def __init__(self, target: Path, file: HubFile, tell: Callable[[int], None]) -> None:
        self._target = target
        self._path = target.with_name(f"{target.name}.part")
        self._file = file
        self._tell = tell
        self._path.touch()
        if self.size_bytes > file.size:
            self._path.write_bytes(b"")

    @property
    def size_bytes(self) -> int:
        """Bytes that are here."""
        return self._path.stat().st_size

    @property
    def whole(self) -> bool:
        """Whether all bytes are here; their checksum is another matter."""
        return self.size_bytes == self._file.size

    def extend(self, client: httpx.Client, url: str) -> None:
        """Append what one answer brings."""
        start = self.size_bytes
        headers = {"Range": f"bytes={start}-"} if start else {}
        with client.stream("GET", url, headers=headers) as reply:
            resumed = _accept(reply, start, self._file)
            with self._path.open("ab" if resumed else "wb") as out:
                told_bytes = out.tell()
                # Unbuffered: what came before a connection broke is kept.
                for chunk in reply.iter_raw():
                    here_bytes = out.tell() + len(chunk)
                    if here_bytes > self._file.size:
                        raise EngineError(f"the hub sends more of {self._file.path} than it lists")
                    out.write(chunk)
                    if here_bytes - told_bytes >= TOLD_BYTES:
                        told_bytes = here_bytes
                        self._tell(here_bytes)

    def finish(self) -> None:
        """Check the content and give the file its name."""
        digest: Digest = self._file.digest()
        with self._path.open("rb") as file:
            while chunk := file.read(_READ_BYTES):
                digest.update(chunk)
        if digest.hexdigest() != self._file.checksum:
            self._path.unlink()
            raise EngineError(
                f"{self._file.path} has the wrong checksum and was removed; run this again, and if "
                "it stays wrong, do not trust this hub"
            )
        self._path.replace(self._target)


def _accept(reply: httpx.Response, start: int, file: HubFile) -> bool:
    """Whether the answer goes on at `start` (true) or begins anew (false)."""
    if reply.status_code == httpx.codes.PARTIAL_CONTENT:
        if reply.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            return True
        raise EngineError(f"the hub answers another range of {file.path} than was asked for")
    if reply.status_code == httpx.codes.OK:
        return False
    if reply.is_server_error or reply.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise httpx.ReadError(f"status {reply.status_code}")
    raise EngineError(f"the hub answered {reply.status_code} for {file.path}; try again later")
