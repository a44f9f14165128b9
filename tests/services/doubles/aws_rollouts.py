"""Rollouts of ECS services, which moto does not have: an updated service goes over to its new
revision while it is looked at, and takes one back that never becomes healthy.

As ECS with its circuit breaker does ("Deployment failure detection"): the failed deployment stays
for a while beside the old revision, to which the service returns. Steps are counted by looks at a
service (DescribeServices). Images with the tag "bad-…" never become healthy."""
import itertools
import time

from moto.ecs.models import ecs_backends

import aws_tasks

numbers = itertools.count(1)
left = {}  # Looks until the next step, by the ARN of a service.
after = []  # What else looks, behind every step: functions that correct what ECS says.


def reset():
    left.clear()
    aws_tasks.reset()


def deployment(service, revision):
    return {"id": f"ecs-svc/{next(numbers):019d}", "status": "PRIMARY", "taskDefinition": revision,
            "desiredCount": service.desired_count, "runningCount": 0, "failedTasks": 0,
            "pendingCount": service.desired_count, "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": "ECS deployment in progress.", "launchType": "FARGATE",
            "createdAt": time.time(), "updatedAt": time.time()}


def never_healthy(backend, revision):
    task = backend.describe_task_definition(revision)
    return any(":bad-" in one["image"] for one in task.container_definitions)


def begin(service, revision, steps):
    for one in service.deployments:
        one["status"] = "ACTIVE"
    service.deployments.insert(0, deployment(service, revision))
    left[service.arn] = steps


def end(backend, service, steps):
    primary = service.deployments[0]
    old = [one for one in service.deployments[1:] if one["rolloutState"] == "COMPLETED"]
    if old and never_healthy(backend, primary["taskDefinition"]):
        primary.update(rolloutState="FAILED", failedTasks=3,
                       rolloutStateReason="ECS deployment circuit breaker: tasks failed to start.")
        service.task_definition = old[0]["taskDefinition"]
        service.deployments.remove(old[0])
        begin(service, service.task_definition, steps)
        return
    primary.update(rolloutState="COMPLETED", runningCount=service.desired_count, pendingCount=0,
                   desiredCount=service.desired_count, updatedAt=time.time())
    failed = [one for one in service.deployments[1:] if one["rolloutState"] == "FAILED"]
    # One that failed is shown for some looks more.
    service.deployments[1:] = failed
    left[service.arn] = steps if failed else 0
    aws_tasks.run(backend, service)


def step(backend, service, steps):
    wanted = backend.describe_task_definition(service.task_definition).arn
    primary = service.deployments[0]
    if primary["taskDefinition"] != wanted:
        return begin(service, wanted, steps)
    left[service.arn] = left.get(service.arn, steps) - 1
    if left[service.arn] > 0:
        return None
    if primary["rolloutState"] != "IN_PROGRESS":
        service.deployments[1:] = []
        aws_tasks.run(backend, service)
        primary.update(desiredCount=service.desired_count, runningCount=service.running_count)
        return None
    return end(backend, service, steps)


def go_on(operation, state):
    """To be called before a request is answered; state["rollout_looks"] is a step's length."""
    if operation != "DescribeServices":
        return
    for account in ecs_backends.values():
        for backend in account.values():
            for service in backend.services.values():
                if service.status == "ACTIVE" and service.deployments:
                    step(backend, service, state.get("rollout_looks", 2))
                    aws_tasks.go_on(backend, service, state)
    for look in after:
        look()
