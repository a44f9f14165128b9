-- What eleva's drills have in common: an open application, and clients that look from outside.
local drilling = require "drilling"

local M = {}

---What is no real service in a drill, and what stands in for it.
M.simulated = {
  ["deploy/app"] = "a double of Vercel checks every request by its published description and "
    .. "starts a small application of ours as a process; builds are not real",
  ["database/care"] = "a PostgreSQL server of this machine instead of Neon's",
  ["cache/redis"] = "a double of Upstash's REST API, before a real Redis",
  ["schedule/jobs"] = "a double of QStash: what is published is really sent to the application, "
    .. "but no schedule fires by itself",
  ["metrics/monitors"] = "a double of Better Stack, which really asks the application every second",
  ["metrics/product"] = "fixed numbers of the application's stand in for PostHog's",
  ["notify/oncall"] = "a double of Better Stack keeps the incidents: nobody is called",
  ["notify/page"] = "a double of Better Stack's status page: nobody reads it",
  ["notify/team"] = "a double of Novu takes the messages: nobody is told",
  ["process/ci"] = "a double of GitHub takes the workflows, and executes none",
}

---The same, and what a drill has besides.
function M.simulated_with(more)
  return drilling.joined(M.simulated, more)
end

M.rows = 40

local schema = [[
create table appointments (id serial primary key, expert_id int, created_at timestamptz);
create table payment_transfers (id serial primary key, appointment_id int, created_at timestamptz);
grant all on appointments, payment_transfers to app;
insert into appointments (expert_id, created_at)
  select n % 7, now() - n * interval '1 hour' from generate_series(1, 40) n;
insert into payment_transfers (appointment_id, created_at)
  select id, created_at from appointments;
]]

-- Each statement by itself: one that has several is refused.
local function each_statement(text, execute)
  for statement in text:gmatch("([^;]+);") do execute(statement) end
end

---Every provider was asked as it describes.
function M.ensure_described(on, ...)
  drilling.ensure_described(on, "upstash", "vercel", ...)
end

---One appointment more, paid for.
function M.book(db)
  db:execute { sql = "insert into appointments (expert_id, created_at) values (1, now())" }
  db:execute { sql = "insert into payment_transfers (appointment_id, created_at) "
    .. "select max(id), now() from appointments" }
end

---The database has its rows, and version aaaaaaa serves.
function M.open(on)
  each_statement(schema, function(sql) on.database("care"):execute { sql = sql } end)
  drilling.release(on.deploy("app"), "aaaaaaa", { DATABASE_URL = on.service("primary").app_url,
    REDIS_URL = on.service("sessions").url })
end

return M
