"""The configuration of the server: config.yaml as frozen, validated objects."""

from server.config.config import Config
from server.config.reconfiguration import Reconfiguration
from server.config.sections.access import RIGHTS, AccessKey, AccessSection, Right
from server.config.sections.dashscope import DashScopeSection
from server.config.sections.jobs import JobsSection, QueueSection
from server.config.sections.limits import LimitsSection
from server.config.sections.models import ModelsSection
from server.config.sections.operations import LoggingSection, MetricsSection
from server.config.sections.references import ReferencesSection
from server.config.sections.runtime import Precision, PrecisionSetting, Provider, RuntimeSection
from server.config.sections.scheduler import SchedulerSection
from server.config.sections.section import Reloadable, Secret, SecretUrl
from server.config.sections.server import CacheSection, ServerSection, StorageSection
from server.config.sections.speech import LabelSection, SynthesisSection, TextSection
from server.config.sources import ConfigSources, EffectiveConfig, load_config

__all__ = [
    "RIGHTS",
    "AccessKey",
    "AccessSection",
    "CacheSection",
    "Config",
    "ConfigSources",
    "DashScopeSection",
    "EffectiveConfig",
    "JobsSection",
    "LabelSection",
    "LimitsSection",
    "LoggingSection",
    "MetricsSection",
    "ModelsSection",
    "Precision",
    "PrecisionSetting",
    "Provider",
    "QueueSection",
    "Reconfiguration",
    "ReferencesSection",
    "Reloadable",
    "Right",
    "RuntimeSection",
    "SchedulerSection",
    "Secret",
    "SecretUrl",
    "ServerSection",
    "StorageSection",
    "SynthesisSection",
    "TextSection",
    "load_config",
]
