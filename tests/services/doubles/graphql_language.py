"""A GraphQL schema written in its definition language, as introspection gives it: as much of it as
checking requests needs (GraphQL specification, October 2021, section 3). No interfaces' members,
directives or default values are kept."""
import re

from graphql import Reader

KINDS = {"type": "OBJECT", "interface": "INTERFACE", "input": "INPUT_OBJECT", "enum": "ENUM",
         "scalar": "SCALAR", "union": "UNION"}
BUILT_IN = ("String", "ID", "Boolean", "Int", "Float")
DESCRIPTIONS = re.compile(r'"""[\s\S]*?"""|^"(?:[^"\\]|\\.)*"$', re.MULTILINE)


def described(text):
    """A type as introspection nests it."""
    if text.endswith("!"):
        return {"kind": "NON_NULL", "name": None, "ofType": described(text[:-1])}
    if text.startswith("["):
        return {"kind": "LIST", "name": None, "ofType": described(text[1:-1])}
    return {"kind": "NAMED", "name": text, "ofType": None}


class Language(Reader):
    """Reads one definition after the other."""

    def ended(self):
        return self.at >= len(self.tokens)

    def arguments(self, closing):
        found = []
        while not self.is_next(closing):
            name = self.next()[1]
            self.next(":")
            found.append({"name": name, "type": described(self.type())})
            if self.is_next("="):
                self.next("=")
                self.value()
            self.directives()
        self.next(closing)
        return found

    def directives(self):
        while self.is_next("@"):
            self.next("@")
            self.next()
            if self.is_next("("):
                self.next("(")
                while not self.is_next(")"):
                    self.next()
                    self.next(":")
                    self.value()
                self.next(")")

    def fields(self):
        found = []
        while not self.is_next("}"):
            name, arguments = self.next()[1], []
            if self.is_next("("):
                self.next("(")
                arguments = self.arguments(")")
            self.next(":")
            found.append({"name": name, "args": arguments, "type": described(self.type())})
            self.directives()
        self.next("}")
        return found

    def names(self):
        found = []
        while not self.is_next("}"):
            found.append({"name": self.next()[1]})
            self.directives()
        self.next("}")
        return found

    def definition(self):
        word, name = self.next()[1], self.next()[1]
        made = {"kind": KINDS[word], "name": name}
        while not self.ended() and not self.is_next("{") and not self.tokens[self.at][1] in KINDS:
            self.next()
        if not self.ended() and self.is_next("{"):
            self.next("{")
            if word == "input":
                made["inputFields"] = self.arguments("}")
            elif word == "enum":
                made["enumValues"] = self.names()
            else:
                made["fields"] = self.fields()
        return made


def introspection(text):
    """Of a whole schema whose roots are named Query and Mutation."""
    reader, types = Language(DESCRIPTIONS.sub(" ", text)), []
    while not reader.ended():
        types.append(reader.definition())
    types += [{"kind": "SCALAR", "name": name} for name in BUILT_IN]
    return {"__schema": {"types": types, "queryType": {"name": "Query"},
                         "mutationType": {"name": "Mutation"}}}
