#!/usr/bin/python3
"""The application of a drill: VibeLog's addresses, with a health that asks every part.

Arguments: address, port, url of OpenAI, url of Anthropic. Variables: DATABASE_URL, AI_PROVIDER.
GET / is the page, /api/health the parts, /api/vibelogs a query, /api/transcribe
what users want of the provider of AI, /api/metrics/… the numbers of an application that is idle.
"""
import concurrent.futures
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

PLACE = sys.argv[1], int(sys.argv[2])
PROVIDERS = {"openai": sys.argv[3], "anthropic": sys.argv[4]}
METRICS = {"errors": {"percent": 0}, "p95": {"seconds": 0.1}, "limits/openai": {"used_percent": 1},
           "limits/resend": {"used_percent": 1}}


ASKED, ASKING = {}, threading.Lock()


def ask_psql(statement):
    """Asks by psql, another client than the runbook's; raises OSError where it cannot."""
    asked = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", os.environ["DATABASE_URL"],
                            "-c", statement], capture_output=True, text=True, timeout=6,
                           env={**os.environ, "PGCONNECT_TIMEOUT": "2"})
    if asked.returncode != 0:
        raise OSError(asked.stderr.strip())
    return asked.stdout.strip()


def query(statement):
    """The database's answer; who asks the same meanwhile shares it. A busy machine would begin
    more psql than it ends."""
    with ASKING:
        begins = statement not in ASKED
        answer = ASKED.setdefault(statement, concurrent.futures.Future())
    if begins:
        try:
            answer.set_result(ask_psql(statement))
        except (OSError, subprocess.TimeoutExpired) as failure:
            answer.set_exception(failure)
        finally:
            with ASKING:
                del ASKED[statement]
    return answer.result(7)


def provider(name):
    with urllib.request.urlopen(PROVIDERS[name] + "/v1/models", timeout=2) as answer:
        return json.load(answer)


def disk():
    usage = shutil.disk_usage(".")
    if usage.free * 50 < usage.total:
        raise OSError("less than 2 % are free")


def memory():
    with open("/proc/meminfo") as file:
        lines = dict(line.split(":", 1) for line in file)
    if int(lines["MemAvailable"].split()[0]) < 50000:
        raise OSError("less than 50 MB are free")


def supabase():
    """Supabase is the database's server here: it takes connections."""
    place = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    socket.create_connection((place.hostname, place.port), timeout=2).close()


PARTS = {"database": lambda: query("select count(*) from vibelogs"),
         "openai": lambda: provider("openai"), "supabase": supabase,
         "disk": disk, "memory": memory}


def ask(part):
    try:
        part()
        return "healthy", None
    except (OSError, subprocess.TimeoutExpired, urllib.error.URLError, ValueError) as failure:
        return "unhealthy", str(failure)


def health():
    checks = []
    for name, part in PARTS.items():
        status, detail = ask(part)
        checks.append({"service": name, "status": status, "details": detail})
    well = all(check["status"] == "healthy" for check in checks)
    return 200 if well else 503, {"status": "healthy" if well else "unhealthy", "checks": checks}


def answer_for(path):
    if path == "/":
        return 200, {"page": "VibeLog", "served_by": PLACE[0]}
    if path == "/api/health":
        return health()
    if path == "/api/vibelogs":
        return 200, {"vibelogs": int(query("select count(*) from vibelogs"))}
    if path == "/api/transcribe":
        name = os.environ.get("AI_PROVIDER", "openai")
        provider(name)
        return 200, {"transcribed_by": name}
    numbers = METRICS.get(path.removeprefix("/api/metrics/"))
    return (200, numbers) if numbers else (404, {})


class Busy:
    """Counts requests that are being answered."""

    def __init__(self):
        self.free, self.count = threading.Condition(), 0

    def __enter__(self):
        with self.free:
            self.count += 1

    def __exit__(self, *_):
        with self.free:
            self.count -= 1
            self.free.notify_all()

    def wait(self, within_s):
        with self.free:
            self.free.wait_for(lambda: self.count == 0, within_s)


BUSY, ENDING = Busy(), threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with BUSY:
            self.reply()

    def reply(self):
        try:
            status, body = answer_for(self.path.split("?")[0])
        except (OSError, subprocess.TimeoutExpired, ValueError) as failure:
            status, body = 502, {"error": str(failure)}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if ENDING.is_set():
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True  # Several instances share the port.
    request_queue_size = 128


def end(*_):
    """Takes no more requests, and answers those that it has."""
    ENDING.set()
    threading.Thread(target=SERVER.shutdown).start()


SERVER = Server(PLACE, Handler)
signal.signal(signal.SIGTERM, end)
SERVER.serve_forever(poll_interval=0.05)
SERVER.socket.close()
BUSY.wait(1)
