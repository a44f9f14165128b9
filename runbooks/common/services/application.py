"""The instances of one application on one machine, as processes of a `place`: what a platform's
double says that it executes is really executed. Several instances listen on one port (SO_REUSEPORT,
which the application has to set), and a new release listens before the old one is ended."""
import collections
import os
import shutil
import signal
import subprocess
import time

import service

# What is to run: `key` tells releases apart, `version` names the folder of its artifact.
Wanted = collections.namedtuple("Wanted", "key version count variables")
ENDS_WITHIN_S = 2
PAUSED = "paused"


def listens(pid):
    """Whether this process listens on the application's port, as /proc has it."""
    try:
        sockets = {os.readlink(f"/proc/{pid}/fd/{one}") for one in os.listdir(f"/proc/{pid}/fd")}
        with open(f"/proc/{pid}/net/tcp") as file:
            lines = [line.split() for line in file][1:]
    except OSError:
        return False
    port = f":{service.PORT:04X}"
    return any(fields[3] == "0A" and fields[1].endswith(port)
               and f"socket:[{fields[9]}]" in sockets for fields in lines)


class Application:
    """settings: place (a service of that kind) and command ({host} and {port} are the place's)."""

    def __init__(self, settings):
        self.place = service.OTHERS[settings["place"]]
        values = {"host": self.place["host"], "port": str(service.PORT)}
        self.command = [word.format(**values) if word in ("{host}", "{port}")
                        else service.fill(word) for word in settings["command"]]
        self.processes = {}  # Lists by key.
        self.ending = []     # Pairs of a process and until when it may take.
        self.count = 0

    def is_off(self):
        """A machine that is off tells nothing: nobody knows then what became of its processes."""
        return not os.path.isdir(self.place["state"])

    def alive(self, key):
        return len(self.processes.get(key, []))

    def listening(self, key):
        there = self.processes.get(key, [])
        return len(there) if self.is_off() else sum(listens(one.pid) for one in there)

    def start(self, wanted):
        self.count += 1
        folder = os.path.join(self.place["state"], f"{service.NAME}-{self.count}")
        command = self.command
        if wanted.version == PAUSED:
            os.makedirs(folder)
            page = os.path.join(os.path.dirname(os.path.realpath(__file__)), "paused_page.py")
            command = ["/usr/bin/python3", "-I", page, self.place["host"], str(service.PORT)]
        else:
            shutil.copytree(os.path.join(self.place["artifacts"], wanted.version), folder)
        with open(service.at("application.log"), "ab") as log:
            process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
                                             **wanted.variables})
        self.processes.setdefault(wanted.key, []).append(process)

    def end(self, process):
        process.terminate()
        self.ending.append((process, time.monotonic() + ENDS_WITHIN_S))

    def reap(self):
        for key, processes in list(self.processes.items()):
            self.processes[key] = [one for one in processes if one.poll() is None]
            if not self.processes[key]:
                del self.processes[key]
        for process, until in self.ending:
            if process.poll() is None and time.monotonic() > until:
                os.killpg(process.pid, signal.SIGKILL)
        self.ending = [one for one in self.ending if one[0].poll() is None]

    def go_on(self, wanted):
        """One step towards running these, and nothing else; to be called again and again."""
        if self.is_off():
            return
        self.reap()
        for one in wanted:
            for _ in range(self.alive(one.key), one.count):
                self.start(one)
            for process in self.processes.get(one.key, [])[one.count:]:
                self.end(process)
                self.processes[one.key].remove(process)
        if all(self.listening(one.key) >= one.count for one in wanted):
            for key in set(self.processes) - {one.key for one in wanted}:
                for process in self.processes.pop(key):
                    self.end(process)
