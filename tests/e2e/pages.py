"""What the tests of the pages in a browser share."""

import json
import pathlib
import unittest

from server import Server
from webdriver import TAB, Browser

ROOT = pathlib.Path(__file__).parent.parent.parent
PICTURES = ROOT / "build/browser"


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        PICTURES.mkdir(parents=True, exist_ok=True)
        cls.server = cls.enterClassContext(Server())
        cls.browser = cls.enterClassContext(Browser())

    def setUp(self):
        self.browser.open("about:blank")
        self.browser.logs("browser")
        self.browser.logs("performance")

    def computed(self):
        return int(self.browser.run("return document.body?.dataset.turn ?? 0"))

    def playground(self, fragment=""):
        self.browser.open(f"{self.server.url}/{fragment}")
        self.browser.until(self.computed, "the first computation")

    def after(self, act):
        """Acts, and waits for the computation that follows."""
        before = self.computed()
        act()
        self.browser.until(lambda: self.computed() > before, "a computation")

    def choose_loss(self, name):
        self.after(lambda: self.browser.choose("#loss", name))

    def loss(self):
        return float(self.browser.text("#answer-loss"))

    def inked(self, selector):
        """How many pixels of a canvas are painted."""
        return self.browser.run("""
            const canvas = document.querySelector(arguments[0]);
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let painted = 0;
            for (let i = 3; i < data.length; i += 4) painted += data[i] > 0;
            return painted;""", selector)

    def check_quiet(self, refusals=0):
        """No error in the console but the refusals that a test provoked, which Chromium reports; no request elsewhere."""
        severe = [e["message"] for e in self.browser.logs("browser") if e["level"] in ("SEVERE", "WARNING")]
        network = [m for m in severe if "the server responded with a status of 4" in m]
        self.assertEqual([m for m in severe if m not in network], [])
        self.assertTrue(len(network) >= refusals and (refusals or not network), network)
        for entry in self.browser.logs("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                self.assertTrue(url.startswith((self.server.url + "/", "data:", "about:")), url)

    def tab_until(self, there):
        for _ in range(30):
            self.browser.press(TAB)
            if there():
                return
        self.fail("Tab does not lead there")
