"""`python -m streamtalk.tts`: run one instance of the service."""

from streamtalk.runtime.main import run_service
from streamtalk.tts.config import TtsConfig
from streamtalk.tts.service import TtsWorker

if __name__ == "__main__":
    run_service(TtsWorker, TtsConfig)
