-- Escalation: one after another is told, until somebody acknowledges.
local options = require "patterns.options"

local M = {}

local shape = {
  key = { "text", required = true }, summary = { "text", required = true },
  severity = { one_of = { "critical", "error", "warning", "info" }, required = true },
  detail = { "text" }, rounds = { "count", default = 1 },
}
local level_shape = { name = { "text", required = true }, at = { "target", required = true },
  wait = { "duration", required = true } }

---Opens the incident at each level in turn and waits there for somebody to acknowledge it; stops
---at the first who does. `levels` is a list of { name, at = notify("…"), wait }:
---how long this one has before the next is told. One that cannot be reached is passed over at once.
---
---Options: key, summary, severity (required), detail, rounds = 1 (how often all levels are tried).
---@return table? taken { level, by, after_s, told }; nil where nobody did.
function M.until_acknowledged(levels, given)
  local wanted = options.read_each(levels, level_shape, "escalation.until_acknowledged")
  local read = options.read(given, shape, "escalation.until_acknowledged")
  local began, told = now(), {}
  for round = 1, read.rounds do
    for _, level in ipairs(wanted) do
      local notice = level.at:open { key = read.key, summary = read.summary,
        severity = read.severity, detail = read.detail }
      if round > 1 and notice.delivered and not notice.changed then
        level.at:update { key = read.key, text = "Still not acknowledged: " .. read.summary }
      end
      if notice.delivered then
        told[#told + 1] = level.name
        local taken = level.at:wait_acknowledged { key = read.key, within = level.wait }
        if taken then
          return { level = level.name, by = taken.acknowledged_by, after_s = now() - began,
            told = told }
        end
      end
      log(("%s did not take \"%s\"%s."):format(level.name, read.key,
        notice.delivered and "" or ": it could not be told"))
    end
  end
  return nil
end

return M
