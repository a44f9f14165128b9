"""QStash before an application: what is published is really sent there, and the log says what came
of it. No schedule fires by itself.

Settings: behind (the service that has the application), jobs (a map of a schedule's id to its
cron; each sends to /api/cron/ID there)."""
import time
import urllib.error
import urllib.request

from behind import BEHIND, SETTINGS
from double import main, route
from qstash import QStash

SITE = f"http://{BEHIND['address']}:{BEHIND['port']}"


class QStashBehind(QStash):
    def fresh(self):
        now = int(time.time() * 1000)
        return {**super().fresh(), "page_size": 100, "schedules": [
            {"scheduleId": name, "cron": cron, "method": "POST", "isPaused": False,
             "destination": f"{SITE}/api/cron/{name}", "createdAt": now,
             "nextScheduleTime": now + 3600000} for name, cron in SETTINGS["jobs"].items()]}

    @route("POST", "/v2/publish/{*destination}")
    def publish(self, request):
        sent = self.sent(request)
        asked = urllib.request.Request(request.values["destination"], method=sent["method"],
                                       data=(sent.get("body") or "").encode())
        try:
            with urllib.request.urlopen(asked, timeout=10):
                self.state["outcome"] = "DELIVERED"
        except (urllib.error.URLError, OSError):
            self.state["outcome"] = "FAILED"
        return super().publish(request)


if __name__ == "__main__":
    main(QStashBehind)
