"""A status page of Better Stack: its reports, and the updates that are said of them."""
import os

from betterstack import BetterStack, now
from double import main, named, route

BASE = f"/api/v2/status-pages/{named('p1')}/status-reports"
FOLDER = os.path.dirname(os.path.abspath(__file__))
WORST_FIRST = ("maintenance", "downtime", "degraded")


class StatusPage(BetterStack):
    documents = [{"file": os.path.join(FOLDER, "betterstack_page.openapi.yaml")}]

    def fresh(self):
        return {"reports": [], "updates": {}, "page_size_max": 50,
                "resources": ["8001", "8002", "8003"]}

    def affect(self, report, affected):
        """An update says how some of the resources are; the others stay as they were."""
        told = report["attributes"]
        there = {one["status_page_resource_id"]: one for one in told["affected_resources"]}
        for one in affected:
            if one["status_page_resource_id"] not in self.state["resources"]:
                self.refuse(422, {"affected_resources": ["is no resource of this status page"]})
            there[one["status_page_resource_id"]] = one
        told["affected_resources"] = list(there.values())
        found = {one["status"] for one in there.values()}
        told["aggregate_state"] = next((one for one in WORST_FIRST if one in found), "operational")

    @route("GET", BASE)
    def reports(self, request):
        return self.page(request, self.state["reports"])

    @route("POST", BASE)
    def create(self, request):
        asked = request.json
        made = {"id": str(501 + len(self.state["reports"])), "type": "status_report",
                "attributes": {"title": asked["title"], "starts_at": now(), "ends_at": None,
                               "report_type": asked.get("report_type", "manual"),
                               "status_page_id": 1, "affected_resources": []}}
        self.affect(made, asked.get("affected_resources", []))
        self.state["reports"].insert(0, made)
        self.state["updates"][made["id"]] = [asked]
        self.changed()
        return 201, {"data": made, "included": []}

    @route("POST", BASE + "/{report}/status-updates")
    def update(self, request):
        asked, number = request.json, request.values["report"]
        for report in self.state["reports"]:
            if report["id"] == number:
                self.affect(report, asked["affected_resources"])
                self.state["updates"][number].append(asked)
                self.changed()
                return 201, {"data": {"id": str(len(self.state["updates"][number])),
                                      "type": "status_update", "attributes": asked}}
        self.refuse(404, "Resource with provided ID was not found")


if __name__ == "__main__":
    main(StatusPage)
