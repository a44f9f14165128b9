"""An incoming webhook of Slack: its address is the secret, its answers are plain text."""
import os

from double import Double, main, route


class Slack(Double):
    schema = "slack/incoming-webhook.schema.json"

    def __init__(self):
        folder = os.path.join(os.environ.get("PERILUNE_SPECS", ""), self.schema)
        self.body_schema = None
        super().__init__()
        if os.path.isfile(folder):
            try:
                import openapi
                self.body_schema, self.unchecked = openapi.read_document(folder), None
            except ImportError as missing:
                self.unchecked = f"{missing}: install python3-jsonschema and python3-yaml"

    def fresh(self):
        return {"messages": [], "archived": False}

    def authorized(self, request):
        return True  # Who knows the address may post.

    def check(self, request):
        if not self.body_schema:
            return []
        import jsonschema
        return [f"the body: {error.message[:200]}" for error in
                jsonschema.Draft7Validator(self.body_schema).iter_errors(request.json)]

    @route("POST", "/services/{team}/{bot}/{secret}")
    def post(self, request):
        if request.values["secret"] != self.token:
            return 404, "no_service"
        if self.state["archived"]:
            return 410, "channel_is_archived"
        if not request.json.get("text"):
            return 400, "no_text"
        self.state["messages"].append(request.json)
        self.changed()
        return 200, "ok"


if __name__ == "__main__":
    main(Slack)
