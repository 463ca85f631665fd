"""A headless Chromium, driven over a pipe by the DevTools protocol; no package is needed for it."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_SECONDS = 60  # that Chromium may take to answer


def chromium():
    """The path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One tab. `errors` has what the console said of errors and what the page threw."""

    def __init__(self, program, folder):
        arguments = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
            "--force-color-profile=srgb", "--font-render-hinting=none",
            f"--user-data-dir={folder}", "about:blank",
        ]  # fmt: skip
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        shell = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null'
        self._process = subprocess.Popen(
            ["sh", "-c", shell, "sh", *arguments],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._to, self._from = self._process.stdin, self._process.stdout
        self._rest = b""
        self._number = 0
        self._session = None
        self._loaded = False
        self.errors = []
        self.requests = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def size(self, width, height=900, *, dark=False):
        """Sets the window and the preferred colours."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        features.append({"name": "prefers-reduced-motion", "value": "reduce"})
        self._call("Emulation.setEmulatedMedia", features=features)

    def open(self, path):
        """Loads a file."""
        self.errors, self.requests, self._loaded = [], [], False
        self._call("Page.navigate", url=Path(path).resolve().as_uri())
        end = time.monotonic() + _SECONDS
        while not self._loaded and time.monotonic() < end:
            self._receive(end)

    def run(self, script):
        """The value of a JavaScript expression."""
        answer = self._call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key, *, shift=False):
        """Presses a key."""
        codes = {"Tab": 9, "Enter": 13, "ArrowRight": 39, "ArrowLeft": 37, "End": 35, "Home": 36}
        event = {
            "key": key, "code": key, "windowsVirtualKeyCode": codes[key], "modifiers": 8 * shift,
        }  # fmt: skip
        self._call("Input.dispatchKeyEvent", type="keyDown", **event)
        self._call("Input.dispatchKeyEvent", type="keyUp", **event)

    def move(self, x, y):
        """Moves the mouse."""
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        """Clicks with the mouse."""
        self.move(x, y)
        for event in ("mousePressed", "mouseReleased"):
            self._call(
                "Input.dispatchMouseEvent", type=event, x=x, y=y, button="left", clickCount=1
            )

    def place(self, selector):
        """The centre of an element in the window, which scrolls to it."""
        return self.run(
            f"(() => {{const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2];})()"
        )

    def screenshot(self, path, selector=None):
        """Writes a PNG of the page, or of an element, once it is laid out."""
        frame = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.run(f"{frame}.then(() => true)")
        box = self.run(
            "(() => {const e = "
            + (f"document.querySelector({json.dumps(selector)})" if selector else "document.body")
            + "; const b = e.getBoundingClientRect(); return {x: b.x + scrollX, y: b.y + scrollY, "
            "width: b.width, height: b.height};})()"
        )
        answer = self._call(
            "Page.captureScreenshot", clip={**box, "scale": 1}, captureBeyondViewport=True
        )
        Path(path).write_bytes(base64.b64decode(answer["data"]))

    def close(self):
        """Ends Chromium."""
        self._session = None
        with contextlib.suppress(OSError, TimeoutError):
            self._call("Browser.close")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        self._to.close()
        self._from.close()

    def _call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        end = time.monotonic() + _SECONDS
        while True:
            answer = self._receive(end)
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _receive(self, end):
        """The next message; events are noted."""
        while b"\0" not in self._rest:
            if not select.select([self._from], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError("Chromium does not answer")
            if not (part := os.read(self._from.fileno(), 1 << 20)):
                raise TimeoutError("Chromium has ended")
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        parameters = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Runtime.exceptionThrown":
                self.errors.append(str(parameters["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning"):
                self.errors.append(str(parameters["args"]))
            case "Log.entryAdded" if parameters["entry"]["level"] in ("error", "warning"):
                self.errors.append(parameters["entry"]["text"])
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
        return message
