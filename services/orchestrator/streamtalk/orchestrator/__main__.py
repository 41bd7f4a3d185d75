"""`python -m streamtalk.orchestrator`: run one instance of the service."""

from streamtalk.orchestrator.config import OrchestratorConfig
from streamtalk.orchestrator.service import OrchestratorService
from streamtalk.runtime.main import run_service

if __name__ == "__main__":
    run_service(OrchestratorService, OrchestratorConfig)
