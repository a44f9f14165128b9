"""QStash as far as schedules, messages and their log go."""
import re
import secrets
import time

from double import Double, main, route

FIELDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
ZONES = {"UTC", "Europe/Paris", "America/New_York"}


class QStash(Double):
    documents = [{"file": "upstash/qstash.openapi.yaml"}]

    def fresh(self):
        now = int(time.time() * 1000)
        schedules = [{"scheduleId": name, "cron": "0 * * * *", "method": "POST",
                      "destination": "https://shop.example.com/api/jobs/" + name,
                      "createdAt": now, "isPaused": False, "nextScheduleTime": now + 3600000}
                     for name in ("second", "first")]
        return {"schedules": schedules, "logs": [], "outcome": "DELIVERED", "page_size": 2}

    def refusal(self, status, message):
        return {"error": message}

    def check_cron(self, text):
        zone = re.match(r"CRON_TZ=(\S+) ", text)
        if zone and zone[1] not in ZONES:
            self.refuse(400, f"invalid cron: provided bad location {zone[1]}")
        cron = text[zone.end():] if zone else text
        words = cron.split()
        if not cron.startswith("@") and len(words) != 5:
            self.refuse(400, "invalid cron: expected exactly 5 fields")
        for word, (least, most) in zip(words, FIELDS):
            for number in re.findall(r"\d+", word):
                if not least <= int(number) <= most:
                    self.refuse(400, f"invalid cron: {number} is out of range")

    def schedule(self, request):
        for one in self.state["schedules"]:
            if one["scheduleId"] == request.values["id"]:
                return one
        self.refuse(404, "schedule not found")

    @route("GET", "/v2/schedules")
    def schedules(self, request):
        return 200, self.state["schedules"]

    @route("GET", "/v2/schedules/{id}")
    def get(self, request):
        return 200, self.schedule(request)

    @route("DELETE", "/v2/schedules/{id}")
    def delete(self, request):
        self.state["schedules"].remove(self.schedule(request))
        self.changed()
        return 200, None

    @route("POST", "/v2/schedules/{id}/pause")
    def pause(self, request):
        self.schedule(request)["isPaused"] = True
        self.changed()
        return 200, None

    @route("POST", "/v2/schedules/{id}/resume")
    def resume(self, request):
        self.schedule(request)["isPaused"] = False
        self.changed()
        return 200, None

    def sent(self, request):
        """What a request has its message send."""
        headers = {name[len("upstash-forward-"):]: [text]
                   for name, text in request.headers.items() if name.startswith("upstash-forward-")}
        if request.body and "content-type" in request.headers:
            headers["content-type"] = [request.headers["content-type"]]
        made = {"method": request.headers.get("upstash-method", "POST")}
        if headers:
            made["header"] = headers
        if request.body:
            made["body"] = request.body.decode()
        if "upstash-retries" in request.headers:
            made["retries"] = int(request.headers["upstash-retries"])
        return made

    @route("POST", "/v2/schedules/{*destination}")
    def upsert(self, request):
        cron = request.headers["upstash-cron"]
        self.check_cron(cron)
        identity = request.headers.get("upstash-schedule-id", secrets.token_hex(8))
        now = int(time.time() * 1000)
        made = {"scheduleId": identity, "cron": cron, "isPaused": False, "createdAt": now,
                "destination": request.values["destination"], "nextScheduleTime": now + 3600000,
                **self.sent(request)}
        self.state["schedules"] = [one for one in self.state["schedules"]
                                   if one["scheduleId"] != identity] + [made]
        self.changed()
        return 200, {"scheduleId": identity}

    @route("POST", "/v2/publish/{*destination}")
    def publish(self, request):
        key = request.headers.get("upstash-deduplication-id")
        for event in self.state["logs"]:
            if key and event["key"] == key:
                return 202, {"messageId": event["messageId"], "deduplicated": True}
        identity, now = "msg_" + secrets.token_hex(8), int(time.time() * 1000)
        for offset, state in enumerate(("CREATED", "ACTIVE", self.state["outcome"])):
            self.state["logs"].append({
                "messageId": identity, "time": now + offset * 600, "state": state, "key": key,
                "url": request.values["destination"], "scheduleId":
                    request.headers.get("upstash-schedule-id", ""),
                "label": request.headers.get("upstash-label", ""), **self.sent(request)})
        self.changed()
        return 200, {"messageId": identity}

    @route("GET", "/v2/logs")
    def logs(self, request):
        query, now = request.query, time.time() * 1000
        found = [one for one in reversed(self.state["logs"]) if one["time"] <= now
                 and query.get("label", one["label"]) == one["label"]
                 and query.get("scheduleId", one["scheduleId"]) == one["scheduleId"]
                 and one["time"] >= int(query.get("fromDate", 0))]
        start, size = int(query.get("cursor", 0)), self.state["page_size"]
        shown = [{name: one[name] for name in one if name not in ("key", "retries")}
                 for one in found[start:start + size]]
        more = {"cursor": str(start + size)} if len(found) > start + size else {}
        return 200, {"logs": shown, **more}


if __name__ == "__main__":
    main(QStash)
