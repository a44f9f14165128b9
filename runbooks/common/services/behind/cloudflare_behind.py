"""Cloudflare's API before a real name server, which answers what the zone's records say.

A proxied record answers with the address of `edge`, as Cloudflare's does, and the edge asks for
origin-NAME, which has what the record says.

Settings: behind (a service of the kind bind), edge (one of the kind front)."""
import secrets

from behind import BEHIND, fill, other
from cloudflare import ZONE, Cloudflare
from double import main
from zone import Zone

AUTOMATIC_S = 300


def origin_of(name):
    return "origin-" + ("root." + name if name == BEHIND["zone"] else name)


def lines_of(record):
    """What a record is in the name server's zone."""
    kind, content = record["type"], record["content"]
    if kind == "CNAME":
        content += "."
    if record.get("proxied"):
        return [f"{record['name']}. {AUTOMATIC_S} A {other('edge')['address']}",
                f"{origin_of(record['name'])}. 1 {kind} {content}"]
    ttl_s = AUTOMATIC_S if record["ttl"] == 1 else record["ttl"]
    return [f"{record['name']}. {ttl_s} {kind} {content}"]


class CloudflareBehind(Cloudflare):
    def __init__(self):
        self.zone = Zone(BEHIND)
        super().__init__()

    def fresh(self):
        return {**super().fresh(), "zones": [{"id": ZONE, "name": BEHIND["zone"]}]}

    def show(self):
        self.zone.show([line for record in self.state["records"] for line in lines_of(record)])

    def changed(self):
        super().changed()
        self.show()

    def administer(self, request):
        answer = super().administer(request)
        if request.method == "POST" and request.path.endswith("/state"):
            with self.lock:
                self.state["records"] = [
                    self.complete({"ttl": 1, **fill(one), "id": secrets.token_hex(16)})
                    for one in self.state["records"]]
                self.show()
        return answer


if __name__ == "__main__":
    main(CloudflareBehind)
