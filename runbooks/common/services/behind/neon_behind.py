"""Neon's API before a real PostgreSQL server: a branch is a server of its own, brought to the
moment that was asked for, and SQL over HTTP is asked of it.

Settings: behind (a service of the kind postgres with archive, which is the branch br-main),
database. One branch besides br-main can be there at a time."""
import datetime
import threading

import pq
import service
from behind import BEHIND, SETTINGS
from double import main, route
from neon import BASE, READ_ONLY, Neon, iso
from past import Past

LATER = 4102444800  # What brings a branch up says itself that it is ready.


class NeonBehind(Neon):
    def __init__(self):
        self.past = Past(BEHIND)
        super().__init__()

    def fresh(self):
        return {**super().fresh(), "branches": [
            self.branch("br-main", "main", self.past.begins_at())]}

    @route("POST", BASE + "/branches")
    def create(self, request):
        if len(self.state["branches"]) > 1:
            self.refuse(422, "branches limit exceeded")
        status, body = super().create(request)
        made = body["branch"]
        self.state["ready_at"][made["id"]] = LATER
        at = datetime.datetime.fromisoformat(made["parent_timestamp"].replace("Z", "+00:00"))
        threading.Thread(target=self.bring, args=(made["id"], at.timestamp()), daemon=True).start()
        return status, body

    def bring(self, number, at):
        try:
            self.past.bring(number, at)
            came = "ready"
        except (OSError, SystemExit) as failure:
            self.note_failure(number, failure)
            return
        with self.lock:
            for one in self.state["branches"]:
                if one["id"] == number:
                    one["current_state"] = came

    def note_failure(self, number, failure):
        with self.lock:
            self.state.setdefault("failed", {})[number] = str(failure)

    @route("GET", BASE + "/operations/{id}")
    def operation(self, request):
        branch = self.state["operations"][request.values["id"]]["branch"]
        failure = self.state.get("failed", {}).get(branch)
        is_made = all(one["current_state"] != "init" for one in self.state["branches"]
                      if one["id"] == branch)
        told = {"id": request.values["id"], "action": "create_branch",
                "status": "failed" if failure else "finished" if is_made else "running"}
        return 200, {"operation": {**told, "error": failure} if failure else told}

    @route("DELETE", BASE + "/branches/{branch}")
    def delete(self, request):
        if request.values["branch"] == "br-main":
            self.refuse(422, "cannot delete the root branch")
        answer = super().delete(request)
        self.past.remove(request.values["branch"])
        return answer

    def place_of(self, branch):
        if branch == "br-main":
            return BEHIND["host"], BEHIND["port"]
        return service.ADDRESS, self.past.port

    @route("POST", "/sql")
    def sql(self, request):
        told = request.headers.get("neon-connection-string", "")
        branch = [one["id"] for one in self.state["branches"] if self.uri(one["id"]) == told]
        if not branch:
            self.refuse(400, "password authentication failed for user 'owner'")
        if request.json["queries"][0] != READ_ONLY:
            self.violations.append("the SQL opens no transaction that only reads")
        host, port = self.place_of(branch[0])
        try:
            connection = pq.Connection(host=host, port=port, user="admin", connect_timeout=5,
                                       password=BEHIND["password"], dbname=SETTINGS["database"])
        except OSError as failure:
            self.refuse(400, str(failure))
        try:
            return 200, {"results": self.answer_all(connection, request.json["queries"])}
        except pq.Refused as refused:
            return 400, {"code": refused.code, "message": str(refused)}
        finally:
            connection.close()

    @staticmethod
    def answer_all(connection, queries):
        """In one transaction."""
        connection.ask("begin")
        results = []
        for one in queries:
            fields, rows = connection.ask(one["query"], one["params"])
            results.append({"command": one["query"].split()[0].upper(), "rowCount": len(rows),
                            "rows": rows, "fields": [{"name": name, "dataTypeID": kind}
                                                     for name, kind in fields]})
        return results


if __name__ == "__main__":
    main(NeonBehind)
