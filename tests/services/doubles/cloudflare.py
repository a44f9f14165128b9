"""Cloudflare's API as far as zones and DNS records go: pages, batches in one transaction, ids."""
import copy
import ipaddress
import json
import os
import secrets

from double import Double, Refused, main, route

ZONE = "023e105f4ecef8ad9ca31a8372d0c353"
PROXIABLE = {"A", "AAAA", "CNAME"}
DATA = {"SRV": ["weight", "port", "target"], "CAA": ["flags", "tag", "value"],
        "HTTPS": ["priority", "target", "value"],
        "TLSA": ["usage", "selector", "matching_type", "certificate"]}


class Cloudflare(Double):
    documents = [{"file": "cloudflare/cloudflare.subset.openapi.json"}]
    batch_schema = "cloudflare/sdk-7.3.0.DnsBatchParams.schema.json"

    def fresh(self):
        # The least TTL is that of an Enterprise zone.
        return {"zones": [{"id": ZONE, "name": "example.org"}], "records": [],
                "per_page_max": 1000, "ttl_s_min": 30}

    def refusal(self, status, message, code=0):
        if status == 401:
            code, message = 10000, "Authentication error"
        return {"success": False, "errors": [{"code": code or 1000 + status, "message": message}],
                "messages": [], "result": None}

    def error(self, code, message, status=400):
        raise Refused(status, self.refusal(status, message, code))

    def perform(self, request):
        status, body, headers = super().perform(request)
        # What is not signed in is a 403 here, whatever HTTP calls it.
        return (403 if status == 401 else status), body, headers

    def check(self, request):
        problems = super().check(request)
        folder = os.environ.get("PERILUNE_SPECS", "")
        if request.path.endswith("/batch") and self.described:
            import jsonschema
            with open(os.path.join(folder, self.batch_schema), encoding="utf-8") as file:
                schema = json.load(file)
            # The document is older than batches; the types of Cloudflare's own library know them,
            # with the path's parameter as a field of the body.
            problems = [one for one in problems if not one.startswith("the body")]
            body = {**request.json, "zone_id": ZONE}
            problems += [f"the program library's type: {error.message[:200]}" for error in
                         jsonschema.Draft7Validator(schema).iter_errors(body)]
        return problems

    def page(self, request, items):
        size = min(int(request.query.get("per_page", 100)), self.state["per_page_max"])
        page = int(request.query.get("page", 1))
        shown = items[(page - 1) * size:page * size]
        return 200, {"success": True, "errors": [], "messages": [], "result": shown,
                     "result_info": {"page": page, "per_page": size, "count": len(shown),
                                     "total_count": len(items)}}

    @route("GET", "/client/v4/user/tokens/verify")
    def verify(self, request):
        if self.state.get("owned_by_account"):
            self.error(1000, "Invalid API Token", 401)
        return 200, {"success": True, "errors": [], "messages": [], "result": {
            "id": "ed17574386854bf78a67040be0a770b0", "status": self.state.get("token", "active"),
            "expires_on": "2030-01-01T00:00:00Z"}}

    @route("GET", "/client/v4/zones")
    def zones(self, request):
        name = request.query.get("name")
        return self.page(request, [zone for zone in self.state["zones"]
                                   if name in (None, zone["name"])])

    def check_zone(self, request):
        if request.values["zone"] not in [zone["id"] for zone in self.state["zones"]]:
            self.error(7003, "Could not route to /client/v4/zones, perhaps your object identifier "
                             "is invalid?", 404)

    @route("GET", "/client/v4/zones/{zone}/dns_records")
    def records(self, request):
        self.check_zone(request)
        return self.page(request, sorted(self.state["records"], key=lambda one: one["name"]))

    def complete(self, record):
        """The record as it is kept: checked, its content put together, its TTL Cloudflare's."""
        kind = record["type"]
        for address, version in (("A", 4), ("AAAA", 6)):
            try:
                if kind == address and ipaddress.ip_address(record["content"]).version != version:
                    raise ValueError
            except ValueError:
                self.error(9005, f"Content for {kind} record is invalid.")
        if kind in DATA:
            if "data" not in record:
                self.error(9101, "data is a required data field.")
            words = [str(record["data"][name]) for name in DATA[kind]]
            record["content"] = "\t".join(words)
        if kind in ("MX", "URI") and "priority" not in record:
            self.error(9101, "priority is a required data field.")
        if record.get("proxied") and kind not in PROXIABLE:
            self.error(9004, "This record type cannot be proxied.")
        least = self.state["ttl_s_min"]
        if record["ttl"] != 1 and not least <= record["ttl"] <= 86400:
            self.error(9021, f"Invalid TTL. Must be between {least} and 86400 seconds, or 1 for "
                             "Automatic.")
        if record.get("proxied"):
            record["ttl"] = 1
        record.setdefault("proxied", False)
        record["comment"] = record.get("comment") or None
        return record

    def check_zone_rules(self, records):
        seen = set()
        for record in records:
            others = [one for one in records if one["name"] == record["name"] and one is not record]
            if record["type"] == "CNAME" and any(
                    one["type"] in ("A", "AAAA", "CNAME") for one in others):
                self.error(81053, "An A, AAAA, or CNAME record with that host already exists.")
            key = (record["name"], record["type"], record["content"])
            if key in seen:
                self.error(81058, "An identical record already exists.")
            seen.add(key)

    def replace(self, records, fields):
        for index, record in enumerate(records):
            if record["id"] == fields["id"]:
                records[index] = self.complete({**record, **fields})
                return records[index]
        self.error(81044, "Record does not exist.", 404)

    @route("POST", "/client/v4/zones/{zone}/dns_records/batch")
    def batch(self, request):
        self.check_zone(request)
        asked, records = request.json, copy.deepcopy(self.state["records"])
        gone = [one["id"] for one in asked.get("deletes", [])]
        for identity in gone:
            if identity not in [record["id"] for record in records]:
                self.error(81044, "Record does not exist.", 404)
        done = {"deletes": [record for record in records if record["id"] in gone]}
        records = [record for record in records if record["id"] not in gone]
        done["patches"] = [self.replace(records, one) for one in asked.get("patches", [])]
        done["posts"] = []
        for fields in asked.get("posts", []):
            records.append(self.complete({**fields, "id": secrets.token_hex(16)}))
            done["posts"].append(records[-1])
        self.check_zone_rules(records)
        self.state["records"] = records
        self.changed()
        return 200, {"success": True, "errors": [], "messages": [], "result": done}


if __name__ == "__main__":
    main(Cloudflare)
