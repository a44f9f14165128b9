"""Upstash Redis by its REST API: pipelines of commands over a small store of its own."""
import fnmatch
import time

from double import Double, main, route


class Wrong(Exception):
    pass


class Upstash(Double):
    def fresh(self):
        return {"values": {}, "expires_at_ms": {}, "lists": [], "page": 7}

    def refusal(self, status, message):
        return {"error": message}

    def live(self, key):
        at = self.state["expires_at_ms"].get(key)
        if at is not None and at <= time.time() * 1000:
            self.state["values"].pop(key, None)
            self.state["expires_at_ms"].pop(key, None)
        return key in self.state["values"]

    @route("POST", "/pipeline")
    def pipeline(self, request):
        if not isinstance(request.json, list) or not request.json:
            self.refuse(400, "ERR failed to parse pipeline request")
        results = []
        for command in request.json:
            try:
                name = command[0].lower()
                results.append({"result": getattr(self, "do_" + name)(*command[1:])})
            except Wrong as wrong:
                results.append({"error": str(wrong)})
        return 200, results

    def do_ping(self):
        return "PONG"

    def do_info(self):
        return "# Memory\r\nused_memory:4096\r\nmaxmemory:0\r\n"

    def do_dbsize(self):
        return len([key for key in list(self.state["values"]) if self.live(key)])

    def do_get(self, key):
        if key in self.state["lists"]:
            raise Wrong("WRONGTYPE Operation against a key holding the wrong kind of value")
        return self.state["values"][key] if self.live(key) else None

    def do_set(self, key, value, *options):
        self.state["values"][key] = value
        self.state["expires_at_ms"].pop(key, None)
        if options:
            if options[0] != "PXAT":
                raise Wrong("ERR syntax error")
            self.state["expires_at_ms"][key] = int(options[1])
        self.changed()
        return "OK"

    def do_exists(self, key):
        return int(self.live(key))

    def do_pexpiretime(self, key):
        return self.state["expires_at_ms"].get(key, -1) if self.live(key) else -2

    def do_pttl(self, key):
        at = self.do_pexpiretime(key)
        return at if at < 0 else int(at - time.time() * 1000)

    def do_del(self, *keys):
        gone = [key for key in keys if self.live(key)]
        for key in gone:
            del self.state["values"][key]
        self.changed()
        return len(gone)

    def do_scan(self, cursor, match, pattern, count, size):
        """Gives pieces by place among the sorted keys; a cursor is the last key that was given."""
        keys = sorted(self.state["values"])
        rest = [key for key in keys if cursor == "0" or key > cursor]
        piece = rest[:self.state["page"]]
        following = piece[-1] if len(rest) > len(piece) else "0"
        return [following, [key for key in piece if fnmatch.fnmatchcase(key, pattern)]]


if __name__ == "__main__":
    main(Upstash)
