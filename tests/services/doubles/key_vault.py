"""Azure Key Vault's secrets, and the sign-in of applications."""
import re
import time

from double import Double, main, named, route

LOGIN = f"/{named('directory-of-the-test')}/oauth2/v2.0/token"
# Pages go on by the address that nextLink gives, which the published document leaves open; the
# sign-in is another service's.
DESCRIBED = re.compile(r"no query parameter \$skiptoken is described"
                       r"|no such path and method are described: POST " + LOGIN)


class KeyVault(Double):
    documents = [{"file": "azure/keyvault-secrets.handcut.openapi.json", "bases": [""]}]

    def fresh(self):
        # A deletion is shown after so many questions about it.
        return {"secrets": {}, "deleted": {}, "settles_after": 1, "asked": 0, "sign_ins": 0,
                "page": 25, "made": 0, "client_id": "app"}

    def check(self, request):
        return [one for one in super().check(request) if not DESCRIBED.search(one)]

    def authorized(self, request):
        return request.path == LOGIN or super().authorized(request)

    def refusal(self, status, message, inner=None):
        code = {401: "Unauthorized", 404: "SecretNotFound", 409: "Conflict"}.get(status, "Bad")
        return {"error": {"code": code, "message": message,
                          "innererror": {"code": inner} if inner else None}}

    @route("POST", LOGIN)
    def sign_in(self, request):
        form = request.form
        if form["client_secret"] != "client-" + self.token \
                or form["client_id"] != self.state["client_id"]:
            return 401, {"error": "invalid_client",
                         "error_description": "AADSTS7000215: Invalid client secret provided."}
        self.state["sign_ins"] += 1
        return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": self.token}

    def shown(self, request, version, value):
        host = request.headers["host"]
        name = request.values["name"]
        told = {"id": f"http://{host}/secrets/{name}/{version['version']}",
                "attributes": version["attributes"], "tags": version["tags"]}
        return {**told, "value": version["value"]} if value else told

    def versions(self, request):
        if request.values["name"] not in self.state["secrets"]:
            self.refuse(404, f"A secret with (name/id) {request.values['name']} was not found in "
                             "this key vault.")
        return self.state["secrets"][request.values["name"]]

    @route("PUT", "/secrets/{name}")
    def put(self, request):
        name = request.values["name"]
        if name in self.state["deleted"]:
            return 409, self.refusal(409, f"Secret {name} is currently in a deleted but "
                                     "recoverable state", "ObjectIsDeletedButRecoverable")
        self.state["made"] += 1
        now = int(time.time())
        made = {"version": f"{self.state['made']:032x}", "value": request.json["value"],
                "tags": request.json.get("tags", {}),
                "attributes": {"enabled": True, "created": now, "updated": now,
                               "recoverableDays": 90, "recoveryLevel": "Recoverable"}}
        self.state["secrets"].setdefault(name, []).append(made)
        self.changed()
        return 200, self.shown(request, made, True)

    @route("GET", "/secrets/{name}")
    def get(self, request):
        return 200, self.shown(request, self.versions(request)[-1], True)

    @route("GET", "/secrets/{name}/{version}")
    def get_version(self, request):
        for one in self.versions(request):
            if one["version"] == request.values["version"]:
                return 200, self.shown(request, one, True)
        self.refuse(404, "no such version")

    def page(self, request, items):
        size = min(int(request.query.get("maxresults", 25)), self.state["page"])
        start = int(request.query.get("$skiptoken", "0/").split("/")[0])
        more = start + size < len(items)
        following = f"http://{request.headers['host']}{request.path}?api-version=7.4" \
                    f"&$skiptoken={start + size}%2F&maxresults={size}"
        return 200, {"value": items[start:start + size], "nextLink": following if more else None}

    @route("GET", "/secrets/{name}/versions")
    def list_versions(self, request):
        return self.page(request, [self.shown(request, one, False)
                                   for one in self.versions(request)])

    @route("GET", "/secrets")
    def list_secrets(self, request):
        return self.page(request, [{"id": f"http://{request.headers['host']}/secrets/{name}",
                                    "attributes": all_of_it[-1]["attributes"]}
                                   for name, all_of_it in sorted(self.state["secrets"].items())])

    @route("DELETE", "/secrets/{name}")
    def delete(self, request):
        gone = self.shown(request, self.versions(request)[-1], True)
        name = request.values["name"]
        self.state["deleted"][name] = self.state["secrets"].pop(name)
        self.state["asked"] = 0
        self.changed()
        return 200, {**gone, "deletedDate": int(time.time()),
                     "scheduledPurgeDate": int(time.time()) + 90 * 86400}

    def deleted(self, request):
        name = request.values["name"]
        self.state["asked"] += 1
        if name not in self.state["deleted"] or self.state["asked"] <= self.state["settles_after"]:
            self.refuse(404, f"Deleted Secret not found: {name}")
        return self.state["deleted"][name]

    @route("GET", "/deletedsecrets/{name}")
    def get_deleted(self, request):
        return 200, {**self.shown(request, self.deleted(request)[-1], False),
                     "scheduledPurgeDate": int(time.time()) + 90 * 86400}

    @route("POST", "/deletedsecrets/{name}/recover")
    def recover(self, request):
        back = self.deleted(request)
        name = request.values["name"]
        self.state["secrets"][name] = self.state["deleted"].pop(name)
        self.changed()
        return 200, self.shown(request, back[-1], False)


if __name__ == "__main__":
    main(KeyVault)
