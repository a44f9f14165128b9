"""Novu as far as triggering workflows goes: one transactionId is one trigger."""
import secrets

from double import Double, main, route


class Novu(Double):
    def fresh(self):
        return {"workflows": ["incident"], "inactive": [], "events": {}}

    def authorized(self, request):
        return request.headers.get("authorization") == "ApiKey " + self.token

    def refusal(self, status, message):
        return {"statusCode": status, "message": message}

    def check(self, request):
        """By Novu's own page of the request ("Trigger event"): no document of it is published."""
        if request.method == "GET":
            return []
        body = request.json or {}
        known = {"name", "to", "payload", "overrides", "transactionId", "actor", "tenant"}
        problems = [f"the body: {name} is not described" for name in set(body) - known]
        problems += [f"the body: {name} is missing" for name in ("name", "to") if name not in body]
        if len(body.get("to", [])) > 100:
            problems.append("the body: to has more than 100 receivers")
        return problems

    @route("GET", "/v1/environments/me")
    def environment(self, request):
        return 200, {"data": {"_id": secrets.token_hex(12), "name": "Production"}}

    @route("POST", "/v1/events/trigger")
    def trigger(self, request):
        event = request.json
        identity = event.get("transactionId") or secrets.token_hex(12)
        if event["name"] not in self.state["workflows"]:
            self.refuse(422, "workflow_not_found")
        status = "trigger_not_active" if event["name"] in self.state["inactive"] else "processed"
        if status == "processed" and identity not in self.state["events"]:
            self.state["events"][identity] = event
            self.changed()
        return 201, {"data": {"acknowledged": True, "status": status, "transactionId": identity}}


if __name__ == "__main__":
    main(Novu)
