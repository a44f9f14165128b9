-- An environment laid over production.yaml: where things are, and by which credentials, no more.
--
-- For each driver: the settings that say where it goes. Whatever else an environment says stays as
-- production has it, and no target may be left where production has it.
local M = {}

-- `where`: settings that must be given here. `may`: those that may. A place is an address of this
-- machine's own, or a path below the test's folder.
local drivers = {
  ["deploy/ecs"] = { where = { "url" } },
  ["deploy/railway"] = { where = { "url" }, may = { "health" } },
  ["deploy/vercel"] = { where = { "url" }, may = { "health" } },
  ["dns/route53"] = { where = { "url", "name_servers", "resolvers" } },
  ["dns/cloudflare"] = { where = { "url", "name_servers", "resolvers" } },
  ["database/postgres"] = { where = { "url" },
    may = { "ca_file", "data", "archive", "base_backups", "log", "config_file" } },
  ["database/rds"] = { where = { "url" } },
  ["database/neon"] = { where = { "url" }, may = { "sql_url" } },
  ["database/supabase"] = { where = { "url" } },
  ["storage/s3"] = { where = { "endpoint" } },
  ["storage/folder"] = { where = { "path" } },
  ["notify/smtp"] = { where = { "server" } },
  ["notify/betterstack"] = { where = { "url" } },
  ["notify/betterstack_page"] = { where = { "url" } },
  ["notify/novu"] = { where = { "url" } },
  ["notify/pagerduty"] = { where = { "url", "api_url" } },
  ["notify/slack"] = { where = { "url" } },
  ["notify/statuspage"] = { where = { "url" } },
  ["notify/x"] = { where = { "url" } },
  ["http/http"] = { where = { "url" } },
  ["process/local"] = { where = {} },
  ["process/github"] = { where = { "url" } },
  ["process/gitlab"] = { where = { "url" } },
  ["cache/redis"] = { where = { "url" } },
  ["cache/upstash"] = { where = { "url" } },
  ["metrics/http_json"] = { where = { "url" } },
  ["metrics/betterstack"] = { where = { "url" } },
  ["metrics/datadog"] = { where = { "url" } },
  ["metrics/prometheus"] = { where = { "url" } },
  ["metrics/sentry"] = { where = { "url" } },
  ["metrics/uptimerobot"] = { where = { "url" } },
  ["schedule/qstash"] = { where = { "url" } },
  ["secrets/file_store"] = { where = { "folder" } },
  ["secrets/key_vault"] = { where = { "url", "login_url" } },
  ["secrets/secrets_manager"] = { where = { "url" } },
  ["secrets/ssm"] = { where = { "url" } },
}

local function set_of(...)
  local made = {}
  for _, list in ipairs { ... } do
    for _, name in ipairs(list) do made[name] = true end
  end
  return made
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- A target's settings as the environment has them; without a driver of its own it has those of the
-- target that it is the same as.
local function whole(targets, name)
  local own, made = targets[name], {}
  if own.same_as and not own.driver then
    for key, value in pairs(whole(targets, own.same_as)) do made[key] = value end
  end
  for key, value in pairs(own) do made[key] = value end
  return made
end

local function is_here(text, folder)
  if text:find("^/") then return text:sub(1, #folder) == folder end
  local host = text:gsub("^%w+://", ""):gsub("^[^/]*@", "")
  return host:find("^127%.%d+%.%d+%.%d+[:/]") ~= nil or host:find("^127%.%d+%.%d+%.%d+$") ~= nil
end

local function texts_of(value)
  return type(value) == "table" and value or { value }
end

---What is wrong with `over` as an environment laid over `production`: settings of a target that
---are no place, and places that are left out, or are not on this machine. Both are as their files
---are read; `secrets` are the values of the secrets by their names, `folder` is the test's own.
---@return string[]
function M.problems(production, over, secrets, folder)
  local found = {}
  local function problem(text, ...) found[#found + 1] = text:format(...) end
  for key in pairs(over) do
    if not set_of({ "kind", "extends", "targets", "secrets" })[key] then
      problem("%s: is changed", key)
    end
  end
  if over.kind ~= production.kind then problem("kind: is changed") end
  for key in pairs(over.secrets) do
    if key ~= "folder" then problem("secrets: %s is changed", key) end
  end
  for _, name in ipairs(sorted(over.targets)) do
    if not production.targets[name] then problem("%s: production has no such target", name) end
  end
  for _, name in ipairs(sorted(production.targets)) do
    local settings, mine = whole(production.targets, name), over.targets[name] or {}
    local family = name:match("^%w+")
    local driver = drivers[family .. "/" .. settings.driver]
    if not driver then
      problem("%s: nothing says where the driver %s goes", name, settings.driver)
    else
      local places = set_of(driver.where, driver.may or {})
      for key in pairs(mine) do
        if not places[key] then problem("%s: %s is changed, and is no place", name, key) end
      end
      local merged = {}
      for key, value in pairs(settings) do merged[key] = value end
      -- What a target is the same as has its own places laid over it.
      local own = production.targets[name]
      local like = not own.driver and own.same_as
      for key, value in pairs(like and over.targets[like] or {}) do merged[key] = value end
      for key, value in pairs(mine) do merged[key] = value end
      for key in pairs(places) do
        local value = merged[key]
        if value == nil and set_of(driver.where)[key] then
          problem("%s: %s is left to its default, which is not on this machine", name, key)
        end
        for _, text in ipairs(value ~= nil and texts_of(value) or {}) do
          local kept = text:match("^secret:(.*)$")
          local place = kept and secrets[kept] or text
          if not is_here(place, folder) then
            problem("%s: %s leads to %s", name, key, kept and text or place)
          end
        end
      end
    end
  end
  return found
end

---The names of all secrets that an environment names.
function M.secrets_of(value, found)
  found = found or {}
  if type(value) == "table" then
    for _, inner in pairs(value) do M.secrets_of(inner, found) end
  elseif type(value) == "string" then
    local name = value:match("^secret:(.+)$")
    if name then found[name] = true end
  end
  return found
end

return M
