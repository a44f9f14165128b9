-- ensure, wait_until, hold, sleep, keep, try, and signals.
local rig = require("rig")

local cases = {}

function cases.ensure_fills_its_message_and_takes_a_function(w)
  w:body [[
    ensure(true, "never shown")
    ensure(function() return 1 end, "never shown")
    local _, err = try(ensure, function() return false end, "%s is %d short", "The box", 3)
    return { err.code, err.message, err.retry }
  ]]
  w:run():exits(0):says('"value":["ensure_failed","The box is 3 short","safe"]')
end

function cases.ensure_gives_what_it_was_given(w)
  w:body [[ return ensure(7, "never") ]]
  w:run():exits(0):says('"value":7')
end

function cases.wait_until_ends_the_first_time_it_is_true(w)
  w:body [[
    local n = 0
    return wait_until("three", { within = "10s", every = "20ms" }, function()
      n = n + 1
      return n >= 3 and n
    end)
  ]]
  w:run():exits(0):says('"value":3')
  w:equal(2, w:count("kind='timer' and f('$.args.why')='poll'"), "Polls")
end

function cases.wait_until_takes_a_safe_error_as_not_yet(w)
  w:body [[
    local n = 0
    return wait_until("no error", { within = "10s", every = "20ms" }, function()
      n = n + 1
      ensure(n > 2, "not yet")
      return "at last"
    end)
  ]]
  w:run():exits(0):says('"value":"at last"')
end

function cases.wait_until_names_the_last_error_when_time_runs_out(w)
  w:body [[
    local _, err = try(function()
      wait_until("never", { within = "100ms", every = "20ms" }, function() ensure(false, "why") end)
    end)
    return { err.code, err.message }
  ]]
  w:run():exits(0):says('["timed_out","\\"never\\" did not become true within 100 ms. The last '
    .. 'answer was an error: why"]')
end

function cases.wait_until_raises_what_is_not_safe(w)
  w:body [[ wait_until("bug", { within = "5s" }, function() local a; return a.b end) ]]
  w:run():exits(3):says('"code":"lua_error"')
end

function cases.wait_until_needs_within(w)
  w:body [[ wait_until("x", {}, function() return true end) ]]
  w:run():exits(3):says('wait_until \\"x\\" needs within = \\"5m\\"')
end

function cases.a_wait_outside_steps_can_be_tried_again(w)
  w:body [[
    wait_until("the file", { within = "100ms", every = "30ms" }, function()
      return storage("box"):head { key = "go" } ~= nil
    end)
    return "seen"
  ]]
  w:run():exits(3):says('"step":"the file"')
  w:file("box/go", "1")
  w:tell("retry"):exits(0):says('"value":"seen"')
end

function cases.hold_fails_the_first_time_it_is_false(w)
  w:body [[
    local n = 0
    local ok, err = try(function()
      hold("steady", { during = "10s", every = "20ms" }, function() n = n + 1; return n < 3 end)
    end)
    return { ok, err.code, n }
  ]]
  w:run():exits(0):says('"value":[false,"did_not_hold",3]')
end

function cases.hold_is_true_when_it_held(w)
  w:body [[ return hold("steady", { during = "100ms", every = "30ms" }, function() return 1 end) ]]
  w:run():exits(0):says('"value":true')
end

function cases.probes_refuse_changes_steps_and_questions(w)
  w:body [[
    local refused = {}
    for _, body in ipairs {
      function() storage("box"):put { key = "a", body = "1" } end,
      function() step("x", function() end) end,
      function() approve("x") end,
      function() wait_for("x") end,
      function() keep("x") end,
      function() run_runbook("book") end,
    } do
      local _, err = try(function() hold("p", { during = "1s" }, body) end)
      refused[#refused + 1] = err.code
    end
    return refused
  ]]
  w:run():exits(0):says('"value":["not_in_probe","not_in_probe","not_in_probe","not_in_probe",'
    .. '"not_in_probe","not_in_probe"]')
  w:equal("", w:objects(), "The box")
end

function cases.sleep_is_durable(w)
  w:body [[
    sleep("1500ms")
    return "slept"
  ]]
  local job = w:start()
  w:await "kind='timer'"
  job:kill("KILL")
  job:wait()
  w:resume():exits(0):says('"value":"slept"')
  w:equal(1, w:count("kind='timer'"), "Timers")
  w:equal(1, w:count("kind='fired'"), "Fired")
end

function cases.a_sleep_that_is_over_fires_at_once_after_a_resume(w)
  w:body [[
    sleep("600ms")
    return "slept"
  ]]
  local job = w:start()
  w:await "kind='timer'"
  job:kill("KILL")
  job:wait()
  os.execute("sleep 0.8")
  w:resume():exits(0)
  local late = tonumber(w:field("$.time", "kind='fired'"))
    - tonumber(w:field("$.time", "kind='claim'"))
  if late > 0.5 then error("It fired " .. late .. " s after the claim.") end
end

function cases.sleep_refuses_what_is_no_duration(w)
  w:body [[
    local refused = {}
    for _, value in ipairs { 0/0, 1/0, -1, "10", "0x10", true, {}, "1y" } do
      refused[#refused + 1] = (select(2, pcall(sleep, value)) or {}).code
    end
    sleep(0)
    sleep(-0.0)
    return refused
  ]]
  w:run():exits(0):says('"value":["bad_argument","bad_argument","bad_argument","bad_argument",'
    .. '"bad_argument","bad_argument","bad_argument","bad_argument"]')
end

function cases.try_gives_true_and_the_results_or_false_and_the_error(w)
  w:body [[
    local ok, a, b = try(function(x) return x, x + 1 end, 1)
    local bad, err = try(error, { code = "mine", message = "said", retry = "safe" })
    return { ok, a, b, bad, err.code, err.retry, tostring(err) }
  ]]
  w:run():exits(0):says('"value":[true,1,2,false,"mine","safe","said"]')
  w:equal(1, w:count("kind='log' and f('$.level')='caught'"), "Caught")
end

function cases.a_signal_sent_before_the_wait_is_kept(w)
  w:body [[
    approve("Ready?")
    local got = wait_for({ "deploy", "abort" }, { within = "10s" })
    return got
  ]]
  w:run():exits(3)
  w:tell("signal", "abort --data '{\"by\":\"me\"}' --id one"):exits(0)
  w:tell("signal", "abort --data '{\"by\":\"me\"}' --id one"):exits(0)
  w:tell("approve"):exits(0)
  w:resume():exits(0):says('"value":{"data":{"by":"me"},"name":"abort"')
  w:equal(1, w:count("kind='signal'"), "Signals")
end

function cases.a_signal_wakes_a_run_that_waits_for_it(w)
  w:body [[ return wait_for("go").name ]]
  local job = w:start()
  w:await "kind='question'"
  w:tell("signal", "other"):exits(0)
  w:tell("signal", "go"):exits(0)
  job:wait():exits(0):says('"value":"go"')
end

function cases.a_signal_after_the_end_is_refused(w)
  w:body [[ return 1 ]]
  w:run():exits(0)
  w:tell("signal", "go"):exits(2):says("has ended")
end

function cases.waiting_for_a_signal_that_does_not_come_fails_in_time(w)
  w:body [[
    local _, err = try(wait_for, "never", { within = "100ms" })
    return { err.code, err.retry }
  ]]
  w:start():wait():exits(0):says('"value":["not_answered","safe"]')
end

-- Its host dies while it is asked; the next one does not begin to wait anew.
function cases.a_long_look_keeps_its_deadline_when_its_host_dies(w)
  w:body [[
    process("local"):start { key = "long", program = "sh", arguments = { "-c", "sleep 30" } }
    process("local"):wait_ended { key = "long", within = "5s" }
  ]]
  local job = w:start()
  w:await "kind='timer' and f('$.args.why')='deadline'"
  job:kill("KILL")
  rig.shell("sleep 3")
  w:resume():exits(3):says("still runs")
  local asked = tonumber(w:field("$.time", "kind='timer' and f('$.args.why')='deadline'"))
  local told = tonumber(w:field("$.time", "kind='read' and f('$.name')='wait_ended'"))
  w:equal(true, told - asked >= 4.5, "it was waited for until the deadline")
  w:equal(true, told - asked < 7.5, "it was not waited for anew")
  w:tell("undo"):exits(7)
end

return cases
