-- Rolling batches: a few things at a time, proved before the next ones are touched.
local options = require "patterns.options"

local M = {}

local shape = { batch = { "count", default = 1 }, pause = { "duration", default = 0 },
  check = { "function" }, name = { "text", default = "Batch" },
  undo = { one_of = { "all", "batch" }, default = "batch" } }

---Splits a list into batches of at most `size`.
function M.split(list, size)
  local batches = {}
  for place, item in ipairs(list) do
    local batch = math.floor((place - 1) / size) + 1
    batches[batch] = batches[batch] or {}
    table.insert(batches[batch], item)
  end
  return batches
end

---Executes `work(item)` for the items batch by batch; the items of a batch at the same time. After
---each batch `check(batch)` is executed, then `pause` slept. The first failure ends it: what the
---failed batch changed is undone, and with undo = "all" what the earlier ones changed too.
---
---Options: batch = 1 (items at a time), pause = 0, check, name = "Batch", undo = "batch".
---@return integer batches How many were done.
function M.go(list, given, work)
  local read = options.read(given, shape, "rolling.go")
  if read.batch < 1 then error("The option batch of rolling.go must be at least 1.", 2) end
  if type(work) ~= "function" then error("rolling.go needs a function as its last argument.", 2) end
  local batches = M.split(list, read.batch)
  local function all()
    for number, batch in ipairs(batches) do
      step(("%s %d of %d"):format(read.name, number, #batches), { on_failure = "undo" }, function()
        each(batch, { at_once = read.batch }, work)
        if read.check then read.check(batch) end
      end)
      if read.pause > 0 and number < #batches then sleep(read.pause) end
    end
    return #batches
  end
  if read.undo == "batch" then return all() end
  return step(read.name .. "es", { on_failure = "undo" }, all)
end

return M
