"""Atlassian Statuspage as far as incidents, components and scheduled maintenance go."""
import datetime
import secrets

from double import Double, main, named, route

PAGE = named("p1")
BASE = "/v1/pages/" + PAGE

ENDED = ("resolved", "completed")
IMPACTS = {"major_outage": "critical", "partial_outage": "major", "degraded_performance": "minor"}


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Statuspage(Double):
    documents = [{"file": "statuspage/statuspage.subset.openapi.json", "maps": ("components",)}]

    def fresh(self):
        components = [{"id": identity, "name": name, "page_id": PAGE, "status": "operational"}
                      for identity, name in (("c1", "checkout"), ("c2", "api"), ("c3", "web"))]
        return {"components": components, "incidents": [], "page_size_max": 100}

    def authorized(self, request):
        return request.headers.get("authorization") == "OAuth " + self.token

    def refusal(self, status, message):
        return {"message": message}

    def page(self, request, items, size_field="per_page"):
        size = min(int(request.query.get(size_field, 100)), self.state["page_size_max"])
        page = int(request.query.get("page", 1))
        return 200, items[(page - 1) * size:page * size]

    @route("GET", BASE + "/components")
    def components(self, request):
        return self.page(request, self.state["components"])

    def component(self, identity):
        for component in self.state["components"]:
            if component["id"] == identity:
                return component
        self.refuse(404, "Component not found")

    @route("GET", BASE + "/components/{id}")
    def get_component(self, request):
        return 200, self.component(request.values["id"])

    @route("PATCH", BASE + "/components/{id}")
    def patch_component(self, request):
        component = self.component(request.values["id"])
        component.update(request.json["component"])
        self.changed()
        return 200, component

    @route("GET", BASE + "/incidents")
    def incidents(self, request):
        return self.page(request, self.state["incidents"], "limit")

    @route("GET", BASE + "/incidents/unresolved")
    def unresolved(self, request):
        return self.page(request, [one for one in self.state["incidents"]
                                   if one["status"] not in (*ENDED, "scheduled")])

    @route("GET", BASE + "/incidents/scheduled")
    def scheduled(self, request):
        return self.page(request, [one for one in self.state["incidents"]
                                   if one["status"] == "scheduled"])

    def apply(self, incident, fields):
        if len(fields.get("name", "n")) > 255:
            self.refuse(422, "Name is too long (maximum is 255 characters)")
        planned = incident.get("scheduled_for") or fields.get("scheduled_for")
        if fields.get("status") in ("scheduled", "in_progress", "completed") and not planned:
            self.refuse(422, "Scheduled for can't be blank")
        statuses = fields.get("components", {})
        for identity in [*fields.get("component_ids", []), *statuses]:
            self.component(identity)
        for identity, status in statuses.items():
            self.component(identity)["status"] = status
        if "component_ids" in fields:
            incident["components"] = [self.component(one) for one in fields["component_ids"]]
        if "body" in fields:
            incident["incident_updates"].insert(0, {
                "id": secrets.token_hex(6), "body": fields["body"], "created_at": now(),
                "status": fields.get("status", incident["status"])})
        for name in ("name", "status", "impact_override", "metadata", "scheduled_for",
                     "scheduled_until", "scheduled_auto_in_progress", "scheduled_auto_completed",
                     "auto_transition_to_maintenance_state",
                     "auto_transition_to_operational_state"):
            if name in fields:
                incident[name] = fields[name]
        worst = [IMPACTS.get(one["status"]) for one in incident["components"]]
        incident["impact"] = incident.get("impact_override") or next(
            (impact for impact in ("critical", "major", "minor") if impact in worst), "none")
        if incident["status"] in ENDED:
            incident["resolved_at"] = now()
        self.changed()
        return incident

    @route("POST", BASE + "/incidents")
    def create(self, request):
        incident = {"id": secrets.token_hex(6), "page_id": PAGE, "components": [],
                    "created_at": now(), "incident_updates": [], "metadata": {},
                    "status": "investigating", "shortlink": "https://stspg.io/x"}
        made = self.apply(incident, request.json["incident"])
        self.state["incidents"].insert(0, made)
        return 201, made

    @route("PATCH", BASE + "/incidents/{id}")
    def patch(self, request):
        for incident in self.state["incidents"]:
            if incident["id"] == request.values["id"]:
                return 200, self.apply(incident, request.json["incident"])
        self.refuse(404, "Incident not found")


if __name__ == "__main__":
    main(Statuspage)
