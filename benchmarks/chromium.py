"""Headless Chromium, driven through the DevTools protocol over a pipe.

https://chromedevtools.github.io/devtools-protocol
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

_TIMEOUT = 60


class Browser:
    """One browser with one page."""

    def __init__(self, program: str, profile: Path) -> None:
        down, self._write = os.pipe()
        self._read, up = os.pipe()

        # The browser reads from 3 and writes to 4.
        def place() -> None:
            os.dup2(down, 13)
            os.dup2(up, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        command = [
            *(
                program,
                "--headless=new",
                "--no-sandbox",
                "--remote-debugging-pipe",
                "--disable-gpu",
            ),
            *("--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage"),
            *("--hide-scrollbars", f"--user-data-dir={profile}", "about:blank"),
        ]
        self._process = subprocess.Popen(
            command,
            preexec_fn=place,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(down)
        os.close(up)
        self._number = 0
        self._pending = b""
        self.events: list[dict[str, Any]] = []
        """What the page said of itself, oldest first."""
        (page,) = (
            target
            for target in self.call("Target.getTargets")["targetInfos"]
            if target["type"] == "page"
        )
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session: str | None = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")
        # Workers wait until they are listened to.
        self.call(
            "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True
        )

    _session: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *left_by: object) -> None:
        self._session = None
        self.call("Browser.close")
        self._process.wait(_TIMEOUT)
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """Call a method of the protocol, and return its result."""
        number = self._send(method, self._session, given)
        while True:
            found = self._next()
            if found.get("id") == number:
                assert "error" not in found, (method, found["error"])
                result: dict[str, Any] = found["result"]
                return result

    def _send(self, method: str, session: str | None, given: dict[str, Any]) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": given}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return self._number

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._read], [], [], _TIMEOUT)
            assert ready, "the browser does not answer"
            self._pending += os.read(self._read, 1 << 20)
        message, _, self._pending = self._pending.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        if "method" in found:
            self.events.append(found)
        if found.get("method") == "Target.attachedToTarget":
            session = found["params"]["sessionId"]
            for method in ("Network.enable", "Runtime.enable", "Log.enable"):
                self._send(method, session, {})
            self._send("Runtime.runIfWaitingForDebugger", session, {})
        return found

    def open(self, address: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=address)

    def run(self, expression: str) -> Any:
        """Return what an expression of JavaScript gives; promises are awaited."""
        found = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = _TIMEOUT) -> Any:
        """Wait until an expression is true, and return what it gives."""
        end = time.monotonic() + seconds
        while True:
            found = self.run(expression)
            if found:
                return found
            assert time.monotonic() < end, f"never: {expression}"
            time.sleep(0.02)

    def choose(self, selector: str, path: Path) -> None:
        """Choose a file in a field for files."""
        found = self.call("Runtime.evaluate", expression=f"document.querySelector('{selector}')")
        node = found["result"]["objectId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], objectId=node)

    def drop(self, path: Path) -> None:
        """Drag a file onto the page and let it go."""
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=100, y=100, data=data)

    def picture(self, path: Path) -> None:
        """Write the page as a picture."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))

    def complaints(self) -> list[str]:
        """What the console and the log have of errors and warnings."""
        said: dict[str, Callable[[dict[str, Any]], str | None]] = {
            "Runtime.exceptionThrown": lambda one: json.dumps(one["exceptionDetails"]),
            "Runtime.consoleAPICalled": lambda one: (
                json.dumps(one["args"]) if one["type"] in ("error", "warning", "assert") else None
            ),
            "Log.entryAdded": lambda one: f"{one['entry']['text']} {one['entry'].get('url', '')}",
        }
        found = (
            said[event["method"]](event["params"])
            for event in self.events
            if event["method"] in said
        )
        return [line for line in found if line is not None]

    def requests(self) -> list[str]:
        """The addresses that the page asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]
