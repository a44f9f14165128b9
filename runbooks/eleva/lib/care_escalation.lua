-- Finding somebody: one level after another is told, until anybody who was told takes the incident.
local options = require "patterns.options"

local M = {}

local level_shape = { name = { "text", required = true }, at = { "target", required = true } }
local shape = { key = { "text", required = true }, summary = { "text", required = true },
  severity = { "text", required = true }, detail = { "text" },
  wait = { "duration", required = true }, rounds = { "count", default = 1 } }

---The key of a level's incident: Better Stack finds incidents by name, so a second level that used
---the first one's would be told nothing.
function M.key_of(key, place)
  if place == 1 then return key end
  return ("%s-%d"):format(key, place)
end

-- Who of those who were told has taken it, or where it is over: { by, incident }.
local function taken_at(told)
  for _, one in ipairs(told) do
    local read, incident = pcall(function() return one.at:status { key = one.key } end)
    if read and incident and incident.state ~= "open" then
      return { by = one, incident = incident }
    end
  end
end

local function tell(level, key, read, again)
  local notice = level.at:open { key = key, summary = read.summary, severity = read.severity,
    detail = read.detail }
  if again and notice.delivered then
    level.at:update { key = key, text = "Still nobody has taken it: " .. read.summary }
  end
  return notice.delivered
end

-- Nobody is called on for what somebody else has, or what is over.
local function call_off(told, taken, incident)
  for _, one in ipairs(told) do
    if one ~= taken then
      if incident.state == "resolved" then
        one.at:resolve { key = one.key, text = "It is over.", on_undelivered = "fail" }
      else
        one.at:acknowledge { key = one.key, by = incident.acknowledged_by }
      end
    end
  end
end

---Opens the incident at each level in turn, `wait` apart, and watches all that were told. Stops at
---the first who acknowledges it anywhere, or where it is resolved. `levels` is a list of
---{ name, at = notify("…") }; one that cannot be told is passed over at once.
---
---Options: key, summary, severity, wait (required), detail, rounds = 1.
---@return table? taken { level, state, by?, after_s, told }; nil where nobody did.
function M.until_taken(levels, given)
  local wanted = options.read_each(levels, level_shape, "care_escalation.until_taken")
  local read = options.read(given, shape, "care_escalation.until_taken")
  local began, told, names, known = now(), {}, {}, {}
  for round = 1, read.rounds do
    for place, level in ipairs(wanted) do
      local key = M.key_of(read.key, place)
      if tell(level, key, read, round > 1) then
        if not known[place] then
          known[place] = true
          told[#told + 1] = { name = level.name, at = level.at, key = key }
          names[#names + 1] = level.name
        end
        local name = ("Somebody takes it: %s, round %d"):format(level.name, round)
        local waiting = { within = read.wait, every = "10s" }
        local found, taken = try(wait_until, name, waiting, function() return taken_at(told) end)
        if found then
          if #told > 1 then
            step("Call off the others", { retries = 2 }, function()
              call_off(told, taken.by, taken.incident)
            end)
          end
          return { level = taken.by.name, state = taken.incident.state,
            by = taken.incident.acknowledged_by, after_s = now() - began, told = names }
        end
        if taken.code ~= "timed_out" then error(taken, 0) end
      end
      log(("%s has not taken \"%s\"."):format(level.name, read.key))
    end
  end
  return nil
end

return M
