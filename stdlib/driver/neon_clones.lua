-- A branch of Neon that lives for a while: made of a moment of another, and removed again.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local neon = require "driver.neon"
local times = require "driver.times"

local M = {}

local ready_within_s = 30

local function raise(code, call, message)
  errors.raise(code, call.target .. ": " .. message, "never", calls.position())
end

local function disposable(call, doing)
  if call.settings.disposable then return end
  raise("not_allowed", call, doing .. " was refused: its settings do not say `disposable: yes`, "
    .. "so its data may not be thrown away.")
end

-- What a clone is made with is checked while nothing is sent yet that changes anything.
local function check(arguments, call)
  local settings = call.settings
  if not (settings.parent and settings.parent_target) then
    raise("not_supported", call, "its settings name no parent and parent_target, so there is "
      .. "nothing to clone. Add them.")
  elseif neon.is_id(settings.branch) then
    raise("not_supported", call, "Neon chooses the id of a new branch, so the setting branch must "
      .. "be a name.")
  elseif arguments.from ~= settings.parent_target then
    raise("bad_argument", call, ("it is made of %s only, not of %s."):format(settings.parent_target,
      arguments.from))
  elseif not arguments.at then
    raise("not_supported", call, "a branch is made of a moment, not of a backup. Name `at`.")
  end
end

-- The state of a change: which branch has our name.
local function state_of(branch) return { branch = branch and branch.id or false } end

-- Whether a branch of our name is what these arguments make.
local function is_clone(branch, arguments, call)
  local at = branch.parent_timestamp and times.read(branch.parent_timestamp) or arguments.at
  return branch.parent_id == call.settings.parent and math.abs(at - arguments.at) < 1
end

local function result_of(arguments, branch, began_at)
  return { changed = true, data_until_at = arguments.at, moved_endpoint = true,
    took_s = math.max(0, calls.now - began_at), restored_bytes = branch.logical_size }
end

-- The answer has the role's password in three places.
local function make(arguments, call)
  return neon.ask(call, "post", "/branches", {
    handles = { connection = "connection_uris.*.connection_uri", role = "roles.*.password",
      password = "connection_uris.*.connection_parameters.password" },
    json = { endpoints = { { type = "read_write" } }, branch = { name = call.settings.branch,
      parent_id = call.settings.parent, parent_timestamp = neon.stamp(arguments.at) } } })
end

M.clone = {
  before = function(arguments, call)
    disposable(call, "Cloning into it")
    check(arguments, call)
    local there = neon.branch(call)
    local plan = ("%s as it was at %s"):format(call.settings.parent, neon.stamp(arguments.at))
    if there then plan = plan .. ", once the branch that is there is dropped" end
    return { sign = "+", state = state_of(there), plan = plan }
  end,
  act = function(arguments, before, call)
    -- What another has left is not taken for the new one: its data are not ours to judge.
    if before.branch then
      raise("already_exists", call, ("there is a branch %s already, %s. Drop it first, if nobody "
        .. "reads it."):format(call.settings.branch, before.branch))
    end
    local began_at = calls.now
    local made = calls.part("branch", function()
      local there = neon.branch(call)
      if there and is_clone(there, arguments, call) then return { branch = { id = there.id } } end
      local told = make(arguments, call)
      return { operations = told.operations,
        branch = { id = told.branch.id, logical_size = told.branch.logical_size } }
    end)
    if made.operations then
      neon.finish(call, made.operations, "branch")
    else
      neon.wait_ready({ within = math.huge }, call)
    end
    return result_of(arguments, made.branch, began_at), state_of(made.branch)
  end,
  -- Neon makes a branch within seconds: that is worth the wait.
  look = function(arguments, _, call)
    local branch = neon.branch(call)
    if not branch then return "did_not", "there is no branch " .. call.settings.branch end
    if not is_clone(branch, arguments, call) then
      return "cannot_tell", ("the branch %s is one of %s at %s"):format(branch.name,
        tostring(branch.parent_id), tostring(branch.parent_timestamp))
    end
    if not pcall(neon.wait_ready, { within = ready_within_s }, call) then
      return "cannot_tell", "the branch was made, and is not ready yet"
    end
    return "happened", result_of(arguments, branch, call.sent_at or calls.now), state_of(branch)
  end,
  restore = function() return "drop", {} end,
}

M.drop = {
  before = function(_, call)
    disposable(call, "Dropping it")
    local branch = neon.branch(call)
    return { sign = "-", state = state_of(branch), already_so = not branch,
      result = { changed = false }, plan = call.settings.branch }
  end,
  -- The branch that was seen, not another that has its name by now.
  act = function(_, before, call)
    local told = neon.ask(call, "delete", "/branches/" .. before.branch, nil, { [404] = false })
    neon.finish(call, told and told.operations, "deletion")
    return { changed = true }, state_of(nil)
  end,
}

return M
