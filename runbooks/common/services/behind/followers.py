"""RDS's read replicas that are real PostgreSQL servers: how far each is, and what becomes of one
that is promoted."""
import os
import subprocess
import time

from moto.cloudwatch.models import cloudwatch_backends
from moto.rds.models import rds_backends

LOOK_S = 1


class Follower:
    """`server` is a service of the kind postgres with replica_of."""

    def __init__(self, name, server):
        self.name, self.server = name, server
        self.looked_at, self.is_promoted = 0, False

    def ask(self, sql):
        asked = subprocess.run(
            ["psql", "-XAtq", "-h", self.server["host"], "-p", str(self.server["port"]), "-U",
             "admin", "-c", sql, "postgres"], capture_output=True, text=True, timeout=10,
            env={**os.environ, "PGPASSWORD": self.server["password"], "PGCONNECT_TIMEOUT": "2"})
        return asked.stdout.strip() if asked.returncode == 0 else None

    def go_on(self, account):
        for region, backend in rds_backends[account].items():
            if self.name in backend.databases:
                self.compare(backend.databases[self.name], cloudwatch_backends[account][region])

    def compare(self, instance, numbers):
        if not instance.source_db_instance_identifier:
            if not self.is_promoted:
                self.is_promoted = self.ask("select pg_promote()") == "t"
            return
        if time.monotonic() - self.looked_at < LOOK_S:
            return
        self.looked_at = time.monotonic()
        follows = self.ask("select count(*) from pg_stat_wal_receiver where status = 'streaming'")
        instance.status_infos = [{"StatusType": "read replication", "Normal": follows == "1",
                                  "Status": "replicating" if follows == "1" else "error"}]
        # Nobody has a number of one that follows nothing.
        lag_s = self.ask("select coalesce(extract(epoch from now() - "
                         "pg_last_xact_replay_timestamp()), 0)") if follows == "1" else None
        if lag_s:
            numbers.put_metric_data("AWS/RDS", [{
                "MetricName": "ReplicaLag", "Value": float(lag_s), "Unit": "Seconds",
                "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": self.name}]}])
