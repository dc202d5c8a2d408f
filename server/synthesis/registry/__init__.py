"""The voices of a process: those that can speak, those in memory, and the broken ones with the reason."""

from server.synthesis.registry.on_demand import OnDemandVoices
from server.synthesis.registry.registry import VoiceRegistry

__all__ = ["OnDemandVoices", "VoiceRegistry"]
