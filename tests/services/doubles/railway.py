"""Railway as far as one service in one environment goes: deployments, instances, variables,
replicas, logs. Builds take a moment, most refusals come in a 200, and what is told to instances is
accepted at once and seen later, as with Railway: a deployment that was stopped is still a success,
its instances end after it says so, and there are no 0 replicas."""
import copy
import os
import time
import uuid

from double import Double, main, named, route

SERVICE = named("s1")


def stamp(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}Z"


class Refused(Exception):
    pass


class Railway(Double):
    language = "railway/railway.full.graphql"

    def __init__(self):
        self.schema = None
        path = os.path.join(os.environ.get("PERILUNE_SPECS", ""), self.language)
        super().__init__()
        if os.path.isfile(path):
            import graphql
            import graphql_language
            with open(path, encoding="utf-8") as file:
                described = graphql_language.introspection(file.read())
            self.schema, self.unchecked = graphql.Schema(described), None

    def fresh(self):
        return {"deployments": [], "variables": {}, "build_s": 0.3, "keeps_images": True,
                "scale_s": 0.6, "scaled": {"at": 0, "before": 1}, "stop_s": 0.9, "restart_s": 0.3,
                "commits": ["v1", "v2", "v3", "bad-1"], "region": "us-west2",
                "config": {"services": {SERVICE: {"deploy": {"multiRegionConfig": {
                    "us-west2": {"numReplicas": 1}}}}}}, "logs": []}

    def authorized(self, request):
        return (super().authorized(request)
                or request.headers.get("project-access-token") == self.token)

    def check(self, request):
        if not self.schema:
            return []
        return ["the query: " + one for one in self.schema.check(request.json or {})]

    def perform(self, request):
        self.proceed()
        status, body, headers = super().perform(request)
        # Who is not signed in reads so in a 200.
        if status == 401:
            return 200, {"errors": [{"message": "Not Authorized"}], "data": None}, headers
        return status, body, headers

    def proceed(self):
        for one in reversed(self.state["deployments"]):
            age_s = time.time() - one["at"]
            if one["status"] == "QUEUED" and age_s > self.state["build_s"] / 2:
                one["status"] = "BUILDING"
            if (one["status"] == "BUILDING" and age_s > self.state["build_s"]
                    and self.comes_up(one)):
                bad = one["meta"]["commitHash"].startswith("bad")
                one["status"] = "FAILED" if bad else "SUCCESS"
                for other in self.state["deployments"]:
                    if not bad and other is not one and other["status"] == "SUCCESS":
                        other["status"] = "REMOVED"

    def comes_up(self, one):
        """Whether what was built has begun to listen; where nothing is executed, at once."""
        return True

    def replicas(self):
        """So many as run, which is not yet what was asked for a moment ago."""
        scaled = self.state["scaled"]
        if time.time() - scaled["at"] < self.state["scale_s"]:
            return scaled["before"]
        regions = self.state["config"]["services"][SERVICE]["deploy"]["multiRegionConfig"]
        return sum(one["numReplicas"] for one in regions.values())

    def instances(self, one):
        """Whether a deployment says that it has stopped, and its instances' states."""
        if one["status"] in ("QUEUED", "BUILDING", "NEEDS_APPROVAL", "FAILED"):
            return False, []
        if one["status"] == "CRASHED":
            return "stopped_at" in one, ["CRASHED"]
        if one["status"] not in ("SUCCESS", "SLEEPING"):
            return True, ["REMOVED"]
        stopped_s = time.time() - one["stopped_at"] if "stopped_at" in one else -1
        begun_s = time.time() - one.get("restarted_at", 0)
        state = "EXITED" if stopped_s > self.state["stop_s"] else "RUNNING"
        if "restarted_at" in one and begun_s < self.state["restart_s"]:
            return True, ["INITIALIZING"] * self.replicas()
        stopped = one["status"] == "SLEEPING" or stopped_s > self.state["stop_s"] / 2
        return stopped, [state] * self.replicas()

    @route("POST", "/graphql/v2")
    def ask(self, request):
        import graphql
        kind, _, fields = graphql.Reader(request.json["query"]).operation()
        variables, data = request.json.get("variables") or {}, {}
        try:
            for field in fields:
                arguments = {name: graphql.resolve(value, variables)
                             for name, value in field["arguments"].items()
                             if graphql.resolve(value, variables) is not None}
                result = getattr(self, f"{kind}_{field['name']}")(**arguments)
                data[field["shown"]] = graphql.select(field["inner"], result)
                if kind == "mutation":
                    self.changed()
        except Refused as refused:
            return 200, {"errors": [{"message": str(refused), "path": [field["name"]]}],
                         "data": None}
        return 200, {"data": data}

    def shown(self, one):
        rolls = one["status"] == "REMOVED" and self.state["keeps_images"]
        stopped, instances = self.instances(one)
        return {**one, "createdAt": stamp(one["at"]), "canRollback": rolls,
                "deploymentStopped": stopped, "instances": [
                    {"id": f"{one['id']}-{index}", "status": state}
                    for index, state in enumerate(instances)],
                "url": "shop-production.up.railway.app"}

    def deployment(self, identity):
        for one in self.state["deployments"]:
            if one["id"] == identity:
                return one
        raise Refused("Deployment not found")

    def deploy(self, commit, reason, image=None):
        newest = self.state["deployments"][0]["at"] if self.state["deployments"] else 0
        made = {"id": str(uuid.uuid4()), "status": "QUEUED", "at": max(time.time(), newest + 0.002),
                "meta": {"commitHash": commit, "commitMessage": "A commit", "reason": reason,
                         "image": image or str(uuid.uuid4())}}
        self.state["deployments"].insert(0, made)
        return made

    def query_deployments(self, input, first=20, after=None):
        found = [one for one in self.state["deployments"]
                 if one["status"] in input.get("status", {}).get("in", [one["status"]])]
        start, size = int(after or 0), min(first, 3)
        edges = [{"cursor": str(start + index + 1), "node": self.shown(one)}
                 for index, one in enumerate(found[start:start + size])]
        return {"edges": edges, "pageInfo": {"hasNextPage": len(found) > start + size,
                                             "endCursor": str(start + size)}}

    def query_deployment(self, id):
        return self.shown(self.deployment(id))

    def query_domains(self, **_):
        return {"customDomains": [{"domain": "shop.example.com"}],
                "serviceDomains": [{"domain": "shop-production.up.railway.app"}]}

    def query_environment(self, id, **_):
        return {"config": self.state["config"]}

    def query_serviceInstance(self, **_):
        return {"region": self.state["region"], "numReplicas": None}

    def query_variables(self, **_):
        return {**self.state["variables"], "RAILWAY_ENVIRONMENT": "production"}

    def query_deploymentLogs(self, deploymentId, limit=100, filter="", startDate="", endDate="~"):
        return [one for one in self.state["logs"] if startDate <= one["timestamp"] <= endDate
                and filter.strip('"') in one["message"]][-limit:]

    def mutation_serviceInstanceDeployV2(self, commitSha=None, **_):
        if commitSha not in self.state["commits"]:
            raise Refused("Commit not found in the repository")
        return self.deploy(commitSha, "deploy")["id"]

    def mutation_deploymentRedeploy(self, id, usePreviousImageTag=False):
        one = self.deployment(id)
        gone = one["status"] == "REMOVED" and not self.state["keeps_images"]
        if usePreviousImageTag and gone:
            raise Refused("The deployment's image was removed")
        image = one["meta"].get("image") if usePreviousImageTag else None
        return self.shown(self.deploy(one["meta"]["commitHash"], "redeploy", image))

    def mutation_deploymentRollback(self, id):
        one = self.deployment(id)
        if not self.shown(one)["canRollback"]:
            raise Refused("Deployment cannot be rolled back to: its image was removed")
        self.deploy(one["meta"]["commitHash"], "rollback", one["meta"].get("image"))
        return True

    def mutation_deploymentCancel(self, id):
        self.deployment(id)["status"] = "REMOVED"
        return True

    def mutation_deploymentStop(self, id):
        one = self.deployment(id)
        if one["status"] not in ("SUCCESS", "SLEEPING", "CRASHED"):
            raise Refused("Deployment cannot be stopped: it does not run")
        one.setdefault("stopped_at", time.time())
        return True

    def mutation_deploymentRestart(self, id):
        one = self.deployment(id)
        if one["status"] not in ("SUCCESS", "SLEEPING", "CRASHED"):
            raise Refused("Deployment cannot be restarted: it was removed")
        one.pop("stopped_at", None)
        one["status"], one["restarted_at"] = "SUCCESS", time.time()
        return True

    def mutation_variableCollectionUpsert(self, input):
        self.state["variables"].update(input["variables"])
        if not input.get("skipDeploys") and self.state["deployments"]:
            self.deploy(self.state["deployments"][0]["meta"]["commitHash"], "variables")
        return True

    def mutation_variableDelete(self, input):
        self.state["variables"].pop(input["name"], None)
        if self.state["deployments"]:
            self.deploy(self.state["deployments"][0]["meta"]["commitHash"], "variables")
        return True

    def mutation_environmentPatchCommit(self, environmentId, patch, commitMessage=""):
        for service, change in patch["services"].items():
            regions = self.state["config"]["services"][service]["deploy"]["multiRegionConfig"]
            wanted = change["deploy"]["multiRegionConfig"]
            if any(one["numReplicas"] < 1 for one in wanted.values()):
                raise Refused("Error in numReplicas - Invalid input")
            self.state["scaled"] = {"at": time.time(), "before": self.replicas()}
            regions.update(copy.deepcopy(wanted))
        return "patch-1"


if __name__ == "__main__":
    main(Railway)
