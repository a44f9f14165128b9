"""Stands in front of a real server, with the faults and the account of all doubles.

The state's `upstream` is the server's address. Who asks must show the double's token, which the
server behind does not see; the server itself judges requests."""
import http.client
import urllib.parse

from double import Double, main


class Proxy(Double):
    def fresh(self):
        return {"upstream": ""}

    def read_documents(self):
        return [], None

    def perform(self, request):
        if not self.authorized(request):
            return 401, self.refusal(401, "Unauthorized"), {}
        connection = http.client.HTTPConnection(
            urllib.parse.urlparse(self.state["upstream"]).netloc, timeout=20)
        query = urllib.parse.urlencode(request.queries, doseq=True)
        headers = {name: text for name, text in request.headers.items()
                   if name not in ("authorization", "host", "connection", "accept-encoding")}
        connection.request(request.method, request.path + ("?" + query if query else ""),
                           request.body or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if request.method != "GET" and answer.status < 300:
            self.changed()
        return answer.status, text, {"Content-Type": answer.getheader("Content-Type", "text/plain")}


if __name__ == "__main__":
    main(Proxy)
