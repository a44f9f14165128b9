-- What the durable-execution conformance specification asks of steps: tests/conformance/README.md.
local cases = {}

-- Executes the runbook until the journal holds `condition`, and kills its host there.
local function killed_at(w, condition)
  local job = w:start()
  w:await(condition)
  job:kill("KILL")
  job:wait()
end

function cases.a_steps_name_stands_where_it_begins_and_where_it_ends(w)
  w:body([[ return step(params.name, function() return "Hello" end) ]],
    'parameters = { name = { type = "string", required = true, help = "which" } }')
  w:run("name=Greeting"):exits(0):says('"value":"Hello"')
  w:equal(1, w:count("kind='open' and f('$.name')='Greeting'"), "Begins")
  w:equal(1, w:count("kind='close' and f('$.name')='Greeting'"), "Ends")
end

function cases.a_later_step_uses_what_an_earlier_one_gave(w)
  w:body [[
    local first = step("First", function() return "one" end)
    return step("Second", function() return first .. " and two" end)
  ]]
  w:run():exits(0):says('"value":"one and two"')
  w:equal("begin open close open close end", w:kinds(), "The journal")
end

function cases.a_value_with_parts_comes_out_of_its_step_as_it_was_also_after_a_replay(w)
  w:body [[
    local given = step("Describe", function()
      return { user = { name = "Alice", tags = { "admin", "active" } }, count = 3, late = false }
    end)
    approve("Go on?")
    return given
  ]]
  w:run():exits(3)
  w:tell("approve"):exits(0)
  w:resume():exits(0):says('"value":{"count":3,"late":false,"user":{"name":"Alice",'
    .. '"tags":["admin","active"]}}')
end

function cases.a_step_that_gives_nothing_gives_nil_also_after_a_replay(w)
  w:body [[
    local nothing = step("Silent", function() end)
    local null = step("Nil", function() return nil end)
    approve("Go on?")
    return nothing == nil and null == nil
  ]]
  w:run():exits(3)
  w:tell("approve"):exits(0)
  w:resume():exits(0):says('"value":true')
  w:equal(2, w:count("kind='close' and f('$.args.outcome')='done'"), "Steps that are done")
end

-- The program's output differs each time, so only what was recorded can give it twice.
function cases.a_step_that_has_ended_is_not_done_again_by_the_next_host(w)
  w:body [[
    local seen = step("Once", function()
      log("executed")
      return process("local"):run { program = "sh",
        arguments = { "-c", "date +%s%N | tee -a @W@/acts" } }.output
    end)
    sleep("1500ms")
    return { seen = seen }
  ]]
  killed_at(w, "kind='timer' and f('$.args.why')='sleep'")
  w:resume():exits(0)
  w:equal(w:read("acts"), w:field("$.value.seen", "kind='end'"), "What the program told")
  w:equal(1, w:count("kind='log'"), "Lines")
  w:equal(1, w:count("kind='open'"), "Steps that began")
  w:equal(1, w:count("kind='intent'"), "Programs")
end

function cases.a_caught_failure_of_a_step_is_raised_again_as_it_was(w)
  w:body [[
    local ok, err = try(step, "Fails", function()
      local seen = process("local"):run { program = "sh",
        arguments = { "-c", "date +%s%N | tee -a @W@/acts" } }
      ensure(false, "Told %s", seen.output)
    end)
    sleep("1500ms")
    return { ok = ok, message = err.message, code = err.code }
  ]]
  killed_at(w, "kind='timer' and f('$.args.why')='sleep'")
  w:resume():exits(0):says('"ok":false'):says('"code":"ensure_failed"')
  w:equal("Told " .. w:read("acts"), w:field("$.value.message", "kind='end'"), "The error")
  w:equal(1, w:count("kind='close' and f('$.args.outcome')='failed'"), "Failures")
end

function cases.a_step_whose_attempts_are_used_up_fails_its_run(w)
  w:body([[ step("Never", { retries = 3, backoff = "10ms" }, function() ensure(false, "no") end)
    storage("box"):put { key = "after", body = "1" } ]], 'on_failure = "stop"')
  w:run():exits(1):says('"outcome":"failed"')
  w:equal("1 2 3 4", (w:sql("select json_extract(body,'$.args.attempt') from record "
    .. "where kind='open' order by pos"):gsub("\n", " ")), "Attempts")
  w:equal(3, w:count("kind='timer'"), "Pauses")
  w:equal("", w:objects(), "The box")
end

function cases.a_step_without_retries_is_tried_once(w)
  w:body([[ step("Once", function() ensure(false, "Not right.") end) ]], 'on_failure = "stop"')
  w:run():exits(1):says("Not right.")
  w:equal(1, w:count("kind='open'"), "Attempts")
  w:equal(0, w:count("kind='timer'"), "Pauses")
end

function cases.the_first_pause_is_the_given_one_and_each_is_twice_the_one_before(w)
  w:body [[
    local tries = 0
    return step("Flaky", { retries = 3, backoff = "20ms" }, function()
      tries = tries + 1
      ensure(tries == 4, "not yet")
      return tries
    end)
  ]]
  w:run():exits(0):says('"value":4')
  w:equal("0.02 0.04 0.08", (w:sql("select json_extract(body,'$.args.seconds') from record "
    .. "where kind='timer' order by pos"):gsub("\n", " ")), "Pauses")
end

function cases.an_error_that_says_never_is_not_tried_again_and_any_other_is(w)
  for _, retry in ipairs { "safe", "unknown", "never" } do
    w:body(([[
      local tries = 0
      local ok, err = try(step, "Raises", { retries = 3, backoff = "10ms" }, function()
        tries = tries + 1
        if tries == 1 then error { code = "transient", message = "Busy.", retry = "%s" } end
        return "done"
      end)
      return { ok = ok, tries = tries, got = ok and err or err.code }
    ]]):format(retry))
    w:perilune("run book --environment here --no-input --json --run-id " .. retry):exits(0)
      :says(retry == "never" and '"value":{"got":"transient","ok":false,"tries":1}'
        or '"value":{"got":"done","ok":true,"tries":2}')
  end
  w:equal(5, w:count("kind='open'"), "Attempts of the three")
end

function cases.a_run_goes_on_after_a_step_whose_failure_it_caught(w)
  w:body [[
    local ok, got = try(step, "Fails", function() ensure(false, "no") end)
    if not ok then got = "instead" end
    return step("After", function() return "with what was put " .. got end)
  ]]
  w:run():exits(0):says('"value":"with what was put instead"')
  w:equal("failed done", (w:sql("select json_extract(body,'$.args.outcome') from record "
    .. "where kind='close' order by pos"):gsub("\n", " ")), "The steps")
end

return cases
