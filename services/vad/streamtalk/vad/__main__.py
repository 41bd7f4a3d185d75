"""`python -m streamtalk.vad`."""

from streamtalk.runtime.main import run_service
from streamtalk.vad.config import VadConfig
from streamtalk.vad.service import VadWorker

if __name__ == "__main__":
    run_service(VadWorker, VadConfig)
