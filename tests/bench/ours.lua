-- The runs that are measured: their command lines, and the folders they work in.
local processes = require("processes")

local M = {}

M.folder = os.getenv("PWD") .. "/.build/bench"
M.program = (os.getenv("PERILUNE_BIN") or ".build/release/bin") .. "/perilune"
M.exit_waits = 3  -- A run that is parked, or waits for a person.

-- Where each environment's objects are; named in library/environments, too.
local boxes = { memory = "/dev/shm/perilune-bench", bench = M.folder .. "/box" }

local function state_of(name)
  return M.folder .. "/state-" .. name
end

-- The command line of a run in the state folder of this name.
function M.run(state, runbook, environment, ...)
  return { M.program, "run", runbook, "--library", "tests/bench/library", "--environment",
    environment, "--state", state_of(state), "--no-input", ... }
end

function M.resume(state, id)
  return { M.program, "resume", id, "--state", state_of(state), "--no-input" }
end

function M.log(name)
  return M.folder .. "/" .. name .. ".log"
end

-- A state folder that holds one short run, so that what is measured does not make it.
function M.make_state(name)
  os.execute(("rm -rf '%s'"):format(state_of(name)))
  processes.run(M.run(name, "step", "bench"), M.log("step"))
end

function M.remove_state(name)
  os.execute(("rm -rf '%s'"):format(state_of(name)))
end

function M.make_box(environment)
  M.remove_box(environment)
  os.execute(("mkdir -p '%s'"):format(boxes[environment]))
end

function M.remove_box(environment)
  os.execute(("rm -rf '%s'"):format(boxes[environment]))
end

-- Whether a run's screen shows that this step has ended.
function M.has_done(process, step)
  return processes.output(process):find("✓ " .. step, 1, true) ~= nil
end

return M
