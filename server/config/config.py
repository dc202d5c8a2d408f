"""The configuration as frozen, validated objects. Every key is documented in config.yaml."""

from typing import Any, Self

from server.config.sections.access import AccessSection
from server.config.sections.dashscope import DashScopeSection
from server.config.sections.jobs import JobsSection, QueueSection
from server.config.sections.limits import LimitsSection
from server.config.sections.models import ModelsSection
from server.config.sections.operations import LoggingSection, MetricsSection
from server.config.sections.references import ReferencesSection
from server.config.sections.runtime import RuntimeSection
from server.config.sections.scheduler import SchedulerSection
from server.config.sections.section import Section
from server.config.sections.server import CacheSection, ServerSection, StorageSection
from server.config.sections.speech import LabelSection, SynthesisSection, TextSection


class Config(Section):
    """The content of config.yaml."""

    server: ServerSection = ServerSection()
    scheduler: SchedulerSection = SchedulerSection()
    models: ModelsSection = ModelsSection()
    runtime: RuntimeSection = RuntimeSection()
    synthesis: SynthesisSection = SynthesisSection()
    text: TextSection = TextSection()
    dashscope: DashScopeSection = DashScopeSection()
    references: ReferencesSection = ReferencesSection()
    label: LabelSection = LabelSection()
    storage: StorageSection = StorageSection()
    cache: CacheSection = CacheSection()
    limits: LimitsSection = LimitsSection()
    jobs: JobsSection = JobsSection()
    queue: QueueSection = QueueSection()
    access: AccessSection = AccessSection()
    logging: LoggingSection = LoggingSection()
    metrics: MetricsSection = MetricsSection()

    def updated(self, section: str, **values: Any) -> Self:
        """Returns a copy with other values in one section. Does not validate them."""
        return self.model_copy(update={section: getattr(self, section).model_copy(update=values)})
