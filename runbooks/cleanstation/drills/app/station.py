#!/usr/bin/python3
"""The application of a drill: CleanStation's addresses, with a health that asks for real.

Arguments: address, port. Variables: DATABASE_URL, REDIS_URL. GET /api/health writes and reads a row
and asks Redis, and is 503 where one does not answer; POST /api/auth/login refuses every password;
GET /api/orders is refused; GET /metrics is what Prometheus scrapes.
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

PLACE = sys.argv[1], int(sys.argv[2])
VISIT = ("create table if not exists visits (at timestamptz); "
         "insert into visits values (now()); select count(*) from orders")


def database_problem():
    asked = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", os.environ["DATABASE_URL"],
                            "-c", VISIT], capture_output=True, text=True, timeout=3,
                           env={**os.environ, "PGCONNECT_TIMEOUT": "2",
                                "PGOPTIONS": "-c client_min_messages=error"})
    return asked.stderr.strip() if asked.returncode != 0 else None


def redis_problem():
    redis = urllib.parse.urlsplit(os.environ["REDIS_URL"])
    with socket.create_connection((redis.hostname, redis.port or 6379), timeout=2) as connection:
        words = ([f"AUTH {redis.password}"] if redis.password else []) + ["PING"]
        connection.sendall("".join(word + "\r\n" for word in words).encode())
        answer = b""
        while b"PONG" not in answer and b"-" not in answer:
            more = connection.recv(200)
            if not more:
                break
            answer += more
        return None if b"PONG" in answer else answer.decode(errors="replace").strip()


class Asked:
    """What a service said, asked for at most four times a second however many want to know."""

    def __init__(self, ask):
        self.ask, self.lock, self.at, self.problem = ask, threading.Lock(), 0, None

    def look(self):
        with self.lock:
            if time.monotonic() - self.at > 0.25:
                try:
                    self.problem = self.ask()
                except (KeyError, OSError, subprocess.TimeoutExpired) as failure:
                    self.problem = str(failure)
                self.at = time.monotonic()
            return self.problem


CHECKS = {"database": Asked(database_problem), "redis": Asked(redis_problem)}
COUNTS, TOOK_S = {}, []
LIMITS_S = (0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, float("inf"))


def metrics():
    lines = [f'http_requests_total{{status="{status}"}} {count}'
             for status, count in COUNTS.items()]
    for limit in LIMITS_S:
        name = str(limit).replace("inf", "+Inf")
        count = sum(took <= limit for took in TOOK_S)
        lines.append(f'http_request_duration_seconds_bucket{{le="{name}"}} {count}')
    # It connects for each request, and is asked one at a time.
    return "\n".join([*lines, "postgresql_connections_active 1", ""])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        COUNTS[status] = COUNTS.get(status, 0) + 1
        TOOK_S.append(time.monotonic() - self.began)
        self.give(status, "application/json", json.dumps(body))

    def give(self, status, kind, text):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def parse_request(self):
        self.began = time.monotonic()
        return super().parse_request()

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/metrics":
            return self.give(200, "text/plain; version=0.0.4", metrics())
        if path == "/api/orders":
            return self.answer(401, {})
        if path != "/api/health":
            return self.answer(404, {})
        checks = {name: one.look() for name, one in CHECKS.items()}
        well = not any(checks.values())
        self.answer(200 if well else 503, {
            "status": "healthy" if well else "degraded", "version": os.environ.get("VERSION"),
            "checks": {name: problem or "healthy" for name, problem in checks.items()}})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(401 if self.path == "/api/auth/login" else 404, {})

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(PLACE, Handler).serve_forever()
