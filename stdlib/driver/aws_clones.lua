-- A DB instance of Amazon RDS that lives for a while: made of another's backup or moment, and
-- removed again.
--
-- The setting `instances` says which DB instance another target is.
local backups = require "driver.aws_backups"
local calls = require "driver.calls"
local databases = require "driver.aws_databases"
local restores = require "driver.aws_restores"
local times = require "driver.times"

local M = {}

local raise = databases.raise

local function disposable(call, doing)
  if call.settings.disposable then return end
  raise(call, "not_allowed", "%s was refused: its settings do not say `disposable: yes`, so its "
    .. "data may not be thrown away.", doing)
end

-- The target's own instance; nil also where it is being removed.
local function present(call)
  local found = databases.find(call.settings.instance, call)
  return found and found.status ~= "deleting" and found or nil
end

local function state_of(instance) return { resource = instance and instance.resource or false } end

-- A call as the other target would make it: its instance, its kept instances, its snapshots.
local function call_of(target, call)
  local name = (call.settings.instances or {})[target]
  if not name then
    raise(call, "not_supported", "its settings do not say which DB instance %s is. Name it under "
      .. "`instances`.", target)
  end
  local settings = { instance = name }
  for key, value in pairs(call.settings) do settings[key] = settings[key] or value end
  local other = { settings = settings }
  for key, value in pairs(call) do other[key] = other[key] or value end
  return other
end

local function way_of(arguments, call)
  local other = call_of(arguments.from, call)
  local source = databases.own(other)
  local way = restores.way_back(arguments, source, other)
  if way.name then
    raise(call, "not_supported", "%s is an instance that a restore has kept, and RDS copies none. "
      .. "Name a snapshot, or `at`.", arguments.backup)
  end
  return way, source
end

-- Like the other, but for what protects data that are meant to stay.
local function order(arguments, way, source, call)
  local name = call.settings.instance
  databases.wait_gone(name, call)
  local asked, tags = databases.likeness(source)
  asked.DeletionProtection, asked.MultiAZ = false, false
  local resource = restores.create(name, asked, tags, way, arguments, call)
  if resource then return { resource = resource } end
  local there = databases.find(name, call)
  if there and there.tags[backups.tags.mark] == databases.mark(call) then
    return { resource = there.resource }
  end
  raise(call, "already_exists", "another made a DB instance %s meanwhile.", name)
end

local function wait_made(call)
  return databases.wait(call.settings.instance, "clone", call, databases.is_settled)
end

local function result_of(instance, began_at)
  return { changed = true, data_until_at = times.read(instance.tags[backups.tags.shows]),
    moved_endpoint = true, took_s = math.max(0, calls.now - began_at) }
end

M.clone = {
  before = function(arguments, call)
    disposable(call, "Cloning into it")
    local there = present(call)
    -- Of what it shows already, nothing has to be there any more: undo looks here too.
    if there and there.tags[backups.tags.from] == restores.asked_for(arguments) then
      return { sign = "+", state = state_of(there), plan = there.name .. " is there already" }
    end
    local way, source = way_of(arguments, call)
    local plan = ("%s as it was at %s"):format(source.name, backups.stamp(way.until_at))
    if there then plan = plan .. ", once the DB instance that is there is dropped" end
    return { sign = "+", state = state_of(there), plan = plan }
  end,
  act = function(arguments, before, call)
    -- What another has left is not taken for the new one: its data are not ours to judge.
    if before.resource then
      raise(call, "already_exists", "there is a DB instance %s already. Drop it first, if nobody "
        .. "reads it.", call.settings.instance)
    end
    local began_at = calls.now
    calls.part("data", function()
      local way, source = way_of(arguments, call)
      return order(arguments, way, source, call)
    end)
    local made = wait_made(call)
    return result_of(made, began_at), state_of(made)
  end,
  -- One that is being made is waited for: it is this change's own.
  look = function(_, _, call)
    local there = present(call)
    if not there then return "did_not", "there is no DB instance " .. call.settings.instance end
    if there.tags[backups.tags.mark] ~= databases.mark(call) then
      return "did_not", ("the DB instance %s was made by another"):format(there.name)
    end
    local made = wait_made(call)
    return "happened", result_of(made, call.sent_at or calls.now), state_of(made)
  end,
  restore = function() return "drop", {} end,
}

M.drop = {
  before = function(_, call)
    disposable(call, "Dropping it")
    local there = present(call)
    return { sign = "-", state = state_of(there), already_so = not there,
      result = { changed = false }, plan = call.settings.instance }
  end,
  -- The instance that was seen, not another that bears its name by now. RDS takes minutes to remove
  -- one: nobody is let in any more, and the name is free for a clone once it is gone.
  act = function(_, before, call)
    local there = present(call)
    if there and there.resource == before.resource then
      calls.part("unprotect", function()
        databases.unprotect(there.name, call)
        return true
      end)
      calls.part("delete", function() return databases.remove(there.name, true, call) end)
    end
    return { changed = true }, state_of(nil)
  end,
}

return M
