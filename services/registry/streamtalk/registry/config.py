"""Settings of the registry."""

import msgspec


class RegistryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[registry]` table."""

    nice: int = 0
    """Niceness of the process."""

    silent_after_ms: int = 3_000
    """An instance unheard for this long is shown as neither live nor ready."""

    forget_after_ms: int = 10_000
    """An instance unheard for this long is taken out of the directory."""
