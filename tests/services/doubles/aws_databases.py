"""DB instances of RDS as they are with AWS and not with moto: what is asked for takes its time,
names are moved and not copied, a restore has defaults and a window, logs can be read. How restores
end is state["restores_end"].

moto does all of it at once, gives every instance one resource id, leaves a promoted replica its
source, overwrites an instance whose name another is given, ignores the moment of a restore and
copies what AWS replaces by defaults (security groups, parameter group, Multi-AZ), and knows neither
restore windows nor DownloadDBLogFilePortion. A step of what takes time is a look: one
DescribeDBInstances or DescribeDBSnapshots; state["looks"] says how many a step takes. What boto3
asks for is done at once."""
import datetime
import itertools
import urllib.parse
from xml.sax.saxutils import escape

from moto.rds.models import DBInstance, rds_backends

from aws_database_reads import ALL, SPACE, iso, masked, told

SETTLED = ("available", "storage-optimization")
HOUR = datetime.timedelta(hours=1)
numbers = itertools.count(1)
ways = {}      # By resource: [status, looks left] pairs, and what is done at their end.
held = {"state": {}}


def utc():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def renew(instance):
    instance.dbi_resource_id = f"db-{next(numbers):026d}"
    instance.earliest = utc() - HOUR
    instance.pending_modified_values = {}
    instance.status_infos = []


def patch():
    begin, follow = DBInstance.__init__, DBInstance.set_as_replica

    def begin_alone(self, *given, **named):
        begin(self, *given, **named)
        renew(self)

    def follow_alone(self):
        follow(self)
        renew(self)
        self.tags = list(self.tags)
        self.status_infos = [{"StatusType": "read replication", "Normal": True,
                              "Status": "replicating"}]

    def memberships(self):
        return [{"VpcSecurityGroupId": group, "Status": getattr(self, "door", "active")}
                for group in self.vpc_security_group_ids]

    DBInstance.__init__, DBInstance.set_as_replica = begin_alone, follow_alone
    DBInstance.vpc_security_group_membership_list = property(memberships)
    DBInstance.latest_restorable_time = property(lambda self: utc() - datetime.timedelta(
        seconds=held["state"].get("archived_s", 300)))


patch()


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(code)
        self.answer = (status, f"<ErrorResponse xmlns=\"{SPACE}\"><Error><Type>Sender</Type>"
                       f"<Code>{code}</Code><Message>{escape(message)}</Message></Error>"
                       "</ErrorResponse>", {"Content-Type": "text/xml"})


def reset():
    ways.clear()


def backend_of(request):
    return rds_backends["123456789012"][request.region]


def find(backend, name):
    if name not in backend.databases:
        raise Refused(404, "DBInstanceNotFound", f"DBInstance {name} not found.")
    return backend.databases[name]


def settled(instance, what):
    if instance.status not in SETTLED:
        raise Refused(400, "InvalidDBInstanceState",
                      f"Instance {instance.db_instance_identifier} is not available: {what} is "
                      f"refused while it is {instance.status}.")


def lead(thing, key, statuses, end=None):
    """Goes through statuses, each for so many looks; the first is there at once."""
    looks = held["state"].get("looks", 1)
    ways[key] = ([[status, looks] for status in statuses], thing, end)
    thing.status = statuses[0]


def take_step(key):
    steps, thing, end = ways[key]
    steps[0][1] -= 1
    if steps[0][1] >= 0:
        return
    steps.pop(0)
    if steps:
        thing.status = steps[0][0]
        return
    del ways[key]
    thing.status = "available"
    if end:
        end()


def go_on(operation, state):
    """To be called before a request is answered."""
    held["state"] = state
    kinds = {"DescribeDBInstances": "instance", "DescribeDBSnapshots": "snapshot"}
    for key in [key for key in ways if key[0] == kinds.get(operation)]:
        take_step(key)
    for account in rds_backends.values():
        for backend in account.values():
            for name, snapshot in backend.database_snapshots.items():
                age_s = state.get("ages", {}).get(name)
                if age_s is not None:
                    snapshot.created = utc() - datetime.timedelta(seconds=age_s)


def key_of(instance):
    return ("instance", instance.dbi_resource_id)


# What a request does besides, or in place of, what moto does.

def rename(backend, instance, form):
    wanted = form["NewDBInstanceIdentifier"]
    settled(instance, "a new name")
    if wanted in backend.databases:
        raise Refused(400, "DBInstanceAlreadyExists", f"DB instance {wanted} already exists.")
    name = instance.db_instance_identifier

    def move():
        backend.databases[wanted] = backend.databases.pop(name)
        instance.db_instance_identifier = wanted
        lead(instance, key_of(instance), ["rebooting"])

    lead(instance, key_of(instance), ["renaming"], move)


def modify(backend, form):
    instance = find(backend, form["DBInstanceIdentifier"])
    if "NewDBInstanceIdentifier" in form:
        rename(backend, instance, form)
        return ["NewDBInstanceIdentifier"]
    settled(instance, "a modification")
    if "VpcSecurityGroupIds.VpcSecurityGroupId.1" in form:
        instance.door = "adding"

        def shut():
            instance.door = "active"
        lead(instance, key_of(instance), ["available", "modifying"], shut)
        return []
    late = {name: int(form[name]) if form[name].isdigit() else form[name]
            for name in ("DBInstanceClass", "AllocatedStorage", "MasterUserPassword")
            if name in form}
    if late:
        instance.pending_modified_values = masked(late, held["state"])

        def apply():
            instance.pending_modified_values = {}
            instance.db_instance_class = late.get("DBInstanceClass", instance.db_instance_class)
            instance.allocated_storage = late.get("AllocatedStorage", instance.allocated_storage)
        lead(instance, key_of(instance), ["available", "modifying"], apply)
    return list(late)


def promote(backend, form):
    instance = find(backend, form["DBInstanceIdentifier"])
    settled(instance, "a promotion")
    if not instance.source_db_instance_identifier or key_of(instance) in ways:
        raise Refused(400, "InvalidDBInstanceState", "DB Instance is not a read replica.")

    def leave():
        instance.source_db_instance_identifier, instance.is_replica = None, False
        instance.status_infos = []
    lead(instance, key_of(instance), ["available", "modifying"], leave)
    # moto would make it a primary at once; the answer is the instance as it is.
    return "DescribeDBInstances"


def delete(backend, form):
    name = form["DBInstanceIdentifier"]
    instance = find(backend, name)
    if instance.deletion_protection:
        raise Refused(400, "InvalidParameterCombination", "Cannot delete protected DB Instance.")

    def leave():
        backend.databases.pop(name, None)
        if form.get("DeleteAutomatedBackups") == "true":
            for own in [one for one in backend.database_snapshots
                        if one.startswith(f"rds:{name}-")]:
                backend.database_snapshots.pop(own)
    lead(instance, key_of(instance), ["deleting"], leave)
    return "DescribeDBInstances"


def check_moment(backend, form):
    source = find(backend, form["SourceDBInstanceIdentifier"])
    if not source.backup_retention_period:
        raise Refused(400, "PointInTimeRestoreNotEnabled", "Automated backups are off.")
    at = form["RestoreTime"]
    if not iso(source.earliest) <= at <= iso(source.latest_restorable_time):
        raise Refused(400, "InvalidRestoreFault", f"Cannot restore to {at}.")


def check_snapshot(backend, form):
    name = form["DBSnapshotIdentifier"]
    there = backend.database_snapshots.get(name)
    if there and there.status != "available":
        raise Refused(400, "InvalidDBSnapshotState", f"Snapshot {name} is {there.status}.")


def begin_restored(backend, form, name, shows):
    """A restored instance has what it was told, and AWS's defaults for the rest."""
    instance = backend.databases[name]
    instance.earliest = utc()
    # moto takes the source of a restore for one that is followed.
    instance.source_db_instance_identifier, instance.replicas = None, []
    instance.multi_az = form.get("MultiAZ") == "true"
    instance.deletion_protection = form.get("DeletionProtection") == "true"
    prefix = "VpcSecurityGroupIds.VpcSecurityGroupId."
    groups = [text for field, text in form.items() if field.startswith(prefix)]
    instance.vpc_security_group_ids = groups or ["sg-default"]
    if "DBParameterGroupName" not in form:
        instance.db_parameter_group_name = None
    held["state"].setdefault("shows", {})[instance.dbi_resource_id] = shows

    def end():
        instance.status = held["state"].get("restores_end", "available")
    lead(instance, key_of(instance), ["creating"], end)


def before(operation, backend, form):
    """Refuses, or says which fields moto is not to see."""
    name = form.get("DBInstanceIdentifier")
    if operation == "ModifyDBInstance":
        return modify(backend, form)
    if operation == "PromoteReadReplica":
        return promote(backend, form)
    if operation in ("RebootDBInstance", "CreateDBSnapshot"):
        settled(find(backend, name), operation)
    if operation == "DeleteDBInstance" and held["state"].get("deletes_slowly"):
        return delete(backend, form)
    if operation == "StopDBInstance" and find(backend, name).replicas:
        raise Refused(400, "InvalidDBInstanceState", "It has a read replica.")
    if operation == "RestoreDBInstanceToPointInTime":
        check_moment(backend, form)
    if operation == "RestoreDBInstanceFromDBSnapshot":
        check_snapshot(backend, form)
    return []


def after(operation, backend, form):
    """What goes on from here, of a request that moto has taken."""
    instance = backend.databases.get(form.get("DBInstanceIdentifier", ""))
    if operation == "RebootDBInstance":
        lead(instance, key_of(instance), ["rebooting"])
    elif operation == "StartDBInstance":
        lead(instance, key_of(instance), ["starting"])
    elif operation == "StopDBInstance":
        def rest():
            instance.status = "stopped"
        lead(instance, key_of(instance), ["stopping"], rest)
    elif operation == "CreateDBSnapshot":
        name = form["DBSnapshotIdentifier"]
        lead(backend.database_snapshots[name], ("snapshot", name), ["creating"])
    elif operation == "RestoreDBInstanceToPointInTime":
        begin_restored(backend, form, form["TargetDBInstanceIdentifier"], form["RestoreTime"])
    elif operation == "RestoreDBInstanceFromDBSnapshot":
        begin_restored(backend, form, form["DBInstanceIdentifier"], form["DBSnapshotIdentifier"])


def answer(request, ask_moto):
    """The answer to a request of RDS; ask_moto gives moto's."""
    backend, form, operation = backend_of(request), request.form, request.operation
    try:
        if operation in ALL:
            return told(operation, ALL[operation](backend, form, held["state"]))
        hidden = before(operation, backend, form)
    except Refused as refused:
        return refused.answer
    if hidden == "DescribeDBInstances":
        return told(operation, "")
    seen = {name: text for name, text in form.items() if name not in hidden}
    request.body = urllib.parse.urlencode(seen).encode()
    done = ask_moto(request)
    if done[0] < 300:
        after(operation, backend, form)
    return done
