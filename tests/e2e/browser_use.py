"""The pages as people use them: nonsense, links, large files, phones. .ci/browser."""

import json
import pathlib
import subprocess
import tempfile
import unittest
import urllib.parse

from pages import PICTURES, Pages
from server import Server
from webdriver import ENTER

CLIPBOARD = ["clipboardReadWrite", "clipboardSanitizedWrite"]
PHONE = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": False}


class Use(Pages):
    def value(self, selector):
        return self.browser.run("return document.querySelector(arguments[0]).value", selector)

    def enter(self, selector, text):
        """As if typed or pasted, and left."""
        self.after(lambda: self.browser.run("""
            const field = document.querySelector(arguments[0]);
            field.value = arguments[1];
            for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, {bubbles: true}));""", selector, text))

    def npy(self, name, shape, data):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        path = PICTURES / name
        path.write_bytes(b"\x93NUMPY\x01\0\x76\0" + header.encode() + data)
        return path

    def drop_in(self, path):
        self.after(lambda: self.browser.ask("POST", f"/element/{self.browser.element('#file')}/value", {"text": str(path)}))

    def link(self, **state):
        return "#" + urllib.parse.quote(json.dumps({"source": "own", "options": {}, "inputs": {}, **state}))

    def test_what_is_no_json_is_marked_where_it_stands(self):
        self.playground()
        for selector, text in [("#role-input", "0.5, 3"), ("#role-input", "[1, 2"), ("#role-target", "abc"), ("#option-delta", "1,5")]:
            with self.subTest(text):
                self.playground()
                self.enter(selector, text)
                marked = self.browser.run("return [...document.querySelectorAll('[aria-invalid]')].map((e) => '#' + e.id)")
                self.assertEqual(marked, [selector])
                self.assertIn(selector.split("-")[1], self.browser.text("#error"))
        self.check_quiet(refusals=4)

    def test_a_link_pasted_into_the_open_page_is_followed(self):
        self.playground()
        fragment = self.link(loss="MSELoss", inputs={"input": "[5]", "target": "[1]"}, varied="0", language="C")
        self.after(lambda: self.browser.run("location.hash = arguments[0]", fragment))
        self.assertEqual((self.value("#loss"), self.loss(), self.value("#language")), ("MSELoss", 16, "C"))

    def test_a_link_shows_all_that_it_sends(self):
        self.playground(self.link(loss="MSELoss", inputs={"input": "[5, 7]", "target": "[1, 1]", "sample_weight": "[1, 0]"}))
        self.assertEqual(self.loss(), 16)
        self.assertTrue(self.browser.run("return document.querySelector('#role-sample_weight').checkVisibility()"))

    def test_a_link_of_nonsense_opens_the_page(self):
        for fragment in ("#%7B", "#null", self.link(loss="MSELoss", language="constructor", varied="x", source="example")):
            self.playground(fragment)
            self.assertNotEqual(self.browser.text("#answer-loss"), "", fragment)

    def test_a_link_is_copied_without_the_clipboard_of_secure_pages(self):
        self.playground()
        self.browser.chrome("Browser.grantPermissions", permissions=CLIPBOARD, origin=self.server.url)
        self.browser.run("Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})")
        self.browser.click("#share")
        self.browser.until(lambda: self.browser.text("#said"), "what the button did")
        self.assertEqual(self.browser.text("#said"), "Copied.")
        self.browser.run("delete navigator.clipboard")
        self.assertEqual(self.browser.run("return navigator.clipboard.readText()"), self.browser.run("return location.href"))

    def test_many_numbers_are_drawn_and_their_link_says_that_it_lacks_them(self):
        self.playground()
        self.after(lambda: self.browser.choose("#loss", "MSELoss"))
        count = 200_000
        zeros, ones = bytes(4 * count), b"\0\0\x80\x3f" * count
        for shape in (f"({count},)", f"({count // 2}, 2)"):
            self.drop_in(self.npy("input.npy", shape, ones))
            self.drop_in(self.npy("target.npy", shape, zeros))
            self.assertEqual(self.loss(), count if self.value("#option-reduction") == "sum" else 1)
            self.assertGreater(self.inked("#heat-input"), 900)
        self.browser.chrome("Browser.grantPermissions", permissions=CLIPBOARD, origin=self.server.url)
        self.browser.click("#share")
        self.browser.until(lambda: self.browser.text("#said"), "what the button did")
        self.assertIn("without the numbers", self.browser.text("#said"))
        self.assertLess(len(self.browser.run("return location.href")), 10_000)

    def test_the_copied_text_of_many_numbers_runs(self):
        self.playground()
        self.after(lambda: self.browser.choose("#source", "digits"))
        self.browser.choose("#language", "curl")
        done = subprocess.run(["sh"], input=self.browser.text("#snippet"), capture_output=True, text=True, timeout=60)
        self.assertIn("0.2530295411334569", done.stdout, done.stderr)

    def test_what_is_no_tensor_file_is_refused_as_a_file(self):
        good = self.npy("input.npy", "(2,)", bytes(8)).read_bytes()
        files = {"notes.txt": b"[1, 2]", "cut.npy": good[:-4], "header.npy": good[:20], "empty.safetensors": b"",
                 "cut.safetensors": b"\x40" + bytes(7) + b'{"input": '}
        self.playground()
        for name, data in files.items():
            (PICTURES / name).write_bytes(data)
            self.browser.run("document.querySelector('#error').replaceChildren()")
            self.browser.ask("POST", f"/element/{self.browser.element('#file')}/value", {"text": str(PICTURES / name)})
            self.browser.until(lambda: self.browser.text("#error"), "the refusal")
            self.assertIn("The file cannot be read", self.browser.text("#error"))
            self.assertIn(f"{name} is ", self.browser.text("#error"))
        self.check_quiet()

    def test_flat_data_has_its_place_in_the_curve(self):
        self.playground()
        self.after(lambda: self.browser.choose("#loss", "MSELoss"))
        self.enter("#role-input", '{"dtype": "float32", "shape": [2, 3], "data": [1, 2, 3, 4, 5, 6]}')
        self.enter("#role-target", "[[0, 1, 2], [3, 4, 7]]")
        self.enter("#varied", "9")
        self.assertEqual(self.value("#varied"), "5")
        self.assertIn("at [1, 2]", self.browser.text("#curve-text"))

    def test_own_numbers_stay_with_losses_of_the_same_tensors(self):
        self.playground()
        self.enter("#role-input", "[2, 0]")
        self.choose_loss("MSELoss")
        self.assertEqual((self.value("#role-input"), self.value("#source"), self.loss()), ("[2, 0]", "own", 2))
        self.choose_loss("CrossEntropyLoss")
        self.assertEqual((self.value("#role-input"), self.value("#source")), ("[[0,0]]", "example"))

    def test_an_option_in_focus_is_explained(self):
        self.playground()
        self.browser.run("document.querySelector('#option-delta').focus()")
        self.assertIn("from quadratic to linear", self.browser.text("#option-text"))

    def test_what_is_grey_is_said(self):
        self.playground()
        self.choose_loss("KLDivLoss")
        self.assertIn("grey not finite", self.browser.text("#gradients"))

    def test_the_pages_fit_a_phone(self):
        self.browser.chrome("Emulation.setDeviceMetricsOverride", **PHONE)
        try:
            for path in ("/", "/docs?plain", "/docs"):
                self.browser.open(f"{self.server.url}{path}")
                self.browser.until(lambda: self.browser.run(
                    "return !!document.querySelector('#answer-loss, #reference details, #swagger .opblock-tag')"), path)
                self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 375, path)
                self.browser.screenshot(PICTURES / f"phone{path.replace('/', '-').replace('?', '-')}.png")
            tallest = self.browser.run("return Math.max(...[...document.querySelectorAll('.opblock-tag')].map((e) => e.offsetHeight))")
            self.assertLess(tallest, 160)
        finally:
            self.browser.chrome("Emulation.clearDeviceMetricsOverride")

    def test_a_phone_shows_what_was_computed(self):
        seen = """const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight"""
        self.browser.chrome("Emulation.setDeviceMetricsOverride", **PHONE)
        try:
            self.playground()
            self.after(lambda: self.browser.click("#compute"))
            self.browser.until(lambda: self.browser.run(seen, "#answer-loss"), "the answer in sight")
            self.enter("#role-input", "abc")
            self.after(lambda: self.browser.click("#compute"))
            self.browser.until(lambda: self.browser.run(seen, "#error"), "the refusal in sight")
        finally:
            self.browser.chrome("Emulation.clearDeviceMetricsOverride")

    def test_words_of_tables_stay_whole(self):
        self.browser.chrome("Emulation.setDeviceMetricsOverride", **PHONE)
        part = "details[data-words^='post /v1/losses/huberloss']"
        try:
            self.browser.open(f"{self.server.url}/docs?plain")
            self.browser.until(lambda: self.browser.run("return !!document.querySelector(arguments[0])", part), "the reference")
            self.browser.click(f"{part} summary")
            self.browser.until(lambda: self.browser.run("return !!document.querySelector(arguments[0])", f"{part} th"), "tables")
            self.assertGreater(self.browser.run("return document.querySelector(arguments[0]).offsetWidth", f"{part} th"), 80)
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 375)
        finally:
            self.browser.chrome("Emulation.clearDeviceMetricsOverride")

    def test_curves_are_drawn_for_the_pixels_that_they_have(self):
        """So that their numbers are as large as the page's on a phone."""
        self.browser.chrome("Emulation.setDeviceMetricsOverride", **PHONE)
        size = "const c = document.querySelector('#value-plot'); return [c.width / devicePixelRatio, c.clientWidth]"
        try:
            self.playground()
            drawn, shown = self.browser.run(size)
            self.assertEqual(drawn, shown)
        finally:
            self.browser.chrome("Emulation.clearDeviceMetricsOverride")
        self.browser.until(lambda: len(set(self.browser.run(size))) == 1, "drawn anew for the wide page")

    def test_swagger_ui_keeps_its_own_style(self):
        self.browser.open(f"{self.server.url}/docs")
        self.browser.until(lambda: self.browser.text("#swagger pre.version"), "the version")
        self.assertEqual(self.browser.run("return getComputedStyle(document.querySelector('#swagger pre.version')).backgroundColor"),
                         "rgba(0, 0, 0, 0)")

    def test_the_plain_api_page_sets_its_text(self):
        self.browser.open(f"{self.server.url}/docs?plain")
        self.browser.until(lambda: self.browser.text("#reference"), "the reference")
        self.assertGreater(self.browser.run("return document.querySelectorAll('#reference > ul > li > strong').length"), 2)
        self.assertNotIn("**", self.browser.text("#reference"))


class Tokens(Pages):
    """A server that asks for one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        (pathlib.Path(folder) / "tokens").write_text("secret\n")
        cls.server = cls.enterClassContext(Server("--token-file", f"{folder}/tokens"))

    def test_the_token_is_asked_for_and_stands_in_no_copied_text(self):
        self.browser.open(self.server.url)
        self.browser.until(lambda: self.browser.run("return !document.querySelector('#token').hidden"), "the field")
        self.browser.type("#token", "secret")
        self.after(lambda: self.browser.click("#compute"))
        self.assertEqual(self.loss(), 2.625)
        for language in ("curl", "Python", "JavaScript", "C"):
            self.browser.choose("#language", language)
            self.assertIn("Bearer TOKEN", self.browser.text("#snippet"), language)
            self.assertNotIn("secret", self.browser.text("#snippet"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('#compare option').length"), 22)

    def test_the_api_pages_ask_for_it(self):
        for path, operations in (("/docs", "#swagger .opblock-tag"), ("/docs?plain", "#reference details")):
            self.browser.open(f"{self.server.url}{path}")
            self.browser.until(lambda: "401" in self.browser.text("#refused"), f"a refusal at {path}")
            self.browser.type("#token", "secret")
            self.browser.press(ENTER)
            self.browser.until(lambda: self.browser.run("return !!document.querySelector(arguments[0])", operations), path)
            self.assertTrue(self.browser.run("return document.querySelector('#refused').hidden"))


if __name__ == "__main__":
    unittest.main()
