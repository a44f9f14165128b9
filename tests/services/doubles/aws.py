"""AWS: moto's services behind the faults and the account of all doubles.

Every request is checked by what nobody here wrote: its signature by botocore's own signer, its
parameters by botocore's models of the services. A request is known as "/SERVICE/OPERATION", such as
"/ecs/UpdateService", wherever it was sent. What an environment calls otherwise than moto does, such
as an ARN that nobody can choose, is in state["called"]: the name in requests, and moto's.

Needs moto[server] and boto3 in the Python PERILUNE_PYTHON, or the checkout's .build/python."""
import json
import os
import re
import sys
import urllib.parse
import xml.etree.ElementTree

from double import ADMIN, Double, main

own = os.path.join(os.path.dirname(__file__), "../../../.build/python/bin/python")
python = os.path.abspath(os.environ.get("PERILUNE_PYTHON", own))
if "there" not in sys.argv:
    os.execv(python, [python, "-B", *sys.argv, "there"])

import boto3
import botocore.session
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

import aws_databases
import aws_policies
import aws_rollouts

KEY_ID = os.environ.get("DOUBLE_KEY_ID", "AKIDOFTHETEST0000000")
KEY = os.environ.get("DOUBLE_TOKEN", "key-of-the-test")
TOKEN = "session-of-the-test"
READS = re.compile(r"^(Get|List|Describe|Download|BatchGet|Head|Simulate)")
# Services by the name with which they are signed, where botocore knows them by another.
MODELS = {"monitoring": "cloudwatch", "elasticloadbalancing": "elbv2"}
NEEDLESS = {"host", "connection", "content-length"}


def of_form(fields, prefix, shape):
    """A form of the query protocol as the parameters of a shape."""
    if shape.type_name == "structure":
        return {name: of_form(fields, prefix + name + below(member), member)
                for name, member in shape.members.items()
                if any(field == prefix + name or field.startswith(prefix + name + ".")
                       for field in fields)}
    if shape.type_name == "list":
        item = f"{prefix}.{shape.member.serialization.get('name', 'member')}."
        count = len({field[len(item):].split(".")[0] for field in fields
                     if field.startswith(item)})
        return [of_form(fields, f"{item}{index + 1}" + below(shape.member), shape.member)
                for index in range(count)]
    return of_text(fields.pop(prefix, None), shape)


def below(shape):
    return "." if shape.type_name == "structure" else ""


def of_element(element, shape):
    """An XML element as the parameters of a shape."""
    if shape.type_name == "structure":
        known = {member.serialization.get("name", name): (name, member)
                 for name, member in shape.members.items()}
        found = {}
        for child in element:
            tag = child.tag.split("}")[-1]
            name, member = known.get(tag, (tag, None))
            found[name] = of_element(child, member) if member else child.text
        return found
    if shape.type_name == "list":
        return [of_element(child, shape.member) for child in element]
    return of_text(element.text, shape)


def of_text(text, shape):
    if shape.type_name in ("integer", "long") and re.fullmatch(r"-?\d+", text or ""):
        return int(text)
    if shape.type_name == "boolean" and text in ("true", "false"):
        return text == "true"
    return text or ""


class Aws(Double):
    checks_answers = False

    def __init__(self):
        self.session = botocore.session.get_session()
        self.clients = {}
        self.moto = Client(DomainDispatcherApplication(create_backend_app))
        super().__init__()

    def read_documents(self):
        return [], None

    def fresh(self):
        self.moto.open("/moto-api/reset", method="POST")
        aws_databases.reset()
        aws_rollouts.reset()
        return {}

    # What a request is.

    def identify(self, request):
        scope = re.search(r"Credential=([^/,]+)/\d+/([^/]+)/([^/]+)/aws4_request",
                          request.headers.get("authorization", ""))
        request.sent_path = request.path
        request.key_id, request.region, request.service = scope.groups() if scope else [""] * 3
        name = MODELS.get(request.service, request.service)
        request.model = self.session.get_service_model(name) if name else None
        request.operation = self.operation_of(request) if name else ""
        request.path = f"/{request.service}/{request.operation}"

    def operation_of(self, request):
        if "x-amz-target" in request.headers:
            return request.headers["x-amz-target"].split(".")[-1]
        if "Action" in request.form:
            return request.form["Action"]
        fits = []
        for name in request.model.operation_names:
            operation = request.model.operation_model(name)
            told, needed = operation.http, self.needed(operation.input_shape)
            path, _, query = told["requestUri"].partition("?")
            pattern = re.sub(r"\\\{[^}]+?(\\\+)?\\\}", lambda one: ".+" if one[1] else "[^/]+",
                             re.escape(path.rstrip("/")))
            wanted = urllib.parse.parse_qsl(query, keep_blank_values=True)
            if told["method"] == request.method and re.fullmatch(pattern + "/?",
                                                                 request.sent_path) \
                    and all(request.query.get(key) == text for key, text in wanted) \
                    and all(key in getattr(request, place) for place, key in needed):
                fits.append((len(wanted) + len(needed), name))
        # S3 tells operations of one path apart by what the query and the headers say.
        return max(fits, default=(0, ""), key=lambda one: one[0])[1]

    @staticmethod
    def needed(shape):
        """What an operation must have in its query and headers, as (place, name)."""
        places = {"querystring": "query", "header": "headers"}
        told = [shape.members[name].serialization for name in shape.required_members] \
            if shape else []
        return [(places[one["location"]], one["name"].lower() if one["location"] == "header"
                 else one["name"]) for one in told if one.get("location") in places]

    def target(self, request):
        query = urllib.parse.urlencode(request.queries, doseq=True, quote_via=urllib.parse.quote)
        return request.sent_path + ("?" + query if query else "")

    def signed_well(self, request):
        told = re.search(r"SignedHeaders=([^,]+), ?Signature=(\w+)",
                         request.headers.get("authorization", ""))
        if not told or request.key_id != KEY_ID:
            return False
        names = told[1].split(";")
        fields = {name: request.headers.get(name, "") for name in names}
        token = fields.get("x-amz-security-token")
        if "host" not in names or (token and token != TOKEN):
            return False
        url = "http://" + request.headers["host"] + self.target(request)
        asked = AWSRequest(request.method, url, fields, request.body)
        asked.context["timestamp"] = request.headers["x-amz-date"]
        kind = S3SigV4Auth if request.service == "s3" else SigV4Auth
        signer = kind(Credentials(KEY_ID, KEY, token), request.service, request.region)
        text = signer.string_to_sign(asked, signer.canonical_request(asked))
        return signer.signature(text, asked) == told[2]

    # What is wrong with it.

    def check(self, request):
        if not request.operation:
            return ["it is no request of a service that is known"]
        operation = request.model.operation_model(request.operation)
        shape = operation.input_shape
        protocol = request.model.metadata["protocol"]
        if "x-amz-target" in request.headers:
            wanted = request.model.metadata["targetPrefix"] + "." + request.operation
            if request.headers["x-amz-target"] != wanted:
                return [f"X-Amz-Target is not {wanted}"]
            parameters = request.json
        elif protocol == "query":
            fields = dict(request.form)
            if fields.pop("Version", None) != request.model.api_version:
                return ["the version is not " + request.model.api_version]
            fields.pop("Action")
            parameters = of_form(fields, "", shape)
            if fields:
                return ["unknown fields: " + ", ".join(sorted(fields))]
        else:
            parameters = self.rest_parameters(request, operation)
        report = ParamValidator().validate(parameters, shape)
        return [report.generate_report()] if report.has_errors() else []

    def rest_parameters(self, request, operation):
        found, shape = {}, operation.input_shape
        # The body is an object's content, the shape itself, or one of its members.
        payload = shape.members.get(shape.serialization.get("payload"))
        if request.body and (payload is None or payload.type_name == "structure"):
            root = xml.etree.ElementTree.fromstring(request.body)
            wanted = (payload or shape).serialization["name"]
            space = (payload or shape).serialization["xmlNamespace"]["uri"]
            if root.tag != f"{{{space}}}{wanted}":
                return {"": f"the root element is not {wanted} of {space}"}
            inside = of_element(root, payload or shape)
            found = {shape.serialization["payload"]: inside} if payload else inside
        for name, member in shape.members.items():
            place = member.serialization
            if place.get("location") == "uri":
                found[name] = "of the path"
            elif place.get("location") == "querystring" and place["name"] in request.query:
                found[name] = of_text(request.query[place["name"]], member)
        known = {member.serialization.get("name") for member in shape.members.values()}
        known |= {name for name, _ in urllib.parse.parse_qsl(
            operation.http["requestUri"].partition("?")[2], keep_blank_values=True)}
        return found | {name: text for name, text in request.query.items() if name not in known}

    # What it is answered.

    def refusal(self, code, message):
        return {"__type": code, "message": message}

    def answer(self, request):
        if "Boto3" in request.headers.get("user-agent", ""):
            request.sent_path, request.service = request.path, ""
            return self.ask_moto(request)
        self.identify(request)
        return super().answer(request)

    def perform(self, request):
        if not self.signed_well(request):
            text = "The request signature we calculated does not match the signature you provided."
            if "x-amz-target" in request.headers:
                return 400, self.refusal("InvalidSignatureException", text), {}
            return 403, ("<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch"
                         f"</Code><Message>{text}</Message></Error></ErrorResponse>"), {
                             "Content-Type": "text/xml"}
        if request.service == "ecs":
            aws_rollouts.go_on(request.operation, self.state)
        if request.operation == "SimulatePrincipalPolicy":
            return aws_policies.simulate(request, self.state)
        if request.service == "rds":
            aws_databases.go_on(request.operation, self.state)
            done = aws_databases.answer(request, self.ask_moto)
        else:
            done = self.ask_moto(request)
        if not READS.match(request.operation) and done[0] < 300:
            self.changed()
        return done

    def ask_moto(self, request):
        headers = {name: text for name, text in request.headers.items() if name not in NEEDLESS}
        target, body = self.target(request), request.body
        known = self.state.get("called", {}) if request.service else {}
        for name in sorted(known, key=len, reverse=True):
            target = target.replace(name, known[name])
            for form in (str, urllib.parse.quote_plus):
                body = body.replace(form(name).encode(), form(known[name]).encode())
        told = self.moto.open(target, method=request.method, data=body, headers=headers,
                              base_url="http://" + request.headers["host"])
        if request.service == "s3" and not told.headers.get("Content-Type", "").endswith("xml"):
            return told.status_code, told.data, self.headers_of_object(request, told)
        kind = told.headers.get("Content-Type", "")
        if "x-amz-target" in request.headers:  # moto says text/html of some JSON.
            kind = "application/x-amz-json-1.1"
        # Route 53 answers "*" in octal, moto as it is.
        text = told.text.replace("<Name>*.", "<Name>\\052.")
        for name in sorted(known, key=lambda one: len(known[one]), reverse=True):
            text = text.replace(known[name], name)
        return told.status_code, text, {"Content-Type": kind}

    @staticmethod
    def headers_of_object(request, told):
        """Of a HEAD the length is that of what is not sent."""
        hidden = {"connection", "date", "server", "transfer-encoding"}
        if request.method != "HEAD":
            hidden.add("content-length")
        return {name: text for name, text in told.headers.items() if name.lower() not in hidden}

    def administer(self, request):
        if request.path != ADMIN + "boto":
            return super().administer(request)
        asked = request.json
        place = asked["service"], asked["region"]
        if place not in self.clients:
            self.clients[place] = boto3.client(
                place[0], region_name=place[1], aws_access_key_id="boto",
                aws_secret_access_key="boto", endpoint_url="http://" + request.headers["host"])
        try:
            told = getattr(self.clients[place], asked["operation"])(**asked["parameters"])
        except Exception as failure:
            told = {"failure": str(failure)}
        told.pop("ResponseMetadata", None)
        return 200, json.dumps(told, default=str), {"Content-Type": "application/json"}


if __name__ == "__main__":
    main(Aws)
