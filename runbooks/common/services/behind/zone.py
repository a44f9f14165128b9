"""What a DNS provider's double shows of its zone in a real name server (a service of the kind
bind)."""
import service

KEY_FILE = service.at("zone.key")


class Zone:
    def __init__(self, server):
        self.server = server
        self.shown = []
        service.write(KEY_FILE, f'key "{server["key_name"]}" {{ algorithm {server["algorithm"]}; '
                      f'secret "{server["key"]}"; }};\n', 0o600)

    def show(self, lines):
        """These are the zone's lines now, by one update: all of it or nothing."""
        address, port = self.server["server"].split(":")
        gone = [f"update delete {line}" for line in self.shown if line not in lines]
        made = [f"update add {line}" for line in lines if line not in self.shown]
        if gone or made:
            service.must(["nsupdate", "-k", KEY_FILE], stdin=None, input="\n".join(
                [f"server {address} {port}", f"zone {self.server['zone']}", *gone, *made,
                 "send\n"]))
        self.shown = lines
