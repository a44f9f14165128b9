"""A PostgreSQL server that keeps what it can be brought back by: archived WAL and a base backup.

Whoever brings it to a moment stops the server, exchanges its folder and starts it again, so the
service is not the server's own process here, but the machine that it is on."""
import os
import shutil
import signal
import sys
import time

import service

GONE_WITHIN_S = 10


def settings(archive):
    return {"archive_mode": "on", "wal_level": "replica",
            "archive_command": f"'test ! -f \"{archive}/%f\" && cp \"%p\" \"{archive}/%f.part\""
                               f" && mv \"{archive}/%f.part\" \"{archive}/%f\"'"}


def postmaster(data):
    """The server's process; None where none executes."""
    try:
        with open(os.path.join(data, "postmaster.pid")) as file:
            pid = int(file.readline())
        with open(f"/proc/{pid}/cmdline") as file:
            return pid if "postgres" in file.read() else None
    except (OSError, ValueError):
        return None


def kill(data):
    """As a machine dies: all at once."""
    first = postmaster(data)
    if not first:
        return
    with open(f"/proc/{first}/task/{first}/children") as file:
        others = [int(word) for word in file.read().split()]
    for pid in (first, *others):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    # Gone, not only told: its socket is taken as long as its number lives.
    until = time.monotonic() + GONE_WITHIN_S
    while os.path.exists(f"/proc/{first}") and time.monotonic() < until:
        time.sleep(0.02)


def is_based(base_backups):
    return os.path.isdir(os.path.join(base_backups, "first"))


def make_base(as_server, variables, base_backups):
    """Under its own name only once it is whole."""
    making = os.path.join(base_backups, "making")
    shutil.rmtree(making, ignore_errors=True)
    service.must(as_server("pg_basebackup", "-D", making, "--checkpoint=fast", "--no-sync"),
                 env={**os.environ, **variables})
    os.rename(making, os.path.join(base_backups, "first"))


def run(data, as_server, is_ready, variables, archive, base_backups):
    """The machine's life: its server is started once, and whoever stops it starts it."""
    for folder in (archive, base_backups):
        service.must(service.as_user("postgres", ["mkdir", "-p", folder]))

    def end(*_):
        service.must(as_server("pg_ctl", "stop", "-D", data, "-m", "fast", "-w"))
        sys.exit(0)

    service.when_dead(lambda: kill(data))
    signal.signal(signal.SIGTERM, end)
    service.must(as_server("pg_ctl", "start", "-D", data, "-W", "-l",
                           os.path.join(os.path.dirname(data), "log")))
    service.wait_for(is_ready, "its server")
    if not is_based(base_backups):
        make_base(as_server, variables, base_backups)
    while True:
        time.sleep(3600)
