"""Settings of the bus: none of its own."""

from streamtalk.runtime.config import ProcessConfig


class BusConfig(ProcessConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[bus]` table."""
