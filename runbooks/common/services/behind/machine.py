"""What a hosting provider's double starts on a machine (a service of the kind place): one release
at a time, as a real process that listens there."""
import os
import shutil
import subprocess
import threading
import time

import service

UP_WITHIN_S = 15
ENDS_WITHIN_S = 3


class Machine:
    def __init__(self, place, command, on_line=lambda line: None):
        self.place, self.command, self.on_line = place, command, on_line
        self.process = None

    def versions(self):
        return sorted(os.listdir(self.place["artifacts"]))

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        if not self.runs():
            return
        self.process.terminate()
        try:
            self.process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def start(self, name, version, variables):
        """Whether it serves: it stops what does so far. A machine that is off starts nothing."""
        self.stop()
        folder = os.path.join(self.place["state"], name)
        if not os.path.isdir(self.place["state"]):
            return False
        shutil.copytree(os.path.join(self.place["artifacts"], version), folder, dirs_exist_ok=True)
        words = {"address": self.place["address"], "port": self.place["port"]}
        self.process = subprocess.Popen(
            [word.format(**words) for word in self.command], cwd=folder, start_new_session=True,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "VERSION": version, **variables},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self.listen, args=(self.process.stdout,), daemon=True).start()
        until = time.monotonic() + UP_WITHIN_S
        while self.runs() and time.monotonic() < until:
            if service.accepts(self.place["address"], int(self.place["port"])):
                return True
            time.sleep(0.05)
        self.stop()
        return False

    def listen(self, output):
        for line in output:
            self.on_line(line.rstrip("\n"))
