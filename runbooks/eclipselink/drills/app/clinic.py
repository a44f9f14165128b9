"""The hand-off application of the drills: clinic.py ADDRESS PORT, with DATABASE_URL and REDIS_URL.

It serves what the real one is asked for: /api/health (from the database and from Redis),
/api/docs, POST /api/v1/auth/login.
"""
import http.server
import json
import os
import socket
import subprocess
import sys
import urllib.parse

from pool import Pool

POOL = Pool(20)


def ask_database():
    """The number of hand-offs. psql gets variables: an argument would show the password."""
    url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    variables = {"PATH": os.environ["PATH"], "PGCONNECT_TIMEOUT": "2", "LC_ALL": "C.UTF-8",
                 "PGHOST": url.hostname, "PGPORT": str(url.port), "PGUSER": url.username,
                 "PGPASSWORD": url.password, "PGDATABASE": url.path.lstrip("/")}
    asked = subprocess.run(["psql", "-XAtqc", "select count(*) from handoffs"], env=variables,
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3)
    if asked.returncode != 0:
        raise OSError("the database: " + asked.stderr.strip())
    return int(asked.stdout)


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


def health():
    """What the application says of itself, and the status it says it with."""
    told = {"version": os.environ.get("VERSION", "")}
    try:
        with POOL.connection():
            told["handoffs"] = ask_database()
            ask_redis()
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as failure:
        return 503, {**told, "status": "unhealthy", "problem": str(failure)}
    return 200, {**told, "status": "healthy"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/api/health":
            self.answer(*health())
        elif self.path == "/api/docs":
            self.answer(200, {"openapi": "3.1.0"})
        else:
            self.answer(404, {"error": "There is no such page."})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        known = self.path == "/api/v1/auth/login"
        self.answer(401 if known else 404, {"error": "Not with this password." if known
                                            else "There is no such page."})

    def answer(self, status, told):
        if status >= 500:
            print("error:", told["problem"], flush=True)
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
