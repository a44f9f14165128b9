-- Requests to Vercel, and the environment variables of a project there.
local api = require "driver.api"
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local variables = require "driver.variables"

local M = {}

local request = api.of {
  name = "Vercel",
  request = function(call)
    return { bearer = call.settings.token, query = { teamId = call.settings.team } }
  end,
  why = function(told)
    local why = type(told.error) == "table" and told.error or {}
    return why.code, why.message, why.invalidToken or why.code == "forbidden"
  end,
}

local function refuse(call, code, message)
  errors.raise(code, call.target .. ": " .. message, "never", calls.position())
end

---Refuses what would change production where the target is only the slot "preview".
function M.check_slot(call)
  if not call.settings.slot then return end
  refuse(call, "not_supported", "its settings say `slot: preview`, and this would change "
    .. "production. Use a target without slot.")
end

---One request. A target that is only the previews changes nothing but deployments.
function M.ask(call, method, path, more, codes)
  if method ~= "get" and not path:find("^/v%d+/deployments") then M.check_slot(call) end
  return request(call, method, path, more, codes)
end

---The path of the project of the setting `project`, and `rest`.
function M.project_path(call, version, rest)
  return version .. "/projects/" .. call.settings.project .. (rest or "")
end

---The project's variables by name, of these names or all, as Vercel lists them.
function M.list_variables(call, names)
  local asked, found = {}, {}
  for _, name in ipairs(names or {}) do asked[name] = true end
  local told = M.ask(call, "get", M.project_path(call, "/v10", "/env"))
  for _, one in ipairs(told.envs or {}) do
    local targets = type(one.target) == "table" and one.target or { one.target }
    local ours = not one.gitBranch and (not names or asked[one.key])
    for _, target in ipairs(ours and targets or {}) do
      if target == (call.settings.slot or "production") then found[one.key] = one end
    end
  end
  return found
end

---Their values. What Vercel encrypts it opens one by one; sensitive values it shows to nobody.
function M.read_variables(call, names)
  local values = M.list_variables(call, names)
  for name, one in pairs(values) do
    if one.type == "encrypted" then
      local told = M.ask(call, "get", M.project_path(call, "/v1", "/env/" .. one.id),
        { handles = { [name] = "value" } })
      values[name] = told.value
    else
      values[name] = one.type == "plain" and one.value or true
    end
  end
  return values
end

---Sets production's variables; false takes one away.
function M.write_variables(values, call)
  local there, set, gone = M.list_variables(call), {}, {}
  for name, value in pairs(values) do
    local one = there[name] or {}
    if type(one.target) == "table" and #one.target > 1 then
      refuse(call, "shared_variable", ("the variable %s is one for %s. Split it in Vercel first, "
        .. "so that production's can be changed alone."):format(name,
        table.concat(one.target, ", ")))
    end
    if value == false then
      gone[#gone + 1] = one.id
    else
      set[#set + 1] = { key = name, value = value, target = { "production" },
        type = variables.is_secret(value) and call.settings.secrets_as or "plain" }
    end
  end
  if #set > 0 then
    local told = M.ask(call, "post", M.project_path(call, "/v10", "/env"),
      { query = { upsert = "true" }, json = set })
    for _, one in ipairs(told.failed or {}) do
      refuse(call, "unexpected_status", ("Vercel did not take the variable %s: %s"):format(
        tostring(one.error.key or one.error.envVarKey), one.error.message))
    end
  end
  if #gone == 0 then return end
  M.ask(call, "delete", M.project_path(call, "/v1", "/env"), { json = { ids = gone } })
end

return M
