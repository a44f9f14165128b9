#!/usr/bin/python3
"""The API of a drill: its health really asks the database, and writes to it as a user would.

Arguments: the address and the port. DATABASE_URL is its database, S3_BUCKET and S3_ENDPOINT where
its photos are, which rclone reads with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
GET /health is 503 where the database takes no write; GET /photos and POST /auth/login are refused;
GET /shared/KEY is a photo that anybody may see. GET /wedge stops it from ever answering again.
"""
import http.server
import json
import os
import subprocess
import sys
import threading

WEDGED = threading.Event()
RCLONE = {**os.environ, "RCLONE_CONFIG": "/dev/null", "RCLONE_CONFIG_S3_TYPE": "s3",
          "RCLONE_CONFIG_S3_PROVIDER": "Ceph", "RCLONE_CONFIG_S3_ENV_AUTH": "true",
          "RCLONE_CONFIG_S3_ENDPOINT": os.environ.get("S3_ENDPOINT", "")}
WRITE = "create table if not exists visit (at timestamptz); insert into visit values (now())"


def database_problem():
    url = os.environ.get("DATABASE_URL")
    if not url:
        return "DATABASE_URL is not set"
    try:
        asked = subprocess.run(
            ["psql", "-X", "-q", "-d", url, "-c", WRITE], capture_output=True, text=True, timeout=3,
            env={**os.environ, "PGCONNECT_TIMEOUT": "2",
                 "PGOPTIONS": "-c client_min_messages=error"})
    except subprocess.TimeoutExpired:
        return "the database does not answer"
    return asked.stderr.strip() if asked.returncode != 0 else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def send_photo(self, key):
        asked = subprocess.run(["rclone", "cat", f"s3:{os.environ['S3_BUCKET']}/{key}"], text=True,
                               capture_output=True, timeout=5, env=RCLONE)
        if asked.returncode or not asked.stdout:
            return self.answer(404, {"error": asked.stderr.strip()})
        return self.answer(200, {"photo": asked.stdout})

    def do_GET(self):
        path = self.path.split("?")[0]
        while WEDGED.is_set():
            threading.Event().wait()
        if path == "/wedge":
            WEDGED.set()
        if path.startswith("/shared/") and ".." not in path:
            return self.send_photo(path[len("/shared/"):])
        if path == "/":
            return self.answer(200, {"name": "vera"})
        if path == "/photos":
            return self.answer(401, {})
        if path != "/health":
            return self.answer(404, {})
        problem = database_problem()
        self.answer(503 if problem else 200, {
            "status": "failed" if problem else "ok",
            "version": os.environ.get("RAILWAY_GIT_COMMIT_SHA"),
            "checks": {"database": problem or "ok"}})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(401 if self.path == "/auth/login" else 404, {})

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True  # Several instances share the port.
    request_queue_size = 128


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
