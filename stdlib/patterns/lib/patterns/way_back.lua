-- A step with a way back of its own, for changes that nobody can take back one by one.
local options = require "patterns.options"

local M = {}

local shape = { back = { "function", required = true },
  back_name = { "text", required = true }, timeout = { "duration" } }

---Executes `body` as the step `name`. Where it fails after it changed something, or may have, then
---`back` is executed as the step `back_name` (tried three times, then a person is asked), and the
---failure is raised as it was.
---
---`back` must be right whether or not the change happened: it says what is to be, not what to take
---away. An undo of the run executes it too. Options: back, back_name (required), timeout.
---@return any What `body` returns.
function M.step(name, given, body)
  local read = options.read(given, shape, "way_back.step")
  return step(name, { on_failure = "undo", timeout = read.timeout, undo = function()
    step(read.back_name, { retries = 2 }, read.back)
  end }, body)
end

return M
