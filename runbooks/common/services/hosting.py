"""The program of the service `platform`: a double of tests/services whose deployments execute.

Argument: railway, vercel or aws. A double that executes says what is to run (`wanted`), and asks
the application whether it does before it calls a deployment a success."""
import importlib
import json
import os
import sys
import threading
import time
import traceback
import urllib.request

sys.path.insert(0, os.environ["PLATFORM_DOUBLES"])
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import service
from double import ADMIN, Handler, Server

STEP_S = 0.05
URL = f"http://{service.ADDRESS}:{service.PORT}"


def execute(double):
    """Lets applications follow what the double says, until the process ends."""
    while True:
        try:
            with double.lock:
                wanted = double.wanted()
            for application, runs in wanted:
                application.go_on(runs)
        except Exception:
            problem = "the platform failed: " + traceback.format_exc()
            if problem not in double.violations:
                double.violations.append(problem)
        time.sleep(STEP_S)


def ask(word, body):
    request = urllib.request.Request(URL + ADMIN + word, data=json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def boto(**asked):
    told = ask("boto", {"region": "us-east-1", "parameters": {}, **asked})
    if "failure" in told:
        print(f"{asked['service']} {asked['operation']}: {told['failure']}", file=sys.stderr)
        os._exit(1)
    return told


def make_zone(zone, records):
    made = boto(service="route53", operation="create_hosted_zone", parameters={
        "Name": zone + ".", "CallerReference": service.NAME})
    changes = [{"Action": "CREATE", "ResourceRecordSet": {
        "Name": f"{zone}." if one["name"] == "@" else f"{one['name']}.{zone}.",
        "Type": one["type"], "TTL": one.get("ttl", 2),
        "ResourceRecords": [{"Value": value} for value in one["values"]]}} for one in records]
    boto(service="route53", operation="change_resource_record_sets", parameters={
        "HostedZoneId": made["HostedZone"]["Id"], "ChangeBatch": {"Changes": changes}})


def make():
    """What is there at the start: fields of the state, and what calls of boto3 make."""
    service.wait_for(service.accepts, "its double")
    if service.SETTINGS.get("state"):
        ask("state", service.fill(service.SETTINGS["state"]))
    for zone, records in service.fill(service.SETTINGS.get("zones", {})).items():
        make_zone(zone, records)
    for one in service.fill(service.SETTINGS.get("makes", [])):
        boto(**one)
    service.write(service.at("made"), "")


def main():
    kind = importlib.import_module("hosting_" + sys.argv[1]).Platform
    Handler.double = kind()
    server = Server((service.ADDRESS, service.PORT), Handler)
    threading.Thread(target=make, daemon=True).start()
    threading.Thread(target=execute, args=[Handler.double], daemon=True).start()
    server.serve_forever()


main()
