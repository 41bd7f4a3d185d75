"""`python -m streamtalk.registry`."""

from streamtalk.registry.config import RegistryConfig
from streamtalk.registry.service import RegistryService
from streamtalk.runtime.main import run_service

if __name__ == "__main__":
    run_service(RegistryService, RegistryConfig)
