"""The few requests to S3 that a service itself makes, signed by AWS Signature Version 4."""
import datetime
import hashlib
import hmac
import sys
import urllib.error
import urllib.parse
import urllib.request

VERSIONED = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def put(endpoint, region, key_id, key, path, query="", body=b""):
    """Sends a PUT; `query` is already canonical ("versioning=")."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    headers = {"host": urllib.parse.urlsplit(endpoint).netloc, "x-amz-date": now,
               "x-amz-content-sha256": hashlib.sha256(body).hexdigest()}
    names = ";".join(sorted(headers))
    canonical = "\n".join(["PUT", path, query,
                           *[f"{name}:{headers[name]}" for name in sorted(headers)], "", names,
                           headers["x-amz-content-sha256"]])
    signing = ("AWS4" + key).encode()
    for part in scope.split("/"):
        signing = digest(signing, part)
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, "
                                f"SignedHeaders={names}, Signature={digest(signing, text).hex()}")
    url = endpoint + path + (f"?{query}" if query else "")
    request = urllib.request.Request(url, data=body, method="PUT", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20):
            pass
    except urllib.error.HTTPError as refused:
        sys.exit(f"PUT {url}: {refused.code} {refused.read(500).decode(errors='replace')}")


def make_buckets(endpoint, region, key_id, key, buckets, versioned):
    for name in buckets:
        put(endpoint, region, key_id, key, "/" + name)
        if versioned:
            put(endpoint, region, key_id, key, "/" + name, "versioning=", VERSIONED.encode())


def answers(endpoint):
    """Whether something speaks HTTP there, whatever it thinks of a stranger."""
    try:
        with urllib.request.urlopen(endpoint, timeout=2):
            return True
    except urllib.error.HTTPError as refused:
        return refused.code < 500
    except OSError:
        return False
