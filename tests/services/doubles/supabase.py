"""Supabase's management API as far as the backups of one project go, and its database's log."""
import os
import time

from double import Double, main, named, route

BASE = "/v1/projects/" + named("abcdefghijklmnopqrst")
FOLDER = os.path.dirname(os.path.abspath(__file__))


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))


class Supabase(Double):
    documents = [{"file": os.path.join(FOLDER, "supabase_logs.openapi.yaml"), "bases": [""]},
                 {"file": "supabase/supabase.subset.openapi.json", "bases": [""]}]

    def fresh(self):
        # After a restore was taken, the statuses that the next questions get.
        return {"statuses": [], "goes": ["ACTIVE_HEALTHY", "RESTORING", "COMING_UP"],
                "status": "ACTIVE_HEALTHY", "points": {}, "restores": [], "pitr": True,
                # Each is seconds ago, severity and message.
                "log": [[30, "FATAL", "could not write to file: No space left on device"],
                        [60, "LOG", "checkpoint starting: time"]], "log_error": None,
                "backups": [{"id": 7, "is_physical_backup": True, "status": "COMPLETED",
                             "inserted_at": iso(time.time() - 7200)},
                            {"id": 8, "is_physical_backup": True, "status": "FAILED",
                             "inserted_at": iso(time.time() - 3600)}]}

    def word(self):
        return self.state["statuses"].pop(0) if self.state["statuses"] else self.state["status"]

    @route("GET", BASE)
    def project(self, request):
        return 200, {"ref": "abcdefghijklmnopqrst", "status": self.word(),
                     "database": {"host": "db.x", "version": "17.4.1"}}

    @route("GET", BASE + "/health")
    def health(self, request):
        return 200, [{"name": request.query["services"], "status": "ACTIVE_HEALTHY",
                      "healthy": True}]

    @route("GET", BASE + "/database/backups")
    def backups(self, request):
        data = {"earliest_physical_backup_date_unix": int(time.time()) - 86400,
                "latest_physical_backup_date_unix": int(time.time())}
        return 200, {"region": "eu-west-1", "walg_enabled": True, "backups": self.state["backups"],
                     "pitr_enabled": self.state["pitr"], "physical_backup_data": data}

    @route("GET", BASE + "/analytics/endpoints/logs.all")
    def logs(self, request):
        if self.state["log_error"]:
            return 200, {"error": self.state["log_error"]}
        rows = [{"timestamp": int((time.time() - ago_s) * 1e6), "error_severity": severity,
                 "event_message": message} for ago_s, severity, message in self.state["log"]]
        began = request.query["iso_timestamp_start"]
        return 200, {"result": [row for row in rows if iso(row["timestamp"] / 1e6) >= began],
                     "error": None}

    @route("GET", BASE + "/database/backups/restore-point")
    def point(self, request):
        there = self.state["points"].get(request.query["name"])
        if not there:
            self.refuse(404, "Restore point not found")
        if there["status"] == "PENDING":
            there.update(status="AVAILABLE", completed_on=iso(time.time()))
            return 200, {**there, "status": "PENDING", "completed_on": None}
        return 200, there

    @route("POST", BASE + "/database/backups/restore-point")
    def make_point(self, request):
        name = request.json["name"]
        self.state["points"][name] = {"name": name, "status": "PENDING", "completed_on": None}
        self.changed()
        return 201, self.state["points"][name]

    def restore(self, request, word):
        self.state["restores"].append({"word": word, **request.json})
        self.state["statuses"] = list(self.state["goes"])
        self.changed()
        return 201, None

    @route("POST", BASE + "/database/backups/restore-pitr")
    def restore_pitr(self, request):
        if not self.state["pitr"]:
            self.refuse(400, "PITR is not enabled for this project.")
        return self.restore(request, "restore-pitr")

    @route("POST", BASE + "/database/backups/restore")
    def restore_backup(self, request):
        return self.restore(request, "restore")

    @route("POST", BASE + "/database/backups/undo")
    def undo(self, request):
        if request.json["name"] not in self.state["points"]:
            self.refuse(400, "Restore point not found")
        return self.restore(request, "undo")


if __name__ == "__main__":
    main(Supabase)
