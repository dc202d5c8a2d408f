"""The configuration of the server: config.yaml as frozen, validated objects."""

from server.config.config import Config, load_config
from server.config.sections.cache import CacheSection
from server.config.sections.dashscope import DashScopeSection
from server.config.sections.label import LabelSection
from server.config.sections.models import ModelsSection
from server.config.sections.runtime import Precision, PrecisionSetting, Provider, RuntimeSection
from server.config.sections.scheduler import SchedulerSection
from server.config.sections.server import ServerSection
from server.config.sections.speech import SynthesisSection, TextSection
from server.config.sections.storage import StorageSection

__all__ = [
    "CacheSection",
    "Config",
    "DashScopeSection",
    "LabelSection",
    "ModelsSection",
    "Precision",
    "PrecisionSetting",
    "Provider",
    "RuntimeSection",
    "SchedulerSection",
    "ServerSection",
    "StorageSection",
    "SynthesisSection",
    "TextSection",
    "load_config",
]
