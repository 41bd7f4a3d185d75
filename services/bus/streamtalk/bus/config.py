"""Settings of the bus: none of its own."""

import msgspec


class BusConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[bus]` table."""

    nice: int = 0
    """Niceness of the process."""
