-- What EclipseLink's drills have in common: the clinic on a good day, and what its end must be.
local drilling = require "drilling"

local M = {}

---So many hand-offs stand in the database before any disaster.
M.handoffs = 40

-- As the application's role, which owns its tables as in production.
local schema = [[
set local role app;
create table if not exists handoffs (id integer primary key, patient_id integer, status text,
  created_at timestamptz default now());
create table if not exists sbar_reports (id integer primary key,
  handoff_id integer references handoffs, created_at timestamptz default now());
insert into handoffs (id, patient_id, status) select x, x, 'ready' from generate_series(1, %d) x;
insert into sbar_reports (id, handoff_id) select x, x from generate_series(1, 30) x;
reset role;
]]

---What a drill's evidence says of how real it was.
M.simulated = {
  ["deploy/app"] = "a double of Railway checks every request by Railway's published schema and "
    .. "starts a small application of ours as a process; builds, and that it is elsewhere, are not "
    .. "real",
  ["deploy/app-backup"] = "the same for the backup project",
  ["dns/clinic"] = "a double of Cloudflare checks every request by its published description; "
    .. "BIND answers the names, and nginx is the proxy",
  ["database/clinic"] = "a PostgreSQL server of this machine instead of Supabase's",
  ["database/platform"] = "PostgreSQL's own archive and base backup, by the driver postgres: "
    .. "Supabase's API is not asked",
  ["cache/redis"] = "a double of Upstash's REST API, before a real Redis",
  ["storage/backups"] = "Ceph's S3 gateway instead of R2 and S3; so are the other buckets",
  ["notify/team"] = "a double of Slack takes the messages, and nobody reads them",
  ["secrets/vault"] = "a double of Key Vault keeps the secrets",
}

---The address users know, by the name server, and what a good answer has.
M.probe = {
  url = "http://app.clinic.example:{services.edge.port}/api/health", resolve = "dns/clinic",
  contains = '"status": "healthy"',
}

---The application's own variables, on the database of this service.
function M.variables(on, database_service)
  return { DATABASE_URL = on.service(database_service).app_url,
    REDIS_URL = on.service("sessions").url }
end

---A good day: data, audio, and two releases of the application, of which the newer one serves.
function M.open(on)
  step("Fill the database", function()
    on.database("clinic"):execute { sql = schema:format(M.handoffs) }
  end)
  step("Keep a recording", function()
    on.storage("audio"):put { key = "audio/one.ogg", body = "one" }
  end)
  step("Release the application twice", function()
    drilling.release(on.deploy("app"), "aaaaaaa", M.variables(on, "primary"))
    drilling.release(on.deploy("app"), "bbbbbbb")
  end)
end

---The team was told of this incident and its end, and every provider was asked as it describes.
function M.ensure_told(on, key, ...)
  drilling.ensure_told_in_chat(on, "chat", key)
  drilling.ensure_described(on, "chat", "keys", "upstash", "railway-backup", ...)
end

---The marks go, so that the database is as it was.
function M.take_marks_away(on)
  step("Take the marks away", function()
    on.database("clinic"):execute { sql = "drop table if exists perilune_mark" }
  end)
end

---The sessions' server is as it was.
function M.ensure_sessions(on)
  local cache = on.service("sessions")
  local answer = drilling.client(on, "redis-cli", { "-h", cache.host, "-p", cache.port, "ping" })
  ensure(answer:find("PONG", 1, true) ~= nil, "Redis must answer PONG, but it says: " .. answer)
end

---All rows are there, asked by psql: `client` is psql-first or psql-second.
function M.ensure_rows(on, client)
  local rows = drilling.client(on, client, { "-XAtqc",
    "select (select count(*) from handoffs) || ' ' || (select count(*) from sbar_reports)" })
  local wanted = ("%d 30\n"):format(M.handoffs)
  ensure(rows == wanted, ("The rows must be %s, but are %s."):format(wanted, rows))
end

---What curl reads at the public name.
function M.ensure_serves(on, version)
  local edge = on.service("edge")
  local answer = drilling.client(on, "curl", { "-sS", "--max-time", "5",
    edge.url .. "/api/health" })
  ensure(answer:find(('"version": "%s"'):format(version), 1, true) ~= nil
    and answer:find('"healthy"', 1, true) ~= nil,
    ("%s must serve, healthy, but it says: %s"):format(version, answer))
end

return M
