-- Drills that do not come to their end, and the services that they leave.
local rig = require("rig")
local drilling = require("drilling")
local drilled, alive, none_lives = drilling.drilled, drilling.alive, drilling.none_lives
local cases = {}

-- A drill in whose run nothing happens any more, as a process of its own.
local function hanging(w)
  drilled(w, { more = [[put_back = function(on)
    on.storage("box"):put { key = "back", body = "x" } end,]] })
  drilling.never_ends(w)
  local job = w:start(nil, "drill site-down --json")
  rig.wait(function()
    return (w:read("job1.err") or ""):find("Executing recover", 1, true)
  end, "the run to begin")
  return job
end

function cases.an_interrupted_drill_puts_back_and_stops_its_services(w)
  local job = hanging(w)
  job:kill("INT")
  job:wait():exits(130):says("Somebody ended the drill")
  none_lives(w)
  w:perilune("drill site-down --stop"):exits(0):says("has left anything running")
end

function cases.what_a_killed_drill_has_left_is_named_put_back_and_stopped(w)
  local job = hanging(w)
  w:perilune("drill site-down --stop"):exits(1):says("goes on, as process")
  job:kill("KILL")
  job:wait()
  w:perilune("drills"):says("did not stop its services"):says("perilune drill site-down --stop")
  w:perilune("drill site-down --stop"):exits(0):says("Ending the run run"):says("Putting back")
    :says("Nothing of the drill")
  none_lives(w)
  w:perilune("drill site-down --stop"):exits(0):says("has left anything running")
end

function cases.services_that_were_kept_are_stopped_by_a_command(w)
  drilled(w)
  w:perilune("drill site-down --keep", 90):exits(0):says("perilune drill site-down --stop")
  w:equal(true, alive(w) > 0, "The service was kept")
  w:perilune("drill site-down --stop"):exits(0)
  none_lives(w)
end

return cases
