"""Vercel's API before a machine, on which what production's domains lead to really executes.

Settings: behind (a service of the kind place: its artifacts are the commits that can be built),
command (a list; {address} and {port} are where it listens)."""
import threading
import time

from behind import BEHIND, SETTINGS
from double import main, route
from machine import Machine
from vercel import Vercel

LOOK_S = 0.1


class VercelBehind(Vercel):
    def __init__(self):
        self.machine = Machine(BEHIND, SETTINGS["command"])
        super().__init__()
        threading.Thread(target=self.work, daemon=True).start()

    def fresh(self):
        return {**super().fresh(), "refs": self.machine.versions(), "variables": {}}

    def work(self):
        while True:
            time.sleep(LOOK_S)
            with self.lock:
                self.proceed()

    def start(self, one):
        return self.machine.start(one["uid"], one["meta"]["perilune_version"],
                                  self.state["variables"].get(one["uid"], {}))

    def serve(self, one):
        """What served before goes on where the new one does not come up."""
        before = self.state["project"]["targets"].get("production")
        if self.start(one):
            return super().serve(one)
        one.update(readyState="ERROR", state="ERROR", errorMessage="It did not come up.")
        if before:
            self.start(self.deployment(before["id"]))

    @route("POST", "/v13/deployments")
    def create(self, request):
        """A deployment has the variables of the moment at which it was made."""
        status, *rest = super().create(request)
        if status == 200:
            made = self.state["deployments"][0]
            again = request.json.get("deploymentId")
            self.state["variables"][made["uid"]] = {
                one["key"]: one["value"] for one in self.state["env"]}
            if again:
                made["meta"] = {**self.deployment(again)["meta"], **made["meta"]}
        return (status, *rest)


if __name__ == "__main__":
    main(VercelBehind)
