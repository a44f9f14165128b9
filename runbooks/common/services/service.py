"""What every service of a drill is told, and how it becomes its server. See docs/drills.md."""
import json
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time

NAME = os.environ["SERVICE_NAME"]
ADDRESS = os.environ["SERVICE_ADDRESS"]
PORT = int(os.environ["SERVICE_PORT"])
FOLDER = os.environ["SERVICE_FOLDER"]
LIBRARY = os.environ["SERVICE_LIBRARY"]
SETTINGS = json.loads(os.environ["SERVICE_SETTINGS"])
with open(os.environ["SERVICE_FACTS"]) as facts_file:
    OTHERS = json.load(facts_file)
PREFIX = "perilune-drill-"


def at(name):
    """A path in the service's own folder."""
    return os.path.join(FOLDER, name)


def kept(name, make):
    """A text that is made once and is the same for every verb afterwards."""
    path = at(name)
    if not os.path.exists(path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
    with open(path) as file:
        return file.read()


def password():
    return kept("password", lambda: secrets.token_hex(16))


def data_folder(user=None):
    """Where the server keeps its data: a folder that another user can reach. After `clean` it is
    made anew, empty, at the same place."""
    folder = kept("data-folder", lambda: tempfile.mkdtemp(prefix=PREFIX))
    if not os.path.isdir(folder) or os.stat(folder).st_uid == os.geteuid():
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if user and os.geteuid() == 0:
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
    return folder


def as_user(user, argv):
    """The command line that executes argv as this user, where root may not."""
    if os.geteuid() != 0:
        return argv
    return ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--", *argv]


def write(path, text, mode=0o644):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)


def must(argv, **options):
    """Executes a program to its end; what it printed is this one's last words where it fails."""
    ended = subprocess.run(argv, stdin=options.pop("stdin", subprocess.DEVNULL), text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if ended.returncode != 0:
        sys.exit(f"{argv[0]} of the service {NAME} failed: {ended.stdout[-2000:]}")
    return ended.stdout


def fill(value):
    """The same value, in whose texts {NAME.FACT} is another service's fact."""
    if isinstance(value, dict):
        return {name: fill(one) for name, one in value.items()}
    if isinstance(value, list):
        return [fill(one) for one in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\{([\w-]+)\.(\w+)\}", lambda found: OTHERS[found[1]][found[2]], value)


def become(argv, variables=None):
    os.chdir(FOLDER)
    os.execvpe(argv[0], argv, {**os.environ, **(variables or {})})


def when_dead(do):
    """Has `do` executed once this process is dead, by whatever death: in a process of its own."""
    reading, writing = os.pipe()
    if os.fork() != 0:
        os.close(reading)
        os.set_inheritable(writing, False)
        return
    os.close(writing)
    os.setsid()
    os.chdir("/")
    os.read(reading, 1)  # Until the other end is closed.
    do()
    os._exit(0)


def has_program(name):
    return shutil.which(name) is not None


def wait_for(ready, what, within=60):
    until = time.monotonic() + within
    while not ready():
        if time.monotonic() > until:
            sys.exit(f"The service {NAME} has waited {within} s for {what}.")
        time.sleep(0.1)


def accepts(address=ADDRESS, port=PORT):
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def clean():
    path = at("data-folder")
    if os.path.exists(path):
        with open(path) as file:
            folder = file.read()
        if os.path.basename(folder).startswith(PREFIX) and os.path.isdir(folder):
            gone = tempfile.mkdtemp(prefix=PREFIX + "gone-", dir=os.path.dirname(folder))
            os.rename(folder, gone)
            # Nobody waits for the disk.
            subprocess.Popen(["rm", "-rf", gone], start_new_session=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)


def serve(facts, run, ready=accepts, clean=clean):
    """Does what the verb says: facts, run, ready or clean."""
    verb = sys.argv[1] if len(sys.argv) == 2 else ""
    if verb == "facts":
        print(json.dumps(facts()))
    elif verb == "run":
        run()
    elif verb == "ready":
        sys.exit(0 if ready() else 1)
    elif verb == "clean":
        clean()
    else:
        sys.exit(f"usage: {sys.argv[0]} facts|run|ready|clean")
