"""What the routes of one application share."""

from typing import TYPE_CHECKING

from server.cache import AudioCache
from server.config import Config
from server.http.access.access_control import AccessControl
from server.http.admin.voices import AdminVoices
from server.http.connections.open_connections import OpenConnections
from server.http.dashscope.route import DashScopeRoute
from server.http.jobs.job_references import JobReferences
from server.http.speech.prepared_speech import SpeechPreparation
from server.http.speech.speech_streams import SpeechStreams
from server.http.speech.warm_up import WarmUp
from server.http.startup import Startup
from server.http.text.route import TextRoute
from server.jobs.distribution import create_job_service
from server.jobs.rendering.renderer import JobRenderer
from server.references.reference_service import ReferenceService
from server.scheduling.async_streams import ActiveStreams
from server.scheduling.scheduler import Scheduler

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry


class Services:
    """Voices, workers, keys, limits, cache and jobs, made in the order in which they need each other."""

    def __init__(self, registry: "VoiceRegistry", config: Config, max_message_size: int) -> None:
        """Raises `ConfigurationError` where the keys cannot be read."""
        self.registry = registry
        self.access = AccessControl(config)
        self.connections = OpenConnections(config.limits)
        self.scheduler = Scheduler(config.scheduler, config.limits)
        self.streams = ActiveStreams(self.scheduler, config.limits)
        self.startup = Startup(registry, self.scheduler)
        self.references = ReferenceService(config, registry.comparisons.forget_recording)
        self.preparation = SpeechPreparation(registry, self.startup, config, self.references)
        self.text = TextRoute(registry, self.startup, config)
        self.cache = AudioCache(config)
        self.speech_streams = SpeechStreams(self.streams, self.cache, self.preparation.keys)
        self.warm_up = WarmUp(config.cache.warm, self.cache, self.startup, self.preparation, self.speech_streams)
        self.websocket = DashScopeRoute(registry, self.startup, self.streams, config, max_message_size, self.references)
        self.renderer = JobRenderer(registry, self.streams, config, is_busy=lambda: self.scheduler.load().streams > 0)
        self.jobs = create_job_service(config, self.renderer, self.scheduler.workers)
        self.job_references = JobReferences(self.references, registry, config)
        self.admin = AdminVoices(registry, config)
