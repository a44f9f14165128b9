-- EclipseLink's secrets: how old each may become, who makes a new one, how long both are valid.
local release = require "patterns.release"

local M = {}

---What the vault is asked for: names begin with what they are.
M.rules = {
  { prefix = "jwt/", older_than = "90d" },
  { prefix = "api/", older_than = "180d" },
  { prefix = "database/", older_than = "365d" },
}

---Made by us; the application takes the old one too, until `grace` has passed: tokens that were
---signed with it live that long.
M.made = {
  ["jwt/secret"] = { variable = "JWT_SECRET", previous = "JWT_SECRET_PREVIOUS", length = 64,
    grace = "2h" },
  ["jwt/refresh"] = { variable = "REFRESH_TOKEN_SECRET",
    previous = "REFRESH_TOKEN_SECRET_PREVIOUS", length = 64, grace = "31d" },
}

---Made by their providers: a person makes a new one there, and later revokes the old one there.
M.issued = {
  ["api/azure-openai"] = { variable = "AZURE_OPENAI_API_KEY", at = "Azure OpenAI" },
  ["api/r2"] = { variable = "R2_SECRET_ACCESS_KEY", at = "Cloudflare R2" },
  ["api/upstash"] = { variable = "UPSTASH_REDIS_REST_TOKEN", at = "Upstash" },
  ["api/logtail"] = { variable = "LOGTAIL_SOURCE_TOKEN", at = "Better Stack" },
  ["api/supabase"] = { variable = "SUPABASE_SERVICE_ROLE_KEY", at = "Supabase",
    of_database = true },
}

---Two database users, used in turn, so that the old password goes on while the new one is tried.
---Their secrets are whole URLs, as DATABASE_URL has them.
M.users = {
  { secret = "database/app-a", user = "eclipselink_a" },
  { secret = "database/app-b", user = "eclipselink_b" },
}

M.database_variable = "DATABASE_URL"

---Where a person puts a new API key until the application has proved it.
function M.new_name(name) return "new/" .. name end

---The names of a map, sorted.
function M.names(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

---Every name that can be rotated.
function M.all()
  local all = { "database" }
  for _, map in ipairs { M.made, M.issued } do
    for _, name in ipairs(M.names(map)) do all[#all + 1] = name end
  end
  return all
end

---The database user whose URL this secret is, or nil.
function M.user_of(secret_name)
  for _, one in ipairs(M.users) do
    if one.secret == secret_name then return one end
  end
end

---The database user whose URL is the younger one, and the other.
function M.used_and_idle(vault)
  local ages = {}
  for place, one in ipairs(M.users) do
    local info = vault:describe { name = one.secret }
    ages[place] = info and info.age_s or math.huge
  end
  if ages[2] < ages[1] then return M.users[2], M.users[1] end
  return M.users[1], M.users[2]
end

---What the application has anywhere, as the vault has it today: all but what belongs to one
---database. An application elsewhere has stood still while these were rotated.
---@return table<string, any> values By variable; empty where the vault is silent.
function M.everywhere(vault)
  local values = {}
  local asked, failure = try(function()
    for _, map in ipairs { M.made, M.issued } do
      for name, how in pairs(map) do
        local info = not how.of_database and vault:describe { name = name }
        if info then values[how.variable] = vault:read { name = name, version = info.version } end
      end
    end
  end)
  if not asked then log("The vault is silent, so secrets stay as they are: " .. failure.message) end
  return values
end

---A release that was gone back to (`before`, as previous_release gave it) has its own old
---variables: those that were rotated since it was made are set anew. A silent vault does not keep
---from going back. Returns a sentence for the team, or "".
function M.renew(app, vault, before)
  local values, made_at = {}, before and before.created_at or 0
  local asked, failure = try(function()
    local function take(variable, name, previous)
      local info = vault:describe { name = name }
      if not info or (info.changed_at or now() - info.age_s) <= made_at then return end
      values[variable] = vault:read { name = name, version = info.version }
      if previous then
        local before = vault:versions({ name = name })[2]
        values[previous] = before and vault:read { name = name, version = before.version } or nil
      end
    end
    for name, how in pairs(M.made) do take(how.variable, name, how.previous) end
    for name, how in pairs(M.issued) do take(how.variable, name) end
    take(M.database_variable, (M.used_and_idle(vault)).secret)
  end)
  if not asked then
    log("The vault does not say what was rotated since: " .. failure.message)
    return " Its secrets may be old: the vault was silent."
  end
  if next(values) == nil then return "" end
  step("Give it what was rotated since", { undo = false }, function()
    release.applied(app, app:set_env { values = values, apply = "now" }, "10m")
  end)
  return (" Set anew: %s."):format(table.concat(M.names(values), ", "))
end

return M
