-- Environment variables as every driver of the deploy family treats them: what is read is a text, a
-- handle to what is secret, or `true` where the provider shows it to nobody; a state has the same,
-- with one handle for one value.
local calls = require "driver.calls"
local wire = require "wire"

local M = {}

local is_handle = wire.is_secret
M.is_secret = is_handle

local function digest(value) return calls.ask("digest", { value = value }) end

-- A handle that is named by its value, so that states can be compared.
local function kept(name, value)
  return is_handle(value) and calls.ask("keep", { name = name, value = value }) or value
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- The values of these names as a state has them: false where there is none.
local function state_of(names, values)
  local state = {}
  for _, name in ipairs(names) do
    local value = values[name]
    if value == nil then value = false end
    state[name] = kept(name, value)
  end
  return { values = state }
end

local function get_env(read)
  return function(arguments, call)
    local values, shown = read(call, arguments.names), {}
    for _, name in ipairs(arguments.names or sorted_keys(values)) do
      local value = values[name]
      if is_handle(value) then
        shown[name] = { digest = digest(value) }
      elseif value == true then
        shown[name] = {}
      elseif value ~= nil then
        shown[name] = { value = value }
      end
    end
    return shown
  end
end

-- What is wanted of each name, from the arguments of set_env or unset_env.
local function wanted(arguments)
  if arguments.values then return arguments.values end
  local values = {}
  for _, name in ipairs(arguments.names) do values[name] = false end
  return values
end

local function equal(left, right)
  if not (is_handle(left) or is_handle(right)) then return left == right end
  if type(left) == "boolean" or type(right) == "boolean" then return false end
  return digest(left) == digest(right)
end

local function before(read)
  return function(arguments, call)
    local values = wanted(arguments)
    local names, differs = sorted_keys(values), {}
    local state = state_of(names, read(call, names))
    for _, name in ipairs(names) do
      if not equal(values[name], state.values[name]) then
        differs[#differs + 1] = name
      end
    end
    return { state = state, already_so = #differs == 0 and arguments.apply ~= "now",
      result = { names = names, changed = false }, sign = "~",
      plan = #differs > 0 and "variables " .. table.concat(differs, ", ") or "the same release" }
  end
end

local function act(given, redeploy)
  return function(arguments, _, call)
    local values = wanted(arguments)
    local names = sorted_keys(values)
    given.write(values, call)
    local result = { names = names, changed = true }
    if arguments.apply == "now" then result.release_id = redeploy(call) end
    return result, state_of(names, given.read(call, names))
  end
end

-- What nobody can read cannot be given back.
local function restore(arguments, found, result)
  if result.changed == false then return nil end
  for _, value in pairs(found.values) do
    if value == true then return nil end
  end
  return "set_env", { values = found.values, apply = arguments.apply }
end

---Adds get_env, set_env and unset_env to a driver's operations, from `read(call, names)`, which
---gives values by name (of these names, or all), and `write(values, call)`, where false takes one
---away; `redeploy(call)` releases the serving version once more, once for one call, and gives the
---new release's id.
function M.add(operations, given, redeploy)
  operations.get_env = { observe = get_env(given.read) }
  for _, name in ipairs { "set_env", "unset_env" } do
    operations[name] = { before = before(given.read), act = act(given, redeploy),
      restore = restore }
  end
end

return M
