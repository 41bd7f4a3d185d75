"""`python -m streamtalk.turn`."""

from streamtalk.runtime.main import run_service
from streamtalk.turn.config import TurnConfig
from streamtalk.turn.service import TurnWorker

if __name__ == "__main__":
    run_service(TurnWorker, TurnConfig)
