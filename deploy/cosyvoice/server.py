"""A streaming server for CosyVoice2, run inside a checkout of CosyVoice; needs nothing else.

    python server.py --model-dir pretrained_models/CosyVoice2-0.5B \
        --speaker anna anna.wav "What is said in anna.wav."

POST /speech {"text": ..., "speaker": "", "speed": 1.0} answers with raw PCM (s16le, mono, at the
rate in X-Sample-Rate), chunked, as the model makes it. GET /speakers lists the speakers.
"""

import argparse
import inspect
import json
import logging
import queue
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SAMPLE_MAX = 32_767
MAX_BODY_BYTES = 64 << 10
LOOK_S = 0.02
LOG = logging.getLogger("cosyvoice.server")


class Voice:
    """The model and its speakers; makes one answer at a time, as the model's state demands."""

    def __init__(self, model_dir: str, speakers: list[list[str]]) -> None:
        sys.path.append("third_party/Matcha-TTS")
        from cosyvoice.cli.cosyvoice import CosyVoice2  # noqa: PLC0415 — of the checkout

        self.model = CosyVoice2(model_dir)
        self.rate_hz = self.model.sample_rate
        self.speakers = [name for name, _, _ in speakers]
        self.lock = threading.Lock()
        self.switch = threading.Lock()
        self.active: Callable[[], bool] | None = None
        # Growing hops are kept in the model and never reset, so later answers begin later.
        self.hop = getattr(self.model.model, "token_hop_len", None)
        for name, path, text in speakers:
            if not self.model.add_zero_shot_spk(text, self.prompt(path), name):
                raise SystemExit(f"the recording of {name} cannot be used: {path}")

    def prompt(self, path: str) -> Any:  # noqa: ANN401 — what the checkout takes
        """A path, or samples at 16 kHz: what this version of the checkout takes."""
        names = inspect.signature(self.model.add_zero_shot_spk).parameters
        if "prompt_speech_16k" not in names:
            return path
        from cosyvoice.utils.file_utils import load_wav  # noqa: PLC0415 — of the checkout

        return load_wav(path, 16_000)

    def speak(
        self, text: str, speaker: str, speed: float, wanted: Callable[[], bool]
    ) -> Iterator[bytes]:
        """PCM in parts, until all is said or `wanted()` is false."""
        with self.lock:
            if not wanted():
                return
            if self.hop is not None:
                self.model.model.token_hop_len = self.hop
            with self.switch:
                self.active = wanted
            # The model changes its speed only when it does not stream.
            parts = self.model.inference_zero_shot(
                text, "", "", zero_shot_spk_id=speaker, stream=speed == 1.0, speed=speed
            )
            try:
                for part in parts:
                    if not wanted():
                        break
                    yield pcm(part["tts_speech"])
            except KeyError:
                # What `abandon` took away was looked for.
                if wanted():
                    raise
            finally:
                parts.close()
                with self.switch:
                    self.active = None
                    self.forget(self.unfinished())

    def abandon(self, wanted: Callable[[], bool]) -> None:
        """Nobody hears this answer any more: take its state away, so that the model stops."""
        with self.switch:
            if self.active is wanted:
                self.forget(self.unfinished())

    def unfinished(self) -> set[str]:
        """Answers that the model holds state of."""
        return set(getattr(self.model.model, "tts_speech_token_dict", ()))

    def forget(self, answers: set[str]) -> None:
        """Drop what a broken-off answer leaves; the model stops at its next token."""
        for name in ("tts_speech_token_dict", "llm_end_dict", "hift_cache_dict"):
            for answer in answers:
                getattr(self.model.model, name, {}).pop(answer, None)


def pcm(speech: Any) -> bytes:  # noqa: ANN401 — a tensor of the checkout
    """s16le of a tensor or array of shape (1, samples) in [-1, 1]."""
    import numpy as np  # noqa: PLC0415 — the checkout has it

    samples = np.asarray(speech, dtype=np.float32).reshape(-1) * SAMPLE_MAX
    return np.clip(np.rint(samples), -SAMPLE_MAX - 1, SAMPLE_MAX).astype("<i2").tobytes()


class Handler(BaseHTTPRequestHandler):
    """One request; `voice` is set by `main`."""

    protocol_version = "HTTP/1.1"
    voice: Voice

    def do_GET(self) -> None:
        """The speakers."""
        if self.path != "/speakers":
            self.refuse(404, "there is /speakers and /speech")
            return
        self.whole(200, {"speakers": self.voice.speakers, "rate_hz": self.voice.rate_hz})

    def do_POST(self) -> None:
        """Speech, as it is made."""
        try:
            size = int(self.headers.get("Content-Length", "-1"))
            asked = json.loads(self.rfile.read(min(size, MAX_BODY_BYTES)))
            text, speed = str(asked["text"]), min(max(float(asked.get("speed", 1.0)), 0.25), 4.0)
            speaker = asked.get("speaker") or self.voice.speakers[0]
        except (ValueError, KeyError, TypeError, AttributeError):
            speaker = None
        if self.path == "/speech" and speaker in self.voice.speakers:
            self.stream(text, speaker, speed)
            return
        self.close_connection = True
        self.refuse(400, f"POST JSON with text and one of the speakers {self.voice.speakers}")

    def stream(self, text: str, speaker: str, speed: float) -> None:
        """Make in one thread, send in this one, which also sees the client leave."""
        parts: queue.Queue[bytes | None] = queue.Queue()
        gone = threading.Event()

        def wanted() -> bool:
            return not gone.is_set()

        def make() -> None:
            try:
                for part in self.voice.speak(text, speaker, speed, wanted):
                    parts.put(part)
                parts.put(b"")
            except Exception:
                LOG.exception("speech failed")
                parts.put(None)

        threading.Thread(target=make, daemon=True).start()
        try:
            self.send(parts)
        except OSError:
            LOG.info("the client is gone")
            self.close_connection = True
        finally:
            gone.set()
            self.voice.abandon(wanted)

    def send(self, parts: "queue.Queue[bytes | None]") -> None:
        """Chunks up to the end; raises OSError when the client has left."""
        part = self.next_part(parts)
        if part is None:
            self.refuse(500, "the model failed; see the server's log")
            return
        self.send_response(200)
        self.send_header("Content-Type", "audio/pcm")
        self.send_header("X-Sample-Rate", str(self.voice.rate_hz))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while part:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            part = self.next_part(parts)
        if part is None:
            raise ConnectionAbortedError("the model failed: no end is sent, so the client knows")
        self.wfile.write(b"0\r\n\r\n")

    def next_part(self, parts: "queue.Queue[bytes | None]") -> bytes | None:
        """The next part; looks every 20 ms whether the client is still there."""
        while True:
            try:
                return parts.get(timeout=LOOK_S)
            except queue.Empty:
                readable, _, _ = select.select([self.connection], [], [], 0)
                if readable and not self.connection.recv(1, socket.MSG_PEEK):
                    raise ConnectionAbortedError("the client hung up") from None

    def refuse(self, status: int, message: str) -> None:
        """An error in JSON."""
        self.whole(status, {"error": message})

    def whole(self, status: int, body: dict[str, Any]) -> None:
        """A short answer in JSON."""
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *arguments: object) -> None:
        """Status and path alone; what is said stays out of logs."""
        LOG.debug("%s", arguments[1:3])


def main() -> None:
    """Load, then serve until interrupted; the first line on stdout is the address."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model-dir", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=50_010)
    words = ("NAME", "WAV", "TEXT")
    parser.add_argument("--speaker", nargs=3, action="append", required=True, metavar=words)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    # A language model whose answer was dropped ends with a KeyError in its thread: that is how.
    threading.excepthook = lambda hook: LOG.debug("a thread ended: %s", hook.exc_type.__name__)
    Handler.voice = Voice(options.model_dir, options.speaker)
    with ThreadingHTTPServer((options.host, options.port), Handler) as server:
        server.daemon_threads = True
        sys.stdout.write(f"http://{options.host}:{server.server_port}\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            LOG.info("interrupted")


if __name__ == "__main__":
    main()
