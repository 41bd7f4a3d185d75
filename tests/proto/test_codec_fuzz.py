"""Whatever arrives, the codec gives a message or one of the wire's own errors."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.proto.codec import MESSAGES, decode, decode_request, encode
from streamtalk.proto.errors import (
    MalformedError,
    MessageError,
    UnknownMessageError,
    WrongVersionError,
)
from streamtalk.proto.limits import MAX_HEADER_BYTES
from streamtalk.proto.message import Message
from tests.support.messages import EXAMPLES

pytestmark = pytest.mark.unit

GOOD = st.sampled_from([encode(message) for message in EXAMPLES.values()])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=100)
    | st.binary(max_size=100)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def _decodes_or_refuses(raw: bytes) -> None:
    try:
        message = decode(raw)
    except MessageError:
        return
    assert isinstance(message, Message)
    assert encode(decode(encode(message))) == encode(message)


@given(st.binary(max_size=2_000))
def test_random_bytes_raise_only_wire_errors(raw: bytes) -> None:
    """Noise is refused, never anything worse."""
    _decodes_or_refuses(raw)


@given(GOOD, st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8))
def test_flipped_bytes_raise_only_wire_errors(raw: bytes, flips: list[tuple[int, int]]) -> None:
    """A good message with some bytes overwritten is read or refused."""
    changed = bytearray(raw)
    for place, value in flips:
        changed[place % len(changed)] = value
    _decodes_or_refuses(bytes(changed))


@given(GOOD, st.integers(0, 10_000), st.binary(max_size=20))
def test_cut_message_is_refused(raw: bytes, cut: int, tail: bytes) -> None:
    """A message that ends early, with something else behind or nothing, is never half-read."""
    _decodes_or_refuses(raw[: cut % len(raw)] + tail)


@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_wrong_types_raise_only_wire_errors(tag: str, data: st.DataObject) -> None:
    """Any value in any field is read or refused."""
    fields = msgpack.unpackb(encode(EXAMPLES[tag]))
    name = data.draw(st.sampled_from(sorted(fields)))
    _decodes_or_refuses(msgpack.packb({**fields, name: data.draw(VALUES)}))


@pytest.mark.parametrize("nest", [b"\x91", b"\x81\xa1a"])
@pytest.mark.parametrize("key", [b"\xa4type", b"\xa1x", b"\xa1v"])
def test_deep_nesting_is_refused(nest: bytes, key: bytes) -> None:
    """A header that nests arrays or maps without end is malformed, not a crash."""
    depth = (MAX_HEADER_BYTES - 100) // len(nest)
    raw = b"\x82" + key + nest * depth + b"\xc0" + b"\xa4type\xa5probe"
    with pytest.raises(MalformedError):
        decode(raw)


@pytest.mark.parametrize("claim", [b"\xdd", b"\xdf", b"\xdb", b"\xc6"])
def test_claimed_length_costs_no_memory(claim: bytes) -> None:
    """A part that claims 4 GiB which are not there is refused at once."""
    raw = b"\x82\xa4type\xa5probe\xa1x" + claim + b"\xff\xff\xff\xff"
    with pytest.raises(MalformedError):
        decode(raw)


def test_oversized_header_is_refused_before_decoding() -> None:
    """One byte above the limit is enough, whatever stands in it."""
    good = msgpack.packb({"type": "probe", "v": 1, "x": b""})
    fill = b"\0" * (MAX_HEADER_BYTES - len(good) - 3)
    fitting = msgpack.packb({"type": "probe", "v": 1, "x": fill})
    assert len(fitting) == MAX_HEADER_BYTES
    decode(fitting)
    with pytest.raises(MalformedError, match=f"at most {MAX_HEADER_BYTES}"):
        decode(fitting + b"\0")


@pytest.mark.parametrize("version", [0, 2, 2**63])
def test_other_version_is_named(version: int) -> None:
    """A request of another version is refused as such, even with fields nobody knows."""
    raw = msgpack.packb({"type": "from_the_future", "v": version, "novel": 1})
    with pytest.raises(WrongVersionError, match=str(version)):
        decode(raw)


def test_unknown_type_is_named_and_cut() -> None:
    """The error quotes the type, but never a megabyte of it."""
    with pytest.raises(UnknownMessageError, match="no_such_thing"):
        decode(msgpack.packb({"type": "no_such_thing"}))
    with pytest.raises(UnknownMessageError) as caught:
        decode(msgpack.packb({"type": "x" * 100_000}))
    assert len(str(caught.value)) < 200


def test_reply_is_no_request() -> None:
    """A socket that serves calls refuses well-formed messages that are none."""
    with pytest.raises(UnknownMessageError, match="'ok' is not a request"):
        decode_request(encode(EXAMPLES["ok"]))


@pytest.mark.parametrize("field", ["session", "piece", "text", "rate"])
def test_value_out_of_bounds_names_its_field(field: str) -> None:
    """Bounds are checked while decoding, so no service has to check them again."""
    bad = {"session": "kitchen\n", "piece": 2**53, "text": "x" * 4_001, "rate": float("nan")}
    fields = msgpack.unpackb(encode(EXAMPLES["speak"]))
    with pytest.raises(MalformedError, match=rf"\$\.{field}"):
        decode(msgpack.packb({**fields, field: bad[field]}))


def test_tags_are_snake_case() -> None:
    """A type on the wire is the class's name in snake_case, so one can be found from the other."""
    for tag, kind in MESSAGES.items():
        assert tag.replace("_", "") == kind.__name__.lower()
