-- What CleanStation is: its tables, its endpoints and its two slots.
local blue_green = require "patterns.blue_green"
local smoke = require "patterns.smoke"

local M = {}

---The tables by which restored data is judged.
M.tables = { "orders", "qc_checks", "assembly_tasks" }

---What must be true of the data: every check and every task belongs to an order.
M.truths = {
  ["every quality check has its order"] =
    "select count(*) = 0 from qc_checks where order_id not in (select id from orders)",
  ["every assembly task has its order"] =
    "select count(*) = 0 from assembly_tasks where order_id not in (select id from orders)",
}

---Why a tag names no image that stays; nil where it does.
function M.problem_of_tag(version)
  if version == "latest" then
    return "latest names no image: it is another one tomorrow. Give a tag that stays."
  end
end

---The names of an application's slots; nil for one that has none, as in a drill.
function M.slots(app)
  -- Only one without slots tells how it is without being told which slot is meant.
  if pcall(function() return app:status {} end) then return nil end
  return { "blue", "green" }
end

---At least so many orders; the other tables only have to be there.
function M.least(orders)
  return { orders = { min = orders }, qc_checks = { min = 0 }, assembly_tasks = { min = 0 } }
end

---Which version has the traffic at this moment, whatever a run had meant; in words.
function M.serving(app)
  local told, version, slot = pcall(function()
    local live = blue_green.slots(app)
    return app:status({ slot = live }).version, live
  end)
  return told and ("%s serves from %s"):format(version or "nothing", slot)
    or "nobody can tell what serves"
end

---The endpoint that must say of itself that it is healthy.
function M.endpoints(page)
  return { { name = "CleanStation", at = page, path = "/api/health", json = { status = "healthy" },
    target = "500ms", alert = "5s" } }
end

---The functions that are tried where nobody may be harmed by it: none of them changes anything.
function M.functions(page)
  return smoke.run {
    { name = "health says healthy", test = function()
      page:check { path = "/api/health", json = { status = "healthy" } }
    end },
    { name = "a wrong password is refused", test = function()
      page:probe { method = "POST", path = "/api/auth/login", expect = 401,
        json = { email = "smoke-test@torvan.com", password = "not the password" } }
    end },
    { name = "orders are not shown to strangers", test = function()
      page:probe { method = "GET", path = "/api/orders", expect = { 401, 403 } }
    end },
  }
end

---How much is lost, in words, for the person who decides. `lost_s` is nil where nobody can tell.
function M.loss(lost_s, rpo)
  if not lost_s then
    return "Nobody can tell how far the standby had come, so nobody knows how much is lost."
  end
  return ("At most %d min of writes are lost; the objective is %d min."):format(
    math.ceil(lost_s / 60), math.floor(duration(rpo) / 60))
end

return M
