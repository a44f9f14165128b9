-- What every drill prepares: the tables, the application's releases, and clients that look.
local drilling = require "drilling"

local M = {}

local tables = {
  "create table users (id integer primary key, email text)",
  "create table vibelogs (id integer primary key, user_id integer, title text, "
    .. "created_at timestamptz default now())",
  "create table audit_logs (id integer primary key, what text, created_at timestamptz)",
  "insert into users select n, 'user' || n || '@example.com' from generate_series(1, 10) n",
  "insert into vibelogs (id, user_id, title) select n, 1 + n % 10, 'log ' || n "
    .. "from generate_series(1, 40) n",
  "grant all on all tables in schema public to app",
}

---Makes the tables and their rows.
function M.fill(on)
  for _, sql in ipairs(tables) do on.database("main"):execute { sql = sql } end
end

---What is no real service in every drill of VibeLog.
M.platforms = {
  ["deploy/web"] = "Vercel's API is a double, which checks each request by Vercel's description "
    .. "and executes a small application of ours instead of a build of VibeLog's",
  ["notify/oncall"] = "a double of PagerDuty, which checks each request by its description",
  ["notify/team"] = "a double of Slack's webhook, which checks each message by its schema",
}

---What is simulated in a drill: what always is, and these targets.
function M.simulated(more)
  local all = {}
  for _, list in ipairs { M.platforms, more or {} } do
    for target, text in pairs(list) do all[target] = text end
  end
  return all
end

M.of_aws = "moto instead of AWS: requests are checked by botocore's signer and models, and "
M.of_statuspage = "a double of Statuspage, which checks each request by its description"

---Releases bbbbbbb to Vercel, with the database's address and these variables besides.
function M.release(on, more)
  local values = { DATABASE_URL = on.service("main").app_url }
  for variable, value in pairs(more or {}) do values[variable] = value end
  drilling.release(on.deploy("web"), "bbbbbbb", values)
end

---Slack got this incident and its end, the one on call was paged once and told that it is over, and
---no double was asked what its provider does not describe.
function M.ensure_told(on, key)
  drilling.ensure_told_in_chat(on, "team", key)
  drilling.ensure_paged(on, "oncall", key)
  drilling.ensure_described(on, "team", "oncall", "vercel")
end

---The status page shows no incident that is open, one that was, and this component as it is to be.
function M.ensure_shown(on, component, state)
  local page = drilling.state_of(on, "status")
  for _, one in ipairs(page.incidents) do
    ensure(one.status == "resolved", "The status page still shows: %s", one.name)
  end
  for _, one in ipairs(page.components) do
    ensure(one.name ~= component or one.status == state, "The status page shows %s as %s.",
      component, one.status)
  end
  drilling.ensure_described(on, "status")
  return #page.incidents
end

---What an application of a place answers to curl.
function M.curl(on, name, path)
  local place = on.service(name)
  return drilling.client(on, "curl", { "-sS", "--max-time", "5",
    ("http://%s:%s%s"):format(place.address, place.port, path) })
end

---A number that psql finds in the database.
function M.count(on, sql)
  local main = on.service("main")
  return drilling.client(on, "psql", { "-XAtq", "-h", main.address, "-p", main.port, "-U", "app",
    "-d", "vibelog", "-c", sql }):match("^%s*(.-)%s*$")
end

return M
