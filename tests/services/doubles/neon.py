"""Neon's control plane, one project: branches, snapshots, endpoints and operations."""
import time

from double import Double, main, route

BASE = "/api/v2/projects/shop"


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class Neon(Double):
    documents = [{"file": "neon/neon.subset.openapi.json"}]

    def fresh(self):
        started = time.time() - 3600
        return {"branches": [self.branch("br-main", "main", started)], "snapshots": [],
                "operations": {}, "ends_after": 1, "end": "finished", "retention": 86400,
                "restored": []}

    @staticmethod
    def branch(number, name, at):
        return {"id": number, "project_id": "shop", "name": name, "current_state": "ready",
                "created_at": iso(at), "logical_size": 4096}

    def refusal(self, status, message):
        return {"request_id": "r", "code": "", "message": message}

    def find(self, request):
        for one in self.state["branches"]:
            if one["id"] == request.values["branch"]:
                return one
        self.refuse(404, "branch not found")

    def begin(self, branch):
        number = f"00000000-0000-0000-0000-{len(self.state['operations']):012}"
        self.state["operations"][number] = {"asked": 0, "branch": branch}
        return [{"id": number, "project_id": "shop", "action": "create_branch",
                 "status": "running"}]

    @route("GET", BASE)
    def project(self, request):
        return 200, {"project": {"id": "shop", "pg_version": 17,
                                 "history_retention_seconds": self.state["retention"]}}

    @route("GET", BASE + "/operations/{id}")
    def operation(self, request):
        there = self.state["operations"][request.values["id"]]
        there["asked"] += 1
        over = there["asked"] > self.state["ends_after"]
        if over:
            for one in self.state["branches"]:
                if one["id"] == there["branch"]:
                    one["current_state"] = "ready"
        told = {"id": request.values["id"], "action": "create_branch",
                "status": self.state["end"] if over else "running"}
        return 200, {"operation": {**told, "error": "the pageserver is gone"}
                     if told["status"] == "failed" else told}

    @route("GET", BASE + "/branches")
    def branches(self, request):
        size, start = int(request.query.get("limit", 10000)), int(request.query.get("cursor", 0))
        more = start + size < len(self.state["branches"])
        return 200, {"branches": self.state["branches"][start:start + size],
                     "pagination": {"next": str(start + size)} if more else {}}

    @route("GET", BASE + "/branches/{branch}")
    def get(self, request):
        return 200, {"branch": self.find(request)}

    @route("DELETE", BASE + "/branches/{branch}")
    def delete(self, request):
        there = self.find(request)
        self.state["branches"].remove(there)
        self.changed()
        return 200, {"branch": there, "operations": self.begin(there["id"])}

    @route("GET", BASE + "/branches/{branch}/endpoints")
    def endpoints(self, request):
        return 200, {"endpoints": [{"id": "ep-1", "branch_id": self.find(request)["id"],
                                    "type": kind, "current_state": "idle", "disabled": False}
                                   for kind in ("read_only", "read_write")]}

    @route("POST", BASE + "/branches/{branch}/restore")
    def restore(self, request):
        there, asked = self.find(request), request.json
        own = asked["source_branch_id"] == there["id"]
        if own and not asked.get("source_timestamp"):
            self.refuse(400, "source_timestamp or source_lsn is required")
        if own and not asked.get("preserve_under_name"):
            self.refuse(400, "preserve_under_name is required")
        if own and asked["source_timestamp"] < there["created_at"]:
            self.refuse(400, "the timestamp is older than the branch")
        number = f"br-kept-{len(self.state['branches'])}"
        self.state["branches"].append(
            self.branch(number, asked["preserve_under_name"], time.time()))
        self.state["restored"].append(asked)
        there["current_state"] = "resetting"
        self.changed()
        return 200, {"branch": there, "operations": self.begin(there["id"])}

    @route("POST", BASE + "/branches/{branch}/snapshot")
    def snapshot(self, request):
        made = {"id": f"snap-{len(self.state['snapshots'])}", "name": request.query["name"],
                "source_branch_id": self.find(request)["id"], "created_at": iso(time.time()),
                "manual": True, "full_size": 2048}
        if "expires_at" in request.query:
            made["expires_at"] = request.query["expires_at"]
        self.state["snapshots"].append(made)
        self.changed()
        return 200, {"snapshot": made, "operations": self.begin(request.values["branch"])}

    @route("GET", BASE + "/snapshots")
    def snapshots(self, request):
        return 200, {"snapshots": self.state["snapshots"]}

    @route("DELETE", BASE + "/snapshots/{id}")
    def forget(self, request):
        for one in self.state["snapshots"]:
            if one["id"] == request.values["id"]:
                self.state["snapshots"].remove(one)
                self.changed()
                return 202, {"operations": self.begin("")}
        self.refuse(404, "snapshot not found")


if __name__ == "__main__":
    main(Neon)
