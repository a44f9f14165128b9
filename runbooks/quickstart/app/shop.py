"""The shop: takes orders, keeps them in one SQLite file, and says how it is.

usage: shop.py PORT DATABASE

GET /health   200 while the database is whole, else 503; JSON either way
GET /orders   the newest orders; POST /orders places one; both 503 in maintenance
"""
import http.server
import json
import os
import signal
import sqlite3
import sys
import time

VERSION = os.environ.get("VERSION", "unknown")
MAINTENANCE_FILE = os.environ.get("MAINTENANCE_FILE", "")


def open_database():
    """Opened anew for each request: what a restore has put in place is seen by the next one."""
    database = sqlite3.connect(f"file:{DATABASE}?mode=rw", uri=True, timeout=2)
    database.execute("pragma foreign_keys = on")
    database.row_factory = sqlite3.Row
    return database


def maintenance_message():
    """What customers are to read, or None while the shop is open."""
    try:
        with open(MAINTENANCE_FILE, encoding="utf-8") as file:
            return file.read().strip() or "We are back soon."
    except OSError:
        return None


def health():
    """Asks the database itself, page by page, instead of only saying that the program runs."""
    found = {"version": VERSION, "maintenance": maintenance_message() is not None}
    try:
        database = open_database()
        try:
            problem = database.execute("pragma quick_check(1)").fetchone()[0]
            for table in ("customers", "orders"):
                found[table] = database.execute(f"select count(*) from {table}").fetchone()[0]
        finally:
            database.close()
    except sqlite3.Error as error:
        problem = str(error)
    found["database"] = "whole" if problem == "ok" else "damaged"
    if problem != "ok":
        found["problem"] = problem
    return (200 if problem == "ok" else 503), found


def newest_orders():
    database = open_database()
    try:
        rows = database.execute(
            "select orders.id, customers.name as customer, product, quantity, cents, placed_at"
            " from orders join customers on customers.id = customer"
            " order by orders.id desc limit 10")
        return 200, {"orders": [dict(row) for row in rows]}
    finally:
        database.close()


def place_order(order):
    database = open_database()
    try:
        with database:
            made = database.execute(
                "insert into orders (customer, product, quantity, cents, placed_at)"
                " values (:customer, :product, :quantity, :cents, :placed_at)",
                {"product": "tea", "quantity": 1, "cents": 450, "placed_at": int(time.time()),
                 **order})
        return 201, {"id": made.lastrowid}
    finally:
        database.close()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, found, **headers):
        body = json.dumps(found).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def serve(self, work):
        message = maintenance_message()
        if message is not None:
            return self.answer(503, {"error": message}, Retry_After="5")
        try:
            return self.answer(*work())
        except (sqlite3.Error, ValueError, TypeError) as error:
            wrong = not isinstance(error, sqlite3.DatabaseError) or isinstance(
                error, (sqlite3.IntegrityError, sqlite3.ProgrammingError))
            return self.answer(400 if wrong else 500, {"error": str(error)})

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/health":
            return self.answer(*health())
        if path == "/orders":
            return self.serve(newest_orders)
        return self.answer(404, {"error": "There are /health and /orders."})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/orders":
            return self.answer(404, {"error": "Orders are placed at /orders."})
        return self.serve(lambda: place_order(dict(json.loads(body or b"{}"))))

    def log_request(self, code="-", size="-"):
        # The supervisor asks for health every second: a line for each would bury the others.
        if self.path != "/health":
            super().log_request(code, size)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    DATABASE = sys.argv[2]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    http.server.ThreadingHTTPServer.daemon_threads = True
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print(f"The shop {VERSION} serves on port {sys.argv[1]}.", flush=True)
    server.serve_forever()
