"""Fetches a model from a hub: resumed where it broke off, and checked when it is whole.

Whatever has its name is whole, and nothing is fetched twice. `fetch` blocks, so it belongs on a
thread that may wait; `report` is called there, and its false stops it.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from streamtalk.proto.errors import EngineMissingError, InputError
from streamtalk.runtime.models.hub import HubFile, Listing, Selection, read_listing
from streamtalk.runtime.models.part import Part
from streamtalk.runtime.models.progress import Progress, Report, StoppedError
from streamtalk.runtime.models.shelf import CURRENT, home_of

HUB: Final = "https://huggingface.co"
_TIMEOUT_S: Final = 20.0
_TRIES: Final = 5
_PAUSE_S: Final = 1.0
_SPARE_BYTES: Final = 200_000_000


class Downloader:
    """Fetches models from one hub to one folder.

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
        self,
        model: str,
        selection: Selection,
        report: Report = lambda _: True,
        revision: str = "main",
    ) -> Path | None:
        """Folder with the selected files, all whole; None where `report` stopped it.

        Raises:
            InputError: no such model, an address that is none, a disk that is full or takes
                nothing, or it is being fetched already.
            EngineMissingError: the hub cannot be reached.
            EngineError: the hub sends something else than it lists, or has no such kind of model.
        """
        try:
            return self._fetch(model, selection, report, revision)
        except httpx.InvalidURL as error:
            raise InputError(f"{self._endpoint} is no address of a hub: {error}") from error
        except OSError as error:
            why = error.strerror or error
            raise InputError(f"{self._folder} cannot be written: {why}") from error

    def _fetch(
        self, model: str, selection: Selection, report: Report, revision: str
    ) -> Path | None:
        home = home_of(model, self._folder)
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home), self._client() as client:
            try:
                listing = self._patiently(
                    lambda: read_listing(client, model, revision, selection), model
                )
                path = home / listing.commit
                _check_room(home, listing, path)
                self._fetch_all(client, model, listing, _Tally(model, listing, report), path)
            except StoppedError:
                return None
            _write(home / CURRENT, listing.commit)
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
                part = Part(target, file, partial(tally.tell, file))
                tally.tell(file, part.size_bytes)
                url = f"/{model}/resolve/{listing.commit}/{file.path}"
                self._fetch_file(client, url, part, model)
            tally.add_file(file)

    def _fetch_file(self, client: httpx.Client, url: str, part: Part, model: str) -> None:
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
            "model in a folder and name that folder"
        )


class _Tally:
    """Counts the bytes of all files, and asks whether to go on."""

    def __init__(self, model: str, listing: Listing, report: Report) -> None:
        self._model = model
        self._total_bytes = sum(file.size for file in listing.files)
        self._done_bytes = 0
        self._report = report

    def add_file(self, file: HubFile) -> None:
        """This file is whole."""
        self._done_bytes += file.size
        self.tell(file, 0)

    def tell(self, file: HubFile, here_bytes: int) -> None:
        """Report with `here_bytes` of this file; raises StoppedError where no more is wanted."""
        done_bytes = self._done_bytes + here_bytes
        if not self._report(Progress(self._model, file.path, done_bytes, self._total_bytes)):
            raise StoppedError


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
