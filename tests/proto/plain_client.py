"""A program that knows only ZeroMQ and MessagePack: it speaks a text and has it transcribed.

Usage: plain_client.py RUN_DIR TEXT GRAMMAR    prints what was recognised and spoken, as JSON.
"""

import array
import json
import random
import sys
import time
from typing import Any

import msgpack
import zmq

NAMES = {"session": "plain-1", "answer": "a-1"}
WAIT_S = 60
Map = dict[str, Any]


def call(endpoint: str, header: Map, *payload: bytes) -> Map:
    """One call over a plain REQ socket."""
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REQ)
    with socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RCVTIMEO, WAIT_S * 1000)
        socket.connect(endpoint)
        socket.send_multipart([msgpack.packb({"v": 1, **header}), *payload])
        reply: Map = msgpack.unpackb(socket.recv_multipart()[0])
    if reply["type"] == "refusal":
        sys.exit(f"{reply['code']}: {reply['message']}")
    return reply


def find(run_dir: str, service: str) -> str:
    """The endpoint of a ready instance, as soon as the registry knows one."""
    for _ in range(WAIT_S * 10):
        directory = call(f"ipc://{run_dir}/s/registry.sock", {"type": "lookup"})
        ready = [i for i in directory["instances"] if i["service"] == service and i["ready"]]
        if ready:
            return str(ready[0]["endpoint"])
        time.sleep(0.1)
    sys.exit(f"no {service} is ready")


def speak(run_dir: str, endpoint: str, text: str) -> bytes:
    """The speech of a text, 24 kHz; what is missing is asked for until it is there."""
    made = call(endpoint, {"type": "speak", **NAMES, "piece": 0, "text": text})
    sub: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    pub: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
    pcm = b""
    with sub, pub:
        sub.setsockopt(zmq.SUBSCRIBE, f"v1.audio.speech.{NAMES['session']}.".encode())
        sub.connect(f"ipc://{run_dir}/s/bus-out.sock")
        pub.setsockopt(zmq.LINGER, 0)
        pub.connect(f"ipc://{run_dir}/s/bus-in.sock")
        while len(pcm) < 2 * made["total_samples"]:
            pub.send_multipart(wanted(len(pcm) // 2))
            while sub.poll(100):
                _, raw, payload = sub.recv_multipart()
                if msgpack.unpackb(raw)["sample"] == len(pcm) // 2:
                    pcm += payload
    return pcm


def wanted(have_samples: int) -> list[bytes]:
    """The state of a loudspeaker that has so much and wants all of the piece."""
    frontier = {"type": "frontier", "answer": NAMES["answer"], "attempt": 0}
    have = {"have_piece": 0, "have_sample": have_samples}
    held = [{**frontier, **have, "want_piece": 1, "want_sample": 0}]
    state = {"type": "playback_state", "term": 1, "mic_sample": 0, "playing": None, "held": held}
    return [f"v1.state.playback.{NAMES['session']}.".encode(), msgpack.packb(state), b""]


def to_16_khz(pcm: bytes) -> bytes:
    """Two samples out of three, the second being the mean of two."""
    samples = array.array("h", pcm)
    triples = zip(samples[0::3], samples[1::3], samples[2::3], strict=False)
    return array.array("h", [v for a, b, c in triples for v in (a, (b + c) // 2)]).tobytes()


def as_in_a_room(pcm: bytes) -> bytes:
    """At a third of the level, between two silences, over the faint noise that every room has."""
    silence = [0] * 4_800
    room = random.Random(1)
    samples = [*silence, *(value // 3 for value in array.array("h", pcm)), *silence]
    return array.array("h", [value + room.randint(-40, 40) for value in samples]).tobytes()


def main(run_dir: str, text: str, grammar: str) -> None:
    """Speak, listen, print."""
    asr, tts = find(run_dir, "asr"), find(run_dir, "tts")
    pcm = speak(run_dir, tts, text)
    request = {"type": "transcribe", "language": "en", "grammar": grammar}
    heard = call(asr, request, as_in_a_room(to_16_khz(pcm)))
    json.dump({"text": heard["text"], "spoken_samples": len(pcm) // 2}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
