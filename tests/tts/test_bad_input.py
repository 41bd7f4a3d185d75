"""What the real voice does with orders that no sane program sends: a result, or a named error."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq

from tests.tts.conftest import Voice

pytestmark = pytest.mark.process

Map = dict[str, Any]
PLENTY = 1 << 40


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Voice]:
    """One voice for every rubbish of this module: none of it may spoil the next."""
    found = Voice(Path(tmp_path_factory.mktemp("v")), {"ENGINE": "espeak"})
    yield found
    found.close()


def ask(voice: Voice, header: bytes) -> Map:
    """The reply to a header over a plain REQ socket."""
    socket: zmq.Socket[bytes] = voice.context.socket(zmq.REQ)
    with socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(voice.endpoint)
        socket.send(header)
        assert socket.poll(20_000), "the voice never answered"
        reply: Map = msgpack.unpackb(socket.recv())
    return reply


class Orders:
    """Numbers answers, so that each order is a new one."""

    count = 0

    @classmethod
    def order(cls, text: object, **fields: object) -> bytes:
        """A `speak` as bytes."""
        cls.count += 1
        names = {"session": "s", "answer": f"a{cls.count}", "credit_samples": PLENTY}
        header = {"type": "speak", **names, "piece": 0, "text": text, **fields}
        return bytes(msgpack.packb(header))


NOTHING = ["", "   \n", "…!?", "😀🎉👍🏽🇩🇪", "\x00\x01\x1b\x7f", "\u200b\u202e\ufeff"]


@pytest.mark.parametrize("text", NOTHING)
def test_voice_says_nothing_of_what_has_no_word(voice: Voice, text: str) -> None:
    """A text without letter or digit is a piece of length 0, not an error and not silence."""
    reply = ask(voice, Orders.order(text))
    assert (reply["type"], reply["total_samples"], reply["marks"]) == ("spoken", 0, [])


ODD = {
    "one word": "z" * 4_000,
    "one hanzi": "龘" * 4_000,
    "digits": "7" * 4_000,
    "control": "one\x00two\x1b[31m three\x07",
    "right to left": "שלום עולם، مرحبا بالعالم",
    "override": "\u202egnirts desrever\u202c",
    "ssml": '<speak>hello <break time="100s"/> <audio src="file:///etc/passwd"/></speak>',
    "entities": "&lt;break time=&quot;9s&quot;/&gt; & ]]> hello",
    "phonemes": "[[h@l'oU]] hello",
    "combining": "e" + "\u0301" * 1_000,
    "digits of others": "٣ १२ ①",
    "emoji among words": "hello 😀 world 🎉",
    "nested markup": "*" * 2_000 + "word" + "*" * 1_990,
    "backticks": "`" * 3_990 + "word",
    "formula": "$" + "\\frac{" * 600 + "x" + "}" * 300 + "$",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_voice_says_what_is_odd(voice: Voice, text: str) -> None:
    """What has words is speech; its marks lie in the text, and no markup makes it last longer."""
    reply = ask(voice, Orders.order(text))
    assert reply["type"] == "spoken", reply
    assert 2_000 < reply["total_samples"] < 24_000 * (2 + len(text))
    marks = [(mark["char"], mark["sample"]) for mark in reply["marks"]]
    assert marks == sorted(marks)
    assert all(char < len(text) and sample <= reply["total_samples"] for char, sample in marks)


LONG = "word " * 20_000
HALF = msgpack.packb("half @ pair").replace(b"@", b"\xff")
PAIR = msgpack.packb("half @@@ pair").replace(b"@@@", b"\xed\xa0\x80")
REFUSED = {
    "100 kB": (Orders.order(LONG), "malformed", "4000"),
    "5,000-character word": (Orders.order("z" * 5_000), "malformed", "4000"),
    "no text": (Orders.order(None), "malformed", "$.text"),
    "a number": (Orders.order(7), "malformed", "$.text"),
    "no UTF-8": (Orders.order("@!@").replace(msgpack.packb("@!@"), HALF), "malformed", "utf-8"),
    "surrogate": (Orders.order("@!@").replace(msgpack.packb("@!@"), PAIR), "malformed", "utf-8"),
    "language of nobody": (Orders.order("hi", language="tlh"), "language", "have another engine"),
    "language of noise": (Orders.order("hi", language="\x00;rm"), "language", "no voice for"),
    "long language": (Orders.order("hi", language="e" * 65), "malformed", "$.language"),
    "voice of nobody": (Orders.order("hi", voice="klingon"), "language", "list the voices"),
    "voice of a path": (Orders.order("hi", voice="../../etc/passwd"), "language", "no voice"),
    "script of nobody": (Orders.order("ꦲꦏ꧀ꦱꦫ"), "language", "'jv'"),
    "dead script": (Orders.order("ᚠᚢᚦᚨᚱᚲ"), "language", "'runic'"),
    "rate 0": (Orders.order("hi", rate=0), "malformed", "$.rate"),
    "rate NaN": (Orders.order("hi", rate=float("nan")), "malformed", "$.rate"),
    "volume infinite": (Orders.order("hi", volume=float("inf")), "malformed", "$.volume"),
    "piece below 0": (Orders.order("hi", piece=-1), "malformed", "$.piece"),
    "session": (Orders.order("hi", session="S 1"), "malformed", "$.session"),
    "version": (Orders.order("hi", v=2), "wrong_version", "speaks 1"),
}


@pytest.mark.parametrize("header,code,advice", REFUSED.values(), ids=REFUSED.keys())
def test_voice_refuses_what_it_cannot_say(
    voice: Voice, header: bytes, code: str, advice: str
) -> None:
    """Each with a code and a sentence that names what is wrong with which field."""
    reply = ask(voice, header)
    assert (reply["type"], reply.get("code")) == ("refusal", code), reply
    assert advice.lower() in reply["message"].lower()
    assert not reply["retryable"]


def test_voice_is_well_after_all_of_it(voice: Voice) -> None:
    """Rubbish of a caller says nothing of the engine: it stays ready, and says the next word."""
    for header, _, _ in REFUSED.values():
        ask(voice, header)
    health = voice.health()
    assert (health.instance.ready, health.instance.live, health.work.failed) == (True, True, 0)
    assert ask(voice, Orders.order("Hello."))["total_samples"] > 6_000
