"""Fetches a checkpoint from a model hub: resumed where it broke off, and checked when it is whole.

A file grows as `NAME.part` and gets its name when its checksum is right, so whatever has its name
is whole. Nothing is fetched twice.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from streamtalk.proto.errors import EngineError, EngineMissingError, InputError
from streamtalk.tts.spark.hub import Digest, HubFile, Listing, check_id, read_listing

HUB: Final = "https://huggingface.co"
PUBLISHED: Final = "SparkAudio/Spark-TTS-0.5B"
"""Weights under CC-BY-NC-SA-4.0: not for commercial use."""

_TIMEOUT_S: Final = 20.0
_TRIES: Final = 5
_PAUSE_S: Final = 1.0
_CHUNK_BYTES: Final = 1 << 20
_SPARE_BYTES: Final = 200_000_000


@dataclass(frozen=True)
class Progress:
    """How much of a checkpoint is here."""

    file: str
    done_bytes: int
    total_bytes: int


Report = Callable[[Progress], bool]
"""Hears of every megabyte and every file; false: stop, and keep what is there for the next time."""


class _StoppedError(Exception):
    """The caller wants no more."""


def default_folder() -> Path:
    """Where models are kept: in the person's cache directory."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "streamtalk" / "models"


def cached(model: str, folder: Path) -> Path | None:
    """The checkpoint of `model` that was fetched last; None: there is none."""
    home = _home(model, folder)
    try:
        commit = (home / "current").read_text().strip()
    except FileNotFoundError:
        return None
    path = home / commit
    return path if commit.isalnum() and path.is_dir() else None


class Downloader:
    """Fetches checkpoints from one hub to one folder.

    `endpoint` is the hub's address; empty: that of HF_ENDPOINT, else Hugging Face. `pause` waits
    that many seconds before a broken connection is tried again.
    """

    def __init__(
        self, folder: Path, endpoint: str = "", pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._folder = folder
        self._endpoint = endpoint or os.environ.get("HF_ENDPOINT") or HUB
        self._pause = pause

    def fetch(
        self, model: str = PUBLISHED, report: Report = lambda _: True, revision: str = "main"
    ) -> Path | None:
        """Folder of the whole checkpoint; None where `report` stopped it.

        Raises:
            InputError: no such model, no room on the disk, or it is being fetched already.
            EngineMissingError: the hub cannot be reached and nothing is here.
            EngineError: the hub sends something else than it lists.
        """
        home = _home(model, self._folder)
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home), self._client() as client:
            try:
                listing = self._patiently(lambda: read_listing(client, model, revision), model)
                path = home / listing.commit
                _check_room(home, listing, path)
                self._fetch_all(client, model, listing, _Tally(listing, report), path)
            except _StoppedError:
                return None
            _write(home / "current", listing.commit)
            return path

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self._endpoint,
            timeout=_TIMEOUT_S,
            follow_redirects=True,
            headers={"Accept-Encoding": "identity", "User-Agent": "stream-talk"},
        )

    def _fetch_all(
        self, client: httpx.Client, model: str, listing: Listing, tally: "_Tally", path: Path
    ) -> None:
        for file in listing.files:
            target = path / file.path
            if not target.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                part = _Part(target, file, tally)
                url = f"/{model}/resolve/{listing.commit}/{file.path}"
                self._fetch_file(client, url, part, model)
            tally.add_file(file)

    def _fetch_file(self, client: httpx.Client, url: str, part: "_Part", model: str) -> None:
        """Go on until the part is whole; only tries that brought nothing are counted."""
        failures = 0
        while not part.whole:
            before = part.size_bytes
            try:
                part.extend(client, url)
            except httpx.TransportError as error:
                failures = failures + 1 if part.size_bytes <= before else 0
                if failures == _TRIES:
                    raise self._offline(model, error) from error
                self._pause(_PAUSE_S * 2**failures)
        part.finish()

    def _patiently(self, ask: Callable[[], Listing], model: str) -> Listing:
        for failures in range(1, _TRIES + 1):
            try:
                return ask()
            except httpx.TransportError as error:
                if failures == _TRIES or isinstance(error, httpx.ConnectError):
                    raise self._offline(model, error) from error
                self._pause(_PAUSE_S * 2**failures)
        raise AssertionError("the last try returns or raises")

    def _offline(self, model: str, error: httpx.TransportError) -> EngineMissingError:
        return EngineMissingError(
            f"{self._endpoint} cannot be reached ({type(error).__name__}), so {model} could not be "
            "fetched; run this again with a network: it goes on where it stopped. Or put the "
            "checkpoint in a folder and name that folder"
        )


class _Tally:
    """Counts the bytes of all files, and asks whether to go on."""

    def __init__(self, listing: Listing, report: Report) -> None:
        self._total_bytes = sum(file.size for file in listing.files)
        self._done_bytes = 0
        self._report = report

    def add_file(self, file: HubFile) -> None:
        """This file is whole."""
        self._done_bytes += file.size
        self.tell(file, 0)

    def tell(self, file: HubFile, here_bytes: int) -> None:
        """Report with `here_bytes` of this file; raises _StoppedError where no more is wanted."""
        done = Progress(file.path, self._done_bytes + here_bytes, self._total_bytes)
        if not self._report(done):
            raise _StoppedError


class _Part:
    """A file that is not whole yet."""

    def __init__(self, target: Path, file: HubFile, tally: _Tally) -> None:
        self._target = target
        self._path = target.with_name(f"{target.name}.part")
        self._file = file
        self._tally = tally
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
                    if here_bytes - told_bytes >= _CHUNK_BYTES:
                        told_bytes = here_bytes
                        self._tally.tell(self._file, here_bytes)

    def finish(self) -> None:
        """Check the content and give the file its name."""
        digest: Digest = self._file.digest()
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
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


def _home(model: str, folder: Path) -> Path:
    return folder / check_id(model).replace("/", "--")


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{home.name} is being fetched by another process") from error
        yield


def _check_room(home: Path, listing: Listing, path: Path) -> None:
    here = sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
    missing_bytes = sum(file.size for file in listing.files) - here + _SPARE_BYTES
    free_bytes = shutil.disk_usage(home).free
    if missing_bytes > free_bytes:
        raise InputError(
            f"{home} has {free_bytes // 10**6} MB free and needs {missing_bytes // 10**6} MB"
        )


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(text)
    temporary.replace(path)
