"""One WebSocket connection: its tasks, one after another, and its limits of time."""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from server.config import DashScopeSection
from server.errors import RequestError, ShutdownError, StalledError
from server.http.client import CALLER
from server.http.connections.cutting import LINGER_SECONDS
from server.http.dashscope import events
from server.http.dashscope.errors import Failure, IdleError, close_reason
from server.http.dashscope.events import Event
from server.http.dashscope.messages import ContinueTask, FinishTask, Message, RunTask, parse_message, task_id_of
from server.http.dashscope.task import SpeechTask
from server.http.dashscope.task_starter import INSTRUCTION, TaskStarter
from server.http.dashscope.websocket import CLOSE_SECONDS
from server.logs.context import report_first_audio
from server.logs.texts import log_text

_log = logging.getLogger(__name__)


PING_SECONDS = 20.0
"""Between two pings, for proxies that close a connection that is silent."""


class Connection:
    """Reads the messages of a client and runs its tasks. A task that fails ends the connection."""

    def __init__(
        self,
        request: web.Request,
        websocket: web.WebSocketResponse,
        starter: TaskStarter,
        settings: DashScopeSection,
        stall_limit: float | None,
    ) -> None:
        self._request = request
        self._websocket = websocket
        self._starter = starter
        self._settings = settings
        self._stall_limit = stall_limit
        self._task: SpeechTask | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._ended: str | None = None
        """The task that ended last: a late `cancel` for it is no mistake."""
        self._received = 0.0
        """When the last message came."""
        self._has_audio = False
        """Whether audio of the task has been sent."""
        self._caller = request[CALLER]
        """Of the task."""
        self._failed = False
        self._timer = asyncio.timeout(settings.idle_timeout)

    async def serve(self) -> None:
        """Returns when the connection is closed, for whatever reason."""
        pings = asyncio.create_task(self._ping())
        try:
            async with self._timer:
                await self._read()
        except TimeoutError:
            await self._time_out()
        except ConnectionError:
            _log.debug("the client disconnected")
        finally:
            pings.cancel()
            await self._stop()
            await asyncio.gather(pings, return_exceptions=True)

    async def shut_down(self) -> None:
        """Ends the connection because the server stops."""
        if self._task:
            await self._fail(self._task.id, ShutdownError("the server is stopping; run the task again when it is back"))
        else:
            await self._close(WSCloseCode.GOING_AWAY, b"the server is stopping")

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            self._set_timer(None)
            await self._take(message)
            self._restart_timer()

    async def _take(self, message: WSMessage) -> None:
        self._received = time.monotonic()
        running = self._task.id if self._task else ""
        if message.type is WSMsgType.BINARY:
            await self._fail(running, RequestError("a binary frame: messages are JSON in text frames"))
            return
        try:
            parsed = parse_message(message.data)
        except RequestError as error:
            await self._fail(task_id_of(message.data) or running, error)
            return
        try:
            await self._handle(parsed)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - it fails the task, and is logged if it is ours
            await self._fail(parsed.header.task_id, error)

    async def _handle(self, message: Message) -> None:
        match message:
            case RunTask():
                await self._run(message)
            case ContinueTask():
                await self._running(message).append(message.payload.input)
            case FinishTask(payload=payload) if payload.input.directive == "cancel":
                await self._cancel(message)
            case FinishTask():
                await self._running(message).finish(message.payload.input)

    async def _run(self, message: RunTask) -> None:
        """Starts a task; one that runs is dropped, as it is when a user interrupts a conversation."""
        if self._task and self._task.id == message.header.task_id:
            raise RequestError(f"run-task: task {self._task.id!r} is running; a new task needs a new task_id")
        await self._stop()
        self._caller = await asyncio.to_thread(self._caller.renewed)
        self._has_audio = False
        self._task, notes = await self._starter.start(message, self._caller)
        if notes.warnings:
            self._log(notes.warnings)
        await self._send(events.task_started(self._task.id, notes.warnings, notes.reference))
        self._speaking = asyncio.create_task(self._speak(self._task))
        if self._task.takes_text and message.payload.input.text:
            await self._task.append(message.payload.input)

    def _log(self, warnings: Sequence[str]) -> None:
        """Instructions are texts of a client."""
        if harmless := [each for each in warnings if not each.startswith(INSTRUCTION)]:
            _log.warning("task %r: %s", self._task and self._task.id, "; ".join(harmless))
        if texts := [each for each in warnings if each.startswith(INSTRUCTION)]:
            log_text("; ".join(texts))

    async def _cancel(self, message: FinishTask) -> None:
        if self._task is None and message.header.task_id == self._ended:
            return
        task = self._running(message)
        await self._stop()
        await self._end(task.finished())

    def _running(self, message: ContinueTask | FinishTask) -> SpeechTask:
        """The task that a message is for."""
        action, task_id = message.header.action, message.header.task_id
        if self._task is None:
            raise RequestError(f"{action}: no task is running; send run-task first")
        if self._task.id != task_id:
            raise RequestError(f"{action}: the running task is {self._task.id!r}, not {task_id!r}")
        return self._task

    async def _speak(self, task: SpeechTask) -> None:
        try:
            last = await task.speak(self._send)
            self._task = None
            await self._end(last)
        except ConnectionError:
            _log.debug("the client disconnected")
        except Exception as error:  # noqa: BLE001 - it fails the task, and is logged if it is ours
            if not self._has_audio:
                self._caller.refund()
            await self._fail(task.id, error)

    async def _end(self, last: Event) -> None:
        self._ended = last["header"]["task_id"]
        await self._send(last)
        self._restart_timer()

    async def _fail(self, task_id: str, error: Exception) -> None:
        """Tells the client, and closes the connection, as the cloud does."""
        if self._failed:
            return
        await self._stop()
        self._failed = True
        failure = Failure.of(error)
        await self._close(
            failure.close_code, failure.reason, events.task_failed(task_id, failure.code, failure.message)
        )

    async def _stop(self) -> None:
        """Stops the running task, and waits until it sends nothing more; one that tells its failure may do so."""
        task, self._task = self._task, None
        if task:
            task.close()
        if self._speaking and self._speaking is not asyncio.current_task():
            if not self._failed:
                self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
            self._speaking = None

    async def _time_out(self) -> None:
        if self._task:
            seconds = self._settings.text_timeout
            message = (
                f"request timeout after {seconds:g} seconds: no text came; end a text with finish-task. "
                "config.yaml sets the time (dashscope.text_timeout)"
            )
            await self._fail(self._task.id, IdleError(message))
        else:
            reason = f"no task for {self._settings.idle_timeout:g} seconds (dashscope.idle_timeout in config.yaml)"
            await self._close(WSCloseCode.OK, close_reason(reason))

    def _restart_timer(self) -> None:
        """Without a task its start is limited, with one the time between two pieces of its text."""
        limit: float | None = self._settings.idle_timeout
        if self._task:
            limit = self._settings.text_timeout if self._task.takes_text else None
        self._set_timer(limit)

    def _set_timer(self, seconds: float | None) -> None:
        if not self._timer.expired():
            self._timer.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    async def _send(self, message: Event | bytes) -> None:
        """Waits while the client does not read, so that nothing piles up here. Raises `StalledError` in the end."""
        self._set_timer(None)
        try:
            async with asyncio.timeout(self._stall_limit):
                if isinstance(message, bytes):
                    self._report_first_audio()
                    await self._websocket.send_bytes(message)
                else:
                    await self._websocket.send_str(json.dumps(message))
        except TimeoutError:
            raise StalledError(self._stall_limit or 0.0) from None
        self._restart_timer()

    def _report_first_audio(self) -> None:
        """Of a text in pieces the time counts from the last one: the others did not suffice for audio."""
        if not self._has_audio:
            self._has_audio = True
            report_first_audio(time.monotonic() - self._received)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            if not self._request.protocol.writing_paused:
                with suppress(ConnectionError):
                    await self._websocket.ping()

    async def _close(self, code: int, reason: bytes, last: Event | None = None) -> None:
        """Sends a last event and closes the connection. A client that does not read finds both when it reads again."""
        with suppress(ConnectionError):
            if last:
                with suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_SECONDS / 2):
                        await self._websocket.send_str(json.dumps(last))
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS / 2):
                    await self._websocket.close(code=code, message=reason)
        if transport := self._request.transport:
            asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)
