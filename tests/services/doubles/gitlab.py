"""GitLab as far as deployments and pipelines of one project go.

GitLab publishes no document that could be kept beside the others; what is checked are the rules of
its pages "Deployments API" and "Pipelines API"."""
import time

from double import Double, main, named, route

BASE = "/api/v4/projects/" + named("shop/web").replace("/", "%2F")
ENDS = {"success", "failed", "canceled"}


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))


class GitLab(Double):
    def fresh(self):
        return {"commits": {"1.1": "a" * 40, "1.2": "b" * 40, "b" * 40: "b" * 40}, "tags": ["1.1"],
                "deployments": [], "pipelines": [], "status": "success", "ends_after": 1}

    def authorized(self, request):
        return request.headers.get("private-token") == self.token

    def refusal(self, status, message):
        return {"message": f"{status} {message}"}

    def commit(self, request):
        name = request.values["name"]
        if name not in self.state["commits"]:
            self.refuse(404, "Commit Not Found")
        return {"id": self.state["commits"][name]}

    @route("GET", "/api/v4/personal_access_tokens/self")
    def own_token(self, request):
        return 200, {"id": 4, "name": "runs", "active": True, "expires_at": "2030-01-01",
                     "scopes": self.state.get("scopes", ["api"])}

    @route("GET", BASE + "/repository/commits/{name}")
    def get_commit(self, request):
        return 200, self.commit(request)

    @route("GET", BASE + "/repository/tags/{name}")
    def get_tag(self, request):
        if request.values["name"] not in self.state["tags"]:
            self.refuse(404, "Tag Not Found")
        return 200, {"name": request.values["name"], "commit": self.commit(request)}

    @route("GET", BASE + "/deployments")
    def deployments(self, request):
        if request.query.get("order_by") != "id" or request.query.get("sort") != "desc":
            self.refuse(400, "the double knows one order only")
        return 200, [one for one in reversed(self.state["deployments"])
                     if one["environment"]["name"] == request.query["environment"]]

    @route("POST", BASE + "/deployments")
    def deploy(self, request):
        asked = request.json
        for name in ("environment", "sha", "ref", "tag", "status"):
            if name not in asked:
                self.refuse(400, f"{name} is missing")
        if asked["status"] not in ENDS | {"running"}:
            self.refuse(400, "status does not have a valid value")
        made = {"id": 41 + len(self.state["deployments"]), "sha": asked["sha"], "ref": asked["ref"],
                "tag": asked["tag"], "status": asked["status"], "created_at": iso(time.time()),
                "environment": {"name": asked["environment"]}}
        self.state["deployments"].append(made)
        self.changed()
        return 201, made

    @route("PUT", BASE + "/deployments/{id}")
    def update(self, request):
        for one in self.state["deployments"]:
            if str(one["id"]) == request.values["id"]:
                if one["status"] in ENDS or one["status"] == request.json["status"]:
                    self.refuse(400, "Status cannot transition")
                one["status"] = request.json["status"]
                self.changed()
                return 200, one
        self.refuse(404, "Deployment Not Found")

    @route("POST", BASE + "/pipeline")
    def start(self, request):
        asked = request.json
        if asked["ref"] not in ("main", "1.1"):
            return 400, {"message": {"base": ["Reference not found"]}}
        for one in asked.get("variables", []):
            if set(one) - {"key", "value", "variable_type"}:
                self.refuse(400, "variables is invalid")
        number = 601 + len(self.state["pipelines"])
        made = {"id": number, "iid": number - 600, "ref": asked["ref"], "status": "created",
                "source": "api", "created_at": iso(time.time()), "updated_at": iso(time.time()),
                "web_url": f"https://gitlab.com/shop/web/-/pipelines/{number}",
                "variables": asked.get("variables", []), "asked": 0}
        self.state["pipelines"].append(made)
        self.changed()
        return 201, self.shown(made)

    @staticmethod
    def shown(pipeline):
        return {name: value for name, value in pipeline.items()
                if name not in ("variables", "asked")}

    def pipeline(self, request):
        for one in self.state["pipelines"]:
            if str(one["id"]) == request.values["id"]:
                return one
        self.refuse(404, "Not found")

    @route("GET", BASE + "/pipelines")
    def pipelines(self, request):
        found = [self.shown(one) for one in reversed(self.state["pipelines"])
                 if one["ref"] == request.query.get("ref", one["ref"])
                 and one["updated_at"] >= request.query.get("updated_after", "")]
        size, page = int(request.query.get("per_page", 20)), int(request.query.get("page", 1))
        return 200, found[(page - 1) * size:page * size]

    @route("GET", BASE + "/pipelines/{id}/variables")
    def variables(self, request):
        return 200, self.pipeline(request)["variables"]

    @route("GET", BASE + "/pipelines/{id}")
    def get(self, request):
        one = self.pipeline(request)
        one["asked"] += 1
        one["status"] = self.state["status"] if one["asked"] > self.state["ends_after"] \
            else "running"
        return 200, self.shown(one)


if __name__ == "__main__":
    main(GitLab)
