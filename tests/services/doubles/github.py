"""GitHub as far as deployments and dispatched workflows of one repository go."""
import re
import time

from double import Double, main, named, route

BASE = "/repos/" + named("shop/web")


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class GitHub(Double):
    documents = [{"file": "github/github.subset.openapi.json"}]

    def fresh(self):
        # A workflow's run name is its name and the input that the environment names.
        return {"deployments": [], "refs": ["1.1", "1.2", "main"], "runs": [],
                # A workflow's inputs besides the key, by its file.
                "workflows": {"restore.yml": ["database"]},
                "conclusion": "success", "answers_runs": True, "shows_after": 0, "ends_after": 1}

    # `created` is described as a range of date-times, but its schema is one date-time.
    def check(self, request):
        return [one for one in super().check(request)
                if not re.search(r"parameter created : '>=\d{4}-\d\d-\d\dT[\d:]+Z' is not", one)]

    def refusal(self, status, message):
        return {"message": "Bad credentials" if status == 401 else message,
                "documentation_url": "https://docs.github.com/rest"}

    def deployment(self, request):
        for one in self.state["deployments"]:
            if str(one["id"]) == request.values["id"]:
                return one
        self.refuse(404, "Not Found")

    @route("GET", "/rate_limit")
    def limits(self, request):
        scopes = self.state.get("scopes")
        one = {"limit": 5000, "used": 1, "remaining": 4999, "reset": int(time.time()) + 3600}
        return 200, {"resources": {"core": one, "search": one}, "rate": one}, (
            {"X-OAuth-Scopes": scopes} if scopes is not None else {})

    @route("GET", BASE + "/deployments")
    def deployments(self, request):
        return 200, [{name: value for name, value in one.items() if name != "statuses"}
                     for one in reversed(self.state["deployments"])
                     if one["ref"] == request.query.get("ref", one["ref"])
                     and one["environment"] == request.query.get("environment")]

    @route("POST", BASE + "/deployments")
    def deploy(self, request):
        asked = request.json
        if asked["ref"] not in self.state["refs"]:
            self.refuse(422, f"No ref found for: {asked['ref']}")
        if asked.get("auto_merge", True):
            return 202, {"message": "Auto-merged main into " + asked["ref"]}
        if asked.get("required_contexts") != []:
            self.refuse(409, "Conflict: Commit status checks failed for " + asked["ref"])
        made = {"id": 1000 + len(self.state["deployments"]), "sha": "f" * 40, "task": "deploy",
                "ref": asked["ref"], "environment": asked.get("environment", "production"),
                "description": asked.get("description", ""), "created_at": iso(time.time()),
                "statuses": []}
        self.state["deployments"].append(made)
        self.changed()
        return 201, {name: value for name, value in made.items() if name != "statuses"}

    @route("GET", BASE + "/deployments/{id}/statuses")
    def statuses(self, request):
        return 200, list(reversed(self.deployment(request)["statuses"]))

    @route("POST", BASE + "/deployments/{id}/statuses")
    def tell(self, request):
        there = self.deployment(request)["statuses"]
        if len(request.json.get("description", "")) > 140:
            self.refuse(422, "description is too long (maximum is 140 characters)")
        there.append({"id": len(there) + 1, "created_at": iso(time.time()), **request.json})
        self.changed()
        return 201, there[-1]

    @route("POST", BASE + "/actions/workflows/{workflow}/dispatches")
    def dispatch(self, request):
        asked = request.json
        file = request.values["workflow"]
        if file not in self.state["workflows"]:
            self.refuse(404, "Not Found")
        name, inputs = file.removesuffix(".yml"), asked.get("inputs", {})
        unexpected = set(inputs) - {"perilune", *self.state["workflows"][file]}
        if unexpected:
            self.refuse(422, f"Unexpected inputs provided: {sorted(unexpected)}")
        if asked["ref"] not in self.state["refs"]:
            self.refuse(422, "No ref found for: " + asked["ref"])
        number = 9000000000 + len(self.state["runs"])
        self.state["runs"].append({
            "id": number, "name": name, "workflow_id": 5, "event": "workflow_dispatch",
            "head_branch": asked["ref"], "path": ".github/workflows/" + file,
            "display_title": f"{name} {inputs.get('database', '')} {inputs.get('perilune', '')}",
            "created_at": iso(time.time()), "run_started_at": iso(time.time()),
            "updated_at": iso(time.time()), "status": "in_progress", "conclusion": None,
            "html_url": f"https://github.com/shop/web/actions/runs/{number}",
            "inputs": inputs, "asked": 0, "at": time.time()})
        self.changed()
        if asked.get("return_run_details") and self.state["answers_runs"]:
            return 200, {"workflow_run_id": number, "run_url": f"https://api.github.com{BASE}"
                         f"/actions/runs/{number}", "html_url": self.state["runs"][-1]["html_url"]}
        return 204, None

    def shown(self, run):
        return {name: value for name, value in run.items() if name not in ("inputs", "asked", "at")}

    @route("GET", BASE + "/actions/workflows/{workflow}/runs")
    def runs(self, request):
        if request.values["workflow"] not in self.state["workflows"]:
            self.refuse(404, "Not Found")
        since = re.sub(r"^>=", "", request.query.get("created", ""))
        found = [self.shown(one) for one in reversed(self.state["runs"])
                 if one["created_at"] >= since
                 and time.time() >= one["at"] + self.state["shows_after"]]
        size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        return 200, {"total_count": len(found),
                     "workflow_runs": found[(page - 1) * size:page * size]}

    @route("GET", BASE + "/actions/runs/{id}")
    def run(self, request):
        for one in self.state["runs"]:
            if str(one["id"]) == request.values["id"]:
                one["asked"] += 1
                if one["asked"] > self.state["ends_after"]:
                    one.update(status="completed", conclusion=self.state["conclusion"])
                return 200, self.shown(one)
        self.refuse(404, "Not Found")


if __name__ == "__main__":
    main(GitHub)
