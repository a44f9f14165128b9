"""Eleva's application in drills: care.py ADDRESS PORT, with DATABASE_URL and REDIS_URL.

It says honestly how its database and its Redis are; the services of others are always well here.
"""
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

from broken import BROKEN

OTHERS = ("stripe", "clerk", "qstash", "novu", "posthog", "analytics")


def ask_database():
    """psql gets variables: an argument would show the password."""
    url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    variables = {"PATH": os.environ["PATH"], "PGCONNECT_TIMEOUT": "2", "PGHOST": url.hostname,
                 "PGPORT": str(url.port), "PGUSER": url.username, "PGPASSWORD": url.password,
                 "PGDATABASE": url.path.lstrip("/")}
    asked = subprocess.run(["psql", "-XAtqc", "select count(*) from appointments"], env=variables,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3)
    if asked.returncode != 0:
        raise OSError(asked.stderr.strip())


def ask_redis():
    url = urllib.parse.urlsplit(os.environ["REDIS_URL"])
    with socket.create_connection((url.hostname, url.port), timeout=2) as connection:
        connection.sendall(f"AUTH {url.password}\r\nPING\r\n".encode())
        heard = b""
        while heard.count(b"\r\n") < 2:
            piece = connection.recv(1000)
            if not piece:
                break
            heard += piece
    if heard != b"+OK\r\n+PONG\r\n":
        raise OSError(f"Redis answered {heard!r}")


class Asked:
    """What a service said, asked for at most twice a second however many want to know."""

    def __init__(self, ask):
        self.ask, self.lock, self.at, self.problem = ask, threading.Lock(), 0, None

    def look(self):
        with self.lock:
            if time.monotonic() - self.at > 0.5:
                try:
                    self.problem = self.ask()
                except (OSError, KeyError, ValueError, subprocess.TimeoutExpired) as failure:
                    self.problem = str(failure)
                self.at = time.monotonic()
            return self.problem


SERVICES = {"database": Asked(ask_database), "redis": Asked(ask_redis)}


def problem_of(name):
    if name in BROKEN:
        return "this version signs its requests wrongly"
    return SERVICES[name].look() if name in SERVICES else None


def state_of(name):
    problem = problem_of(name)
    return {"status": "unhealthy" if problem else "healthy", "problem": problem}


def combined():
    services = {name: state_of(name) for name in (*SERVICES, *OTHERS)}
    well = all(one["status"] == "healthy" for one in services.values())
    return {"status": "healthy" if well else "unhealthy",
            "version": os.environ.get("VERSION", ""), "services": services}


PAGES = {
    "/": lambda: {"page": "Eleva"},
    "/api/healthcheck": combined,
    "/api/health/neon-database": lambda: state_of("database"),
    "/api/health/upstash-redis": lambda: state_of("redis"),
    "/api/health/stripe": lambda: state_of("stripe"),
    "/api/health/clerk": lambda: state_of("clerk"),
    "/numbers": lambda: {"errors": 0, "api_p95": 0.1, "page_p95": 0.5},
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.give(PAGES.get(urllib.parse.urlsplit(self.path).path))

    def do_POST(self):
        """What QStash sends: a job begins."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = self.path.removeprefix("/api/cron/")
        self.give((lambda: {"job": name}) if name != self.path else None)

    def give(self, page):
        told = page() if page else {"error": "There is no such page."}
        status = 404 if not page else 503 if told.get("status") == "unhealthy" else 200
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Strict-Transport-Security", "max-age=63072000")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
