"""`python -m streamtalk.bus`."""

from streamtalk.bus.config import BusConfig
from streamtalk.bus.service import BusService
from streamtalk.runtime.main import run_service

if __name__ == "__main__":
    run_service(BusService, BusConfig)
