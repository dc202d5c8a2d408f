"""Headless Chromium, driven over the DevTools protocol."""

import asyncio
import base64
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio",
    "--disable-background-networking", "--disable-component-update", "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-port=0",
)  # fmt: skip

TIMEOUT = 60
"""Seconds that the browser may take for its start and for each call; it takes about one."""


_PLACE = """(selector) => {
  const element = document.querySelector(selector);
  if (!element) return null;
  element.scrollIntoView({block: "center", behavior: "instant"});
  const {left, top, width, height} = element.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + height / 2];
  const there = document.elementFromPoint(x, y);
  return {x, y, hit: element.contains(there), covered: there?.outerHTML.slice(0, 200)};
}"""

_KEYS = {
    "Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), " ": (32, " "), "End": (35, ""), "Home": (36, ""),
    "ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, ""), "ArrowDown": (40, ""),
}  # fmt: skip
"""Their codes, and the text that they enter."""


class Page:
    """A page of the browser."""

    def __init__(self, socket: ClientWebSocketResponse, browser: str) -> None:
        self._socket = socket
        self._browser = browser
        self._numbers = itertools.count(1)
        self.problems: list[str] = []
        """Messages of the console and of the log that are errors."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a method of the protocol and returns its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(TIMEOUT):
            while (message := await self._socket.receive_json()).get("id") != number:
                self._note(message)
        assert "error" not in message, message
        return message["result"]

    def _note(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.problems.append(str(parameters["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if parameters["type"] == "error":
                self.problems.append(str(parameters["args"]))
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                self.problems.append(str(parameters["entry"]["text"]))

    async def open(self, url: str) -> None:
        """Loads a page and waits for its load event."""
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call("Page.navigate", url=url)
        await self.evaluate("new Promise(done => document.readyState == 'complete' ? done() : onload = done)")

    async def evaluate(self, expression: str) -> Any:
        """Returns the value of a JavaScript expression; a promise is awaited."""
        result = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def wait(self, condition: str) -> Any:
        """Waits until a JavaScript expression is true, and returns its value (an element is {})."""
        async with asyncio.timeout(TIMEOUT):
            while (value := await self.evaluate(condition)) in (None, False, 0, ""):
                await asyncio.sleep(0.05)
        return value

    @asynccontextmanager
    async def other_tab(self) -> AsyncIterator["Page"]:
        """Opens another tab of the same browser, in front of this one, and closes it."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        address = f"ws://{self._browser}/devtools/page/{target}"
        async with ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
            yield Page(socket, self._browser)
        await self.call("Target.closeTarget", targetId=target)

    async def click(self, selector: str) -> None:
        """Clicks on the middle of an element with the mouse. It must be there and seen."""
        place = await self.evaluate(f"({_PLACE})({json.dumps(selector)})")
        assert place, f"{selector} is not there"
        assert place["hit"], f"{selector} is covered by {place['covered']}"
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=place["x"], y=place["y"], button="left", clickCount=1
            )

    async def press(self, key: str, *, control: bool = False, shift: bool = False) -> None:
        """Presses a key: a named one such as Tab, or a character."""
        code, text = _KEYS.get(key) or (ord(key.upper()), key)
        options = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 * control + 8 * shift}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text="" if control else text, **options)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **options)

    async def write(self, selector: str, text: str) -> None:
        """Replaces the text of a field as a user does, who selects all and pastes."""
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        await self.call("Input.insertText", text=text)

    async def upload(self, selector: str, file: Path) -> None:
        """Chooses a file in a field for files."""
        root = (await self.call("DOM.getDocument"))["root"]["nodeId"]
        node = (await self.call("DOM.querySelector", nodeId=root, selector=selector))["nodeId"]
        await self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file)])

    async def prefer(self, *, theme: str = "light", language: str = "zh-CN") -> None:
        """Sets the theme and the language that the browser asks for, for pages that are opened from now on."""
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        await self.call("Emulation.setUserAgentOverride", userAgent="Chromium", acceptLanguage=language)

    async def screenshot(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])

    async def resize(self, width: int, height: int) -> None:
        """Sets the size of the window, in CSS pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )


@asynccontextmanager
async def open_page(profile: Path, *options: str) -> AsyncIterator[Page]:
    """Starts Chromium with a new profile in that folder and more options, and ends it."""
    assert PROGRAM
    environment = os.environ | {"HOME": str(profile)}
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *OPTIONS, *options, f"--user-data-dir={profile}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT):
            port = await _port(profile / "DevToolsActivePort")
        async with ClientSession() as session:
            browser = f"127.0.0.1:{port}"
            targets = await (await session.get(f"http://{browser}/json/list")).json()
            address = next(each["webSocketDebuggerUrl"] for each in targets if each["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Page(socket, browser)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _port(file: Path) -> int:
    """Waits until the browser has written the port that it listens on, in the first of two lines."""
    while "\n" not in (content := _content(file)):
        await asyncio.sleep(0.05)
    return int(content.splitlines()[0])


def _content(file: Path) -> str:
    return file.read_text() if file.exists() else ""
