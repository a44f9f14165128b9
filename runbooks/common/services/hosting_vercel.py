"""Vercel whose production executes: a deployment is built once it listens where it is to serve by
itself, and a paused project answers 503."""
import service
import vercel
from application import PAUSED, Application, Wanted


class Platform(vercel.Vercel):
    def __init__(self):
        self.application = Application(service.SETTINGS)
        self.given = {}  # The variables of deployments, which they keep from when they are made.
        self.coming = None
        super().__init__()

    def create(self, request):
        answer = super().create(request)
        if answer[0] == 200:
            self.given[answer[1]["id"]] = {one["key"]: one["value"] for one in self.state["env"]}
        return answer

    create.routes = vercel.Vercel.create.routes

    def comes_up(self, one):
        if one.get("target") != "production":
            return True
        self.coming = one
        return self.application.listening(one["uid"]) > 0

    def runs(self, one):
        version = one["meta"]["perilune_version"]
        return Wanted(one["uid"], version, 1, {**self.given.get(one["uid"], {}),
                                               "VERCEL_GIT_COMMIT_SHA": version})

    def wanted(self):
        self.coming = None
        self.proceed()
        project = self.state["project"]
        if project["paused"]:
            return [(self.application, [Wanted(PAUSED, PAUSED, 1, {})])]
        serving = project["targets"].get("production", {}).get("id")
        found = [one for one in self.state["deployments"] if one["uid"] == serving]
        if self.coming and self.coming not in found:
            found.append(self.coming)
        return [(self.application, [self.runs(one) for one in found])]
