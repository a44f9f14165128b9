-- The memory of a host whose run sleeps, with its worker.
local measure = require("measure")
local ours = require("ours")
local processes = require("processes")

local M = {}

local settles_within_s = 0.5

-- MiB of both as RSS: what they share with each other, or with others, counts in full.
function M.sample()
  ours.make_state("idle")
  ours.make_box("memory")
  local run = processes.serve(ours.run("idle", "sleeper", "memory", "during=10m"),
    ours.log("idle"))
  measure.await("a run to sleep", 0.02, function()
    return ours.has_done(run, "Before") or processes.has_ended(run)
  end)
  measure.pause(settles_within_s)
  local mib = processes.memory_mib(run.pid, "Rss")
  if processes.has_ended(run) then
    processes.wait(run)
  end
  processes.stop(run, "term")
  ours.remove_state("idle")
  return mib
end

return M
