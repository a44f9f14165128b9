-- The peers that make steps durable, Restate and DBOS: their steps a second, each sample with
-- servers of its own, so that nothing of them goes on while others are measured.
local npm = require("npm")
local postgres = require("postgres")
local processes = require("processes")

local M = {}

-- Steps a second of a program that prints how many seconds all of them took.
local function rate_of(argv, log, steps)
  local _, output = processes.run(argv, log)
  return steps / tonumber(output:match("([%d.]+)%s*$"))
end

-- A function of the number of workflows and each one's steps; else nil and why it cannot be.
function M.restate(folder)
  local home, reason = npm.find("tests/bench/peers", folder, folder .. "/npm.log")
  if not home then
    return nil, reason
  end
  local pipe = io.popen(("ls '%s'/node_modules/@restatedev/restate-server-*/bin/restate-server "
    .. "2>/dev/null"):format(home))
  local program, data = pipe:read("*l"), folder .. "/restate"
  pipe:close()
  if not program then
    return nil, "npm has no restate-server for this machine"
  end
  processes.set_environment("RESTATE_DISABLE_TELEMETRY", "true")
  return function(workflows, steps)
    os.execute(("rm -rf '%s'"):format(data))
    local server = processes.serve({ program, "--node-name", "bench", "--base-dir", data,
      "--listen-mode", "unix" }, folder .. "/restate.log")
    local ended_well, rate = pcall(rate_of, { "node", home .. "/restate_steps.mjs",
      data .. "/bench", tostring(workflows), tostring(steps) }, folder .. "/restate_steps.log",
      workflows * steps)
    processes.stop(server, "term")
    os.execute(("rm -rf '%s'"):format(data))
    return ended_well and rate or error(rate, 0)
  end
end

-- The same of DBOS, on a PostgreSQL of the benchmark's own.
function M.dbos(folder)
  local home, reason = npm.find("tests/bench/peers", folder, folder .. "/npm.log")
  if not home then
    return nil, reason
  end
  local server, why_none = postgres.make(folder .. "/postgres", folder .. "/postgres.log")
  if not server then
    return nil, why_none
  end
  return function(workflows, steps)
    return postgres.with(server, function()
      return rate_of({ "node", home .. "/dbos_steps.mjs", server.url, tostring(workflows),
        tostring(steps) }, folder .. "/dbos_steps.log", workflows * steps)
    end)
  end
end

return M
