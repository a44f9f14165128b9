"""PagerDuty: the Events API v2, and the part of the REST API that tells of incidents."""
import datetime
import secrets

from double import Double, main, route


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class PagerDuty(Double):
    documents = [{"file": "pagerduty/events-v2.openapi.json"},
                 {"file": "pagerduty/pagerduty-rest.subset.openapi.json"}]

    def fresh(self):
        return {"incidents": [], "changes": [], "page_size_max": 100}

    def authorized(self, request):
        if request.path.startswith("/v2/"):
            return True  # The key is in the body.
        return request.headers.get("authorization") == "Token token=" + self.token

    def refusal(self, status, message):
        return {"status": "invalid event", "message": "Event object is invalid",
                "errors": [message]}

    def check_key(self, request):
        if request.json.get("routing_key") != self.token:
            self.refuse(400, "'routing_key' is invalid")

    @route("POST", "/v2/change/enqueue")
    def change(self, request):
        self.check_key(request)
        self.state["changes"].append(request.json["payload"])
        self.changed()
        return 202, {"status": "success", "message": "Change event processed"}

    def open_incident(self, key):
        for incident in self.state["incidents"]:
            if incident["incident_key"] == key and incident["status"] != "resolved":
                return incident
        return None

    @route("POST", "/v2/enqueue")
    def event(self, request):
        self.check_key(request)
        event = request.json
        key, action = event.get("dedup_key") or secrets.token_hex(16), event["event_action"]
        incident = self.open_incident(key)
        if action == "trigger" and not incident:
            incident = {"id": secrets.token_hex(6), "type": "incident", "incident_key": key,
                        "status": "triggered", "created_at": now(), "acknowledgements": [],
                        "title": event["payload"]["summary"], "urgency": "high"}
            self.state["incidents"].insert(0, incident)
        # Of what is not open, acknowledging and resolving say nothing.
        elif action == "acknowledge" and incident:
            incident["status"] = "acknowledged"
            incident["acknowledgements"] = [{"at": now(), "acknowledger": {
                "id": "P1", "type": "service_reference", "summary": "The integration"}}]
        elif action == "resolve" and incident:
            incident["status"] = "resolved"
            incident["acknowledgements"] = []
        self.changed()
        return 202, {"status": "success", "message": "Event processed", "dedup_key": key}

    @route("GET", "/incidents")
    def incidents(self, request):
        found = [one for one in self.state["incidents"]
                 if request.query.get("incident_key", one["incident_key"]) == one["incident_key"]
                 and one["status"] in request.queries.get("statuses[]", [one["status"]])]
        size = min(int(request.query.get("limit", 25)), self.state["page_size_max"])
        offset = int(request.query.get("offset", 0))
        return 200, {"incidents": found[offset:offset + size], "limit": size, "offset": offset,
                     "more": offset + size < len(found)}


if __name__ == "__main__":
    main(PagerDuty)
