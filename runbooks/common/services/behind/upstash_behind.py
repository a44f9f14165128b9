"""Upstash's REST API before a real Redis, which executes every command."""
import socket

from behind import BEHIND
from double import main, route
from upstash import Upstash, Wrong

READS = {"ping", "info", "dbsize", "get", "exists", "pexpiretime", "pttl", "scan"}
WRITES = {"set", "del"}


class Redis:
    """One connection, by RESP (the Redis serialization protocol, version 2)."""

    def __init__(self, facts):
        self.socket = socket.create_connection((facts["host"], int(facts["port"])), timeout=5)
        self.file = self.socket.makefile("rb")
        self.ask("AUTH", facts["password"])

    def ask(self, *words):
        sent = [str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(sent) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word), word) for word in sent))
        return self.read()

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("Redis has ended the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise Wrong(rest.decode())
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        return self.file.read(int(rest) + 2)[:-2].decode()

    def close(self):
        self.file.close()
        self.socket.close()


class UpstashBehind(Upstash):
    def fresh(self):
        return {}

    @route("POST", "/pipeline")
    def pipeline(self, request):
        if not isinstance(request.json, list) or not request.json:
            self.refuse(400, "ERR failed to parse pipeline request")
        try:
            redis = Redis(BEHIND)
        except OSError as failure:
            self.refuse(503, f"ERR the database is not reachable: {failure}")
        results = []
        for command in request.json:
            results.append(self.execute(redis, command))
        redis.close()
        return 200, results

    def execute(self, redis, command):
        word = str(command[0]).lower()
        if word not in READS | WRITES:
            return {"error": f"ERR unknown command '{word}'"}
        try:
            told = redis.ask(*command)
        except Wrong as wrong:
            return {"error": str(wrong)}
        if word in WRITES:
            self.changed()
        return {"result": told}


if __name__ == "__main__":
    main(UpstashBehind)
