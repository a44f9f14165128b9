"""A team's own site: it answers as its state says, and keeps the account of what was asked.

state["answers"] maps "METHOD /path" to a status, to [status, JSON] or to [status, JSON, headers];
what it does not name is answered by state["otherwise"], so that 503 is a balancer with nobody
behind it. Whatever is sent by another method than GET, HEAD or OPTIONS, and has no answer of its
own, counts as a change."""
from double import Double, main

READS = ("GET", "HEAD", "OPTIONS")


class Site(Double):
    def read_documents(self):
        return [], None

    def fresh(self):
        return {"answers": {}, "otherwise": 404}

    def perform(self, request):
        told = self.state["answers"].get(f"{request.method} {request.path}")
        if told is None:
            told = self.state["otherwise"]
            if request.method not in READS:
                self.changed()
        status, body, headers = [*told, {}, {}][:3] if isinstance(told, list) else (told, {}, {})
        return status, body, headers


if __name__ == "__main__":
    main(Site)
