-- What people tell a run from another process, exit codes, locks and signals of the system.
local rig = require("rig")

local cases = {}

local failing = [[
  storage("box"):put { key = "a", body = "1" }
  local got = step("Check", function()
    ensure(storage("box"):head { key = "go" } ~= nil, "There is no go.")
    return "checked"
  end)
  return { got = got }
]]

function cases.a_failed_step_is_tried_again_on_command(w)
  w:body(failing)
  w:run():exits(3):says("There is no go.")
  w:tell("retry"):exits(3):says("There is no go.")
  w:file("box/go", "1")
  w:tell("retry"):exits(0):says('"value":{"got":"checked"}')
  w:equal(1, w:count("kind='intent'"), "The change before it is not made again")
end

function cases.a_failed_step_is_skipped_with_a_reason_and_a_result(w)
  w:body(failing)
  w:run():exits(3)
  w:tell("skip"):exits(2):says("needs --reason")
  w:tell("skip", "--reason 'seen by hand' --result '\"by hand\"'"):exits(0)
    :says('"value":{"got":"by hand"}')
  w:equal("seen by hand", w:field("$.reason", "kind='answer'"), "The reason")
  w:equal(w:user(), w:field("$.who", "kind='answer'"):match("^[^@]+"), "The person")
end

function cases.a_failure_outside_any_step_cannot_be_skipped(w)
  w:body [[ error("bare") ]]
  w:run():exits(3):says("bare")
  w:tell("skip", "--reason x"):says("outside any step")
  w:tell("retry"):says("outside any step")
  w:tell("undo"):exits(7)
end

function cases.a_failing_bare_operation_is_asked_about_where_it_stands(w)
  w:body [[
    local object = storage("box"):get { key = "a", timeout = "1s" }
    storage("box"):put { key = "b", body = "2", only_if = "absent" }
    return object
  ]]
  w:file("box/b", "there")
  w:run():exits(3):says('"name":"put"')
  w:tell("skip", "--reason 'it is there'"):exits(0)
end

function cases.a_running_step_is_skipped_from_another_process(w)
  w:body [[
    local got = step("Slow", function() sleep("60s"); return "slept" end)
    return { got = got }
  ]]
  local job = w:start()
  w:await "kind='timer'"
  w:tell("skip", "--step Slow --reason 'no time' --result 7"):exits(0)
  job:wait():exits(0):says('"value":{"got":7}')
end

function cases.a_step_that_encloses_an_approval_is_not_skipped(w)
  w:body [[ step("Gate", function() approve("Sure?") end) ]]
  local job = w:start()
  w:await "kind='question'"
  w:tell("skip", "--step Gate --reason hurry"):exits(2):says("it is never skipped")
  w:tell("approve"):exits(0)
  job:wait():exits(0)
end

function cases.cancel_lists_what_is_left(w)
  w:body(failing)
  w:run():exits(3)
  w:tell("cancel", "--reason 'not today'"):exits(8):says('"outcome":"cancelled"')
    :says("storage/box:put"):says("perilune undo case")
  w:tell("retry"):exits(2):says("has ended")
end

function cases.cancel_without_changes_exits_one(w)
  w:body [[ approve("Go?") ]]
  w:run():exits(3)
  w:tell("cancel"):exits(1)
end

function cases.cancel_ends_every_kind_of_wait(w)
  w:body [[
    parallel {
      a = function() sleep("60s") end,
      b = function() approve("Go?") end,
      c = function() wait_for("never") end,
      d = function() wait_until("never", { within = "60s", every = "10s" },
        function() return false end) end,
      e = function() step("x", { retries = 3, backoff = "60s" },
        function() ensure(false, "no") end) end,
      f = function() meanwhile("x", { every = "60s" }, function() end,
        function() sleep("60s") end) end,
    }
  ]]
  local job = w:start()
  w:await "kind='timer' and f('$.args.why')='backoff'"
  w:tell("cancel"):exits(0)
  job:wait():exits(1)
end

function cases.pause_parks_a_run_and_resume_goes_on(w)
  w:body [[
    sleep("1s")
    storage("box"):put { key = "a", body = "1" }
    sleep("1s")
    return "over"
  ]]
  local job = w:start()
  w:await "kind='timer'"
  w:tell("pause"):exits(0)
  job:wait():exits(3)
  w:equal("paused", w:sql("select state from run"), "The state")
  w:resume():exits(0):says('"value":"over"')
  w:equal(2, w:count("kind='timer'"), "Timers")
end

function cases.undo_of_a_running_run_stops_and_undoes_it(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    sleep("60s")
  ]]
  local job = w:start()
  w:await "kind='timer'"
  w:tell("undo"):exits(0)
  job:wait():exits(7)
  w:equal("", w:objects(), "The box")
end

function cases.ctrl_c_pauses_and_a_second_one_ends_at_once(w)
  w:body [[
    sleep("1s")
    return "over"
  ]]
  local job = w:start()
  w:await "kind='timer'"
  job:kill("INT")
  job:wait():exits(130):says("perilune resume case"):says('"exit":130')
  w:resume():exits(0):says('"value":"over"')
end

function cases.the_last_lines_of_an_interrupted_run_name_its_exit_code(w)
  w:body [[ sleep("60s") ]]
  local job = w:start("", "run book --environment here --run-id case")
  w:await "kind='timer'"
  job:kill("INT")
  job:wait():exits(130):says("(exit 130)")
end

function cases.sigterm_pauses_as_ctrl_c_does_with_a_code_of_its_own(w)
  w:body [[
    sleep("1s")
    return "over"
  ]]
  local job = w:start()
  w:await "kind='timer'"
  job:kill("TERM")
  job:wait():exits(143):says("perilune resume case"):says('"exit":143')
  w:resume():exits(0):says('"value":"over"')
end

function cases.a_terminal_that_goes_away_stops_nothing(w)
  w:body [[
    sleep("1s")
    return "over"
  ]]
  local job = w:start()
  w:await "kind='timer'"
  job:kill("HUP")
  job:wait():exits(0)
end

function cases.a_change_in_flight_settles_before_an_interrupted_run_rests(w)
  w:body [[
    process("local"):run { program = "sh", arguments = { "-c", "sleep 1; echo x >>@W@/acts" } }
    step("Next", function() end)
    return "over"
  ]]
  local job = w:start()
  w:await "kind='intent'"
  job:kill("INT")
  job:wait():exits(130)
  local code = w:resume().code
  -- The program was told to stop, or ended by itself: never both, and never twice.
  local acts = w:read("acts") or ""
  if code == 0 then
    w:equal("x\n", acts, "What was done")
  else
    w:equal(3, code, "The exit code")
    w:equal("", acts, "What was done")
  end
  w:equal(1, w:count("kind='result'"), "Results")
end

function cases.a_run_id_is_started_once(w)
  w:body [[ sleep("60s") ]]
  local job = w:start()
  w:await "kind='timer'"
  w:run():exits(2):says("exists already"):says("process " .. job.pid):says("perilune watch case")
  job:kill("INT")
  job:wait()
end

function cases.a_run_that_is_executed_is_not_resumed_by_another(w)
  w:body [[ sleep("60s") ]]
  local job = w:start()
  w:await "kind='timer'"
  w:resume():exits(2):says("is being executed by another host"):says("process " .. job.pid)
  job:kill("INT")
  job:wait()
end

function cases.a_lock_that_is_held_is_refused_with_its_holder(w)
  w:body("approve('Go?')", 'locks = { "traffic/site" }')
  w:run():exits(3)
  w:perilune("run book --environment here --no-input --json --run-id other"):exits(6)
    :says("The lock traffic/site is held by the run case")
    :says("and waits for a person. What it needs to end: perilune status case")
    :says("What ends it as it stands: perilune cancel case")
  w:tell("cancel"):exits(1)
  w:perilune("run book --environment here --no-input --json --run-id other"):exits(3)
end

function cases.waiting_for_a_lock_begins_when_it_is_free(w)
  w:body("sleep('1s')", 'locks = { "b", "a" }')
  local job = w:start()
  w:await "kind='timer'"
  w:perilune("run book --environment here --no-input --json --run-id other --wait-for-locks 30s")
    :exits(0)
  job:wait():exits(0)
  w:equal("0", w:sql("select count(*) from lock"), "Locks")
end

function cases.waiting_for_a_lock_has_an_end(w)
  w:body("approve('Go?')", 'locks = { "a" }')
  w:run():exits(3)
  w:perilune("run book --environment here --no-input --run-id other --wait-for-locks 1s"):exits(6)
end

function cases.what_is_in_doubt_waits_for_a_person_and_is_never_done_again(w)
  w:body [[
    process("local"):run { program = "sh", arguments = { "-c", "echo x >>@W@/acts; sleep 2" } }
    return "over"
  ]]
  local job = w:start()
  w:await "kind='intent'"
  rig.wait(function() return w:read("acts") end, "the program to act")
  job:kill("KILL")
  job:wait()
  -- The program goes on; its end is read from where it was left.
  local ended = w:resume()
  if ended.code ~= 0 then ended:exits(9) end
  w:equal("x\n", w:read("acts"), "What was done")
end

function cases.many_commands_at_once_are_each_taken_once(w)
  w:body [[
    local seen = {}
    for i = 1, 12 do seen[i] = wait_for("tick").data end
    table.sort(seen)
    return seen
  ]]
  local job = w:start()
  w:await "kind='question'"
  local all = {}
  for i = 1, 12 do
    all[i] = w:command_line(("signal case tick --data %d --json"):format(i)) .. " >/dev/null &"
  end
  rig.shell(table.concat(all, "\n") .. "\nwait")
  job:wait():exits(0):says('"value":[1,2,3,4,5,6,7,8,9,10,11,12]')
end

function cases.two_runs_share_one_state_folder(w)
  w:body [[
    for i = 1, 20 do storage("box"):put { key = run.id .. i, body = "1" } end
    return "over"
  ]]
  local all = {}
  for i = 1, 4 do
    all[i] = ("timeout 60 %s </dev/null >/dev/null 2>&1 || echo failed %d &"):format(
      w:command_line("run book --environment here --no-input --run-id r" .. i), i)
  end
  w:equal("", rig.shell(table.concat(all, "\n") .. "\nwait"), "Failures")
  w:equal("4", w:sql("select count(*) from run where outcome='done'"), "Runs done")
  w:perilune("verify --all"):exits(0)
  w:equal("ok", w:sql("pragma integrity_check"), "The file")
end

return cases
