"""What all doubles of providers' APIs have in common: state, faults, credentials, and the account
of what was asked.

A double is a class with functions marked by `route`; `main` serves it. Each request is checked
against the provider's published documents, in the folder that PERILUNE_SPECS names. Below
/__double__ a test steers it: it sets faults, reads and writes the state, and reads what was asked,
how often the state was changed and what was wrong with requests."""
import http.server
import json
import os
import re
import socket
import sys
import threading
import time
import traceback
import urllib.parse

ADMIN = "/__double__/"


def named(name):
    """What the double serves one of (a project, a repository) as the environment calls it: the
    variable DOUBLE_NAMED, else `name`."""
    return os.environ.get("DOUBLE_NAMED", name)


class Request:
    def __init__(self, method, target, headers, body):
        self.method = method
        path, _, query = target.partition("?")
        self.path = path
        self.queries = urllib.parse.parse_qs(query, keep_blank_values=True)
        self.query = {name: texts[0] for name, texts in self.queries.items()}
        self.headers = headers
        self.body = body
        self.values = {}  # Of the route's path.

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def form(self):
        fields = urllib.parse.parse_qs(self.body.decode("utf-8", "replace"),
                                       keep_blank_values=True)
        return {name: texts[0] for name, texts in fields.items()}


class Refused(Exception):
    """Ends a request with this status and body; nothing was changed."""

    def __init__(self, status, body, headers=None):
        super().__init__(status)
        self.answer = (status, body, headers or {})


def pattern_of(template):
    """"{name}" is one piece of a path, "{*name}" the rest of it."""
    pieces = re.split(r"\{(\*?\w+)\}", template)
    for index in range(1, len(pieces), 2):
        name = pieces[index]
        pieces[index] = f"(?P<{name[1:]}>.+)" if name[0] == "*" else f"(?P<{name}>[^/]+)"
    pieces[::2] = map(re.escape, pieces[::2])
    return re.compile("".join(pieces))


def route(method, template):
    def mark(function):
        function.routes = getattr(function, "routes", []) + [(method, template)]
        return function
    return mark


class Double:
    documents = []            # Files in the folder of documents; see openapi.Document.
    token = os.environ.get("DOUBLE_TOKEN", "token-of-the-test")
    checks_answers = True     # Whether the document is complete enough to judge answers by it.

    def __init__(self):
        self.lock = threading.RLock()
        self.routes = []
        for name in dir(type(self)):
            function = getattr(self, name)
            for method, template in getattr(function, "routes", []):
                self.routes.append((template.count("{"), method, pattern_of(template), function))
        self.routes.sort(key=lambda one: one[0])
        self.described, self.unchecked = self.read_documents()
        self.reset()

    def reset(self):
        self.asked, self.violations, self.faults, self.changes = [], [], [], 0
        self.state = self.fresh()

    def read_documents(self):
        folder = os.environ.get("PERILUNE_SPECS", "")
        if not self.documents:
            return [], "no document of this provider is published"
        if not os.path.isdir(folder):
            return [], "PERILUNE_SPECS names no folder with the providers' documents"
        try:
            import openapi
        except ImportError as missing:
            return [], f"{missing}: install python3-jsonschema and python3-yaml"
        return [openapi.Document(os.path.join(folder, one["file"]),
                                 **{name: one[name] for name in one if name != "file"})
                for one in self.documents], None

    # For each provider to say.

    def fresh(self):
        """The state to begin with."""
        return {}

    def authorized(self, request):
        return request.headers.get("authorization") == "Bearer " + self.token

    def refusal(self, status, message):
        """The body of a refusal, in the provider's own form."""
        return {"message": message}

    def changed(self):
        """To be called once for every change of the state."""
        self.changes += 1

    def refuse(self, status, message):
        raise Refused(status, self.refusal(status, message))

    # Requests.

    def check(self, request):
        """What is wrong with a request, by the documents and by the double's own knowledge."""
        problems = [document.check_request(request) for document in self.described]
        return min(problems, key=len) if problems else []

    def perform(self, request):
        for _, method, pattern, function in self.routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                request.values = {name: urllib.parse.unquote(text)
                                  for name, text in match.groupdict().items()}
                try:
                    if not self.authorized(request):
                        self.refuse(401, "Unauthorized")
                    answer = function(request)
                except Refused as refused:
                    return refused.answer
                return answer if len(answer) == 3 else (*answer, {})
        return 404, self.refusal(404, "Not Found"), {}

    def fault_of(self, request):
        for fault in self.faults:
            if fault.get("method", request.method) != request.method:
                continue
            if not re.search(fault.get("path", ""), request.path):
                continue
            if not re.search(fault.get("in_body", "").encode(), request.body):
                continue
            if fault.get("skip", 0) > 0:
                fault["skip"] -= 1
                continue
            if fault.get("times", 1) > 0:
                fault["times"] = fault.get("times", 1) - 1
                return fault
        return None

    def answer(self, request):
        """Status, body and headers; None where the connection ends without an answer."""
        with self.lock:
            fault = self.fault_of(request) or {}
            problems = self.check(request)
        what = fault.get("do")
        if what == "delay":
            time.sleep(fault["seconds"])
        told = (fault.get("status"), fault.get("body"), fault.get("headers", {}))
        with self.lock:
            entry = {"method": request.method, "path": request.path, "query": request.query,
                     "body": request.json if request.json is not None
                     else request.body.decode("utf-8", "replace"),
                     "headers": request.headers, "executed": what not in ("drop", "answer")}
            self.asked.append(entry)
            self.note(request, problems)
            if not entry["executed"]:
                return None if what == "drop" else told
            done = self.perform(request)
            entry["status"] = done[0]
            if self.checks_answers and done[0] != 401:
                found = [document.check_answer(request, done[0], done[1])
                         for document in self.described
                         if document.find(request.method, request.path)]
                self.note(request, min(found, key=len, default=[]))
        return None if what == "lose" else told if what == "answer_after" else done

    def note(self, request, problems):
        self.violations += [f"{request.method} {request.path}: {problem}" for problem in problems]

    def administer(self, request):
        word = request.path[len(ADMIN):]
        with self.lock:
            if request.method == "POST" and word == "fault":
                self.faults.append(request.json)
            elif request.method == "POST" and word == "reset":
                self.reset()
            elif request.method == "POST" and word == "state":
                self.state.update(request.json)
            elif word == "state":
                return 200, self.state, {}
            return 200, {"requests": self.asked, "violations": self.violations,
                         "changes": self.changes, "unchecked": self.unchecked}, {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # One write an answer.
    double = None

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): text for name, text in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        try:
            admin = request.path.startswith(ADMIN)
            answer = (self.double.administer if admin else self.double.answer)(request)
        except Exception:
            self.double.violations.append("the double failed: " + traceback.format_exc())
            answer = (500, {"message": "the double failed"}, {})
        if answer is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send(*answer)

    def send(self, status, body, headers):
        if not isinstance(body, bytes):
            text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
            content = text.encode()
        else:
            content = body
        self.send_response(status)
        kind = "text/plain" if isinstance(body, str) else "application/json"
        told = {"Content-Type": kind, "Content-Length": str(len(content)), **headers}
        for name, value in told.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


def main(kind):
    """Serves the double on the port that is the program's argument. The variables DOUBLE_ADDRESS
    and DOUBLE_TOKEN say where and for whom, where it is not 127.0.0.1 and a test."""
    Handler.double = kind()
    address = os.environ.get("DOUBLE_ADDRESS", "127.0.0.1")
    Server((address, int(sys.argv[1])), Handler).serve_forever()
