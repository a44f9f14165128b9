"""Vercel as far as one project's deployments, domains, variables and its pause go. Builds and moves
of domains take a moment, as they do."""
import secrets
import time

from double import Double, main, named, route

PROJECT = named("prj_1")
NAME = "shop"


class Vercel(Double):
    documents = [{"file": "vercel/vercel.subset.openapi.json",
                  "maps": ("meta", "targets")}]

    def fresh(self):
        return {"project": {"id": PROJECT, "name": NAME, "autoAssignCustomDomains": True,
                            "paused": False, "targets": {}, "link": {
                                "type": "github", "repoId": 7, "productionBranch": "main"}},
                "deployments": [], "env": [], "refs": ["v1", "v2", "v3", "bad-1", "main"],
                "build_s": 0.3, "move_s": 0.2, "failed_env": [], "hobby": False,
                "rollback_stops_releases": True}

    def refusal(self, status, message):
        if status == 401:
            return {"error": {"code": "forbidden", "message": "Not authorized",
                              "invalidToken": True}}
        return {"error": {"code": {404: "not_found", 409: "conflict"}.get(status, "bad_request"),
                          "message": message}}

    def perform(self, request):
        self.proceed()
        status, body, headers = super().perform(request)
        return (403 if status == 401 else status), body, headers

    def check(self, request):
        return [one for one in super().check(request)
                # The vendor's command line asks for it, though the document does not say so.
                if one != "no query parameter rollbackInfo is described"]

    def now(self):
        return int(time.time() * 1000)

    def serve(self, one):
        self.state["project"]["targets"]["production"] = {
            "id": one["uid"], "createdAt": one["createdAt"], "alias": ["shop.example.com"]}
        one["readySubstate"] = "PROMOTED"

    def comes_up(self, one):
        """Whether what was built has begun to listen; where nothing is executed, at once."""
        return True

    def proceed(self):
        """What time has done since the last request."""
        project, now = self.state["project"], self.now()
        for one in reversed(self.state["deployments"]):
            age_s = (now - one["createdAt"]) / 1000
            if one["readyState"] in ("QUEUED", "BUILDING") and age_s > self.state["build_s"] / 2:
                one["readyState"] = "BUILDING"
            if (one["readyState"] == "BUILDING" and age_s > self.state["build_s"]
                    and self.comes_up(one)):
                bad = one["meta"].get("perilune_version", "").startswith("bad")
                one["readyState"] = "ERROR" if bad else "READY"
                if bad:
                    one["errorMessage"] = "Command \"npm run build\" exited with 1"
                elif one.get("target") == "production":
                    one["isRollbackCandidate"] = True
                    one["readySubstate"] = "STAGED"
                    if project["autoAssignCustomDomains"]:
                        self.serve(one)
            one["state"] = one["readyState"]
        job = project.get("lastAliasRequest")
        if job and job["jobStatus"] == "pending" and (
                now - job["requestedAt"] > self.state["move_s"] * 1000
                and self.comes_up(self.deployment(job["toDeploymentId"]))):
            job["jobStatus"] = "succeeded"
            self.serve(self.deployment(job["toDeploymentId"]))
            project["autoAssignCustomDomains"] = (
                job["type"] == "promote" or not self.state["rollback_stops_releases"])

    def deployment(self, identity):
        for one in self.state["deployments"]:
            if one["uid"] == identity:
                return one
        self.refuse(404, "The deployment could not be found.")

    def shown(self, one):
        """One deployment as it is shown alone: by `id`."""
        hidden = ("uid", "state", "created", "isRollbackCandidate")
        return {"id": one["uid"], **{name: one[name] for name in one if name not in hidden}}

    @route("GET", "/v9/projects/{project}")
    def project(self, request):
        if request.values["project"] not in (PROJECT, NAME):
            self.refuse(404, "Project not found")
        return 200, self.state["project"]

    @route("GET", "/v7/deployments")
    def deployments(self, request):
        query = request.query
        found = [one for one in self.state["deployments"]
                 if query.get("target", one.get("target")) == one.get("target")
                 and query.get("state", one["state"]) == one["state"]
                 and (query.get("rollbackCandidate") != "true" or one.get("isRollbackCandidate"))
                 and one["createdAt"] < float(query.get("until", "inf"))]
        size = min(int(query.get("limit", 20)), 3)
        more = found[size - 1]["createdAt"] if len(found) > size else None
        return 200, {"deployments": found[:size],
                     "pagination": {"count": len(found[:size]), "next": more, "prev": None}}

    @route("GET", "/v13/deployments/{id}")
    def get(self, request):
        return 200, self.shown(self.deployment(request.values["id"]))

    @route("POST", "/v13/deployments")
    def create(self, request):
        asked = request.json
        if "gitSource" in asked and asked["gitSource"]["ref"] not in self.state["refs"]:
            return 400, {"error": {"code": "incorrect_git_source_info",
                                   "message": "The branch or tag could not be found."}}
        if "deploymentId" in asked:
            self.deployment(asked["deploymentId"])
        newest = max([one["createdAt"] for one in self.state["deployments"]], default=0)
        now = max(self.now(), newest + 1)
        identity = "dpl_" + secrets.token_hex(8)
        made = {"uid": identity, "name": NAME, "projectId": PROJECT, "createdAt": now,
                "created": now, "url": f"shop-{identity[-4:]}.vercel.app", "type": "LAMBDAS",
                "readyState": "QUEUED", "state": "QUEUED", "meta": asked.get("meta", {}),
                "target": asked.get("target")}
        self.state["deployments"].insert(0, made)
        self.changed()
        return 200, self.shown(made)

    @route("PATCH", "/v12/deployments/{id}/cancel")
    def cancel(self, request):
        one = self.deployment(request.values["id"])
        if one["readyState"] in ("READY", "ERROR"):
            self.refuse(400, "The deployment is not on its way.")
        one["readyState"] = one["state"] = "CANCELED"
        self.changed()
        return 200, self.shown(one)

    def move(self, request, word):
        project, one = self.state["project"], self.deployment(request.values["id"])
        job = project.get("lastAliasRequest") or {}
        if job.get("jobStatus") == "pending":
            self.refuse(409, "Another promotion is under way.")
        if self.state["hobby"]:
            return 402, {"error": {"code": "payment_required", "message":
                                   "On Hobby only the previous deployment can be rolled back to."}}
        project["lastAliasRequest"] = {
            "fromDeploymentId": project["targets"]["production"]["id"],
            "toDeploymentId": one["uid"], "jobStatus": "pending", "requestedAt": self.now(),
            "type": word}
        if word == "rollback":
            project["rollbackDescription"] = {
                "userId": "u", "username": "u", "createdAt": self.now(),
                "description": request.query.get("description", "")}
        self.changed()
        return 201, None

    @route("POST", "/v10/projects/{project}/promote/{id}")
    def promote(self, request):
        return self.move(request, "promote")

    @route("POST", "/v1/projects/{project}/rollback/{id}")
    def rollback(self, request):
        return self.move(request, "rollback")

    @route("POST", "/v1/projects/{project}/pause")
    def pause(self, request):
        self.state["project"]["paused"] = True
        self.changed()
        return 200, None

    @route("POST", "/v1/projects/{project}/unpause")
    def unpause(self, request):
        self.state["project"]["paused"] = False
        self.changed()
        return 200, None

    @route("GET", "/v10/projects/{project}/env")
    def env(self, request):
        return 200, {"envs": [{**one, "value": one["value"] if one["type"] == "plain"
                               else "" if one["type"] == "sensitive" else "eyJ2IjoidjIifQ=="}
                              for one in self.state["env"]]}

    @route("GET", "/v1/projects/{project}/env/{id}")
    def env_one(self, request):
        for one in self.state["env"]:
            if one["id"] == request.values["id"] and one["type"] != "sensitive":
                return 200, {**one, "decrypted": True}
        self.refuse(404, "The environment variable could not be found.")

    @route("POST", "/v10/projects/{project}/env")
    def set_env(self, request):
        created, failed = [], []
        for asked in request.json:
            if asked["key"] in self.state["failed_env"]:
                failed.append({"error": {"code": "BAD_REQUEST", "key": asked["key"],
                                         "message": "The value is too long."}})
                continue
            there = [one for one in self.state["env"] if one["key"] == asked["key"]]
            one = there[0] if there else {"id": secrets.token_hex(8), "createdAt": self.now()}
            one.update(asked, updatedAt=self.now())
            if not there:
                self.state["env"].append(one)
            created.append(one)
        self.changed()
        return 201, {"created": created, "failed": failed}

    @route("DELETE", "/v1/projects/{project}/env")
    def unset_env(self, request):
        ids = request.json["ids"]
        self.state["env"] = [one for one in self.state["env"] if one["id"] not in ids]
        self.changed()
        return 200, {"deleted": len(ids), "ids": ids}


if __name__ == "__main__":
    main(Vercel)
