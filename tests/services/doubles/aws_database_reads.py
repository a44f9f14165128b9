"""What RDS tells and moto has no answer for: between which moments an instance can be restored,
and what its server has logged.

state["logs"] is a map of a file's name to { written_at, text }; state["log_lines"] says how many
lines one portion has at most."""
import hashlib
from xml.sax.saxutils import escape

SPACE = "http://rds.amazonaws.com/doc/2014-10-31/"


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def told(operation, text):
    """The answer of an operation with the inside of its result."""
    return 200, (f"<{operation}Response xmlns=\"{SPACE}\"><{operation}Result>{text}"
                 f"</{operation}Result></{operation}Response>"), {"Content-Type": "text/xml"}


def masked(values, state):
    """RDS shows nobody a password; state["password_digests"] has the SHA-256 of each."""
    if "MasterUserPassword" not in values:
        return values
    secret = str(values["MasterUserPassword"]).encode()
    state.setdefault("password_digests", []).append(hashlib.sha256(secret).hexdigest())
    return {**values, "MasterUserPassword": "****"}


def windows(backend, form, _):
    rows = ""
    for instance in backend.databases.values():
        if form.get("DbiResourceId", instance.dbi_resource_id) != instance.dbi_resource_id:
            continue
        if instance.backup_retention_period and instance.status != "creating":
            rows += (f"<DBInstanceAutomatedBackup><DbiResourceId>{instance.dbi_resource_id}"
                     f"</DbiResourceId><Status>active</Status><RestoreWindow><EarliestTime>"
                     f"{iso(instance.earliest)}</EarliestTime><LatestTime>"
                     f"{iso(instance.latest_restorable_time)}</LatestTime></RestoreWindow>"
                     "</DBInstanceAutomatedBackup>")
    return f"<DBInstanceAutomatedBackups>{rows}</DBInstanceAutomatedBackups>"


def log_files(_, form, state):
    rows = ""
    for name, file in state.get("logs", {}).items():
        if file["written_at"] * 1000 >= int(form.get("FileLastWritten", 0)):
            rows += (f"<DescribeDBLogFilesDetails><LogFileName>{name}</LogFileName><LastWritten>"
                     f"{int(file['written_at'] * 1000)}</LastWritten><Size>{len(file['text'])}"
                     "</Size></DescribeDBLogFilesDetails>")
    return f"<DescribeDBLogFiles>{rows}</DescribeDBLogFiles>"


def log_portion(_, form, state):
    lines = state["logs"][form["LogFileName"]]["text"].splitlines(keepends=True)
    size = min(state.get("log_lines", 10000), int(form.get("NumberOfLines", 10000)))
    start = int(form.get("Marker", 0))
    stop = min(start + size, len(lines))
    return (f"<LogFileData>{escape(''.join(lines[start:stop]))}</LogFileData><Marker>{stop}"
            f"</Marker><AdditionalDataPending>{str(stop < len(lines)).lower()}"
            "</AdditionalDataPending>")


ALL = {"DescribeDBInstanceAutomatedBackups": windows, "DescribeDBLogFiles": log_files,
       "DownloadDBLogFilePortion": log_portion}
