"""The bytes of every message stay what `proto/golden` says, both ways."""

import json
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest

from streamtalk.proto.codec import MESSAGES, decode, encode
from streamtalk.proto.message import Message
from tests.support.messages import EXAMPLES, tag_of
from tools.proto_golden import GOLDEN_DIR

pytestmark = pytest.mark.contract

TAGS = sorted(MESSAGES)


def _golden(tag: str) -> tuple[bytes, dict[str, Any]]:
    content = json.loads((GOLDEN_DIR / f"{tag}.json").read_text(encoding="utf-8"))
    return bytes.fromhex(content["hex"]), content["fields"]


def test_golden_exists_for_every_message() -> None:
    """A message type without golden bytes, or bytes without a type, is found."""
    assert {path.stem for path in Path(GOLDEN_DIR).glob("*.json")} == set(TAGS)
    assert set(EXAMPLES) == set(TAGS)


@pytest.mark.parametrize("tag", TAGS)
def test_example_sets_every_field(tag: str) -> None:
    """Golden bytes cover each field: no example leaves one at its default."""
    message = EXAMPLES[tag]
    at_default = [
        field.name
        for field in msgspec.structs.fields(message)
        if field.name != "v" and getattr(message, field.name) == field.default
    ]
    assert at_default == []


@pytest.mark.parametrize("tag", TAGS)
def test_encode_gives_the_golden_bytes(tag: str) -> None:
    """What this version sends is what every other process expects."""
    raw, _ = _golden(tag)
    assert encode(EXAMPLES[tag]).hex() == raw.hex()


@pytest.mark.parametrize("tag", TAGS)
def test_decode_reads_the_golden_bytes(tag: str) -> None:
    """Bytes of another process become the same message, of the same type."""
    raw, _ = _golden(tag)
    message = decode(raw)
    assert message == EXAMPLES[tag]
    assert tag_of(message) == tag


@pytest.mark.parametrize("tag", TAGS)
def test_foreign_reader_sees_the_same_fields(tag: str) -> None:
    """The plain msgpack package reads every message as a map with the documented names."""
    raw, fields = _golden(tag)
    seen = msgpack.unpackb(raw)
    assert seen == fields
    assert seen["type"] == tag
    assert set(seen) == {"type", *(field.name for field in msgspec.structs.fields(MESSAGES[tag]))}


@pytest.mark.parametrize("tag", TAGS)
def test_foreign_writer_is_understood(tag: str) -> None:
    """Bytes that the plain msgpack package wrote, in another key order, decode to the message."""
    _, fields = _golden(tag)
    raw = msgpack.packb(dict(reversed(fields.items())))
    assert decode(raw) == EXAMPLES[tag]


@pytest.mark.parametrize("tag", TAGS)
def test_unknown_field_is_ignored(tag: str) -> None:
    """A sender of a later minor change, with a field more, is still understood."""
    _, fields = _golden(tag)
    raw = msgpack.packb({**fields, "added_later": {"deep": [1, b"2", None]}})
    assert decode(raw) == EXAMPLES[tag]


@pytest.mark.parametrize("tag", TAGS)
def test_fields_with_defaults_may_be_left_out(tag: str) -> None:
    """A sender that states only what is required is understood."""
    kind = MESSAGES[tag]
    required = {field.encode_name for field in msgspec.structs.fields(kind) if field.required}
    _, fields = _golden(tag)
    message: Message = decode(
        msgpack.packb({"type": tag, **{name: fields[name] for name in sorted(required)}})
    )
    assert isinstance(message, kind)


@pytest.mark.parametrize("tag", TAGS)
def test_missing_required_field_is_named(tag: str) -> None:
    """A message that lacks what it needs is refused, and the refusal names the field."""
    kind = MESSAGES[tag]
    required = [field.encode_name for field in msgspec.structs.fields(kind) if field.required]
    _, fields = _golden(tag)
    for name in required:
        raw = msgpack.packb({key: value for key, value in fields.items() if key != name})
        with pytest.raises(Exception, match=name) as caught:
            decode(raw)
        assert getattr(caught.value, "code", None) == "malformed"
