"""Chromium through chromedriver (both Debian packages), by the W3C WebDriver protocol. Standard library only."""

import base64
import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,1500"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TAB, ENTER, HOME, RIGHT = "\ue004", "\ue007", "\ue011", "\ue014"


class Browser:
    """A session with a profile of its own; a context manager."""

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.profile = tempfile.mkdtemp(prefix="lossd-browser-")
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], stdout=subprocess.DEVNULL)
        try:
            self.until(self._accepts, "chromedriver accepts")
            options = {"args": [*FLAGS, f"--user-data-dir={self.profile}"]}
            answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        except BaseException:
            self.__exit__()
            raise
        self.session = f"/session/{answer['sessionId']}"
        return self

    def __exit__(self, *_):
        if hasattr(self, "session"):
            self.call("DELETE", self.session)
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _accepts(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError(f"{method} {path}: {value['error']}: {value['message']}")
        return value

    def ask(self, method, path, body=None):
        return self.call(method, self.session + path, body)

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def element(self, selector):
        return self.ask("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.ask("POST", f"/element/{self.element(selector)}/click", {})

    def type(self, selector, text):
        """Replaces what a field holds, key by key."""
        element = self.element(selector)
        self.ask("POST", f"/element/{element}/clear", {})
        self.ask("POST", f"/element/{element}/value", {"text": text})

    def press(self, key):
        """A key, wherever the focus is."""
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def point(self, selector, right=0, down=0):
        """The mouse to an element, so many pixels from its middle."""
        origin = {ELEMENT: self.element(selector)}
        move = {"type": "pointerMove", "duration": 0, "origin": origin, "x": right, "y": down}
        self.ask("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})

    def choose(self, selector, value):
        self.click(f"{selector} option[value='{value}']")

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def until(self, true, what):
        """Waits for what the browser does on its own time."""
        for _ in range(600):
            if true():
                return
            time.sleep(0.05)
        raise AssertionError(f"never: {what}")

    def logs(self, kind):
        return self.ask("POST", "/se/log", {"type": kind})

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def chrome(self, command, **parameters):
        """A command of the DevTools protocol."""
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})
