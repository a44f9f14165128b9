"""Better Stack's API before a site: its one monitor asks the site every second, and says what it
found.

Settings: behind (the service that is asked), path (/), monitor (its name)."""
import threading
import time
import urllib.error
import urllib.request

from behind import BEHIND, SETTINGS
from betterstack import BetterStack
from double import main

URL = f"http://{BEHIND['address']}:{BEHIND['port']}{SETTINGS.get('path', '/')}"
EVERY_S = 1


def is_up():
    try:
        with urllib.request.urlopen(URL, timeout=3) as answer:
            return answer.status < 400
    except (urllib.error.URLError, OSError):
        return False


class BetterStackBehind(BetterStack):
    def __init__(self):
        super().__init__()
        threading.Thread(target=self.watch, daemon=True).start()

    def fresh(self):
        monitor = {"id": "7", "type": "monitor", "attributes": {
            "pronounceable_name": SETTINGS["monitor"], "url": URL, "status": "up",
            "paused": False}}
        return {**super().fresh(), "monitors": [monitor]}

    def watch(self):
        while True:
            status = "up" if is_up() else "down"
            with self.lock:
                for one in self.state["monitors"]:
                    if not one["attributes"]["paused"]:
                        one["attributes"]["status"] = status
            time.sleep(EVERY_S)


if __name__ == "__main__":
    main(BetterStackBehind)
