"""What doubles with something real behind them have in common: which service that is."""
import re

import service

SETTINGS = service.SETTINGS
BEHIND = service.OTHERS.get(SETTINGS.get("behind"))


def other(setting):
    """The facts of the service that a setting names."""
    return service.OTHERS[SETTINGS[setting]]


def fill(value):
    """"{app.address}" in any text of a value is the fact of that service."""
    if isinstance(value, dict):
        return {name: fill(one) for name, one in value.items()}
    if isinstance(value, list):
        return [fill(one) for one in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\{([\w-]+)\.(\w+)\}", lambda found: service.OTHERS[found[1]][found[2]], value)
