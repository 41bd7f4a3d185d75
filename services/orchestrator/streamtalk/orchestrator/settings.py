"""The parts of the orchestrator's configuration that a conversation reads."""

from typing import Protocol

from streamtalk.orchestrator.hearing import HearingConfig
from streamtalk.orchestrator.overlap import ConversationConfig
from streamtalk.orchestrator.splitter import SplitterConfig


class Settings(Protocol):
    """The parts of the orchestrator's configuration that a conversation reads."""

    @property
    def hearing(self) -> HearingConfig:
        """When a turn ends."""

    @property
    def conversation(self) -> ConversationConfig:
        """What happens when both speak."""

    @property
    def splitter(self) -> SplitterConfig:
        """How long the pieces of an answer are."""
