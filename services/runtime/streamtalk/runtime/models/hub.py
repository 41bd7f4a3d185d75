"""What a model hub says of a repository: the files of a commit with their sizes and checksums.

The protocol is that of Hugging Face: `/api/models/<id>/revision/<revision>?blobs=true`, and
`/<id>/resolve/<commit>/<path>` for the content, which may redirect and answers byte ranges.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Final, Protocol

import httpx
import msgspec

from streamtalk.proto.errors import EngineError, InputError
from streamtalk.runtime.models.shelf import check_id

_LISTING_LIMIT_BYTES: Final = 4_000_000
_FILE_LIMIT_BYTES: Final = 10_000_000_000

Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40,64}$")]


class Digest(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""
        ...

    def hexdigest(self) -> str:
        """The checksum of all bytes so far."""
        ...


class _Lfs(msgspec.Struct):
    sha256: Hex
    size: int


class HubFile(msgspec.Struct, frozen=True, rename={"path": "rfilename", "blob": "blobId"}):
    """One file of a commit."""

    path: str
    size: Annotated[int, msgspec.Meta(ge=0, le=_FILE_LIMIT_BYTES)]
    blob: Hex
    """Git's checksum: SHA-1 of a header with the size, and the content."""

    lfs: _Lfs | None = None
    """Of large files, SHA-256 of the content."""

    def digest(self) -> Digest:
        """A checksum to feed with the content."""
        if self.lfs is not None:
            return hashlib.sha256()
        return hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)

    @property
    def checksum(self) -> str:
        """What the checksum of the content must be."""
        return self.blob if self.lfs is None else self.lfs.sha256


@dataclass(frozen=True)
class Selection:
    """What of a repository makes a model of some kind."""

    kind: str
    """Name of the kind, for messages."""

    wanted: re.Pattern[str]
    """Paths that are fetched: the whole path has to fit."""

    needed: str
    """One of them, without which it is another kind of model."""

    def takes(self, path: str) -> bool:
        """Whether it is one of them, and stays in the model's folder."""
        return bool(self.wanted.fullmatch(path)) and not {"", ".", ".."} & set(path.split("/"))


class Listing(msgspec.Struct, frozen=True, rename={"commit": "sha", "files": "siblings"}):
    """A commit and its files."""

    commit: Hex
    files: list[HubFile]


def read_listing(client: httpx.Client, model: str, revision: str, selection: Selection) -> Listing:
    """The selected files that a revision of `model` holds.

    Raises:
        InputError: the hub has no such model.
        EngineError: the hub answers otherwise than expected, or the model is of another kind.
        httpx.TransportError: the hub cannot be reached.
    """
    reply = client.get(f"/api/models/{check_id(model)}/revision/{revision}?blobs=true")
    if reply.status_code in {401, 403, 404}:
        raise InputError(f"the hub has no model {model!r} at {revision!r} that all may read")
    if reply.status_code != httpx.codes.OK or len(reply.content) > _LISTING_LIMIT_BYTES:
        raise EngineError(f"the hub answered {reply.status_code} for {model}; try again later")
    try:
        listing = msgspec.json.decode(reply.content, type=Listing)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EngineError(f"the hub does not list the files of {model}: {error}") from error
    files = [file for file in listing.files if selection.takes(file.path)]
    if all(file.path != selection.needed for file in files):
        raise EngineError(f"{model} is no {selection.kind}: it has no {selection.needed}")
    return Listing(listing.commit, files)
