"""A sound card for tests: private PulseAudio servers behind an ALSA configuration.

One server for each device, so that unplugging one leaves its users nothing to move to.
"""

import ctypes.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

RATE_HZ = 16_000
APT = "apt-get install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2"
_ALSA = """</usr/share/alsa/alsa.conf>
pcm.{mic} {{ type pulse server "unix:{mic_socket}" device "{mic}.monitor"
  hint {{ show on description "{mic}" }} }}
pcm.{speaker} {{ type pulse server "unix:{speaker_socket}" device "{speaker}"
  hint {{ show on description "{speaker}" }} }}
"""

Samples = npt.NDArray[np.int16]


class Server:
    """One PulseAudio with one null sink: a plugged device; without it, an unplugged one."""

    def __init__(self, folder: Path, sink: str) -> None:
        self.sink = sink
        self._folder = folder / sink
        (self._folder / "run" / "pulse").mkdir(parents=True, mode=0o700)
        self.socket = self._folder / "run" / "pulse" / "native"
        self._process: subprocess.Popen[bytes] | None = None
        self._module: str | None = None

    def start(self) -> None:
        """Start the server with the device plugged in."""
        native = f"module-native-protocol-unix socket={self.socket} auth-anonymous=1"
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"]
        command += ["--use-pid-file=no", "--realtime=no", "--high-priority=no", "-L", native]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, env=self._env(), stdout=log, stderr=log)
        self._await_socket()
        self.plug()

    def stop(self) -> None:
        """End the server, by its own process."""
        self._module = None
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=5)
            self._process = None

    def plug(self) -> None:
        """Add the device, if it is not there."""
        if self._module is None:
            sink = [f"sink_name={self.sink}", f"rate={RATE_HZ}", "channels=1"]
            self._module = self._pactl("load-module", "module-null-sink", *sink)

    def unplug(self) -> None:
        """Remove the device from under whoever uses it."""
        if self._module is not None:
            self._pactl("unload-module", self._module)
            self._module = None

    @contextmanager
    def playing(self, samples: Samples) -> Iterator[None]:
        """Another program plays these samples into the device meanwhile."""
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".raw") as file:
            file.write(samples.tobytes())
            file.flush()
            player = self._pacat("--playback", f"--device={self.sink}", file.name)
            try:
                yield
            finally:
                player.terminate()
                player.wait(timeout=5)

    @contextmanager
    def recording(self) -> Iterator[list[Samples]]:
        """What the device plays meanwhile; the list holds it when the block has ended."""
        heard: list[Samples] = []
        path = self._folder / "heard.raw"
        recorder = self._pacat("--record", f"--device={self.sink}.monitor", str(path))
        try:
            self._await_sound_file(path)
            yield heard
        finally:
            recorder.terminate()
            recorder.wait(timeout=5)
        heard.append(np.frombuffer(path.read_bytes()[: path.stat().st_size & ~1], np.int16))

    def _pacat(self, *arguments: str) -> subprocess.Popen[bytes]:
        form = ["--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=20"]
        command = ["pacat", f"--server=unix:{self.socket}", *form, *arguments]
        return subprocess.Popen(command, env=self._env(), stderr=subprocess.DEVNULL)

    def _pactl(self, *arguments: str) -> str:
        command = ["pactl", f"--server=unix:{self.socket}", *arguments]
        done = subprocess.run(command, env=self._env(), check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _env(self) -> dict[str, str]:
        own = {"HOME": str(self._folder), "XDG_RUNTIME_DIR": str(self._folder / "run")}
        return {**os.environ, **own}

    def _await_socket(self) -> None:
        deadline_ns = time.monotonic_ns() + 10_000_000_000
        while not self.socket.exists():
            if time.monotonic_ns() > deadline_ns:
                pytest.fail(f"pulseaudio did not start: {(self._folder / 'log').read_text()}")
            time.sleep(0.02)

    def _await_sound_file(self, path: Path) -> None:
        deadline_ns = time.monotonic_ns() + 10_000_000_000
        while not path.exists() or not path.stat().st_size:
            if time.monotonic_ns() > deadline_ns:
                pytest.fail("the recorder of the sound card heard nothing")
            time.sleep(0.02)


class SoundCard:
    """A microphone called `roommic` and a loudspeaker called `roomspeaker`."""

    MIC = "roommic"
    SPEAKER = "roomspeaker"

    def __init__(self, folder: Path) -> None:
        self.microphone = Server(folder, self.MIC)
        self.speaker = Server(folder, self.SPEAKER)
        self.environment = {
            "ALSA_CONFIG_PATH": str(folder / "alsa.conf"),
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder / self.MIC / "run"),
        }
        """What a program needs in its environment to see this sound card and no other."""

        text = _ALSA.format(
            mic=self.MIC,
            speaker=self.SPEAKER,
            mic_socket=self.microphone.socket,
            speaker_socket=self.speaker.socket,
        )
        (folder / "alsa.conf").write_text(text)

    def plug(self) -> None:
        """Both devices are there again, whatever a test did."""
        self.microphone.plug()
        self.speaker.plug()


@contextmanager
def started_sound_card() -> Iterator[SoundCard]:
    """A running sound card of its own; skips where PulseAudio is not installed."""
    missing = [name for name in ("pulseaudio", "pactl", "pacat") if shutil.which(name) is None]
    if missing or ctypes.util.find_library("portaudio") is None:
        pytest.skip(f"no sound card for tests; {APT}")
    folder = Path(tempfile.mkdtemp(prefix="st-card-", dir="/tmp"))
    card = SoundCard(folder)
    try:
        card.microphone.start()
        card.speaker.start()
        yield card
    finally:
        card.microphone.stop()
        card.speaker.stop()
        shutil.rmtree(folder, ignore_errors=True)


def tone(frequency_hz: float, seconds: float, rate_hz: int = RATE_HZ) -> Samples:
    """A sine at a quarter of full scale."""
    times_s = np.arange(int(seconds * rate_hz)) / rate_hz
    return (8_192 * np.sin(2 * np.pi * frequency_hz * times_s)).astype(np.int16)


def pitch_hz(samples: Samples, rate_hz: int = RATE_HZ) -> float:
    """Frequency of the strongest component."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 18))
    return float(np.argmax(spectrum) * rate_hz / (1 << 18))
