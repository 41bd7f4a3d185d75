"""`python -m streamtalk.audio_io`."""

from streamtalk.audio_io.config import AudioIoConfig
from streamtalk.audio_io.service import AudioIoService
from streamtalk.runtime.main import run_service

if __name__ == "__main__":
    run_service(AudioIoService, AudioIoConfig)
