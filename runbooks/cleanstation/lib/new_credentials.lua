-- Every credential replaced at once, as an incident demands: the old ones are known to somebody, so
-- nothing overlaps. It happens while no task runs, so nobody is locked out by it.
--
-- All of it is meant to stay: undoing a run never brings a stolen credential back.
local known = require "station_secrets"

local M = {}

local sides = { "east", "west" }

-- A store has a version of this that was made since then.
local function is_new(store, name, since)
  local today = store:describe { name = name }
  return today ~= nil and today.age_s ~= nil and now() - today.age_s >= since
end

-- Whether what a credential is for can be done with the one that this program has now.
local function works(use)
  if not use then return true end
  local told, answer = pcall(use)
  return told and answer ~= false
end

-- The values, by region, with which data were encrypted before `since`; nil where both regions have
-- a new one, by an earlier run. To be asked before anything is changed: when a step is tried again,
-- the current value may be the new one.
local function old_values(stores, entry, since)
  local old, count = {}, 0
  for _, side in ipairs(sides) do
    local today = stores[side]:describe { name = entry.name }
    if not today or (today.changed_at or now() - today.age_s) < since then
      count = count + 1
      old[side] = today and stores[side]:read { name = entry.name, version = today.version }
    end
  end
  return count > 0 and old or nil
end

local function keep_old(stores, entry, old)
  step("Keep the old " .. entry.name, { undo = false }, function()
    for side, value in pairs(old) do stores[side]:put { name = entry.previous, value = value } end
  end)
end

local function replace(stores, maker, entry)
  step("Replace " .. entry.name, { undo = false }, function()
    local made = maker:generate { name = entry.name, kind = entry.kind, length = entry.length,
      stage = "current" }
    local value = maker:read { name = made.name, version = made.version }
    for _, side in ipairs(sides) do stores[side]:put { name = entry.name, value = value } end
  end)
end

---Replaces what this host can make itself. `stores` is { east, west } of secrets targets. What data
---are encrypted with is replaced once for an incident that was found at `since`.
function M.replace_made(stores, maker, since)
  local old = {}
  for _, entry in ipairs(known.made) do
    if entry.previous then old[entry.name] = old_values(stores, entry, since) end
  end
  for _, entry in ipairs(known.made) do
    if old[entry.name] then keep_old(stores, entry, old[entry.name]) end
    if old[entry.name] or not entry.previous then replace(stores, maker, entry) end
  end
end

---New passwords of the database's users, and no session of anybody left. The database must let us
---in; no task may run. `addresses` are "host:port/name" by the names in station_secrets.
function M.replace_users(stores, maker, sql, addresses)
  for _, user in ipairs(known.users) do
    step("Replace the password of " .. user.user, { undo = false }, function()
      local made = maker:generate { name = "database/" .. user.user, kind = "password",
        length = 40, stage = "current" }
      local password = maker:read { name = made.name, version = made.version }
      sql:set_password { user = user.user, password = password }
      for side, at in pairs { east = user.at, west = known.west_at } do
        stores[side]:put { name = user.name,
          value = "postgresql://" .. user.user .. ":" .. password .. "@" .. addresses[at] }
      end
    end)
    step("End the sessions of " .. user.user, { undo = false }, function()
      sql:end_sessions { user = user.user }
    end)
  end
end

-- A role's name as it may stand in a question or in SQL: an intruder has chosen it.
local function shown(role) return (role:gsub("[^%w_.-]", "?")) end
local function quoted(role) return '"' .. role:gsub('"', '""') .. '"' end

---Asks of each role that can sign in to the database, and is nobody's whom we know, whether it
---belongs here: an intruder makes one to come back. One that does not cannot sign in any more; it
---stays as evidence. Returns the names of those.
function M.shut_out(sql, roles)
  local expected, out = {}, {}
  for _, name in ipairs(roles) do expected[name] = true end
  for _, user in ipairs(known.users) do expected[user.user] = true end
  for _, row in ipairs(sql:query { sql = "select rolname from pg_roles where rolcanlogin "
    .. "order by rolname" }) do
    local role = row.rolname
    if not expected[role] and not confirm(("Does the role %s belong here?"):format(shown(role)), {
      role = "incident-commander", detail = "It can sign in to the database, and is neither the "
        .. "application's nor among `roles`. No: it cannot sign in any more." }) then
      step("Shut out the role " .. shown(role), { undo = false }, function()
        sql:execute { sql = ("alter role %s nologin"):format(quoted(role)) }
        sql:end_sessions { user = role }
      end)
      out[#out + 1] = role
    end
  end
  return out
end

---What AWS rotates by itself; a secret that it has no rotation function for, a person replaces.
---Returns the names.
function M.rotate_managed(managed, since)
  local names = {}
  for place, one in ipairs(managed:list {}) do
    local rotated, failure = try(step, "Rotate " .. one.name, { undo = false, timeout = "15m" },
      function() managed:rotate { name = one.name } end)
    if not rotated then
      manual(("Replace %s in Secrets Manager"):format(one.name), { role = "incident-commander",
        evidence = "text", detail = failure.message .. "\nPut a new value into it, and take the "
          .. "old one out of use where it opens something.",
        verify = function() return is_new(managed, one.name, since) end })
    end
    names[place] = one.name
  end
  return names
end

---This program signs in as the database's owner, whose password was replaced: it is given the new
---one, and whoever came in with the old one goes.
function M.adopt_owner(sql)
  manual("Give this program the database's new password", { role = "incident-commander",
    evidence = "text", detail = "Put it into this program's secrets PRIMARY_DATABASE_URL and "
      .. "STANDBY_DATABASE_URL (in staging and drills with their prefix).",
    verify = function() return works(function() return sql:status().reachable end) end })
  step("End everybody's sessions", { undo = false }, function() sql:end_sessions {} end)
end

-- What a person is told where this program uses the replaced credential too.
local function own_part(entry)
  return entry.own and ("\nThis run goes on with it: put it into this program's secrets %s as well "
    .. "(in staging and drills with their prefix)."):format(entry.own) or ""
end

---What people must make: the public key, what providers issue, and what has no store.
function M.ask_people(stores, maker, keys, since)
  local derived = keys:inspect { program = "public-key", arguments = { "pkey", "-pubout" },
    input = maker:read { name = known.public_key.of } }
  manual("Put the new public key in place", { role = "incident-commander", evidence = "text",
    detail = ("Store this as %s in both regions:\n%s"):format(known.public_key.name,
      derived.output),
    verify = function()
      return is_new(stores.east, known.public_key.name, since)
        and is_new(stores.west, known.public_key.name, since)
    end })
  for _, entry in ipairs(known.issued) do
    manual("Replace " .. entry.name, { role = "incident-commander", evidence = "text",
      detail = ("Make a new one at %s, revoke the old one there, and store it in both regions.")
        :format(entry.at) .. own_part(entry),
      verify = function()
        return is_new(stores.east, entry.name, since) and is_new(stores.west, entry.name, since)
          and works(entry.use)
      end })
  end
  for _, entry in ipairs(known.by_hand) do
    manual(entry.name, { role = "incident-commander", evidence = "text",
      detail = entry.ask .. own_part(entry), verify = function() return works(entry.use) end })
  end
end

---The names of what was not replaced since then, of all that both stores hold.
function M.left_over(stores, since)
  local names = {}
  for _, side in ipairs { "east", "west" } do
    for _, one in ipairs(stores[side]:list {}) do
      if known.is_rotated(one.name) and not is_new(stores[side], one.name, since) then
        names[#names + 1] = ("%s (%s)"):format(one.name, side)
      end
    end
  end
  return names
end

return M
