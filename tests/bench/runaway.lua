-- How long a loop without end goes on after its worker has used up its budget of processor time.
local measure = require("measure")
local ours = require("ours")
local processes = require("processes")

local M = {}

local look_every_s = 0.001
local message = "used more than ([%d.]+) s of processor time"

-- When the clock stood at `cpu_s`: by the last look before that, since a worker that loops uses a
-- second of processor time each second, or a little less.
local function moment_of(looks, cpu_s)
  for index = #looks, 1, -1 do
    if looks[index].cpu_s <= cpu_s then
      return looks[index].at_s + cpu_s - looks[index].cpu_s
    end
  end
end

-- Waits until the host tells that it stopped the worker. Returns when, the budget it names, and
-- what the worker's clock said until then.
local function watch(run, clock)
  local looks, budget_s = {}, nil
  measure.await("a loop to be stopped", look_every_s, function()
    local at_s, cpu_s = measure.now_s(), clock()
    looks[#looks + 1] = cpu_s and { at_s = at_s, cpu_s = cpu_s }
    budget_s = tonumber(processes.output(run):match(message))
    return budget_s or processes.has_ended(run)
  end)
  return measure.now_s(), budget_s, looks
end

-- Milliseconds from the end of the budget until the host tells of it.
function M.sample()
  ours.make_state("runaway")
  local run = processes.serve(ours.run("runaway", "runaway", "bench"), ours.log("runaway"))
  measure.await("a run to sleep", 0.02, function()
    return ours.has_done(run, "Be ready") or processes.has_ended(run)
  end)
  measure.pause(0.5)
  -- The budget begins with the message that wakes the worker; now it sleeps.
  local clock = processes.cpu_clock(processes.children(run.pid)[1] or run.pid)
  local slept_s = clock()
  local told_s, budget_s, looks = watch(run, clock)
  processes.stop(run, "term")
  if not budget_s or not slept_s then
    error("The loop was not stopped:\n" .. processes.output(run):sub(-2000), 0)
  end
  ours.remove_state("runaway")
  return (told_s - moment_of(looks, slept_s + budget_s)) * 1000
end

return M
