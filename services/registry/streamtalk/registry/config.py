"""Settings of the registry."""

from streamtalk.runtime.config import ProcessConfig


class RegistryConfig(ProcessConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[registry]` table."""

    silent_after_ms: int = 3_000
    """An instance unheard for this long is shown as neither live nor ready."""

    forget_after_ms: int = 10_000
    """An instance unheard for this long is taken out of the directory."""
