"""A PostgreSQL server's past: a second server, brought to a moment from the base backup and the
archived WAL of a service of the kind postgres with archive."""
import datetime
import math
import os
import shutil
import subprocess
import time

import postgres_machine
import service

ARCHIVED_WITHIN_S = 20
RECOVERED_WITHIN_S = 60
FETCH = "cp \"{archive}/%f\" \"%p\""


class Past:
    def __init__(self, server):
        self.server = server
        self.folder = service.data_folder("postgres")
        self.port = service.PORT + 1
        service.when_dead(self.forget)

    def begins_at(self):
        """The oldest whole second that can be brought back."""
        service.wait_for(lambda: postgres_machine.is_based(self.server["base_backups"]),
                         "the base backup of its server")
        return math.ceil(os.stat(os.path.join(self.server["base_backups"], "first")).st_mtime)

    def program(self, *argv):
        return service.as_user("postgres", [os.path.join(self.server["programs"], argv[0]),
                                            *argv[1:]])

    def ask(self, sql, host, port):
        asked = subprocess.run(
            ["psql", "-XAtq", "-h", host, "-p", str(port), "-U", "admin", "-c", sql, "postgres"],
            capture_output=True, text=True, timeout=30,
            env={**os.environ, "PGPASSWORD": self.server["password"], "PGCONNECT_TIMEOUT": "3"})
        if asked.returncode != 0:
            raise OSError(asked.stderr.strip())
        return asked.stdout.strip()

    def archive_now(self):
        """What was written until now is in the archive, and a commit after it, which recovery
        must meet to know that it has come so far."""
        host, port = self.server["host"], self.server["port"]
        self.ask("select txid_current()", host, port)
        name = self.ask("select pg_walfile_name(pg_switch_wal())", host, port)
        until = time.monotonic() + ARCHIVED_WITHIN_S
        while not os.path.exists(os.path.join(self.server["archive"], name)):
            if time.monotonic() > until:
                raise OSError(f"the archive has no {name}")
            time.sleep(0.1)

    def data(self, name):
        return os.path.join(self.folder, name)

    def bring(self, name, at):
        """Starts a server `name` that shows the moment `at`, and returns once it takes writes."""
        self.archive_now()
        base = os.path.join(self.server["base_backups"], "first")
        service.must(service.as_user("postgres", ["cp", "-r", base, self.data(name)]))
        moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
        words = {"port": self.port, "listen_addresses": f"'{service.ADDRESS}'",
                 "unix_socket_directories": f"'{self.folder}'", "archive_mode": "off",
                 "restore_command": "'" + FETCH.format(archive=self.server["archive"]) + "'",
                 "recovery_target_time": f"'{moment:%Y-%m-%d %H:%M:%S.%f}+00'",
                 "recovery_target_action": "'promote'"}
        with open(os.path.join(self.data(name), "postgresql.auto.conf"), "a") as file:
            file.writelines(f"{word} = {value}\n" for word, value in words.items())
        service.must(service.as_user("postgres",
                                     ["touch", os.path.join(self.data(name), "recovery.signal")]))
        service.must(self.program("pg_ctl", "start", "-D", self.data(name), "-W", "-l",
                                  self.data(name) + ".log"))
        until = time.monotonic() + RECOVERED_WITHIN_S
        while not self.is_recovered():
            if time.monotonic() > until or not postgres_machine.postmaster(self.data(name)):
                with open(self.data(name) + ".log") as file:
                    raise OSError("it did not recover: " + file.read()[-1000:])
            time.sleep(0.1)

    def is_recovered(self):
        try:
            return self.ask("select pg_is_in_recovery()", service.ADDRESS, self.port) == "f"
        except OSError:
            return False

    def remove(self, name):
        postgres_machine.kill(self.data(name))
        shutil.rmtree(self.data(name), ignore_errors=True)

    def forget(self):
        for name in os.listdir(self.folder):
            if os.path.isdir(self.data(name)):
                postgres_machine.kill(self.data(name))
