"""What a service executes of Perilune's own checkout: the doubles and servers of its tests."""
import os
import sys

import service

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../.."))


def test_service(name):
    """A program of tests/services; where there is none, this ends with what to do."""
    path = os.path.join(ROOT, "tests/services", name)
    if not os.path.isfile(path):
        sys.exit(f"The service {service.NAME} needs {path}, which is part of Perilune's checkout. "
                 "Use the library common of a checkout, or give this target a real server.")
    return path


def documents():
    """The folder of the providers' published descriptions; empty where there is none."""
    near = os.path.join(ROOT, "../shared/specs")
    folder = os.environ.get("PERILUNE_SPECS") or near
    return os.path.realpath(folder) if os.path.isdir(folder) else ""


def python():
    """A Python with moto and boto3; where there is none, this ends with what to do."""
    path = os.environ.get("PERILUNE_PYTHON", os.path.join(ROOT, ".build/python/bin/python"))
    if not os.access(path, os.X_OK):
        sys.exit(f"The service {service.NAME} needs {path} with moto and boto3. Make it with: "
                 "./dev drills (or name another one in PERILUNE_PYTHON)")
    return path


def variables():
    """What a double is told."""
    return {"DOUBLE_ADDRESS": service.ADDRESS, "DOUBLE_TOKEN": service.password(),
            "PERILUNE_SPECS": documents()}
