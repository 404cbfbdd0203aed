"""A page in headless Chromium, spoken to over the DevTools protocol's pipe.

Messages are JSON ended by NUL: Chromium reads them from its file descriptor 3 and writes to 4
(``--remote-debugging-pipe``), so no port is opened and nothing but Chromium is needed.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # needed as root, and the only page opened is our own
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
TIMEOUT_S = 60.0

TAKE_THE_PIPES = """
import os, sys
incoming, outgoing, *command = sys.argv[1:]
os.dup2(int(incoming), 3)
os.dup2(int(outgoing), 4)
os.execv(command[0], command)
"""


def find_chromium() -> str | None:
    """Path of a Chromium, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Page:
    """One open page, and what it has said so far."""

    incoming: int
    outgoing: int
    session: str = ""
    complaints: list[str] = field(default_factory=list)  # errors and warnings of the console
    requests: list[str] = field(default_factory=list)  # addresses of all that was fetched
    _number: int = 0
    _buffer: bytes = b""

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.outgoing, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self._notice(answer)

    def evaluate(self, expression: str) -> Any:
        """Value of a JavaScript expression, awaited if it is a promise."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_until(self, expression: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + TIMEOUT_S
        while not self.evaluate(expression):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{expression} did not come true; {self.complaints}")
            time.sleep(0.05)

    def screenshot(self, path: Path) -> None:
        """Save what is in the window."""
        answer = self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))

    def _notice(self, event: dict[str, Any]) -> None:
        method, details = event.get("method"), event.get("params", {})
        if method == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning"):
            self.complaints.append(str([a.get("value", a) for a in details["args"]]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(details["exceptionDetails"]))
        elif method == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
            self.complaints.append(details["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(details["request"]["url"])

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select(
                [self.incoming], [], [], max(0.0, deadline - time.monotonic())
            )
            data = os.read(self.incoming, 1 << 20) if ready else b""
            if not data:
                raise TimeoutError("Chromium does not answer")
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        return dict(json.loads(message))


@contextmanager
def open_page(
    path: Path, *, width: int = 1200, height: int = 900, dark: bool = False
) -> Iterator[Page]:
    """Open a file in a window of its own, listening before the first byte of it is read."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process, our_in, our_out = _start(profile)
        try:
            page = _attach(Page(our_in, our_out))
            page.call(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=height,
                deviceScaleFactor=1,
                mobile=width < 600,
            )
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            page.call("Emulation.setEmulatedMedia", features=[scheme])
            page.call("Page.navigate", url=path.resolve().as_uri())
            page.wait_until("document.readyState === 'complete' && location.protocol === 'file:'")
            yield page
        finally:
            os.close(our_in)
            os.close(our_out)  # Chromium ends when its pipe does
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(profile: str) -> tuple[subprocess.Popen[bytes], int, int]:
    """Start Chromium; return it, and our ends of the pipes from it and to it."""
    program = find_chromium()
    if program is None:
        raise FileNotFoundError("no Chromium")
    their_in, our_out = _pipe()
    our_in, their_out = _pipe()
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", TAKE_THE_PIPES, str(their_in), str(their_out)),
            *(program, *OPTIONS, f"--user-data-dir={profile}", "about:blank"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(their_in, their_out),
    )
    os.close(their_in)
    os.close(their_out)
    return process, our_in, our_out


def _attach(page: Page) -> Page:
    (target,) = (
        found for found in page.call("Target.getTargets")["targetInfos"] if found["type"] == "page"
    )
    attached = page.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
    page.session = attached["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        page.call(f"{domain}.enable")
    return page


def _pipe() -> tuple[int, int]:
    """Make a pipe whose ends are far from the descriptors that Chromium expects its own at."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(end)
    return ends[0], ends[1]
