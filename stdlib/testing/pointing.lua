-- Where a world's names point: to which of its applications, and whether those answer there.
local M = {}

local rule = "DNS never points at something unhealthy while something healthy exists"

-- "https://App.example:8080/x" and "app.example." are the same place.
local function plain(address)
  local host, count = tostring(address):lower():gsub("^%a[%w+.-]*://", "")
  if count > 0 then host = host:gsub("[:/].*$", "") end
  return (host:gsub("%.$", ""))
end

local function apps_of(w)
  local names = {}
  for _, target in ipairs(w.things) do names[#names + 1] = target:match("^deploy/(.+)$") end
  return names
end

-- The application behind each host name or address that one has as its endpoint.
local function endpoints_of(w)
  local found = {}
  for _, app in ipairs(apps_of(w)) do
    -- A target whose places have an endpoint each answers for none of them without being asked so.
    local ok, endpoint = pcall(function() return w.deploy(app):endpoint {} end)
    if ok and type(endpoint) == "string" then found[plain(endpoint)] = app end
  end
  return found
end

-- The record sets that lead to applications: { shown, apps } by "dns/site app CNAME".
local function look_up(w, endpoints)
  local found = {}
  for _, target in ipairs(w.things) do
    for name, types in pairs(target:find("^dns/") and w:look(target).records or {}) do
      for type, set in pairs(types) do
        local apps = {}
        for _, value in ipairs(set.values) do apps[#apps + 1] = endpoints[plain(value)] end
        if #apps > 0 then
          found[("%s %s %s"):format(target, name, type)] =
            { shown = table.concat(set.values, ", "), apps = apps }
        end
      end
    end
  end
  return found
end

local function see_apps(w)
  local seen = {}
  for _, app in ipairs(apps_of(w)) do
    local now = w:look("deploy/" .. app)
    seen[app] = { healthy = now.instances_healthy > 0, serves = now.instances_healthy > 0
      and not now.maintenance, off = now.instances == 0 }
  end
  return seen
end

-- One that the runbook may use, serves, and is none of those.
local function better_one(w, seen, apps)
  local taken = {}
  for _, app in ipairs(apps) do
    if seen[app].healthy then return nil end
    taken[app] = true
  end
  for _, target in ipairs(w.may_use) do
    local app = w:own_name(target):match("^deploy/(.+)$")
    if app and seen[app] and seen[app].serves and not taken[app] then return app end
  end
end

local function say(label, set, better)
  return ("%s points at %s (deploy/%s), which has no healthy instance, while deploy/%s serves")
    :format(label, set.shown, set.apps[1], better)
end

---What names and applications are like before the run.
function M.start(w)
  local start = { endpoints = endpoints_of(w) }
  if next(start.endpoints) == nil then return start end
  start.sets, start.seen, start.bad = look_up(w, start.endpoints), see_apps(w), {}
  -- Taken back to where it was found is no fault of the run.
  for label, set in pairs(start.sets) do
    local healthy = false
    for _, app in ipairs(set.apps) do healthy = healthy or start.seen[app].healthy end
    if not healthy then start.bad[label] = set.shown end
  end
  return start
end

---Only what the run itself did counts: a record set that it changed, an application that it turned
---off where a name still led to it.
function M.after_effect(w, start, effect, found)
  local family, app = effect.target:match("^(%a+)/(.+)$")
  if (family ~= "dns" and family ~= "deploy") or next(start.endpoints) == nil then return end
  local sets, seen = look_up(w, start.endpoints), see_apps(w)
  local turned_off = family == "deploy" and seen[app].off and start.seen[app].healthy
  for label, set in pairs(sets) do
    local changed = not start.sets[label] or start.sets[label].shown ~= set.shown
    local concerned = family == "dns" and changed and start.bad[label] ~= set.shown
    for _, one in ipairs(set.apps) do concerned = concerned or (turned_off and one == app) end
    local better = concerned and better_one(w, seen, set.apps)
    if better then found[#found + 1] = { name = rule, why = say(label, set, better) } end
  end
  start.sets, start.seen = sets, seen
end

return M
