"""Sentry as far as releases and their deploys go."""
import time

from double import Double, main, named, route

BASE = f"/api/0/organizations/{named('shop')}/releases/"


class Sentry(Double):
    documents = [{"file": "sentry/sentry.subset.openapi.json", "bases": [""]}]

    def fresh(self):
        return {"releases": {}}

    def refusal(self, status, message):
        return {"detail": "Invalid token" if status == 401 else message}

    def release(self, request):
        if request.values["version"] not in self.state["releases"]:
            self.refuse(404, "The requested resource does not exist")
        return self.state["releases"][request.values["version"]]

    @route("POST", BASE)
    def create(self, request):
        asked = request.json
        if not asked["projects"]:
            return 400, {"projects": ["Invalid project ids or slugs"]}
        there = asked["version"] in self.state["releases"]
        if not there:
            self.state["releases"][asked["version"]] = []
            self.changed()
        return 208 if there else 201, {"version": asked["version"], "projects": [
            {"slug": slug, "name": slug} for slug in asked["projects"]]}

    @route("GET", BASE + "{version}/")
    def get(self, request):
        self.release(request)
        return 200, {"version": request.values["version"]}

    @route("GET", BASE + "{version}/deploys/")
    def deploys(self, request):
        return 200, self.release(request)

    @route("POST", BASE + "{version}/deploys/")
    def deploy(self, request):
        there = self.release(request)
        if len(request.json.get("name", "")) > 64:
            return 400, {"name": ["Ensure this field has no more than 64 characters."]}
        there.append({"id": str(31 + len(there)), "name": request.json.get("name"),
                      "environment": request.json["environment"], "url": request.json.get("url"),
                      "dateStarted": None,
                      "dateFinished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
        self.changed()
        return 201, there[-1]


if __name__ == "__main__":
    main(Sentry)
