"""Railway's API before a machine, on which its deployments really execute.

Settings: behind (a service of the kind place: its artifacts are the commits that can be built),
command (a list; {address} and {port} are where it listens). It has room for one instance."""
import json
import os
import threading
import time

import service
from behind import BEHIND, SETTINGS
from double import main
from machine import Machine
from railway import Railway, Refused, stamp

KEPT = service.at("kept.json")
LOOK_S = 0.1
LINES_MAX = 500


class RailwayBehind(Railway):
    def __init__(self):
        self.machine = Machine(BEHIND, SETTINGS["command"], self.hear)
        super().__init__()
        threading.Thread(target=self.work, daemon=True).start()

    def fresh(self):
        """What it knew when it died: a provider that is back knows its customers."""
        state = {**super().fresh(), "commits": self.machine.versions()}
        if os.path.exists(KEPT):
            with open(KEPT) as file:
                state.update(json.load(file))
        return state

    def changed(self):
        super().changed()
        service.write(KEPT + ".new", json.dumps(self.state), 0o600)
        os.rename(KEPT + ".new", KEPT)

    def hear(self, line):
        self.state["logs"].append({"message": line, "timestamp": stamp(time.time())})
        del self.state["logs"][:-LINES_MAX]

    def work(self):
        while True:
            time.sleep(LOOK_S)
            with self.lock:
                self.proceed()

    def proceed(self):
        for one in reversed(self.state["deployments"]):
            age_s = time.time() - one["at"]
            if one["status"] == "QUEUED" and age_s > self.state["build_s"] / 2:
                one["status"] = "BUILDING"
            if one["status"] == "BUILDING" and age_s > self.state["build_s"]:
                self.go_over(one)
            stopped = "stopped_at" in one
            if one["status"] == "SUCCESS" and not stopped and not self.machine.runs():
                one["status"] = "CRASHED"
                self.changed()

    def start(self, one):
        return self.machine.start(one["id"], one["meta"]["commitHash"], one["variables"])

    def go_over(self, one):
        """The release before goes on where the new one does not come up."""
        before = [other for other in self.state["deployments"] if other["status"] == "SUCCESS"]
        if self.start(one):
            one["status"] = "SUCCESS"
            for other in before:
                other["status"] = "REMOVED"
        else:
            one["status"] = "FAILED"
            for other in before:
                if "stopped_at" not in other:
                    self.start(other)
        self.changed()

    def deploy(self, commit, reason, image=None):
        made = super().deploy(commit, reason, image)
        made["variables"] = dict(self.state["variables"])
        return made

    def mutation_deploymentRollback(self, id):
        done = super().mutation_deploymentRollback(id)
        self.state["deployments"][0]["variables"] = self.deployment(id)["variables"]
        return done

    def mutation_deploymentStop(self, id):
        done = super().mutation_deploymentStop(id)
        self.machine.stop()
        return done

    def mutation_deploymentRestart(self, id):
        done = super().mutation_deploymentRestart(id)
        self.start(self.deployment(id))
        return done

    def mutation_environmentPatchCommit(self, environmentId, patch, commitMessage=""):
        for change in patch["services"].values():
            if any(one["numReplicas"] > 1
                   for one in change["deploy"]["multiRegionConfig"].values()):
                raise Refused("This machine has room for one instance")
        return super().mutation_environmentPatchCommit(environmentId, patch, commitMessage)


if __name__ == "__main__":
    main(RailwayBehind)
