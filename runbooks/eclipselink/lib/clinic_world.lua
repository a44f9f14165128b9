-- EclipseLink as tests and explorations find it: open and well, with backups, and then in trouble.
local M = {}

local schema = [[
create table handoffs (id integer primary key, patient_id integer, from_staff_id integer,
  status text, created_at text);
create table sbar_reports (id integer primary key, handoff_id integer, created_at text);
create table voice_recordings (id integer primary key, status text, created_at text);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 40)
insert into handoffs select x, x, 1, 'ready', '2025-12-20' from n;
with recursive n(x) as (select 1 union all select x + 1 from n where x < 30)
insert into sbar_reports select x, x, '2025-12-20' from n;
]]

---The public page answers what it should.
function M.answer_well(page)
  page:answer { path = "/api/health", status = 200, json = { status = "healthy" } }
  page:answer { path = "/api/v1/auth/login", method = "POST", status = 401 }
  page:answer { path = "/api/docs", status = 200 }
end

---Open and well: versions aaaaaaa and bbbbbbb were released, ccccccc is built.
function M.open(w)
  w.database.clinic:execute { sql = schema }
  w.deploy.app:serve { version = "aaaaaaa", instances = 2 }
  w.deploy.app:serve { version = "bbbbbbb", instances = 2 }
  w.deploy.app:put_artifact { version = "ccccccc" }
  w.deploy["app-backup"]:put_artifact { version = "bbbbbbb" }
  w.deploy["app-backup"]:put_artifact { version = "aaaaaaa" }
  w.deploy["app-backup"]:serve { version = "aaaaaaa", instances = 1 }
  w.deploy["app-backup"]:scale { instances = 0 }
  w.deploy.staging:serve { version = "bbbbbbb", instances = 1 }
  for _, page in ipairs { "app", "app-backup", "staging" } do M.answer_well(w.http[page]) end
  w.dns.clinic:offer { proxied = true, apex_cname = true }
  w.process.ci:program { name = "checks", exit_code = 0 }
  w.storage.audio:put { key = "audio/2025/one.ogg", body = "one" }
  w:prepared()
  return w
end

---One hand-off more.
function M.hand_off(w)
  w.database.clinic:execute { sql = "insert into handoffs (patient_id, from_staff_id, status, "
    .. "created_at) values (1, 1, 'ready', '2026-01-01')" }
end

---Dumps of so many nights, made by the team's own runbook, with a hand-off between them.
function M.back_up(w, nights)
  for _ = 1, nights or 2 do
    M.hand_off(w)
    local run = w:run("backup")
    if run.outcome ~= "done" then error("The backup failed: " .. tostring(run.reason)) end
    w:advance("1d")
  end
  w:prepared()
  return w
end

---The application's six names, as they should be.
function M.point(w)
  local run = w:run("provision-dns")
  if run.outcome ~= "done" then error("The names failed: " .. tostring(run.reason)) end
  w:prepared()
  return w
end

---What Logtail has counted, in numbers by name: nothing bad but what `counts` says.
function M.count(w, counts)
  for _, name in ipairs { "errors-per-minute", "report-failures-per-hour", "database-failures" } do
    w.metrics.logs:set { name = name, value = counts[name] or 0 }
  end
  -- So long that no window has an older number.
  w:advance("61m")
  w:prepared()
  return w
end

---All three secrets' worth of a vault: nothing is due.
function M.fill_vault(w)
  for _, name in ipairs { "jwt/secret", "jwt/refresh", "api/azure-openai", "api/r2", "api/upstash",
    "api/logtail", "api/supabase", "database/app-a", "database/app-b" } do
    w.secrets.vault:put { name = name, value = "value of " .. name }
  end
  w:prepared()
  return w
end

return M
