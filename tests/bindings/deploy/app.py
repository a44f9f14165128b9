"""A tiny web application: what it answers depends on the files of its release."""
import http.server
import json
import os
import signal
import sys
import threading


def text_of(name):
    try:
        with open(name, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/crash":
            os._exit(3)
        body = {
            "pid": os.getpid(),
            "version": VERSION,
            "environment": dict(os.environ),
            "maintenance": text_of(os.environ.get("MAINTENANCE_FILE", "")),
            "signals": SIGNALS,
        }
        # Only the version counts for health: a release is good or bad as a whole.
        bad = VERSION.startswith("bad") or SIGNALS[:1] == ["SIGTERM"]
        healthy = self.path != "/health" or not bad
        answer = json.dumps(body).encode()
        self.send_response(200 if healthy else 503)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format, *arguments):
        pass


def end():
    # One that drains: it answers no more, and goes on with what it has.
    if not VERSION.startswith("draining"):
        os._exit(0)
    SIGNALS.insert(0, "SIGTERM")
    threading.Timer(2, os._exit, [0]).start()


VERSION = text_of("version")
SIGNALS = []
signal.signal(signal.SIGHUP, lambda number, frame: SIGNALS.append("SIGHUP"))
signal.signal(signal.SIGTERM, lambda number, frame: end())
if VERSION.startswith("crashing"):
    print("no database", file=sys.stderr, flush=True)
    sys.exit(4)
http.server.HTTPServer.allow_reuse_address = True
address = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
server = http.server.ThreadingHTTPServer((address, int(sys.argv[1])), Handler)
print("instance", os.environ.get("INSTANCE", address), "serves", VERSION, flush=True)
if "TOKEN" in os.environ:
    print("with the token", os.environ["TOKEN"], flush=True)
server.serve_forever()
