"""AWS's APIs by moto, before machines, a name server and databases: the tasks of ECS's services
really execute, Route 53's records are really answered, and RDS's read replicas really follow.

Settings: tasks (a map of an ECS service's name to { machine (a service of the kind place), command
(a list; {address} and {port} are where it listens) }; a version is an image's tag, and a machine
has room for one task), zone (a service of the kind bind), followers (a map of an RDS read replica's
name to the service of the kind postgres that it is: it is promoted as the replica is, and its lag
is the replica's)."""
import threading
import time

import service
from behind import SETTINGS, other
from machine import Machine
from zone import Zone

from aws import Aws, main
from followers import Follower
from moto.ecs.models import ecs_backends
from moto.route53.models import route53_backends
from moto.ssm.models import ssm_backends

ACCOUNT = "123456789012"
LOOK_S = 0.2


def environment_of(task, region):
    """What ECS gives a task when it starts: what is in a store is read then."""
    container = task.container_definitions[0]
    values = {one["name"]: one["value"] for one in container.get("environment", [])}
    for one in container.get("secrets", []):
        stored = ssm_backends[ACCOUNT][region].get_parameter(
            one["valueFrom"].split(":parameter", 1)[1])
        if not stored:
            return None
        values[one["name"]] = stored.response_object(decrypt=True, region=region)["Value"]
    return values


class AwsBehind(Aws):
    def __init__(self):
        self.machines = {name: Machine(service.OTHERS[one["machine"]], one["command"])
                         for name, one in SETTINGS.get("tasks", {}).items()}
        self.executing = {}  # The revision that was started last, by the service.
        self.zone = Zone(other("zone")) if "zone" in SETTINGS else None
        self.followers = [Follower(name, service.OTHERS[one])
                          for name, one in SETTINGS.get("followers", {}).items()]
        super().__init__()
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        while True:
            time.sleep(LOOK_S)
            with self.lock:
                self.go_on()

    def go_on(self):
        for region, backend in ecs_backends[ACCOUNT].items():
            for one in backend.services.values():
                if one.name in self.machines:
                    self.follow(region, backend, one)
        for one in self.followers:
            one.go_on(ACCOUNT)
        if self.zone:
            self.zone.show([f"{found.name.rstrip('.')}. {found.ttl} {found.type} {value}"
                            for zone in route53_backends[ACCOUNT]["aws"].zones.values()
                            for found in zone.rrsets if found.type not in ("NS", "SOA")
                            for value in found.records])

    def follow(self, region, backend, one):
        """A service's task: of what it has gone over to, and started again when it has ended."""
        machine = self.machines[one.name]
        served = [each["taskDefinition"] for each in one.deployments
                  if each["rolloutState"] == "COMPLETED"]
        if one.desired_count == 0 or not served:
            machine.stop()
        elif not machine.runs() or self.executing.get(one.name) != served[0]:
            task = backend.describe_task_definition(served[0])
            values = environment_of(task, region)
            version = task.container_definitions[0]["image"].rpartition(":")[2]
            if values is not None and version in machine.versions() and machine.start(
                    served[0].rpartition("/")[2].replace(":", "-"), version, values):
                self.executing[one.name] = served[0]
        one.running_count = one.desired_count if machine.runs() else 0

    def ask_moto(self, request):
        if request.service in ("ecs", "rds"):
            self.go_on()
        done = super().ask_moto(request)
        if request.service == "route53":
            self.go_on()
        return done


if __name__ == "__main__":
    main(AwsBehind)
