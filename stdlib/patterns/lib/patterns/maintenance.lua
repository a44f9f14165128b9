-- Maintenance: users kept away while something is done, and let in again when it is proved.
local options = require "patterns.options"

local M = {}

local shape = {
  how = { one_of = { "mode", "scale", "variable" }, default = "mode" },
  message = { "text", default = "We are back in a few minutes." },
  variable = { "text", default = "MAINTENANCE_MODE" }, within = { "duration", default = "5m" },
  slots = { "list" },
}

-- How many instances each slot has, to be given back; without slots, of the whole. One that was
-- found closed already is opened with one instance: somebody was interrupted while it was closed.
local function count_instances(app, slots)
  if not slots then return { { instances = math.max(1, app:status().instances) } } end
  local places, sum = {}, 0
  for place, slot in ipairs(slots) do
    places[place] = { slot = slot, instances = app:status({ slot = slot }).instances }
    sum = sum + places[place].instances
  end
  for _, place in ipairs(places) do place.instances = sum == 0 and 1 or place.instances end
  return places
end

-- Each keeps users away, and gives what lets them in again.
local closers = {
  mode = function(app, read)
    app:set_maintenance { state = "on", message = read.message }
    return function() app:set_maintenance { state = "off" } end
  end,
  scale = function(app, read)
    for _, one in ipairs(read.places) do app:scale { slot = one.slot, instances = 0 } end
    return function(within)
      for _, one in ipairs(read.places) do
        app:scale { slot = one.slot, instances = one.instances }
      end
      for _, one in ipairs(read.places) do
        if one.instances > 0 then
          app:wait_healthy { slot = one.slot, instances = one.instances, within = within }
        end
      end
    end
  end,
  variable = function(app, read)
    app:set_env { values = { [read.variable] = "true" }, apply = "now" }
    app:wait_healthy { within = read.within }
    return function(within)
      app:set_env { values = { [read.variable] = false }, apply = "now" }
      app:wait_healthy { within = within }
    end
  end,
}

---Closes an application to its users. Failing to close fails the step: nothing behind it may happen
---while users are there.
---
---Options: how = "mode" (the provider's own), "scale" (no instance runs) or "variable" (a variable
---that the application reads, set at once); message; variable = "MAINTENANCE_MODE"; within = 5 m;
---slots (for "scale": each of them gets back the instances that it had).
---@return table closed What `open` takes.
function M.close(app, given)
  options.target(app, "deploy", "maintenance.close")
  local read = options.read(given, shape, "maintenance.close")
  -- Read before the step: an attempt whose answer was lost may have scaled to nothing already.
  if read.how == "scale" then read.places = count_instances(app, read.slots) end
  return step("Close it to users", { retries = 2 }, function()
    return { app = app, read = read, open = closers[read.how](app, read) }
  end)
end

---Lets users in again. `closed` is what `close` returned. Undoing it closes again, so that an undo
---of what was done meanwhile happens behind closed doors too. Nil, which `close` gives where a
---person skipped it, opens nothing.
function M.open(closed)
  if closed == nil then return end
  if type(closed) ~= "table" or type(closed.open) ~= "function" then
    error("maintenance.open needs what maintenance.close returned.", 2)
  end
  step("Let users in again", { undo = function() closers[closed.read.how](closed.app, closed.read)
    end }, function() closed.open(closed.read.within) end)
end

return M
