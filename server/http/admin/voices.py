"""/v1/admin/voices: the voices with their state, conversions, reload and removal."""

import asyncio
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from server.config import Config, ModelsSection
from server.errors import ConfigurationError
from server.http.admin.conversion_process import missing_package
from server.http.admin.conversions import Conversions, ConversionTask
from server.http.admin.messages import (
    AdministeredVoice,
    AdministeredVoices,
    ConversionRequest,
    Reloaded,
    RemovedVoice,
    VoiceMemory,
)
from server.http.admin.source import resolve_source
from server.http.client import require_right
from server.http.errors import ErrorReport
from server.http.response_model import model_response
from server.http.speech.request import validate_json
from server.voices.installation import discard_voice, require_voice_name, require_writable

if TYPE_CHECKING:
    from server.synthesis.registry import VoiceRegistry
    from server.synthesis.registry.report import VoiceReport

PATH = "/v1/admin/voices"
_MIB = 2**20
_NO_STORE = {"Cache-Control": "no-store"}
_EXAMPLE = '{"source": "iic/speech_sambert-hifigan_tts_zhibei_emo_zh-cn_16k"}'


class AdminVoices:
    """The routes of administrators."""

    def __init__(self, registry: "VoiceRegistry", config: Config) -> None:
        self._registry = registry
        self._models: ModelsSection = config.models
        self._conversions = Conversions(registry, config.models.path)

    def add_routes(self, app: web.Application) -> None:
        """Adds all of them; conversions end with the application."""
        app.router.add_get(PATH, self.list)
        app.router.add_post(PATH, self.convert)
        app.router.add_post(f"{PATH}/reload", self.reload)
        # But for POST there is nothing at the path of `reload`.
        app.router.add_delete(PATH + "/{voice:(?!reload$)[^{}/]+}", self.remove)
        app.router.add_get(f"{PATH}/conversions/{{conversion}}", self.conversion)
        app.router.add_delete(f"{PATH}/conversions/{{conversion}}", self.cancel)
        app.router.add_get(f"{PATH}/conversions/{{conversion}}/events", self.events)
        app.on_shutdown.append(lambda app: self._conversions.close())

    def reconfigure(self, config: Config) -> None:
        """Takes over `models.import_from`."""
        self._models = config.models

    async def list(self, request: web.Request) -> web.Response:
        """All voices, their memory, and the conversions."""
        require_right(request, "admin")
        report = self._registry.report()
        counts = report.statistics
        memory = VoiceMemory(
            used_mb=_mib(counts.bytes),
            budget_mb=_mib(counts.budget),
            loads=counts.loads,
            evictions=counts.evictions,
            waiting=counts.waiting,
        )
        voices = tuple(self._voice(each) for each in report.voices)
        body = AdministeredVoices(voices=voices, memory=memory, conversions=self._conversions.all)
        return model_response(body, headers=_NO_STORE)

    async def convert(self, request: web.Request) -> web.Response:
        """Starts to convert a package."""
        require_right(request, "admin")
        wanted = validate_json(ConversionRequest, await request.read(), _EXAMPLE)
        source = await asyncio.to_thread(resolve_source, wanted.source, self._models.import_from)
        if wanted.name is not None:
            require_voice_name(wanted.name)
        if (refusal := self._refusal(wanted)) is not None:
            return refusal.response()
        precisions = ",".join(("fp32", *(each for each in wanted.precision if each != "fp32")))
        arguments = (source, f"--precision={precisions}", *([f"--voice={wanted.name}"] if wanted.name else []))
        task = ConversionTask(wanted.source, arguments, wanted.name, wanted.replace)
        self._conversions.start(task)
        return model_response(task.report, 202, {"Location": f"{PATH}/conversions/{task.id}"})

    async def reload(self, request: web.Request) -> web.Response:
        """Looks at the folder now."""
        require_right(request, "admin")
        try:
            report = await asyncio.to_thread(self._registry.reload)
        except ConfigurationError as error:
            return ErrorReport(503, str(error), "models_folder_missing").response()
        return model_response(Reloaded.model_validate(asdict(report)))

    async def remove(self, request: web.Request) -> web.Response:
        """Takes a voice out of service, and moves its folder to the trash."""
        require_right(request, "admin")
        name = request.match_info["voice"]
        if name not in self._registry.known and name not in self._registry.broken:
            names = ", ".join((*self._registry.known, *self._registry.broken))
            return ErrorReport(404, f"there is no voice {name[:80]!r}; valid: {names}", "voice_not_found").response()
        if name == self._registry.default_voice:
            message = f"{name} is the default voice; choose another one first (models.default_voice)"
            return ErrorReport(409, message, "default_voice").response()
        try:
            require_writable(self._models.path)
            place = await asyncio.to_thread(discard_voice, self._models.path, name)
        except (ConfigurationError, OSError) as error:
            return ErrorReport(409, str(error), "models_read_only").response()
        await asyncio.to_thread(self._registry.reload)
        return model_response(RemovedVoice(id=name, moved_to=str(place.relative_to(self._models.path))))

    async def conversion(self, request: web.Request) -> web.Response:
        """One conversion."""
        require_right(request, "admin")
        task = self._task(request)
        return model_response(task.report, headers=_NO_STORE) if task else _no_conversion().response()

    async def cancel(self, request: web.Request) -> web.Response:
        """Ends a conversion."""
        require_right(request, "admin")
        if (task := self._task(request)) is None:
            return _no_conversion().response()
        await self._conversions.cancel(task)
        return model_response(task.report)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The steps of a conversion as server-sent events, up to its end."""
        require_right(request, "admin")
        if (task := self._task(request)) is None:
            return _no_conversion().response()
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        with suppress(ConnectionError):
            async for event in task.events():
                await response.write(f"data: {event.model_dump_json()}\n\n".encode() if event else b": waiting\n\n")
            await response.write_eof()
        return response

    def _task(self, request: web.Request) -> ConversionTask | None:
        return self._conversions.get(request.match_info["conversion"])

    def _refusal(self, wanted: ConversionRequest) -> ErrorReport | None:
        """Why no conversion can begin now."""
        if package := missing_package():
            message = f"the converter needs the package {package}: pip install '.[convert]' in the project's folder"
            return ErrorReport(503, message, "converter_missing")
        try:
            require_writable(self._models.path)
        except ConfigurationError as error:
            return ErrorReport(409, str(error), "models_read_only")
        if wanted.name and not wanted.replace and (self._models.path / wanted.name).exists():
            message = f"there is a voice {wanted.name} already; send replace: true to replace it"
            return ErrorReport(409, message, "voice_exists", "name")
        if self._conversions.is_full:
            message = "too many conversions are waiting; send this one later, or cancel one"
            return ErrorReport(429, message, "too_many_conversions", headers={"Retry-After": "60"})
        return None

    def _voice(self, report: "VoiceReport") -> AdministeredVoice:
        voice = self._registry.known.get(report.name)
        return AdministeredVoice(
            id=report.name,
            status=report.state,
            default=report.name == self._registry.default_voice,
            version=report.version,
            precision=self._registry.precision(voice).precision if voice else None,
            license=voice.license if voice else None,
            memory_mb=_mib(report.bytes),
            streams=report.uses,
            problem=report.problem,
        )


def _mib(size: int) -> float:
    return round(size / _MIB, 1)


def _no_conversion() -> ErrorReport:
    return ErrorReport(404, f"there is no such conversion; GET {PATH} lists them", "conversion_not_found")
