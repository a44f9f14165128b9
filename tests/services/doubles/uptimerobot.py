"""UptimeRobot's API, version 2, as far as reading and pausing monitors go.

It publishes no document of this version: what is checked are the rules of its page "API": requests
are POSTs of forms, `limit` is at most 50, and `status` of editMonitor is 0 or 1."""
from double import Double, Refused, main, route


class UptimeRobot(Double):
    def fresh(self):
        return {"monitors": [{"id": 777000001, "friendly_name": "errors", "status": 2}]}

    def check(self, request):
        kind = request.headers.get("content-type", "")
        problems = []
        if not kind.startswith("application/x-www-form-urlencoded"):
            problems.append("the body is no form")
        if not 1 <= int(request.form.get("limit", 50)) <= 50:
            problems.append("limit is not within 1 and 50")
        if request.form.get("status", "0") not in ("0", "1"):
            problems.append("status is neither 0 nor 1")
        if request.form.get("format") != "json":
            problems.append("format is not json")
        return problems

    def authorized(self, request):
        key = request.form.get("api_key", "")
        if key != self.token:
            raise Refused(200, {"stat": "fail", "error": {
                "type": "invalid_parameter", "parameter_name": "api_key", "passed_value": key,
                "message": "api_key is invalid."}})
        return True

    @route("POST", "/v2/getMonitors")
    def monitors(self, request):
        offset, limit = int(request.form["offset"]), int(request.form["limit"])
        return 200, {"stat": "ok", "monitors": self.state["monitors"][offset:offset + limit],
                     "pagination": {"offset": offset, "limit": limit,
                                    "total": len(self.state["monitors"])}}

    @route("POST", "/v2/editMonitor")
    def edit(self, request):
        for one in self.state["monitors"]:
            if str(one["id"]) == request.form["id"]:
                one["status"] = 0 if request.form["status"] == "0" else 1
                self.changed()
                return 200, {"stat": "ok", "monitor": {"id": one["id"]}}
        return 200, {"stat": "fail", "error": {"type": "not_found",
                                               "message": "Monitor not found."}}


if __name__ == "__main__":
    main(UptimeRobot)
