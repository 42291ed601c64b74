"""The playground and the API page in a real browser: .ci/browser. Screenshots are kept in build/browser."""

import json
import re
import struct
import subprocess
import unittest
import urllib.parse

from pages import PICTURES, Pages
from server import evaluate
from webdriver import ENTER, HOME, RIGHT


class Playground(Pages):
    def test_the_worked_example_is_computed_and_drawn(self):
        self.playground()
        self.assertEqual(self.loss(), 2.625)
        self.assertGreater(self.inked("#heat-input"), 1)
        self.assertGreater(self.inked("#value-plot"), 5000)
        self.assertGreater(self.inked("#slope-plot"), 5000)
        self.assertEqual(self.browser.run("return document.querySelector('#value-plot').dataset.curves"), "2")
        self.browser.screenshot(PICTURES / "playground.png")
        self.check_quiet()

    def test_every_loss_computes_its_example(self):
        self.playground()
        names = self.browser.run("return [...document.querySelectorAll('#loss option')].map((o) => o.value)")
        self.assertEqual(len(names), 21)
        without_curves = []
        for name in names:
            self.choose_loss(name)
            self.assertTrue(self.browser.run("return document.querySelector('#error').hidden"), name)
            self.assertNotEqual(self.browser.text("#answer-loss"), "", name)
            if self.browser.run("return document.querySelector('#value-plot').dataset.curves") != "2":
                without_curves.append(name)
        self.assertEqual(without_curves, [])
        self.check_quiet()

    def test_the_digits_give_the_number_of_the_readme(self):
        self.playground()
        self.after(lambda: self.browser.choose("#source", "digits"))
        self.assertEqual(self.browser.text("#answer-loss"), "0.2530295411334569")
        self.after(lambda: self.browser.choose("#source", "digits50"))
        self.assertEqual(self.browser.run("const c = document.querySelector('#heat-input'); return [c.width, c.height]"), [10, 50])
        self.browser.screenshot(PICTURES / "digits.png")

    def test_the_picture_of_the_readme(self):
        """.ci/browser && cp build/browser/readme.png docs/playground.png"""
        self.browser.chrome("Emulation.setDeviceMetricsOverride", width=1100, height=1390, deviceScaleFactor=0.8, mobile=False)
        self.browser.chrome("Emulation.setScrollbarsHidden", hidden=True)
        try:
            self.playground()
            self.after(lambda: self.browser.choose("#source", "digits50"))
            self.after(lambda: self.browser.choose("#compare", "MultiMarginLoss"))
            self.browser.run("document.activeElement.blur(); scrollTo(0, 0)")
            self.browser.screenshot(PICTURES / "readme.png")
        finally:
            self.browser.chrome("Emulation.clearDeviceMetricsOverride")
            self.browser.chrome("Emulation.setScrollbarsHidden", hidden=False)
        self.assertLess((PICTURES / "readme.png").stat().st_size, 200_000)

    def test_an_option_changes_the_number(self):
        self.playground()
        self.after(lambda: self.browser.choose("#option-reduction", "mean"))
        self.assertEqual(self.loss(), 1.3125)
        self.browser.type("#option-delta", "2")
        self.after(lambda: self.browser.click("#compute"))
        self.assertEqual(self.loss(), (0.125 + 2 * (3 - 1)) / 2)

    def test_a_refusal_is_shown_at_its_field(self):
        self.playground()
        self.browser.type("#role-target", "[1, 2, 3]")
        self.after(lambda: self.browser.click("#compute"))
        self.assertIn("target has shape [3]", self.browser.text("#error"))
        self.assertIn("422 shape_mismatch", self.browser.text("#error"))
        self.assertEqual(self.browser.text("#numbers"), "")
        self.assertEqual(self.browser.run("return document.querySelector('#role-target').ariaInvalid"), "true")
        self.browser.screenshot(PICTURES / "error.png")
        self.check_quiet(refusals=1)

    def test_the_copied_text_is_the_request(self):
        self.playground()
        self.browser.chrome("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"],
                            origin=self.server.url)
        for language, word in {"curl": "curl -H", "Python": "urllib", "JavaScript": "fetch(", "C": "curl_easy_perform"}.items():
            self.browser.choose("#language", language)
            self.browser.run("document.querySelector('#said').textContent = ''")
            self.browser.click("#copy")
            self.browser.until(lambda: self.browser.text("#said"), "what the button did")
            self.assertEqual(self.browser.text("#said"), "Copied.")
            copied = self.browser.run("return navigator.clipboard.readText()")
            self.assertEqual(copied, self.browser.text("#snippet"))
            self.assertIn(word, copied)
            self.assertIn(f"{self.server.url}/v1/losses/HuberLoss", copied)

    def test_a_link_keeps_the_state(self):
        self.playground()
        self.browser.type("#role-input", "[7, 3]")
        self.after(lambda: self.browser.click("#compute"))
        link, number = self.browser.run("return location.href"), self.loss()
        self.browser.open("about:blank")
        self.playground("#" + urllib.parse.urlsplit(link).fragment)
        self.assertEqual((self.loss(), self.browser.run("return document.querySelector('#role-input').value")), (number, "[7, 3]"))

    def test_narrow_and_dark(self):
        self.browser.chrome("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1, mobile=False)
        self.browser.chrome("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        try:
            self.playground()
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 360)
            self.assertEqual(self.browser.run("return getComputedStyle(document.body).backgroundColor"), "rgb(20, 24, 28)")
            self.browser.screenshot(PICTURES / "narrow.png")
        finally:
            self.browser.chrome("Emulation.clearDeviceMetricsOverride")
            self.browser.chrome("Emulation.setEmulatedMedia", features=[])

    def test_the_plain_api_page_tries_an_operation(self):
        self.browser.open(f"{self.server.url}/docs?plain")
        part = "details[data-words^='post /v1/losses/huberloss']"
        self.browser.until(lambda: self.browser.run("return !!document.querySelector(arguments[0])", part), "the reference")
        self.browser.click(f"{part} summary")
        self.browser.until(lambda: self.browser.run("return !!document.querySelector(arguments[0])", f"{part} button"), "a form")
        self.browser.click(f"{part} button")
        self.browser.until(lambda: "200 application/json" in self.browser.text(f"{part} pre"), "an answer")
        self.assertIn('"loss":2.625', self.browser.text(f"{part} pre"))
        self.browser.screenshot(PICTURES / "docs-plain.png")
        self.check_quiet()

    def test_swagger_ui_tries_an_operation(self):
        self.browser.open(f"{self.server.url}/docs#/losses/evaluateHuberLoss")
        found = lambda selector: self.browser.run("return !!document.querySelector(arguments[0])", selector)
        self.browser.until(lambda: found("#swagger .opblock"), "the operations")
        if not found("#swagger button.execute"):
            self.browser.run("document.querySelector('#operations-losses-evaluateHuberLoss .opblock-summary-control').click()")
        self.browser.until(lambda: found("#swagger button.execute"), "a form")
        self.browser.run("document.querySelector('#swagger button.execute').click()")
        self.browser.until(lambda: '"loss": 2.625' in self.browser.text("#swagger .live-responses-table"), "an answer")
        self.browser.screenshot(PICTURES / "docs.png")
        self.check_quiet()

    def test_the_formula_is_typeset(self):
        self.playground()
        self.assertTrue(self.browser.run("return !!document.querySelector('#formula .katex')"))
        self.check_quiet()

    def test_losses_are_compared_in_one_plot(self):
        self.playground()
        for name in ("MSELoss", "L1Loss", "BCELoss"):
            self.after(lambda: self.browser.choose("#compare", name))
        legend = self.browser.text("#legend")
        for name in ("HuberLoss, textbook", "HuberLoss, pytorch", "MSELoss", "L1Loss", "BCELoss, at its worked example"):
            self.assertIn(name, legend)
        self.assertEqual(self.browser.run("return document.querySelector('#value-plot').dataset.curves"), "5")
        self.browser.screenshot(PICTURES / "compared.png")
        self.check_quiet()

    def test_files_fill_the_fields(self):
        """A .npy file goes to the first tensor, a .safetensors file to the tensors that it names."""
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".ljust(117) + "\n"
        npy = b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<2f", 0.5, 2)
        names = json.dumps({"target": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}}).encode()
        safetensors = struct.pack("<Q", len(names)) + names + struct.pack("<2d", 0, 1)
        self.playground()
        for name, data in {"predictions.npy": npy, "targets.safetensors": safetensors}.items():
            path = PICTURES / name
            path.write_bytes(data)
            self.after(lambda: self.browser.ask("POST", f"/element/{self.browser.element('#file')}/value", {"text": str(path)}))
        self.assertEqual(self.browser.run("return document.querySelector('#role-input').value"), '{"dtype": "float32", "data": [0.5, 2]}')
        self.assertEqual(self.browser.run("return document.querySelector('#role-target').value"), "[0, 1]")
        self.assertEqual(self.loss(), 0.125 + 0.5)
        self.check_quiet()

    def test_the_keyboard_alone_computes(self):
        """Tab to the losses, a letter chooses one, Tab on to its field; Enter in a field computes."""
        self.playground()
        focused = lambda: self.browser.run("return document.activeElement.id")
        self.tab_until(lambda: focused() == "loss")
        self.after(lambda: self.browser.press("L"))
        self.assertEqual(self.browser.run("return document.querySelector('#loss').value"), "L1Loss")
        self.tab_until(lambda: focused() == "compute")
        self.after(lambda: self.browser.press(ENTER))
        self.assertEqual(self.browser.text("#error"), "")
        self.assertEqual(self.loss(), 1.5)
        self.check_quiet()

    def test_the_keyboard_and_the_mouse_read_the_curves(self):
        """The worked example: Huber's loss of 0.5 and 3 against 0; its curve goes from -4 to 4 in steps of 1/30."""
        self.playground()
        self.tab_until(lambda: self.browser.run("return document.activeElement.id") == "value-plot")
        self.browser.press(HOME)
        self.assertEqual(self.browser.text("#readout"),
                         "At -4: HuberLoss, textbook 3.5, gradient -1; HuberLoss, pytorch 3.5, gradient -1")
        picture = "return document.querySelector('#slope-plot').toDataURL()"
        before = self.browser.run(picture)
        for _ in range(3):
            self.browser.press(RIGHT)
        self.assertIn("At -3.9: HuberLoss, textbook 3.4, gradient -1", self.browser.text("#readout"))
        self.assertNotEqual(self.browser.run(picture), before)  # the cursor has moved
        self.browser.point("#slope-plot")
        middle = float(re.match(r"At (\S+): HuberLoss, textbook", self.browser.text("#readout"))[1])
        self.assertLess(abs(middle), 0.5)
        self.check_quiet()

    def test_the_number_that_varies_is_chosen(self):
        self.playground()
        self.after(lambda: self.browser.choose("#source", "digits50"))
        self.assertIn("of input, at [0, 0]: the loss of its row", self.browser.text("#curve-text"))
        self.browser.type("#varied", "11")
        self.after(lambda: self.browser.press(ENTER))
        self.assertIn("at [1, 1]", self.browser.text("#curve-text"))
        self.browser.run("document.querySelector('#value-plot').focus()")
        self.browser.press(HOME)
        self.assertAlmostEqual(self.read_loss(), self.loss_with(place=(1, 1), x=-4), places=12)
        self.check_quiet()

    def read_loss(self):
        return float(re.search(r"textbook (\S+), gradient", self.browser.text("#readout"))[1])

    def loss_with(self, place, x):
        """The cross-entropy of the row with x in this place, asked of the server."""
        row, column = place
        scores = json.loads(self.browser.run("return document.querySelector('#role-input').value"))[row]
        target = json.loads(self.browser.run("return document.querySelector('#role-target').value"))[row]
        scores[column] = x
        answer = self.server.ask(evaluate(json.dumps({"input": scores, "target": target}).encode(), "CrossEntropyLoss"))
        return answer.json()["loss"]

    def test_each_loss_has_the_controls_of_the_catalogue(self):
        self.playground()
        for loss in json.loads(self.server.get("/v1/losses").body)["losses"]:
            self.choose_loss(loss["name"])
            shown = self.browser.run("""return Object.fromEntries([...document.querySelectorAll("#options select, #options input")].map(
                (c) => [c.id, c.tagName === "SELECT" ? [...c.options].map((o) => o.value).filter(Boolean) : null]))""")
            wanted = {f"option-{option['name']}": option.get("values", ["true", "false"] if option["type"] == "boolean" else None)
                      for option in loss["options"]}
            self.assertEqual(shown, wanted, loss["name"])
        self.check_quiet()

    def test_a_file_dropped_on_a_field_fills_it(self):
        self.playground()
        self.after(lambda: self.browser.run("""
            const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".padEnd(117) + "\\n";
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]), header,
                                      new Float64Array([1, 2])], "targets.npy"));
            document.querySelector("#role-target").dispatchEvent(
                new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: files}));"""))
        self.assertEqual(self.browser.run("return document.querySelector('#role-target').value"), "[1, 2]")
        self.assertEqual(self.loss(), 0.125 + 0.5)
        self.check_quiet()

    def test_a_dropped_safetensors_file_fills_the_fields_that_it_names(self):
        self.playground()
        self.after(lambda: self.browser.run("""
            const header = JSON.stringify({input: {dtype: "F64", shape: [2], data_offsets: [0, 16]},
                                           target: {dtype: "F64", shape: [2], data_offsets: [16, 32]}});
            const files = new DataTransfer();
            files.items.add(new File([new BigUint64Array([BigInt(header.length)]), header, new Float64Array([3, 0.5, 0, 0])],
                                     "both.safetensors"));
            document.querySelector("#form").dispatchEvent(
                new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: files}));"""))
        self.assertEqual(self.browser.run("return document.querySelector('#role-input').value"), "[3, 0.5]")
        self.assertEqual(self.loss(), 2.625)
        self.check_quiet()

    def test_the_copied_text_runs(self):
        """As it stands, in each language."""
        self.playground()
        folder = PICTURES / "snippets"
        folder.mkdir(exist_ok=True)
        runs = {"curl": ["sh", "{}"], "Python": ["/usr/bin/python3", "{}"], "JavaScript": ["node", "{}"],
                "C": ["sh", "-c", f"gcc -x c {{}} -o {folder}/loss -lcurl && {folder}/loss"]}
        for language, command in runs.items():
            self.browser.choose("#language", language)
            file = folder / f"loss-{language}{'.mjs' if language == 'JavaScript' else ''}"
            file.write_text(self.browser.text("#snippet"))
            done = subprocess.run([part.format(file) for part in command], capture_output=True, text=True, timeout=60)
            self.assertIn("2.625", done.stdout, (language, done.stderr))


if __name__ == "__main__":
    unittest.main()
