"""Headless Firefox, driven over WebDriver BiDi (W3C)."""

import asyncio
import itertools
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")

SOUND = shutil.which("pulseaudio")
"""Firefox plays nothing without a loudspeaker, not even for its own clock; this one is silent."""

_SOUND_OPTIONS = ("-n", "--daemonize=no", "--exit-idle-time=-1", "--load=module-null-sink")

_SOUND_SOCKET = "module-native-protocol-unix auth-anonymous=1 socket="

PREFERENCES = """
user_pref("media.autoplay.default", 0);
user_pref("intl.accept_languages", "zh-CN");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
user_pref("network.connectivity-service.enabled", false);
"""

TIMEOUT = 90
"""Seconds that the browser may take for its start and for each call."""


class FirefoxPage:
    """A page of the browser."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._context = ""

    async def start(self) -> None:
        """Begins the session."""
        await self.call("session.new", capabilities={})
        tree = await self.call("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a command and returns its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(TIMEOUT):
            while (message := await self._socket.receive_json()).get("id") != number:
                continue
        assert message["type"] == "success", message
        return dict(message["result"])

    async def open(self, url: str) -> None:
        """Loads a page."""
        await self.call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, expression: str) -> Any:
        """Returns the value of a JavaScript expression (text, number, boolean, null); a promise is awaited."""
        result = await self.call(
            "script.evaluate", expression=expression, target={"context": self._context}, awaitPromise=True
        )
        assert result["type"] == "success", result
        return result["result"].get("value")

    async def wait(self, condition: str) -> Any:
        """Waits until a JavaScript expression is true, and returns its value."""
        async with asyncio.timeout(TIMEOUT):
            while (value := await self.evaluate(condition)) in (None, False, 0, ""):
                await asyncio.sleep(0.05)
        return value

    async def click(self, selector: str) -> None:
        """Clicks on the middle of an element with the mouse."""
        place = await self.evaluate(
            f"""(() => {{
              const element = document.querySelector("{selector}");
              element.scrollIntoView({{block: "center"}});
              const {{left, top, width, height}} = element.getBoundingClientRect();
              return `${{Math.round(left + width / 2)}} ${{Math.round(top + height / 2)}}`;
            }})()"""
        )
        x, y = map(int, place.split())
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": actions}
        await self.call("input.performActions", context=self._context, actions=[mouse])


@asynccontextmanager
async def open_page(
    profile: Path, preferences: Mapping[str, object] | None = None, *, has_sound: bool = True
) -> AsyncIterator[FirefoxPage]:
    """Starts Firefox with a new profile in that folder and more preferences, and ends it."""
    assert PROGRAM
    _write_profile(profile, preferences or {})
    home = {"HOME": str(profile), "XDG_RUNTIME_DIR": str(profile)}
    environment = os.environ | home | {"PULSE_SERVER": f"unix:{profile}/sound"}
    options = ("--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0")
    log = profile / "log"
    loudspeaker = _loudspeaker(profile, environment) if has_sound else nullcontext()
    async with loudspeaker, _running(log, PROGRAM, *options, env=environment):
        address = (await _until(lambda: re.search(r"WebDriver BiDi listening on (\S+)", log.read_text())))[1]
        async with ClientSession() as session, session.ws_connect(f"{address}/session", max_msg_size=0) as socket:
            page = FirefoxPage(socket)
            await page.start()
            yield page


def _write_profile(profile: Path, preferences: Mapping[str, object]) -> None:
    profile.mkdir()
    added = "".join(f'user_pref("{name}", {json.dumps(value)});\n' for name, value in preferences.items())
    (profile / "user.js").write_text(PREFERENCES + added)


@asynccontextmanager
async def _loudspeaker(profile: Path, environment: dict[str, str]) -> AsyncIterator[None]:
    assert SOUND
    socket = profile / "sound"
    options = (*_SOUND_OPTIONS, f"--load={_SOUND_SOCKET}{socket}")
    async with _running(profile / "sound.log", SOUND, *options, env=environment):
        await _until(socket.exists)
        yield


@asynccontextmanager
async def _running(log: Path, *command: str, env: dict[str, str]) -> AsyncIterator[None]:
    """Runs a program, whose messages go into a file: it would wait for the reader of a pipe."""
    with log.open("w") as file:
        process = await asyncio.create_subprocess_exec(*command, stdout=file, stderr=file, env=env)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _until(condition: Callable[[], Any]) -> Any:
    """Waits until a condition is true, and returns its value."""
    async with asyncio.timeout(TIMEOUT):
        while not (value := condition()):
            await asyncio.sleep(0.05)
    return value
