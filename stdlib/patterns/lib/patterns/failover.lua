-- Failover: what would be lost, the old application off and the old primary fenced for sure, then
-- the promotion.
local options = require "patterns.options"

local M = {}

---What may be lost by promoting the standby, in seconds: what was written between the last
---transaction it replayed and the outage. With its primary gone its lag only grows, so the
---present lag says nothing. Nil where nobody can tell when that transaction was.
---@return number? lost_s
function M.lost_s(standby, given)
  options.target(standby, "database", "failover.lost_s")
  local read = options.read(given, { outage_began = { "number", required = true } },
    "failover.lost_s")
  local lag = standby:lag {}
  if lag.idle and lag.connected then return 0 end
  return lag.replayed_at and math.max(0, read.outage_began - lag.replayed_at) or nil
end

-- Undoing a fence must not make two primaries: it is, only while the standby is a replica.
local function unfence(primary, read)
  if not read.standby then return false end
  return function(how)
    if read.standby:status().role ~= "replica" then
      options.fail("stays_fenced", "The old primary stays fenced: the standby was promoted, and "
        .. "both would take writes. Make it a replica instead (database:rejoin).", "never")
    end
    -- Where nobody knows how far the step went, it may be both.
    if read.start and (how == nil or how == "by its platform") then read.start() end
    if how ~= "by its platform" then primary:unfence {} end
  end
end

local fence_shape = { how = { "list", default = { "network", "stop", "disconnect", "read_only" } },
  role = { "text" }, within = { "duration" }, standby = { "target" }, stop = { "function" },
  start = { "function" }, try_for = { "duration", default = "2m" } }

---Fences the old primary, so that it can never take a write again: by the first of `how` that is
---seen to work, else by `stop()`, else by a person, whose evidence is kept. Where none is done, it
---raises, and nothing may be promoted.
---
---A dead primary cannot be told to fence itself, and may come back: `stop` tells its platform, and
---raises unless it has seen it stopped. Options: how (a list), try_for = 2 m (each of them: a
---silent server answers none), stop, start (takes a stop back), role and within (of the person),
---standby.
---
---Undoing the run takes the fence back only where `standby` is given and has not been promoted.
---@return string how What fenced it, "by its platform", "by hand", or "skipped" by a person.
function M.fence(primary, given)
  options.target(primary, "database", "failover.fence")
  local read = options.read(given, fence_shape, "failover.fence")
  local how_fenced = step("Fence the old primary", { undo = unfence(primary, read) }, function()
    local problems = {}
    for _, how in ipairs(read.how) do
      local fenced, failure = try(function()
        primary:fence { how = how, timeout = read.try_for }
      end)
      if fenced then return how end
      problems[#problems + 1] = ("%s: %s"):format(how, failure.message)
    end
    if read.stop then
      local stopped, failure = try(read.stop)
      if stopped then return "by its platform" end
      problems[#problems + 1] = "its platform: " .. failure.message
    end
    manual("Fence the old primary by hand", { evidence = "text", role = read.role,
      within = read.within, detail = table.concat(problems, "\n")
        .. "\nMake sure that nobody can write to it, and say how you did." })
    return "by hand"
  end)
  return how_fenced or "skipped"
end

local stop_shape = { detail = { "text", required = true },
  name = { "text", default = "Stop the old application" },
  ask = { "text", default = "Make sure the old application is off" },
  by = { "text", default = "by its platform" }, slots = { "list" }, try_for = { "duration" },
  role = { "text" }, within = { "duration" }, standby = { "target" }, undo = { "function" } }

-- How many instances each slot has, or the whole; nil where its platform does not say.
local function count_instances(app, slots)
  local told, counts = pcall(function()
    local found = {}
    for place, slot in ipairs(slots or { false }) do
      found[place] = { slot = slot or nil,
        instances = app:status({ slot = slot or nil }).instances }
    end
    return found
  end)
  return told and counts or nil
end

-- Undoing a stop must not let it write what nobody would see: only while the standby is a replica.
local function start_again(app, read, before)
  if read.undo or not read.standby then return read.undo or false end
  return function()
    if read.standby:status().role ~= "replica" then
      options.fail("stays_off", "The old application stays off: the standby was promoted, so what "
        .. "it wrote would be lost. Start it by hand once it uses the new primary.", "never")
    end
    if not before then
      options.fail("unknown_size", "Nobody could tell how many instances of the old application "
        .. "ran before it was stopped. Start it by hand.", "never")
    end
    for _, one in ipairs(before) do app:scale { slot = one.slot, instances = one.instances } end
  end
end

---Stops an application that is being left, so that it writes nothing any more that nobody would
---see again: it is scaled to nothing, and where that fails, a person says how it is off. Without
---either it raises, and nothing may be brought up elsewhere. Undoing the run starts it again only
---where `standby` is given and has not been promoted, or `undo` does.
---
---Options: detail (required: what a person is to do, behind what failed), name and ask (of the step
---and of the question), by = "by its platform", slots (each is scaled), try_for (each call; else as
---the driver has it), role and within (of the person), standby (a database) or undo (a function
---given how it was stopped: an undo of the run executes it, where anything was scaled).
---@return string how `by`, what the person said, or "skipped" where a person skipped it.
function M.stop_old(app, given)
  options.target(app, "deploy", "failover.stop_old")
  local read = options.read(given, stop_shape, "failover.stop_old")
  -- Read before the step: an attempt whose answer was lost may have scaled to nothing already.
  local before = read.standby and count_instances(app, read.slots)
  local how = step(read.name, { undo = start_again(app, read, before) }, function()
    local stopped, failure = try(function()
      for _, slot in ipairs(read.slots or { false }) do
        app:scale { slot = slot or nil, instances = 0, timeout = read.try_for }
      end
    end)
    if stopped then return read.by end
    return manual(read.ask, { evidence = "text", role = read.role, within = read.within,
      detail = failure.message .. "\n" .. read.detail })
  end)
  return how or "skipped"
end

local promote_shape = { within = { "duration", default = "5m" } }

---Promotes the standby and waits until it takes writes. It is meant to stay: undoing the run does
---not make two primaries. Options: within = 5 m.
function M.promote(standby, given)
  options.target(standby, "database", "failover.promote")
  local read = options.read(given, promote_shape, "failover.promote")
  return step("Promote the standby", { undo = false }, function()
    local promoted = standby:promote {}
    standby:wait_writable { within = read.within }
    return promoted
  end)
end

return M
