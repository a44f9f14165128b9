"""Tasks of ECS services, which moto does not start: as many as a service runs, and those that were
told to stop go on until they have ended.

As ECS does ("Amazon ECS task lifecycle"): the number that a service is to have changes at once, its
tasks one status after the other, and only those that are RUNNING count as running. A step is a look
(DescribeServices); state["task_looks"] says how many a step takes, 0: none is ever over."""
from moto.ecs.models import EC2ContainerServiceBackend, Task

ENDING = ["RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]
left = {}  # Looks until the next status, by the id of a task.


def reset():
    left.clear()


def patch():
    listed = EC2ContainerServiceBackend.list_tasks

    def list_of_service(self, *given, **named):
        name = named.get("service_name") or (given[4] if len(given) > 4 else None)
        group = "service:" + name.split("/")[-1] if name else None
        return [one for one in listed(self, *given, **named) if group in (None, one.group)]

    EC2ContainerServiceBackend.list_tasks = list_of_service
    Task.advance = lambda self: None


patch()


def of_service(backend, service):
    return [task for task in backend.tasks.get(service.cluster_name, {}).values()
            if task.group == "service:" + service.name]


def start(backend, service):
    task = Task(backend._get_cluster(service.cluster_name),
                backend.describe_task_definition(service.task_definition), None, None, backend,
                "service:" + service.name)
    backend.tasks.setdefault(service.cluster_name, {})[task.task_arn] = task


def step(task, looks):
    left[task.id] = left.get(task.id, looks) - 1
    if left[task.id] >= 0:
        return
    left.pop(task.id)
    task.status = ENDING[min(ENDING.index(task.status) + 1, len(ENDING) - 1)]


def run(backend, service):
    """Starts what is missing: the service has come up with its number."""
    live = [task for task in of_service(backend, service) if task.desired_status == "RUNNING"]
    for _ in range(service.desired_count - len(live)):
        start(backend, service)


def go_on(backend, service, state):
    """Tells those that are too many to stop, lets those that end go on, and counts."""
    tasks = of_service(backend, service)
    live = [task for task in tasks if task.desired_status == "RUNNING"]
    ending = [task for task in tasks if task.desired_status == "STOPPED"]
    for task in live[service.desired_count:]:
        task.desired_status = "STOPPED"
    looks = state.get("task_looks", 1)
    for task in ending:
        if looks:
            step(task, looks - 1)
    service.running_count = sum(task.status == "RUNNING" for task in tasks)
    service.pending_count = max(0, service.desired_count - service.running_count)
