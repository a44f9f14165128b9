"""Checks requests, and a double's own answers, against a provider's published OpenAPI 3 document.

A request must have a described path and method, only described query parameters, what the security
schemes ask for, and a body that its schema takes and whose fields the schema names. An answer must
have a described status, and fields that the document knows, of the types it gives them; it need not
be complete."""
import copy
import json
import re
import urllib.parse

import jsonschema
import yaml

METHODS = {"get", "put", "post", "delete", "patch", "head"}
OPEN_HEADERS = {"authorization", "accept", "content-type", "user-agent", "host"}

FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_date_time(value):
    pattern = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    return not isinstance(value, str) or re.fullmatch(pattern, value) is not None


def read_document(path):
    with open(path, encoding="utf-8") as file:
        if path.endswith(".json"):
            return json.load(file)
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def modernise(node, lenient):
    """Turns OpenAPI 3.0's own words into JSON Schema's, in place. Alternatives of published
    documents overlap, so `oneOf` is read as `anyOf`. Lenient: nothing is required and anything may
    be null."""
    if isinstance(node, list):
        for item in node:
            modernise(item, lenient)
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if name not in ("example", "examples", "enum", "default"):
            modernise(value, lenient)
    if isinstance(node.get("oneOf"), list):
        node.setdefault("anyOf", []).extend(node.pop("oneOf"))
    if node.get("type") in ("Object", "String", "Array"):
        node["type"] = node["type"].lower()
    for word, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(node.get(word), bool):
            if node.pop(word):
                node[word] = node.pop(limit)
    if lenient and isinstance(node.get("required"), list):
        del node["required"]
    if lenient or node.get("nullable") is True:
        if isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
        if isinstance(node.get("enum"), list):
            node["enum"] = node["enum"] + [None]


class Schemas:
    """The schemas of one document, for requests or (lenient) for answers. Fields named in `maps`
    may hold what they do not describe: their documents describe an example of a map."""

    def __init__(self, document, lenient, maps):
        self.maps = maps
        self.root = copy.deepcopy(document)
        modernise(self.root, lenient)
        self.resolver = jsonschema.RefResolver.from_schema(self.root)

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def problems(self, schema, value, what):
        validator = jsonschema.Draft202012Validator(
            schema, resolver=self.resolver, format_checker=FORMATS)
        found = []
        for error in validator.iter_errors(value):
            place = "/".join(str(part) for part in error.absolute_path)
            found.append(f"{what} {place}: {error.message[:300]}")
        return found + self.unknown_fields([schema], value, what)

    def flattened(self, schemas):
        """All schemas that these are put together from."""
        flat = []
        for schema in schemas:
            schema = self.resolve(schema)
            if not isinstance(schema, dict):
                continue
            flat.append(schema)
            for word in ("allOf", "anyOf"):
                flat += self.flattened(schema.get(word, []))
        return flat

    def unknown_fields(self, schemas, value, what):
        """Fields that no alternative names. A schema that names none takes any."""
        flat = self.flattened(schemas)
        found = []
        if isinstance(value, list):
            items = [schema["items"] for schema in flat if isinstance(schema.get("items"), dict)]
            for index, item in enumerate(value):
                found += self.unknown_fields(items, item, f"{what}[{index}]") if items else []
        if not isinstance(value, dict):
            return found
        named = any("properties" in schema for schema in flat)
        loose = any(schema.get("additionalProperties") not in (None, False) for schema in flat)
        for name, field in value.items():
            known = [schema["properties"][name] for schema in flat
                     if name in schema.get("properties", {})]
            if known and name not in self.maps:
                found += self.unknown_fields(known, field, f"{what}.{name}")
            elif not known and named and not loose:
                found.append(f"{what}.{name}: no such field is described")
        return found


class Document:
    """One published document; `bases` are what its paths begin with, where its servers do not say
    so."""

    def __init__(self, path, bases=None, maps=()):
        document = read_document(path)
        self.requests = Schemas(document, False, maps)
        self.answers = Schemas(document, True, maps)
        servers = [urllib.parse.urlparse(server["url"]).path.rstrip("/")
                   for server in document.get("servers", [{"url": ""}])]
        self.bases = bases if bases is not None else servers
        self.paths = []
        for template, item in self.requests.root["paths"].items():
            pieces = re.split(r"\{([^}]+)\}", template)
            pattern = "".join(re.escape(piece) if index % 2 == 0 else "([^/]+)"
                              for index, piece in enumerate(pieces))
            # A last parameter may hold a whole URL, as QStash's destinations do.
            whole = re.sub(r"\(\[\^/\]\+\)$", "(.+)", pattern)
            names = pieces[1::2]
            self.paths.append((len(names), template, item, names, pattern, whole))
        self.paths.sort(key=lambda path: path[0])

    def find(self, method, path):
        """The described operation: its template, path item, itself, and the path's parameters."""
        for form in (4, 5):
            for entry in self.paths:
                for base in self.bases:
                    match = re.fullmatch(re.escape(base) + entry[form], path)
                    if match and method.lower() in entry[2]:
                        values = dict(zip(entry[3], map(urllib.parse.unquote, match.groups())))
                        return entry[1], entry[2], entry[2][method.lower()], values
        return None

    def check_request(self, request):
        found = self.find(request.method, request.path)
        if not found:
            return [f"no such path and method are described: {request.method} {request.path}"]
        _, item, operation, values = found
        parameters = [self.requests.resolve(parameter)
                      for parameter in item.get("parameters", []) + operation.get("parameters", [])]
        problems = self.check_parameters(parameters, values, request)
        problems += self.check_security(operation, request)
        return problems + self.check_body(operation, request)

    def check_parameters(self, parameters, path_values, request):
        problems, queries = [], set()
        schemes = self.requests.root.get("components", {}).get("securitySchemes", {})
        queries |= {one.get("name") for one in schemes.values() if one.get("in") == "query"}
        for parameter in parameters:
            name, place = parameter["name"], parameter["in"]
            schema = parameter.get("schema", {})
            if place == "query":
                queries |= {name, name + "[]"}
                texts = request.queries.get(name, request.queries.get(name + "[]"))
            elif place == "header":
                texts = [request.headers[name.lower()]] if name.lower() in request.headers else None
                if name.lower() in OPEN_HEADERS:
                    continue
            else:
                texts = [path_values[name]] if name in path_values else None
            if texts is None:
                if parameter.get("required"):
                    problems.append(f"the {place} parameter {name} is missing")
                continue
            value = self.typed(schema, texts)
            problems += self.requests.problems(schema, value, f"the {place} parameter {name}")
        for name in request.queries:
            if name not in queries and name.split("[")[0] not in queries:
                problems.append(f"no query parameter {name} is described")
        return problems

    def typed(self, schema, texts):
        """The text of a parameter as the type that its schema wants."""
        flat = self.requests.flattened([schema])
        types = {kind for one in flat for kind in
                 (one["type"] if isinstance(one.get("type"), list) else [one.get("type")])}
        if "array" in types:
            items = next((one["items"] for one in flat if "items" in one), {})
            words = [word for text in texts for word in text.split(",")]
            return [self.typed(items, [word]) for word in words]
        text = texts[0]
        if "boolean" in types and text in ("true", "false"):
            return text == "true"
        for kind, convert in (("integer", int), ("number", float)):
            try:
                if kind in types:
                    return convert(text)
            except ValueError:
                pass
        return text

    def check_security(self, operation, request):
        wanted = operation.get("security", self.requests.root.get("security"))
        if not wanted or any(not one for one in wanted):
            return []
        schemes = self.requests.root["components"].get("securitySchemes", {})
        if any(name not in schemes for one in wanted for name in one):
            return []  # A part of a document may have left its schemes out.
        if any(all(self.shown(schemes[name], request) for name in one) for one in wanted):
            return []
        return [f"no security scheme is satisfied, of {wanted}"]

    @staticmethod
    def shown(scheme, request):
        if scheme["type"] == "apiKey":
            places = {"header": request.headers, "query": request.queries}
            name = scheme["name"].lower() if scheme["in"] == "header" else scheme["name"]
            return name in places.get(scheme["in"], {})
        word = scheme.get("scheme", "bearer").lower()
        return request.headers.get("authorization", "").lower().startswith(word + " ")

    def check_body(self, operation, request):
        body = self.requests.resolve(operation.get("requestBody"))
        if not body:
            empty = request.body in (b"", b"{}")
            return [] if empty else ["a body was sent, but none is described"]
        if not request.body:
            return ["the body is missing"] if body.get("required") else []
        kind = request.headers.get("content-type", "").split(";")[0].strip()
        content = body["content"]
        if kind not in content and "*/*" not in content:
            return [f"a body of type {kind} was sent, but {sorted(content)} are described"]
        schema = content.get(kind, content.get("*/*")).get("schema", {})
        if kind == "application/x-www-form-urlencoded":
            return self.requests.problems(schema, request.form, "the form")
        if "json" not in kind:
            return []
        if request.json is None:
            return ["the body is not JSON"]
        return self.requests.problems(schema, request.json, "the body")

    def check_answer(self, request, status, body):
        found = self.find(request.method, request.path)
        if not found:
            return []
        operation = self.answers.resolve(
            self.answers.root["paths"][found[0]][request.method.lower()])
        described = operation["responses"]
        wide = f"{status // 100}XX"
        answer = described.get(str(status), described.get(wide, described.get("default")))
        if answer is None and status >= 400:
            return []
        if answer is None:
            return [f"the double answers {status}, but {sorted(described)} are described"]
        answer = self.answers.resolve(answer)
        schemas = [one.get("schema", {}) for kind, one in answer.get("content", {}).items()
                   if "json" in kind]
        if not schemas or body is None or isinstance(body, str):
            return []
        return min((self.answers.problems(schema, body, f"the double's {status}")
                    for schema in schemas), key=len)
