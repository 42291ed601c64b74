"""The house's rooms: includes point one way, cli -> server -> api -> core, and some names have one home.

Sources are read without their comments. Prints nothing when all is well.
"""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAY_INCLUDE = {"core": {"core"}, "api": {"core", "api"}, "server": {"core", "api", "server"},
               "cli": {"core", "api", "server", "cli"}}
# System headers that a room must not see: core knows no JSON, thread or socket; api no thread or socket.
SOCKETS_AND_THREADS = r"microhttpd|uv|pthread|threads|gnutls|sys/socket|netinet|arpa|sys/epoll|poll|unistd"
FORBIDDEN = {"core": rf"cjson|zlib|{SOCKETS_AND_THREADS}", "api": SOCKETS_AND_THREADS}
HOMES = {r"\bMHD_\w+": "server/http.c", r"\buv_queue_work\b": "server/pool.c"}


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def violations(path, text):
    """What a source, named relative to the root, does that its room must not."""
    room, text = path.split("/")[0], without_comments(text)
    for include in re.findall(r'#\s*include\s*"([^"]+)"', text):
        if include.split("/")[0] not in MAY_INCLUDE[room]:
            yield f'{path} includes "{include}": expected one of {sorted(MAY_INCLUDE[room])}'
    for include in re.findall(r"#\s*include\s*<([^>]+)>", text):
        if room in FORBIDDEN and re.match(rf"({FORBIDDEN[room]})\b", include, flags=re.I):
            yield f"{path} includes <{include}>: {room} must not know it"
    for pattern, home in HOMES.items():
        found = re.search(pattern, text)
        if found and path != home:
            yield f"{path} names {found.group()}: only {home} may"


def sources():
    for room in MAY_INCLUDE:
        for path in sorted((ROOT / room).rglob("*")):
            # Generators run while building and are no part of the room.
            if path.suffix in (".c", ".h", ".def") and "tools" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text()


class Rooms(unittest.TestCase):
    def test_every_source_keeps_to_its_room(self):
        self.assertEqual([v for path, text in sources() for v in violations(path, text)], [])

    def test_every_room_was_seen(self):
        self.assertEqual({path.split("/")[0] for path, _ in sources()}, set(MAY_INCLUDE))

    def test_what_a_room_must_not_do_is_found(self):
        for path, text in [
            ("core/plan.c", '#include "api/problem.h"'),
            ("core/plan.c", "#include <pthread.h>"),
            ("core/plan.c", "#include <cjson/cJSON.h>"),
            ("api/query.c", '#include "server/config.h"'),
            ("api/query.c", "#include <uv.h>"),
            ("server/job.h", '#include "job.h"'),
            ("server/serve.c", '#include "cli/commands.h"'),
            ("server/tls.c", "MHD_start_daemon();"),
            ("server/http.c", "uv_queue_work();"),
        ]:
            self.assertEqual(len(list(violations(path, text))), 1, f"{path}: {text}")

    def test_what_a_room_may_do_is_not(self):
        for path, text in [
            ("server/http.c", "#include <microhttpd.h>\nMHD_start_daemon();"),
            ("server/pool.c", '#include "core/plan.h"\nuv_queue_work();'),
            ("server/job.c", "/* MHD_queue_response is called by http.c */"),
            ("core/plan.c", "#include <string.h>"),
        ]:
            self.assertEqual(list(violations(path, text)), [], f"{path}: {text}")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=0))
