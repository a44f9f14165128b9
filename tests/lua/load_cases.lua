-- Much at once, as far as seconds allow; tests/bench/load.lua does it with thousands.
local rig = require("rig")
local cases = {}

function cases.fifty_runs_are_alive_at_once_in_one_state_folder_and_all_are_done(w)
  w:body [[
    step("Before", function() storage("box"):put { key = run.id .. "/before", body = "x" } end)
    wait_for("go", { within = "1m" })
    step("After", function() storage("box"):put { key = run.id .. "/after", body = "x" } end)
  ]]
  local line = w:command_line("run book --environment here --run-id run-$n")
  os.execute(("for n in $(seq 50); do timeout 90 %s </dev/null >/dev/null 2>&1 & done")
    :format(line))
  rig.wait(function()
    return w:sql("select count(*) from run where owner is not null") == "50"
      and w:count("kind = 'question'") == 50
  end, "all runs to wait", 60)
  local signal = w:command_line("signal run-$n go")
  rig.shell(("for n in $(seq 50); do %s </dev/null >/dev/null 2>&1; done"):format(signal))
  rig.wait(function()
    return w:sql("select count(*) from run where outcome = 'done'") == "50"
  end, "all runs to be done", 60)
  w:equal(100, w:count("kind = 'intent'"), "Changes")
  for n = 1, 50, 7 do w:perilune("verify run-" .. n):exits(0) end
end

-- The second host is told nothing but what the journal holds, more than is read at once of it.
function cases.a_run_of_ten_thousand_operations_goes_on_where_its_host_was_killed(w)
  w:body [[
    local box, sum = storage("box"), 0
    for n = 1, 5000 do
      if box:head { key = "missing" } == nil then sum = sum + n end
    end
    box:put { key = "half", body = "x" }
    wait_for("go", { within = "1m" })
    for n = 5001, 10000 do
      if box:head { key = "missing" } == nil then sum = sum + n end
    end
    return sum
  ]]
  local job = w:start()
  w:await("kind = 'question'")
  job:kill("KILL")
  job.wait()
  w:perilune("signal case go"):exits(0)
  w:resume():exits(0):says('"value":50005000')
  w:equal(10000, w:count("kind = 'read'"), "Reads")
  w:equal(1, w:count("kind = 'intent'"), "Changes")
end

return cases
