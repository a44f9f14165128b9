"""Railway whose one service executes: a deployment is a success once its instances listen, and its
instances are what processes there are."""
import os
import signal

import railway
import service
from application import Application, Wanted


class Server:
    """A database's server that stands already: it can be stopped, and is not started by deploys."""

    def __init__(self, name):
        self.file = os.path.join(service.OTHERS[name]["data"], "postmaster.pid")

    def pid(self):
        try:
            with open(self.file) as file:
                pid = int(file.readline())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    def alive(self, _):
        return 1 if self.pid() else 0

    listening = alive

    def go_on(self, wanted):
        pid = self.pid()
        if pid and not wanted:
            os.kill(pid, signal.SIGQUIT)


class Platform(railway.Railway):
    def __init__(self):
        stands_for = service.SETTINGS.get("stands_for")
        self.application = Server(stands_for) if stands_for else Application(service.SETTINGS)
        self.given = {}  # The variables of deployments, by id.
        self.coming = None
        super().__init__()

    def deploy(self, commit, reason, image=None):
        made = super().deploy(commit, reason, image)
        given = dict(self.state["variables"])
        if reason == "rollback":  # Its image comes with its variables.
            given = next((self.given[one["id"]] for one in self.state["deployments"]
                          if one["id"] in self.given
                          and one["meta"]["image"] == image), given)
        self.given[made["id"]] = given
        return made

    def key(self, one):
        return f"{one['id']} {one.get('restarted_at', '')}"

    def comes_up(self, one):
        self.coming = one
        return self.application.listening(self.key(one)) > 0

    def runs(self, one):
        variables = {**self.given.get(one["id"], {}),
                     "RAILWAY_GIT_COMMIT_SHA": one["meta"]["commitHash"]}
        return Wanted(self.key(one), one["meta"]["commitHash"], self.configured(), variables)

    def configured(self):
        regions = self.state["config"]["services"][railway.SERVICE]["deploy"]["multiRegionConfig"]
        return sum(one["numReplicas"] for one in regions.values())

    def wanted(self):
        self.coming = None
        self.proceed()
        serving = [one for one in self.state["deployments"]
                   if one["status"] == "SUCCESS" and "stopped_at" not in one]
        return [(self.application, [self.runs(one) for one in
                                    [*serving, *([self.coming] if self.coming else [])]])]

    def instances(self, one):
        stopped, states = super().instances(one)
        if one["status"] not in ("SUCCESS", "SLEEPING", "CRASHED"):
            return stopped, states
        alive = self.application.alive(self.key(one))
        if "stopped_at" in one:
            return alive == 0, ["RUNNING"] * alive or ["EXITED"]
        listening = self.application.listening(self.key(one))
        return False, (["RUNNING"] * listening
                       + ["INITIALIZING"] * (self.configured() - listening))
