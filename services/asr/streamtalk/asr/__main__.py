"""`python -m streamtalk.asr`: run one instance of the service."""

from streamtalk.asr.config import AsrConfig
from streamtalk.asr.service import AsrWorker
from streamtalk.runtime.main import run_service

if __name__ == "__main__":
    run_service(AsrWorker, AsrConfig)
