-- Rotating a secret without locking anybody out: for a while the old and the new one are valid.
local assume = require "patterns.assume"
local options = require "patterns.options"
local release = require "patterns.release"
local way_back = require "patterns.way_back"

local M = {}

local make_shape = { name = { "text", required = true }, maker = { "target" },
  kind = { one_of = { "random", "password", "rsa", "ed25519" }, default = "random" },
  length = { "count", default = 32 } }

---Makes a new value, which nobody uses yet. A store that cannot make values (Key Vault, SSM) is
---given one that a `maker` (a store that can) has made; until `settle` it has nothing new in it.
---
---Options: name (required), maker (secrets target), kind = "random", length = 32.
---@return table made { name, value, old?, version, old_version? }: handles, never values.
function M.make(store, given)
  options.target(store, "secrets", "rotation.make")
  local read = options.read(given, make_shape, "rotation.make")
  local today = store:describe { name = read.name }
  local source = read.maker or store
  local made = step("Make a new " .. read.name, function()
    return source:generate { name = read.name, kind = read.kind, length = read.length,
      stage = "pending" }
  end)
  local old_version = today and today.version
  return { name = read.name, version = made.version, from_maker = read.maker ~= nil,
    value = source:read { name = read.name, version = made.version }, old_version = old_version,
    old = old_version and store:read { name = read.name, version = old_version } or nil }
end

local adopt_shape = { variable = { "text", required = true }, previous = { "text" },
  within = { "duration", default = "10m" }, check = { "function" } }

local function apply(app, values, read)
  release.applied(app, app:set_env { values = values, apply = "now" }, read.within)
  if read.check then read.check() end
end

---Gives the application the new value, and the old one beside it as `previous`, and waits until
---that is healthy. Where it does not become so, it is given the old one again.
---`made` is what `make` returned, or { name, value, old } with handles of your own.
---Options: variable (required), previous (the variable for the old value), within = 10 m, check.
function M.adopt(app, made, given)
  options.target(app, "deploy", "rotation.adopt")
  local read = options.read(given, adopt_shape, "rotation.adopt")
  local values = { [read.variable] = made.value }
  if read.previous and made.old then values[read.previous] = made.old end
  local variables = app:get_env { names = { read.variable } }
  local was_set = assume.holds(function() return variables[read.variable] ~= nil end,
    "The application has no %s yet.", read.variable)
  if was_set and not made.old then
    error("rotation.adopt needs made.old, to go back to: the application has a value already.", 2)
  end
  local before = { [read.variable] = was_set and made.old or false }
  -- What stood here was valid no longer, or soon would not have been.
  if read.previous then before[read.previous] = false end
  way_back.step("Let the application use the new " .. made.name, {
    back_name = "Let the application use the old " .. made.name,
    back = function() app:set_env { values = before, apply = "now" } end,
  }, function() apply(app, values, read) end)
end

---Makes the new value the current one of its store: only after `adopt`, so that nobody is given a
---value that is not valid anywhere yet.
function M.settle(store, made)
  options.target(store, "secrets", "rotation.settle")
  step("Make the new " .. made.name .. " the current one", function()
    if made.from_maker then return store:put { name = made.name, value = made.value } end
    return store:set_current { name = made.name, version = made.version }
  end)
end

local over_shape = { name = { "text", required = true }, previous = { "text", required = true },
  grace = { "duration", required = true } }

---Whether the overlap of a rotation is over: the application still knows the old value as
---`previous`, and the current one is older than `grace`. Options, all required: name, previous,
---grace.
function M.overlap_is_over(app, store, given)
  local read = options.read(given, over_shape, "rotation.overlap_is_over")
  local variables = app:get_env { names = { read.previous } }
  if not variables[read.previous] then return false end
  local current = store:describe { name = read.name }
  return current ~= nil and current.age_s ~= nil and current.age_s > read.grace
end

local retire_shape = { name = { "text", required = true }, previous = { "text", required = true },
  within = { "duration", default = "10m" }, check = { "function" },
  in_store = { "boolean", default = true } }

---Ends an overlap: the application forgets the old value, then the store retires its versions that
---are not current. `in_store` = false leaves the store alone, where it cannot retire. Options:
---name, previous (required), within = 10 m, check, in_store = true.
function M.retire(app, store, given)
  options.target(app, "deploy", "rotation.retire")
  local read = options.read(given, retire_shape, "rotation.retire")
  step("Forget the old " .. read.name, { on_failure = "undo" }, function()
    apply(app, { [read.previous] = false }, read)
  end)
  if not read.in_store then return end
  step("Retire the old " .. read.name, function()
    for _, version in ipairs(store:versions { name = read.name }) do
      if version.stage == "previous" then
        store:retire { name = read.name, version = version.version }
      end
    end
  end)
end

return M
