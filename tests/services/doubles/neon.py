"""Neon's control plane, one project: branches, snapshots, endpoints and operations; and SQL over
HTTP as far as a branch's rows can be counted."""
import re
import time

from double import Double, Refused, main, named, route

BASE = "/api/v2/projects/" + named("shop")
COUNT = re.compile(r'select count\(\*\)::int as n from "(\w+)"')
READ_ONLY = {"query": "set transaction read only", "params": []}


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class Neon(Double):
    documents = [{"file": "neon/neon.subset.openapi.json"}]

    def fresh(self):
        started = time.time() - 3600
        return {"branches": [self.branch("br-main", "main", started)], "snapshots": [],
                "operations": {}, "ends_after": 1, "end": "finished", "retention": 86400,
                "restored": [], "made_in_s": 0.3, "ready_at": {}, "rows": {},
                "answers": {}, "columns": {}, "sql": []}

    @staticmethod
    def branch(number, name, at):
        return {"id": number, "project_id": "shop", "name": name, "current_state": "ready",
                "created_at": iso(at), "logical_size": 4096}

    def authorized(self, request):
        return request.path == "/sql" or super().authorized(request)

    def check(self, request):
        if request.path != "/sql":
            return super().check(request)
        asked = request.json or {}
        well = set(asked) == {"queries"} and all(
            set(one) == {"query", "params"} and isinstance(one["params"], list)
            for one in asked["queries"])
        return [] if well else ["SQL over HTTP takes queries, a list of a query and its params"]

    def perform(self, request):
        for one in self.state["branches"]:
            if one["current_state"] == "init" and time.time() > self.state["ready_at"][one["id"]]:
                one["current_state"] = "ready"
        return super().perform(request)

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
        part = request.query.get("search", "")
        found = [one for one in self.state["branches"] if part in one["name"] or part in one["id"]]
        size = min(size, 3)
        more = start + size < len(found)
        return 200, {"branches": found[start:start + size],
                     "pagination": {"next": str(start + size)} if more else {}}

    @staticmethod
    def uri(branch):
        return f"postgresql://owner:password-of-{branch}@ep-1.eu.aws.neon.tech/neondb"

    @route("POST", BASE + "/branches")
    def create(self, request):
        asked = request.json["branch"]
        if any(one["name"] == asked["name"] for one in self.state["branches"]):
            self.refuse(409, "branch with the provided name already exists")
        parent = [one for one in self.state["branches"] if one["id"] == asked["parent_id"]]
        if not parent or asked["parent_timestamp"] < parent[0]["created_at"]:
            self.refuse(400, "the timestamp is older than the parent branch")
        number = f"br-made-{self.changes}"
        made = {**self.branch(number, asked["name"], time.time()), "current_state": "init",
                "parent_id": asked["parent_id"], "parent_timestamp": asked["parent_timestamp"]}
        self.state["branches"].append(made)
        self.state["ready_at"][number] = time.time() + self.state["made_in_s"]
        self.changed()
        return 201, {"branch": made, "operations": self.begin(number), "endpoints": [],
                     "roles": [{"branch_id": number, "name": "owner",
                                "password": f"password-of-{number}"}],
                     "connection_uris": [{"connection_uri": self.uri(number),
                                          "connection_parameters": {
                                              "password": f"password-of-{number}"}}]}

    @route("GET", BASE + "/connection_uri")
    def connection(self, request):
        request.values["branch"] = request.query["branch_id"]
        return 200, {"uri": self.uri(self.find(request)["id"])}

    @route("POST", "/sql")
    def sql(self, request):
        told = request.headers.get("neon-connection-string", "")
        branch = [one for one in self.state["branches"] if self.uri(one["id"]) == told]
        if not branch:
            self.refuse(400, "password authentication failed for user 'owner'")
        first, *others = request.json["queries"]
        self.state["sql"] = [one["query"] for one in others]
        if first != READ_ONLY:
            self.violations.append(f"the SQL {first} opens no transaction that only reads")
        results = [{"command": "SET", "rowCount": None, "rows": [], "fields": []}]
        for one in others:
            rows = self.answer_sql(one, self.state["rows"].get(branch[0]["id"], {}))
            names = self.state["columns"].get(one["query"], list(rows[0]) if rows else [])
            results.append({"command": "SELECT", "rowCount": len(rows), "rows": rows,
                            "fields": [{"name": name} for name in names]})
        return 200, {"results": results}

    def answer_sql(self, one, rows):
        counted = COUNT.fullmatch(one["query"])
        if counted and counted[1] in rows:
            return [{"n": rows[counted[1]]}]
        if counted:
            raise Refused(400, {"code": "42P01",
                                "message": f'relation "{counted[1]}" does not exist'})
        if re.search(r"\b(delete|insert|update)\b", one["query"]):
            self.refuse(400, "cannot execute this in a read-only transaction")
        return self.state["answers"].get(one["query"], [{"p": one} for one in one["params"]])

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
