"""moto whose ECS executes: the running tasks of a service are the processes that listen."""
import aws
import aws_rollouts
import service
from application import Application, Wanted
from moto.ecs.models import ecs_backends
from moto.secretsmanager.models import secretsmanager_backends

ACCOUNT = "123456789012"


class Platform(aws.Aws):
    def __init__(self):
        self.tasks = {name: (settings, Application(settings))
                      for name, settings in service.SETTINGS.get("tasks", {}).items()}
        super().__init__()
        aws_rollouts.after.append(self.tasks_seen)

    def found(self):
        """The services of ECS that execute, each with what it executes."""
        for name, (settings, application) in self.tasks.items():
            backend = ecs_backends[ACCOUNT][settings["region"]]
            for one in backend.services.values():
                if one.name == name and one.cluster_name == settings["cluster"]:
                    yield backend, one, application

    def wanted(self):
        every = []
        for backend, one, application in self.found():
            task = backend.describe_task_definition(one.task_definition)
            container = task.container_definitions[0]
            variables = {pair["name"]: pair["value"] for pair in container.get("environment", [])}
            variables |= {pair["name"]: self.secret(pair["valueFrom"])
                          for pair in container.get("secrets", [])}
            version = container["image"].rpartition(":")[2]
            every.append((application, [Wanted(task.arn, version, one.desired_count, variables)]
                          if one.desired_count else []))
        return every

    @staticmethod
    def secret(arn):
        """What Secrets Manager has under an ARN, which may end with the secret's name, as ECS
        takes it too."""
        region, name = arn.split(":")[3], arn.split(":secret:")[1]
        kept = secretsmanager_backends[ACCOUNT][region]
        named = [one.name for one in kept.secrets.values() if name in (one.name, one.secret_id)
                 or one.arn == arn]
        return kept.get_secret_value(named[0] if named else name, "", "")["SecretString"]

    def tasks_seen(self):
        for backend, one, application in self.found():
            key = backend.describe_task_definition(one.task_definition).arn
            one.running_count = min(application.listening(key), one.desired_count)
            one.pending_count = one.desired_count - one.running_count
            for rollout in one.deployments:
                if rollout["status"] == "PRIMARY":
                    rollout["runningCount"] = one.running_count
