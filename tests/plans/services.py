#!/usr/bin/python3
"""Starts services of runbooks/common as a drill would, until its standard input ends.

services.py FOLDER SERVICES: SERVICES is a JSON list of { name, kind, … }, where further fields are
the settings of the kind. FOLDER/facts.json is there once all of them serve; FOLDER/failed says why
not. Each has an address of its own, and all have one port, so that only the address tells them
apart."""
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

FOLDER = os.path.realpath(sys.argv[1])
SERVICES = json.loads(sys.argv[2])
SOURCE = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
WITHIN_S = 120


class Failed(Exception):
    pass


def is_free(address, port):
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind((address, port))
            return True
        except OSError:
            return False


def free_place():
    """Three numbers of an address, and a port that is free on all of them and on 127.0.0.1."""
    for _ in range(1000):
        net = f"127.{random.randint(50, 250)}.{random.randint(1, 250)}"
        port = random.randint(20000, 30000)
        if is_free("127.0.0.1", port) and all(is_free(f"{net}.{one + 1}", port)
                                              for one in range(len(SERVICES))):
            return net, port
    raise Failed("No port is free.")


class Service:
    def __init__(self, settings, address, port, facts):
        self.name, self.process = settings["name"], None
        self.folder = os.path.join(FOLDER, self.name)
        os.mkdir(self.folder)
        self.program = os.path.join(SOURCE, "runbooks/common/services", settings["kind"])
        self.variables = {
            **os.environ, "SERVICE_NAME": self.name, "SERVICE_ADDRESS": address,
            "SERVICE_PORT": str(port), "SERVICE_FOLDER": self.folder, "SERVICE_FACTS": facts,
            "SERVICE_LIBRARY": settings.get("library", SOURCE),
            "SERVICE_SETTINGS": json.dumps(settings)}

    def ask(self, verb):
        return subprocess.run([self.program, verb], env=self.variables, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL)

    def facts(self):
        told = self.ask("facts")
        if told.returncode != 0:
            raise Failed(f"The service {self.name} has no facts: {told.stderr}")
        return json.loads(told.stdout)

    def start(self):
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen([self.program, "run"], env=self.variables,
                                        stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, start_new_session=True)

    def wait(self, until):
        while self.ask("ready").returncode != 0:
            if self.process.poll() is not None or time.monotonic() > until:
                with open(self.log.name, errors="replace") as log:
                    raise Failed(f"The service {self.name} does not serve: {log.read()[-2000:]}")
            time.sleep(0.2)

    def stop(self):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
        self.ask("clean")


def write(name, text):
    with open(os.path.join(FOLDER, name + ".new"), "w") as file:
        file.write(text)
    os.rename(file.name, os.path.join(FOLDER, name))


def start_all(started):
    net, port = free_place()
    known = os.path.join(FOLDER, "facts-so-far")
    facts = {}
    for number, settings in enumerate(SERVICES):
        write("facts-so-far", json.dumps(facts))
        address = f"{net}.{number + 1}"
        one = Service(settings, address, port, known)
        facts[one.name] = {"address": address, "port": str(port), "folder": one.folder,
                           **one.facts()}
        started.append(one)
    write("facts-so-far", json.dumps(facts))
    until = time.monotonic() + WITHIN_S
    for one in started:
        one.start()
    for one in started:
        one.wait(until)
    write("facts.json", json.dumps(facts))


def main():
    started = []
    try:
        start_all(started)
        sys.stdin.read()
    except Failed as failure:
        write("failed", str(failure))
        sys.stdin.read()
    finally:
        for one in reversed(started):
            one.stop()


main()
