"""Better Stack as far as incidents, their comments, heartbeats and monitors go."""
import datetime
import re

from double import Double, main, route

# The published document is another's reconstruction, "not exhaustive": what Better Stack's own
# pages describe besides ("List incidents", "Create incident", "Create comment", "Acknowledge
# incident", "Resolve incident", "Pausing monitors", "Update heartbeat").
DESCRIBED = re.compile(r"no query parameter (resolved|acknowledged) is described"
                       r"|the body\.(name|metadata|critical_alert): no such field"
                       r"|a body was sent, but none is described"
                       r"|no such path and method are described: \w+ /api/v2/(incidents/\d+/"
                       r"comments|monitors(/\d+)?)$"
                       # "Update heartbeat" wants none of what "Create heartbeat" does.
                       r"|the body : '(name|period)' is a required property"
                       r"|no such path and method are described: \w+ /api/v1/heartbeat/")


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class BetterStack(Double):
    documents = [{"file": "betterstack/incidents.apievangelist.openapi.yaml"},
                 {"file": "betterstack/heartbeats.apievangelist.openapi.yaml"}]

    def fresh(self):
        monitors = [{"id": "7", "type": "monitor", "attributes": {
            "pronounceable_name": name, "url": "https://x.example", "status": "up",
            "paused": False}} for name in ("Shop",)]
        return {"incidents": [], "comments": {}, "monitors": monitors, "heartbeats": [],
                "beats": [], "page_size_max": 50}

    def authorized(self, request):
        return request.path.startswith("/api/v1/heartbeat/") or super().authorized(request)

    def refusal(self, status, message):
        return {"errors": "Invalid Team API token" if status == 401 else message}

    def check(self, request):
        return min(([one for one in document.check_request(request) if not DESCRIBED.search(one)]
                    for document in self.described), key=len, default=[])

    def page(self, request, items):
        size = min(int(request.query.get("per_page", 10)), self.state["page_size_max"])
        page = int(request.query.get("page", 1))
        more = page * size < len(items)
        following = f"https://uptime.betterstack.com{request.path}?page={page + 1}"
        return 200, {"data": items[(page - 1) * size:page * size],
                     "pagination": {"next": following if more else None}}

    @route("GET", "/api/v3/incidents")
    def incidents(self, request):
        wanted = request.query.get("resolved")
        return self.page(request, [
            one for one in self.state["incidents"]
            if wanted is None or (wanted == "true") == bool(one["attributes"].get("resolved_at"))])

    @route("POST", "/api/v3/incidents")
    def create(self, request):
        asked = request.json
        made = {"id": str(100 + len(self.state["incidents"])), "type": "incident", "attributes": {
            "name": asked.get("name") or asked["summary"], "cause": asked["summary"],
            "started_at": now(), "acknowledged_at": None, "acknowledged_by": None,
            "resolved_at": None, "resolved_by": None, "status": "Started",
            **{name: asked.get(name) for name in ("call", "sms", "email", "push")}}}
        self.state["incidents"].insert(0, made)
        self.changed()
        return 201, {"data": made}

    def incident(self, request):
        for one in self.state["incidents"]:
            if one["id"] == request.values["id"]:
                return one
        self.refuse(404, "Resource with provided ID was not found")

    @route("GET", "/api/v3/incidents/{id}")
    def get(self, request):
        return 200, {"data": self.incident(request)}

    def settle(self, request, field, status):
        incident = self.incident(request)
        if incident["attributes"].get(field + "_at"):
            self.refuse(409, f"Incident was already {field}")
        incident["attributes"].update({field + "_at": now(), "status": status,
                                       field + "_by": request.json.get(field + "_by")})
        self.changed()
        return 200, {"data": incident}

    @route("POST", "/api/v3/incidents/{id}/acknowledge")
    def acknowledge(self, request):
        return self.settle(request, "acknowledged", "Acknowledged")

    @route("POST", "/api/v3/incidents/{id}/resolve")
    def resolve(self, request):
        return self.settle(request, "resolved", "Resolved")

    @route("GET", "/api/v2/incidents/{id}/comments")
    def comments(self, request):
        self.incident(request)
        return self.page(request, self.state["comments"].get(request.values["id"], []))

    @route("POST", "/api/v2/incidents/{id}/comments")
    def comment(self, request):
        self.incident(request)
        all_of_it = self.state["comments"].setdefault(request.values["id"], [])
        made = {"id": str(len(all_of_it) + 1), "type": "incident_comment",
                "attributes": {"content": request.json["content"], "created_at": now()}}
        all_of_it.append(made)
        self.changed()
        return 201, {"data": made}

    @route("GET", "/api/v2/monitors")
    def monitors(self, request):
        return self.page(request, self.state["monitors"])

    @route("GET", "/api/v2/heartbeats")
    def heartbeats(self, request):
        return self.page(request, self.state["heartbeats"])

    def pause(self, request, watches):
        for one in watches:
            if one["id"] == request.values["id"]:
                one["attributes"].update(request.json)
                one["attributes"]["status"] = "paused" if request.json["paused"] else "up"
                self.changed()
                return 200, {"data": one}
        self.refuse(404, "Resource with provided ID was not found")

    @route("PATCH", "/api/v2/monitors/{id}")
    def patch_monitor(self, request):
        return self.pause(request, self.state["monitors"])

    @route("PATCH", "/api/v2/heartbeats/{id}")
    def patch_heartbeat(self, request):
        return self.pause(request, self.state["heartbeats"])

    def beat(self, request, state):
        if request.values["token"] != self.token:
            return 404, "Heartbeat not found"
        self.state["beats"].append(state)
        self.changed()
        return 200, "OK"

    @route("POST", "/api/v1/heartbeat/{token}")
    def beat_well(self, request):
        return self.beat(request, "ok")

    @route("POST", "/api/v1/heartbeat/{token}/fail")
    def beat_failed(self, request):
        return self.beat(request, "failed")


if __name__ == "__main__":
    main(BetterStack)
