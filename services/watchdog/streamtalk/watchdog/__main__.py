"""`python -m streamtalk.watchdog`."""

from streamtalk.runtime.main import run_service
from streamtalk.watchdog.config import WatchdogConfig
from streamtalk.watchdog.service import WatchdogService

if __name__ == "__main__":
    run_service(WatchdogService, WatchdogConfig)
