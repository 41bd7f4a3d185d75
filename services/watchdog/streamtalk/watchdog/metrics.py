"""What the watchdog counts besides what every service does."""

from streamtalk.runtime.metrics import Counter, ServiceMetrics


class WatchdogMetrics(ServiceMetrics):
    """Kills by reason, and commands to supervisord and registry by action."""

    def __init__(self) -> None:
        super().__init__("watchdog")
        self.kills = Counter("streamtalk_watchdog_kills", "reason")
        self.commands = Counter("streamtalk_watchdog_commands", "action")

    def render(self) -> str:
        """All of it as text."""
        lines = [*self.kills.lines(), *self.commands.lines()]
        return super().render() + "\n".join(lines) + "\n"
