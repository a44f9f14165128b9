"""Keeps a zone of BIND as a provider's double has it, as the provider's own name servers would.

Arguments: the double's URL, its kind (route53 or cloudflare), the zone, the server (ADDRESS:PORT),
the key's name, the file of the key, and a file that is made once both are the same."""
import json
import os
import subprocess
import sys
import time
import urllib.request

URL, KIND, ZONE, SERVER, KEY_NAME, KEY_FILE, SAME = sys.argv[1:]
ADMIN = URL + "/__double__/"
EVERY_S = 0.2


def ask(word, body=None):
    request = urllib.request.Request(ADMIN + word, data=body and json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=5) as answer:
        told = json.load(answer)
    if "failure" in told:
        raise OSError(told["failure"])
    return told


def boto(operation, **parameters):
    return ask("boto", {"service": "route53", "region": "us-east-1", "operation": operation,
                        "parameters": parameters})


def of_route53():
    zones = boto("list_hosted_zones_by_name", DNSName=ZONE + ".")["HostedZones"]
    sets = boto("list_resource_record_sets", HostedZoneId=zones[0]["Id"])["ResourceRecordSets"]
    return {(one["Name"].rstrip("."), one["Type"]):
            (one["TTL"], sorted(value["Value"] for value in one["ResourceRecords"]))
            for one in sets if "ResourceRecords" in one}


def of_cloudflare():
    found = {}
    for one in ask("state")["records"]:
        ttl, values = found.setdefault((one["name"], one["type"]), (one["ttl"], []))
        values.append(one["content"] + ("." if one["type"] == "CNAME" else ""))
        values.sort()
    return found


def records():
    told = {"route53": of_route53, "cloudflare": of_cloudflare}[KIND]()
    return {key: value for key, value in told.items() if key[1] not in ("NS", "SOA")}


def change(before, after):
    """One transaction: whoever asks sees all of it or nothing."""
    address, _, port = SERVER.rpartition(":")
    lines = [f"server {address} {port}", f"zone {ZONE}"]
    lines += [f"update delete {name}. {kind}" for name, kind in before
              if after.get((name, kind)) != before[name, kind]]
    lines += [f"update add {name}. {ttl} {kind} {value}"
              for (name, kind), (ttl, values) in after.items()
              if before.get((name, kind)) != (ttl, values) for value in values]
    with open(KEY_FILE) as file:
        lines.insert(0, f"key hmac-sha256:{KEY_NAME} {file.read().strip()}")
    subprocess.run(["nsupdate"], input="\n".join([*lines, "send", ""]), text=True, check=True,
                   capture_output=True, timeout=5)


def main():
    known = {}
    while True:
        try:
            there = records()
            if there != known:
                change(known, there)
                known = there
            if not os.path.exists(SAME):
                with open(SAME, "w"):
                    pass
        except (OSError, IndexError, subprocess.SubprocessError, ValueError):
            pass  # One of both does not answer; it is asked again.
        time.sleep(EVERY_S)


main()
