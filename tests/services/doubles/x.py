"""X as far as posting goes: a text that was posted already is refused."""
import re
import secrets

from double import Double, Refused, main, route


def weight(text):
    """The length as X counts it: addresses are 23, letters of wide scripts are 2."""
    text, addresses = re.subn(r"https?://\S+", "", text)
    narrow = (range(0, 4352), range(8192, 8206), range(8208, 8224), range(8242, 8248))
    return 23 * addresses + sum(1 if any(ord(letter) in span for span in narrow) else 2
                                for letter in text)


class X(Double):
    documents = [{"file": "x/x.subset.openapi.json"}]

    def fresh(self):
        return {"posts": []}

    def refusal(self, status, message):
        return {"title": "Unauthorized" if status == 401 else "Forbidden", "status": status,
                "type": "about:blank", "detail": message}

    @route("GET", "/2/users/me")
    def me(self, request):
        if self.state.get("may_not_read_users"):
            self.refuse(403, "You are not permitted to perform this action.")
        return 200, {"data": {"id": "2244994945", "name": "The shop", "username": "shop"}}

    @route("POST", "/2/tweets")
    def post(self, request):
        text = request.json.get("text", "")
        if weight(text) > 280:
            self.refuse(403, "Your Tweet text is too long.")
        if text in [one["text"] for one in self.state["posts"]]:
            raise Refused(403, self.refusal(
                403, "You are not allowed to create a Tweet with duplicate content."))
        made = {"id": str(10**18 + secrets.randbelow(10**17)), "text": text}
        self.state["posts"].append(made)
        self.changed()
        return 201, {"data": made}


if __name__ == "__main__":
    main(X)
