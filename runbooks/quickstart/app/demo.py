"""What ./start needs beside the runbooks: data to lose, the damage itself, and a tidy end.

usage: demo.py create DATABASE          makes the shop's database: 200 customers, 2000 orders
       demo.py sell DATABASE COUNT      adds orders
       demo.py damage DATABASE          overwrites pages in the middle of the file
       demo.py damage-backup FOLDER     the same to the newest backup in the folder
       demo.py health URL               prints what the shop says about itself
       demo.py is-free PORT             fails where something already listens on the port
       demo.py stop FOLDER              ends what an earlier demonstration in FOLDER left running
"""
import os
import random
import signal
import socket
import sqlite3
import sys
import time

SCHEMA = """
create table customers (id integer primary key, name text not null, city text not null);
create table orders (
    id integer primary key,
    customer integer not null references customers (id),
    product text not null,
    quantity integer not null check (quantity > 0),
    cents integer not null,
    placed_at integer not null);
create index orders_by_customer on orders (customer);
"""
NAMES = ("Ada", "Alan", "Barbara", "Dennis", "Edsger", "Frances", "Grace", "Ken", "Lynn", "Niklaus")
CITIES = ("Bergen", "Delft", "Lyon", "Porto", "Turin", "Zürich")
PRODUCTS = {"tea": 450, "coffee": 620, "cocoa": 590, "honey": 810, "marmalade": 530}


def add_orders(database, count, placed_at):
    customers = database.execute("select count(*) from customers").fetchone()[0]
    for number in range(count):
        product = random.choice(sorted(PRODUCTS))
        quantity = random.randint(1, 5)
        database.execute(
            "insert into orders (customer, product, quantity, cents, placed_at)"
            " values (?, ?, ?, ?, ?)",
            (random.randint(1, customers), product, quantity, quantity * PRODUCTS[product],
             placed_at - 60 * (count - number)))


def create(path):
    database = sqlite3.connect(path)
    with database:
        database.executescript(SCHEMA)
        for number in range(1, 201):
            name = f"{random.choice(NAMES)} {number}"
            database.execute("insert into customers values (?, ?, ?)",
                             (number, name, random.choice(CITIES)))
        add_orders(database, 2000, int(time.time()))
    database.close()


def sell(path, count):
    database = sqlite3.connect(path)
    with database:
        add_orders(database, int(count), int(time.time()))
    database.close()


def overwrite(path, start, length):
    """Writes bytes that mean nothing, as a dying disk does; the file's size stays."""
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(random.Random(start).randbytes(length))
        file.flush()
        os.fsync(file.fileno())


def damage(path):
    with open(path, "rb") as file:
        page = int.from_bytes(file.read(100)[16:18], "big")
    first = os.path.getsize(path) // page // 3
    overwrite(path, first * page, 6 * page)
    print(f"Overwrote 6 pages of {page} bytes in {os.path.relpath(path)}, from page {first + 1}.")


def damage_backup(folder):
    backups = [entry for entry in os.scandir(folder) if entry.name.endswith(".db.zst")]
    newest = max(backups, key=lambda entry: entry.stat().st_mtime_ns)
    overwrite(newest.path, newest.stat().st_size // 2, 64)
    print(f"Overwrote 64 bytes of the newest backup, {newest.name}.")


def connect(url):
    """Waits a little for a shop that is just being started."""
    host, _, port = url.removeprefix("http://").partition(":")
    until = time.monotonic() + 5
    while True:
        try:
            return socket.create_connection((host, int(port)), 5)
        except ConnectionRefusedError:
            if time.monotonic() > until:
                sys.exit(f"Nobody answers at {url}.")
            time.sleep(0.05)


def health(url):
    with connect(url) as connection:
        connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    print(answer.partition(b"\r\n\r\n")[2].decode().strip())


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError as error:
            sys.exit(f"The shop needs the port {port} of this machine, but: {error.strerror}."
                     " Stop what listens there, or put another port into start and"
                     " environments/local.yaml.")


def read_words(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read().decode(errors="replace").split("\0")
    except OSError:
        return []


def processes_of(folder):
    """Hosts, supervisors and instances of the demonstration in `folder`, in this order."""
    ranks = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = os.path.basename(os.readlink(f"/proc/{pid}/exe")).partition(" ")[0]
            place = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue  # It has ended, or is somebody else's.
        words = read_words(pid, "cmdline")
        if program == "perilune":
            if f"PERILUNE_STATE={folder}/state" in read_words(pid, "environ"):
                ranks[int(pid)] = 0
        elif program == "perilune-supervisor":
            if any(word.startswith(folder + "/") for word in words):
                ranks[int(pid)] = 1 if "serve" in words else 2
        elif place.startswith(folder + "/shop/releases/") and "shop.py" in words:
            ranks[int(pid)] = 3
    return sorted(ranks, key=ranks.get)


def stop(folder):
    for number in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + 5
        while (left := processes_of(folder)) and time.monotonic() < until:
            for pid in left:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        if not left:
            return
    sys.exit(f"These processes of an earlier demonstration do not end: {left}.")


COMMANDS = {"create": create, "sell": sell, "damage": damage, "damage-backup": damage_backup,
            "health": health, "is-free": is_free, "stop": stop}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
