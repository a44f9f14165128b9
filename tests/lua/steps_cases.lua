-- step: what it returns, nesting, when, verify, retries and timeout.
local cases = {}

function cases.a_step_gives_what_its_function_returns(w)
  w:body [[
    local a, b = step("Two values", function() return 1, "two" end)
    return { a = a, b = b }
  ]]
  w:run():exits(0):says('"value":{"a":1,"b":"two"}'):says('"outcome":"done"')
  w:equal("begin open close end", w:kinds(), "The journal")
end

function cases.steps_nest_and_a_failure_names_its_path(w)
  w:body [[
    step("Outer", function()
      step("Inner", function() ensure(1 == 2, "Sums are %s by %d", "off", 3) end)
    end)
  ]]
  w:run():exits(3):says('"step":"Outer › Inner"'):says("Sums are off by 3")
    :says('"at":"runbooks/book.lua:11"'):says('"choices":["retry","skip","undo","pause"]')
end

function cases.a_step_that_is_not_needed_gives_nil(w)
  w:body [[
    local box = storage("box")
    local got = step("Never", { when = function() return false end }, function()
      box:put { key = "a", body = "1" }
      return "made"
    end)
    local other = step("Always", { when = function() return true end }, function() return 7 end)
    return { got = got, other = other }
  ]]
  w:run():exits(0):says('"value":{"other":7}')
  w:equal("", w:objects(), "The box")
  w:equal(1, w:count("kind='close' and f('$.args.outcome')='not_needed'"), "Not needed")
end

function cases.a_verification_that_fails_fails_the_step(w)
  w:body [[
    step("Check", { verify = function(value) return value == 2 end }, function() return 1 end)
  ]]
  w:run():exits(3):says('"code":"verify_failed"'):says('verification of the step \\"Check\\"')
end

function cases.a_verification_sees_what_the_step_returns(w)
  w:body [[
    return step("Check", { verify = function(a, b) return a == 1 and b == 2 end },
      function() return 1, 2 end)
  ]]
  w:run():exits(0):says('"value":1')
end

function cases.a_probe_may_not_change_anything(w)
  w:body [[
    local box = storage("box")
    step("Verify", { verify = function() box:put { key = "a", body = "1" } end }, function() end)
  ]]
  w:run():exits(3):says("not allowed inside verify"):says('"code":"not_in_probe"')
  w:equal("", w:objects(), "The box")
end

function cases.a_safe_failure_is_tried_again_with_backoff(w)
  w:body [[
    local local_ = process("local")
    return step("Flaky", { retries = 3, backoff = "10ms" }, function()
      local seen = local_:inspect { program = "peek",
        arguments = { "-c", "echo x >>@W@/tries; wc -l <@W@/tries" } }
      ensure(tonumber(seen.output) >= 3, "Only %s tries yet", seen.output)
      return tonumber(seen.output)
    end)
  ]]
  w:run():exits(0):says('"value":3')
  w:equal(3, w:count("kind='open' and f('$.args.attempt') > 0"), "Attempts")
  w:equal(2, w:count("kind='timer' and f('$.args.why')='backoff'"), "Pauses")
  w:equal("0.01", w:field("$.args.seconds", "kind='timer'"), "The first pause")
end

function cases.no_pause_comes_after_the_last_attempt(w)
  w:body [[ step("Never", { retries = 2, backoff = "10ms" }, function() ensure(false, "no") end) ]]
  w:run():exits(3):says('"attempts_left":1')
  w:equal(3, w:count("kind='open'"), "Attempts")
  w:equal(2, w:count("kind='timer'"), "Pauses")
end

function cases.a_lua_error_is_not_tried_again(w)
  w:body [[ step("Bug", { retries = 5, backoff = "10ms" }, function() local a; return a.b end) ]]
  w:run():exits(3):says('"code":"lua_error"'):says("runbooks/book.lua:")
  w:equal(1, w:count("kind='open'"), "Attempts")
end

function cases.a_change_that_may_not_be_repeated_needs_leave_to_try_again(w)
  w:body [[
    step("Once", { retries = 5, backoff = "10ms" }, function()
      process("local"):run { program = "sh", arguments = { "-c", "echo x >>@W@/acts" } }
      ensure(false, "Still not right.")
    end)
  ]]
  w:run():exits(3):says('"twice":["process/local:run')
  w:equal("x\n", w:read("acts"), "What was done")
end

function cases.a_repeatable_change_is_made_again_by_itself(w)
  w:body [[
    local n = 0
    step("Put", { retries = 2, backoff = "10ms" }, function()
      n = n + 1
      storage("box"):put { key = "a", body = "try " .. n }
      ensure(n == 3, "Not yet.")
    end)
  ]]
  w:run():exits(0)
  w:equal("a=try 3", w:objects(), "The box")
end

function cases.a_timeout_drops_the_body_and_fails_the_step(w)
  w:body [[
    local ok, err = try(function()
      step("Slow", { timeout = "200ms" }, function() sleep("30s") end)
    end)
    return { ok = ok, code = err.code, retry = err.retry, step = err.step }
  ]]
  w:run():exits(0):says('"value":{"code":"timeout","ok":false,"retry":"safe","step":"Slow"}')
end

function cases.a_timeout_runs_none_of_the_bodys_cleanup(w)
  w:body [[
    try(function()
      step("Slow", { timeout = "200ms" }, function()
        pcall(sleep, "30s")
        storage("box"):put { key = "cleanup", body = "ran" }
      end)
    end)
    storage("box"):put { key = "after", body = "1" }
  ]]
  w:run():exits(0)
  w:equal("after=1", w:objects(), "The box")
end

function cases.a_timeout_is_for_each_attempt(w)
  w:body [[
    local n = 0
    return step("Twice", { timeout = "200ms", retries = 1, backoff = "10ms" }, function()
      n = n + 1
      if n == 1 then sleep("30s") end
      return "attempt " .. n
    end)
  ]]
  w:run():exits(0):says('"value":"attempt 2"')
  w:equal(1, w:count("kind='close' and f('$.args.outcome')='timeout'"), "Timeouts")
end

function cases.a_timeout_settles_a_change_in_flight(w)
  w:body [[
    local ok, err = try(function()
      step("Slow", { timeout = "300ms" }, function()
        process("local"):run { program = "sh", arguments = { "-c", "sleep 20" } }
      end)
    end)
    return err.code
  ]]
  w:run():exits(0):says('"value":"timeout"')
  w:equal(0, w:count("kind='doubt'"), "Doubts")
  w:equal(1, w:count("kind='result'"), "Results")
end

function cases.an_outer_timeout_ends_inner_waiting(w)
  w:body [[
    local _, err = try(function()
      step("Outer", { timeout = "300ms" }, function()
        step("Inner", function() parallel { a = function() sleep("30s") end,
          b = function() sleep("30s") end } end)
      end)
    end)
    step("After", function() end)
    return err.step
  ]]
  w:run():exits(0):says('"value":"Outer"')
end

function cases.a_failure_inside_a_step_that_tries_again_asks_nobody(w)
  w:body [[
    local tries = 0
    return step("Outer", { retries = 2, backoff = "10ms" }, function()
      tries = tries + 1
      step("Inner", function() ensure(tries == 3, "not yet") end)
      return tries
    end)
  ]]
  w:run():exits(0):says('"value":3')
  w:equal(0, w:count("kind='failure' and f('$.decision') is null"), "Questions")
end

function cases.a_steps_on_failure_stands_before_the_runs(w)
  w:body([[ step("Stops", { on_failure = "stop" }, function() ensure(false, "no") end) ]])
  w:run():exits(1):says('"outcome":"failed"')
  w:body([[ step("Asks", { on_failure = "ask" }, function() ensure(false, "no") end) ]],
    'on_failure = "undo"')
  w:perilune("run book --environment here --no-input --json --run-id asks"):exits(3)
end

return cases
