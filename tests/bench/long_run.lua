-- A run of many operations that waits for a person, to be resumed as often as one likes.
local ours = require("ours")
local processes = require("processes")

local M = {}

-- Executes the run; returns the ended program.
function M.make(count)
  ours.make_state("long")
  ours.make_box("memory")
  local argv = ours.run("long", "reads", "memory", "count=" .. count, "--run-id", "reads")
  local _, output, process = processes.run(argv, ours.log("long"), ours.exit_waits)
  if not output:find("Waits for approval", 1, true) then
    error("The run of many operations did not come to its end:\n" .. output:sub(-2000), 0)
  end
  return process
end

-- Resumes it until it waits again; returns the ended program.
function M.resume()
  local argv = ours.resume("long", "reads")
  local _, output, process = processes.run(argv, ours.log("long"), ours.exit_waits)
  if not output:find("Waits for approval", 1, true) then
    error("The run of many operations did not resume:\n" .. output:sub(-2000), 0)
  end
  return process
end

-- Seconds of a resume, and the most memory its host had.
function M.sample()
  local process = M.resume()
  return process.took_s, { mib = process.peak_mib }
end

return M
