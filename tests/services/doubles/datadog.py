"""Datadog as far as queries, monitors, downtimes and events go."""
import time

from double import Double, main, route


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))


class Datadog(Double):
    documents = [{"file": "datadog/datadog-v1.subset.openapi.json", "bases": [""]},
                 {"file": "datadog/datadog-v2.subset.openapi.json", "bases": [""]}]

    def fresh(self):
        monitors = [{"id": number, "name": name, "type": "metric alert", "query": "q",
                     "overall_state": "OK", "tags": ["service:web"]}
                    for number, name in ((11, "errors"), (12, "errors of others"))]
        return {"series": {}, "monitors": monitors, "downtimes": [], "events": []}

    def authorized(self, request):
        keys = (request.headers.get("dd-api-key"), request.headers.get("dd-application-key"))
        if keys != (self.token, "application-" + self.token):
            self.refuse(403, "Forbidden")
        return True

    def refusal(self, status, message):
        return {"errors": [message]}

    @route("GET", "/api/v1/query")
    def query(self, request):
        since, to = int(request.query["from"]), int(request.query["to"])
        text = request.query["query"]
        if text.count("(") != text.count(")"):
            return 200, {"status": "error", "error": "Error parsing query: unexpected end"}
        series = [{"metric": name, "scope": "*", "expression": text, "tag_set": ["host:a"],
                   "pointlist": [[at * 1000, value] for at, value in points
                                 if since <= at <= to]}
                  for name, points in self.state["series"].items() if name + "{" in text]
        return 200, {"status": "ok", "series": [one for one in series if one["pointlist"]]}

    @route("GET", "/api/v1/monitor")
    def monitors(self, request):
        found = [one for one in self.state["monitors"]
                 if request.query.get("name", "") in one["name"]]
        size, page = int(request.query.get("page_size", 100)), int(request.query.get("page", 0))
        return 200, found[page * size:(page + 1) * size]

    def downtime(self, request):
        for one in self.state["downtimes"]:
            if one["id"] == request.values["id"]:
                return one
        self.refuse(404, "Downtime not found")

    @route("GET", "/api/v2/downtime")
    def downtimes(self, request):
        found = [one for one in self.state["downtimes"]
                 if one["attributes"]["status"] == "active"]
        offset, size = (int(request.query[f"page[{word}]"]) for word in ("offset", "limit"))
        return 200, {"data": found[offset:offset + size]}

    @route("POST", "/api/v2/downtime")
    def create(self, request):
        asked = request.json["data"]["attributes"]
        made = {"id": f"00000000-0000-0000-0000-{len(self.state['downtimes']):012}",
                "type": "downtime", "attributes": {
                    **asked, "status": "active", "created": iso(time.time()),
                    "schedule": {"start": iso(time.time()), "end": asked["schedule"]["end"]}}}
        self.state["downtimes"].append(made)
        self.changed()
        return 200, {"data": made}

    @route("GET", "/api/v2/downtime/{id}")
    def get(self, request):
        return 200, {"data": self.downtime(request)}

    @route("DELETE", "/api/v2/downtime/{id}")
    def cancel(self, request):
        self.downtime(request)["attributes"]["status"] = "canceled"
        self.changed()
        return 204, None

    @route("POST", "/api/v1/events")
    def post_event(self, request):
        number = 8_000_000_000_000_000_001 + len(self.state["events"])
        event = {"date_happened": int(time.time()), **request.json, "id": number,
                 "id_str": str(number)}
        self.state["events"].append(event)
        self.changed()
        return 202, {"status": "ok", "event": event}

    @route("GET", "/api/v1/events")
    def events(self, request):
        wanted = set(request.query.get("tags", "").split(",")) - {""}
        since, to = int(request.query["start"]), int(request.query["end"])
        return 200, {"events": [one for one in self.state["events"]
                                if wanted <= set(one.get("tags", []))
                                and since <= one["date_happened"] <= to]}


if __name__ == "__main__":
    main(Datadog)
