-- The shop as tests and explorations find it: open, with three backups, and then damaged.
local M = {}

local schema = [[
create table customers (id integer primary key, name text not null, city text not null);
create table orders (id integer primary key, customer integer not null, total integer not null);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 200)
insert into customers select x, 'Customer ' || x, 'Berlin' from n;
with recursive n(x) as (select 1 union all select x + 1 from n where x < 2000)
insert into orders select x, 1 + x % 200, 100 + x from n;
]]

---So many orders are placed.
function M.sell(w, count)
  w.database.shop:execute { sql = ([[
    with recursive n(x) as (select 1 union all select x + 1 from n where x < %d)
    insert into orders select (select max(id) from orders) + x, 1 + x %% 200, 500 from n]])
    :format(count) }
end

---A shop that is open and well. Its /health says how its database is, as its program does.
function M.open(w)
  w.database.shop:execute { sql = schema }
  w.deploy.shop:put_artifact { version = "1.0" }
  w.deploy.shop:serve { version = "1.0" }
  w.dns.site:put { name = "app", type = "A", value = "127.0.0.1", ttl = 300 }
  w.dns.site:put { name = "status", type = "A", value = "192.0.2.80", ttl = 300 }
  w.dns.site:put { name = "www", type = "CNAME", value = "app.shop.example.", ttl = 300 }
  w.http.shop:answer { path = "/health", status = 200, json = { database = "whole" } }
  w.http.shop:answer { path = "/orders", status = 200, json = { orders = 2000 } }
  return w
end

---Three backups, made by the shop's own runbook, and orders between them.
function M.back_up(w)
  for _, name in ipairs { "monday", "tuesday", "wednesday" } do
    M.sell(w, 25)
    local run = w:run("back-up-database", { name = name })
    if run.outcome ~= "done" then error("The backup failed: " .. tostring(run.reason)) end
    w:advance("1d")
  end
  return w
end

---The database is damaged, and so is its newest backup.
function M.damage(w)
  M.sell(w, 5)
  w.database.shop:damage { table = "orders" }
  w.database.shop:corrupt_backup { key = "wednesday.db.zst" }
  return w
end

return M
