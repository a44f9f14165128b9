"""GraphQL for doubles: reads a request's document, checks it and its variables against a published
introspection, and gives the fields that were asked for of a resolver's result.

Knows what drivers send: one operation with variables, fields, arguments and aliases; no fragments
and no directives (GraphQL specification, October 2021, sections 2 and 5)."""
import re

TOKENS = re.compile(r"""\s*(?:,\s*)*(?:(?P<punctuation>[!$()\[\]{}:=@|]|\.\.\.)
    |(?P<name>[_A-Za-z]\w*)|(?P<number>-?\d+(?:\.\d+)?)|"(?P<text>(?:[^"\\]|\\.)*)")""", re.VERBOSE)


class Problem(Exception):
    pass


class Reader:
    def __init__(self, text):
        self.tokens, at = [], 0
        text = text.rstrip()
        while at < len(text):
            match = TOKENS.match(text, at)
            if not match:
                raise Problem(f"the document cannot be read at \"{text[at:at + 20]}\"")
            self.tokens.append((match.lastgroup, match.group(match.lastgroup)))
            at = match.end()
        self.at = 0

    def next(self, wanted=None):
        if self.at >= len(self.tokens):
            raise Problem("the document ends too early")
        token = self.tokens[self.at]
        if wanted is not None and token[1] != wanted:
            raise Problem(f"\"{wanted}\" was expected, not \"{token[1]}\"")
        self.at += 1
        return token

    def is_next(self, text):
        return self.at < len(self.tokens) and self.tokens[self.at][1] == text

    def operation(self):
        kind = self.next()[1] if not self.is_next("{") else "query"
        if kind not in ("query", "mutation"):
            raise Problem(f"{kind} is no operation")
        if not self.is_next("(") and not self.is_next("{"):
            self.next()
        declared = {}
        if self.is_next("("):
            self.next("(")
            while not self.is_next(")"):
                self.next("$")
                name = self.next()[1]
                self.next(":")
                declared[name] = self.type()
            self.next(")")
        fields = self.selection()
        if self.at != len(self.tokens):
            raise Problem("there is more than one operation")
        return kind, declared, fields

    def type(self):
        if self.is_next("["):
            self.next("[")
            text = "[" + self.type() + self.next("]")[1]
        else:
            text = self.next()[1]
        return text + (self.next("!")[1] if self.is_next("!") else "")

    def selection(self):
        self.next("{")
        fields = []
        while not self.is_next("}"):
            name = shown = self.next()[1]
            if self.is_next(":"):
                self.next(":")
                name = self.next()[1]
            arguments = {}
            if self.is_next("("):
                self.next("(")
                while not self.is_next(")"):
                    argument = self.next()[1]
                    self.next(":")
                    arguments[argument] = self.value()
                self.next(")")
            inner = self.selection() if self.is_next("{") else None
            fields.append({"name": name, "shown": shown, "arguments": arguments, "inner": inner})
        self.next("}")
        if not fields:
            raise Problem("a selection is empty")
        return fields

    def value(self):
        """As (kind, value): variable, literal, list or object."""
        kind, text = self.next()
        if text == "$":
            return "variable", self.next()[1]
        if text == "[":
            items = []
            while not self.is_next("]"):
                items.append(self.value())
            self.next("]")
            return "list", items
        if text == "{":
            fields = {}
            while not self.is_next("}"):
                name = self.next()[1]
                self.next(":")
                fields[name] = self.value()
            self.next("}")
            return "object", fields
        if kind == "number":
            return "literal", float(text) if "." in text else int(text)
        if kind == "text":
            return "literal", text
        return "literal", {"true": True, "false": False, "null": None}.get(text, text)


def resolve(value, variables):
    kind, held = value
    if kind == "variable":
        return variables.get(held)
    if kind == "list":
        return [resolve(item, variables) for item in held]
    if kind == "object":
        return {name: resolve(item, variables) for name, item in held.items()}
    return held


def shown_type(kind):
    if kind["kind"] == "NON_NULL":
        return shown_type(kind["ofType"]) + "!"
    if kind["kind"] == "LIST":
        return "[" + shown_type(kind["ofType"]) + "]"
    return kind["name"]


class Schema:
    def __init__(self, introspection):
        schema = introspection.get("data", introspection)["__schema"]
        self.types = {one["name"]: one for one in schema["types"]}
        self.roots = {"query": schema["queryType"]["name"],
                      "mutation": schema["mutationType"]["name"]}

    def named(self, text):
        return self.types.get(re.sub(r"[\[\]!]", "", text))

    def check(self, body):
        """Everything that is wrong with a request's query and variables."""
        try:
            kind, declared, fields = Reader(body.get("query", "")).operation()
        except Problem as problem:
            return [str(problem)]
        variables = body.get("variables") or {}
        problems = [f"the variable {name} is not declared" for name in variables
                    if name not in declared]
        for name, text in declared.items():
            if not self.named(text):
                problems.append(f"the variable {name} has the type {text}, which is none")
            else:
                problems += self.check_value(text, variables.get(name), f"${name}")
        used = set()
        problems += self.check_fields(self.types[self.roots[kind]], fields, declared, variables,
                                      used)
        return problems + [f"the variable {name} is not used" for name in declared
                           if name not in used]

    def check_fields(self, parent, fields, declared, variables, used):
        problems = []
        known = {one["name"]: one for one in parent.get("fields") or []}
        for field in fields:
            if field["name"] not in known:
                problems.append(f"{parent['name']} has no field {field['name']}")
                continue
            described = known[field["name"]]
            arguments = {one["name"]: one for one in described["args"]}
            for name in field["arguments"]:
                if name not in arguments:
                    problems.append(f"{field['name']} has no argument {name}")
            for name, one in arguments.items():
                problems += self.check_argument(field, name, shown_type(one["type"]), declared,
                                                variables, used)
            kind = self.named(shown_type(described["type"]))
            leaf = kind["kind"] in ("SCALAR", "ENUM")
            if leaf == (field["inner"] is not None):
                problems.append(f"{field['name']} needs {'no' if leaf else 'a'} selection")
            elif not leaf:
                problems += self.check_fields(kind, field["inner"], declared, variables, used)
        return problems

    def check_argument(self, field, name, wanted, declared, variables, used):
        what = f"{field['name']}({name})"
        if name not in field["arguments"]:
            return [f"{what} is missing"] if wanted.endswith("!") else []
        value = field["arguments"][name]
        self.find_used(value, used)
        problems = [f"{what} uses ${one}, which is not declared" for one in used
                    if one not in declared]
        if value[0] == "variable" and value[1] in declared:
            given = declared[value[1]]
            if given != wanted and given.rstrip("!") != wanted:
                problems.append(f"{what} wants {wanted}, but ${value[1]} is {given}")
            return problems
        return problems + self.check_value(wanted, resolve(value, variables), what)

    def find_used(self, value, used):
        if value[0] == "variable":
            used.add(value[1])
        inner = value[1] if value[0] == "list" else (
            value[1].values() if value[0] == "object" else [])
        for item in inner:
            self.find_used(item, used)

    def check_value(self, wanted, value, what):
        if value is None:
            return [f"{what} must not be null"] if wanted.endswith("!") else []
        wanted = wanted.rstrip("!")
        if wanted.startswith("["):
            items = value if isinstance(value, list) else [value]
            return [problem for item in items
                    for problem in self.check_value(wanted[1:-1], item, what)]
        kind = self.types[wanted]
        if kind["kind"] == "ENUM":
            names = [one["name"] for one in kind["enumValues"]]
            return [] if value in names else [f"{what} is {value}, which {wanted} has not"]
        if kind["kind"] == "SCALAR":
            form = {"String": str, "ID": str, "Boolean": bool, "Int": int,
                    "Float": (int, float), "DateTime": str}.get(wanted)
            well = form is None or isinstance(value, form)
            return [] if well else [f"{what} must be {wanted}"]
        if not isinstance(value, dict):
            return [f"{what} must be {wanted}"]
        known = {one["name"]: one for one in kind["inputFields"]}
        problems = [f"{what}.{name}: {wanted} has no such field" for name in value
                    if name not in known]
        for name, one in known.items():
            problems += self.check_value(shown_type(one["type"]), value.get(name),
                                         f"{what}.{name}")
        return problems


def select(fields, result):
    """What was asked for, of a resolver's result."""
    if fields is None or result is None:
        return result
    if isinstance(result, list):
        return [select(fields, item) for item in result]
    return {field["shown"]: select(field["inner"], result.get(field["name"]))
            for field in fields}
