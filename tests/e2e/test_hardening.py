"""The release build: position-independent, full RELRO, no executable stack, stack protector, FORTIFY,
protected control flow (CET on x86-64, BTI and PAC on arm64)."""
import os
import pathlib
import re
import subprocess
import unittest

BINARY = os.environ["LOSSD_BINARY"]


def readelf(*flags, binary=BINARY):
    return subprocess.run(["readelf", "--wide", *flags, binary], capture_output=True, text=True, check=True).stdout


class Hardening(unittest.TestCase):
    def test_it_is_position_independent(self):
        self.assertRegex(readelf("--file-header"), r"Type:\s+DYN \(Position-Independent Executable file\)")

    def test_relocations_are_read_only_from_the_start(self):
        self.assertIn("GNU_RELRO", readelf("--program-headers"))
        self.assertRegex(readelf("--dynamic"), r"\(FLAGS_1\).*NOW")

    def test_the_stack_is_not_executable(self):
        self.assertRegex(readelf("--program-headers"), r"GNU_STACK.* RW  0x")

    def test_no_segment_is_writable_and_executable(self):
        self.assertNotIn(" RWE ", readelf("--program-headers"))

    def test_stacks_are_protected(self):
        self.assertIn("__stack_chk_fail", readelf("--dyn-syms"))

    def test_library_calls_are_checked(self):
        self.assertRegex(readelf("--dyn-syms"), r"__\w+_chk@")

    def test_control_flow_is_protected(self):
        """Each object of ours; the program's own mark wants a C library that has it too, and Debian 12's start files do not."""
        machine = re.search(r"Machine:\s+(.*)", readelf("--file-header")).group(1)
        marks = {"Advanced Micro Devices X86-64": "IBT, SHSTK", "AArch64": "BTI, PAC"}[machine]
        for archive in ("core/liblossd.a", "api/liblossd_api.a", "server/liblossd_server.a"):
            text = readelf("--notes", binary=pathlib.Path(BINARY).parent / archive)
            objects = re.split(r"^File: ", text, flags=re.M)[1:]
            self.assertGreater(len(objects), 10)
            self.assertEqual([o.splitlines()[0] for o in objects if marks not in o], [])


if __name__ == "__main__":
    unittest.main()
