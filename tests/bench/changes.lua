-- Durable changes by one branch, by many, and by many runs at once: how many a second, as the runs
-- themselves tell, so that starting and ending them does not count.
local measure = require("measure")
local ours = require("ours")
local processes = require("processes")

local M = {}

local lead_first_s, lead_last_s = 2, 32

local function command(options, ...)
  return ours.run("changes", "changes", options.environment, "count=" .. options.count,
    "branches=" .. (options.branches or 1), ...)
end

local function have_all_begun(runs)
  for _, run in ipairs(runs) do
    if not ours.has_done(run, "Be ready") then
      return false
    end
  end
  return true
end

-- Starts runs that begin their changes at one moment; nil where some were not ready by then.
local function start_together(options, lead_s)
  local at, runs = measure.wall_s() + lead_s, {}
  for number = 1, options.runs do
    runs[number] = processes.start(command(options, ("at=%.3f"):format(at)),
      ours.log("changes-" .. number))
  end
  measure.pause(math.max(0, at - 0.1 - measure.wall_s()))
  if have_all_begun(runs) then
    return runs
  end
  for _, run in ipairs(runs) do
    processes.stop(run, "kill")
  end
end

local function start(options)
  if not options.runs then
    return { processes.start(command(options), ours.log("changes")) }
  end
  local lead_s = lead_first_s
  while lead_s <= lead_last_s do
    local runs = start_together(options, lead_s)
    if runs then
      return runs
    end
    lead_s = lead_s * 2
  end
  error(("%d runs were not ready within %d s."):format(options.runs, lead_last_s), 0)
end

-- One sample of so many `runs`, each with so many `branches`, which make `count` changes together.
-- Returns changes a second, and the flushes of each where they can be counted.
function M.sample(options, flushes)
  ours.make_state("changes")
  ours.make_box(options.environment)
  local before = flushes and flushes()
  local runs = start(options)
  local from_s, to_s = math.huge, 0
  for _, run in ipairs(runs) do
    local text = processes.output(processes.wait(run))
    local from, to = text:match("Put from ([%d.]+) to ([%d.]+)")
    from_s, to_s = math.min(from_s, tonumber(from)), math.max(to_s, tonumber(to))
  end
  local changes = #runs * options.count
  local each = before and (flushes() - before) / changes
  ours.remove_box(options.environment)
  ours.remove_state("changes")
  return changes / (to_s - from_s), { flushes = each }
end

return M
