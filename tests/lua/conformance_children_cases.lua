-- What the durable-execution conformance specification asks of child runs:
-- tests/conformance/README.md.
local cases = {}

local function child(w, body, head, name)
  w:book(([[return runbook { summary = "Child", targets = { ["storage/box"] = { "put" },
    ["process/local"] = { "run" } },
    parameters = { value = { type = "string", default = "v", help = "What is given back." } },
    %s run = function(params) %s end }]]):format(head and head .. "," or "", body),
    name or "child")
end

-- The kinds of the records of the n-th run of the tree.
local function kinds_of(w, number)
  return (w:sql("select kind from record where kind <> 'log' and run = (select no from run "
    .. "order by no limit 1 offset " .. number - 1 .. ") order by pos"):gsub("\n", " "))
end

local function killed_at(w, condition, words)
  local job = w:start(nil, words)
  w:await(condition)
  job:kill("KILL")
  job:wait()
end

-- The next host goes on with the run that was there, rather than with another one.
local function gone_on_with(w)
  local began = w:field("$.time", "kind='begin'")
  local ended = w:resume():exits(0)
  w:equal(began, w:field("$.time", "kind='begin'"), "When the run began")
  return ended
end

local acts = [[process("local"):run { program = "sh",
  arguments = { "-c", "date +%s%N | tee -a @W@/acts" } }.output]]

local function times_done(w) return select(2, (w:read("acts") or ""):gsub("\n", "")) end

function cases.a_childs_steps_are_recorded_in_the_child_and_its_value_in_the_parent(w)
  child(w, [[return step("Inner", function() return params.value end)]])
  w:body [[ return run_runbook("child", { value = "given" }) ]]
  w:run():exits(0):says('"value":"given"')
  w:equal("begin child result end", kinds_of(w, 1), "The parent")
  w:equal("begin open close end", kinds_of(w, 2), "The child")
  w:equal("case", w:sql("select p.id from run c join run p on c.parent in (p.id, p.no)"),
    "Whose child it is")
end

function cases.a_child_stands_in_the_step_that_names_it(w)
  child(w, [[return step("Inner", function() return params.value end)]])
  w:body([[ return step(params.name, function()
    return run_runbook("child", { value = params.value }) end) ]],
    'parameters = { name = { type = "string", required = true, help = "which" }, '
    .. 'value = { type = "string", required = true, help = "what" } }')
  w:run("name=Named value=given"):exits(0):says('"value":"given"')
  w:equal("Named", w:field("$.name", "kind='open' and run=1"), "The step")
  w:equal("/#1", w:field("$.scope", "kind='child'"), "Where the child stands")
end

function cases.the_second_step_of_a_child_uses_what_the_first_gave(w)
  child(w, [[
    local first = step("First", function() return params.value end)
    return step("Second", function() return first end)]])
  w:body [[ return run_runbook("child", { value = "through both" }) ]]
  w:run():exits(0):says('"value":"through both"')
  w:equal("begin open close open close end", kinds_of(w, 2), "The child")
end

function cases.a_failure_in_a_child_that_nobody_catches_fails_both_runs(w)
  child(w, [[step("Bad", function() ensure(false, "Went wrong.") end)]], 'on_failure = "stop"')
  w:body([[ run_runbook("child") storage("box"):put { key = "after", body = "1" } ]],
    'on_failure = "stop"')
  w:run():says('"code":"child_failed"'):says('"outcome":"failed"'):says("Went wrong.")
  w:equal("failed failed", (w:sql("select outcome from run order by no"):gsub("\n", " ")),
    "The outcomes")
  w:equal("", w:objects(), "The box")
end

function cases.a_run_recovers_from_a_childs_failure_that_it_caught(w)
  child(w, [[step("Bad", function() ensure(false, "no") end)]], 'on_failure = "stop"')
  w:body [[
    local ok = try(run_runbook, "child")
    return not ok and step("Recover", function() return "recovered" end)
  ]]
  w:run():exits(0):says('"value":"recovered"')
  w:equal("done failed", (w:sql("select outcome from run order by no"):gsub("\n", " ")),
    "The outcomes")
end

function cases.a_child_of_a_child_gives_its_value_through_both(w)
  child(w, [[return step("Inner", function() return params.value end)]], nil, "inner")
  child(w, [[local mine = step("Outer", function() return params.value end)
    return run_runbook("inner", { value = mine .. " inside" })]], nil, "outer")
  w:body [[ return run_runbook("outer", { value = "deep" }) ]]
  w:run():exits(0):says('"value":"deep inside"')
  w:equal("begin child result end", kinds_of(w, 1), "The run")
  w:equal("begin open close child result end", kinds_of(w, 2), "Its child")
  w:equal("begin open close end", kinds_of(w, 3), "The child's child")
end

function cases.a_step_of_a_child_is_tried_again_within_the_child(w)
  child(w, [[
    local tries = 0
    return step("Flaky", { retries = 1, backoff = "10ms" }, function()
      tries = tries + 1
      ensure(tries == 2, "not yet")
      return params.value
    end)]])
  w:body [[ return run_runbook("child", { value = "at last" }) ]]
  w:run():exits(0):says('"value":"at last"')
  w:equal("begin open failure close timer fired open close end", kinds_of(w, 2), "The child")
  w:equal("begin child result end", kinds_of(w, 1), "The parent")
end

function cases.a_child_whose_attempts_are_used_up_fails_once_for_its_parent(w)
  child(w, [[step("Never", { retries = 1, backoff = "10ms" },
    function() ensure(false, "no") end)]], 'on_failure = "stop"')
  w:body([[ run_runbook("child") ]], 'on_failure = "stop"')
  w:run():says('"code":"child_failed"'):says('"outcome":"failed"')
  w:equal(2, w:count("kind='open'"), "Attempts")
  w:equal(1, w:count("kind='timer'"), "Pauses")
  w:equal(1, w:count("kind='child'"), "Children")
end

function cases.a_child_that_has_ended_is_not_executed_again_by_the_next_host(w)
  child(w, "return step('Act', function() return " .. acts .. " end)")
  w:body [[ local seen = run_runbook("child") sleep("1500ms") return { seen = seen } ]]
  killed_at(w, "kind='timer'")
  w:resume():exits(0)
  w:equal(w:read("acts"), w:field("$.value.seen", "kind='end' and run=1"), "The value")
  w:equal(1, times_done(w), "Acts")
  w:equal("2", w:sql("select count(*) from run"), "Runs")
end

function cases.a_child_that_waits_after_a_step_goes_on_behind_that_step(w)
  child(w, "local seen = step('Act', function() return " .. acts .. " end) sleep('1500ms') "
    .. "return params.value")
  w:body [[ return run_runbook("child", { value = "waited" }) ]]
  killed_at(w, "kind='timer' and f('$.args.why')='sleep'")
  w:resume():exits(0):says('"value":"waited"')
  w:equal(1, times_done(w), "Acts")
  w:equal(1, w:count("kind='timer' and f('$.args.why')='sleep'"), "Waits")
end

function cases.a_child_that_only_waits_ends_before_its_parents_next_step(w)
  child(w, "sleep('1500ms') return params.value")
  w:body [[
    local given = run_runbook("child", { value = "waited" })
    return step("After", function() return given end)
  ]]
  killed_at(w, "kind='timer'")
  gone_on_with(w):says('"value":"waited"')
  w:equal("child timer fired result open close", (w:sql("select kind from record where kind in "
    .. "('child', 'timer', 'fired', 'result', 'open', 'close') order by pos"):gsub("\n", " ")),
    "The order")
end

function cases.a_long_value_of_a_child_is_whole_after_a_replay(w)
  child(w, [[log("building") local small = step("Small", function() return "ab" end)
    return small:rep(150000)]])
  w:body [[
    local long = run_runbook("child")
    sleep("1500ms")
    return { length = #long, same = long == ("ab"):rep(150000) }
  ]]
  killed_at(w, "kind='timer'")
  gone_on_with(w):says('"value":{"length":300000,"same":true}')
  w:equal(1, w:count("kind='log'"), "Lines")
end

function cases.a_step_of_a_child_that_its_host_left_is_gone_on_with(w)
  child(w, "return step('Long', function() sleep('1500ms') return params.value end)")
  w:body [[ return run_runbook("child", { value = "ended" }) ]]
  killed_at(w, "kind='timer'")
  gone_on_with(w):says('"value":"ended"')
  w:equal("open timer fired close", (w:sql("select kind from record where kind in "
    .. "('open', 'timer', 'fired', 'close') order by pos"):gsub("\n", " ")), "The step")
end

function cases.an_error_that_a_child_raises_outside_of_steps_fails_it(w)
  child(w, [[error { code = "mine", message = "Directly.", retry = "never" }]],
    'on_failure = "stop"')
  w:body([[ run_runbook("child") ]], 'on_failure = "stop"')
  w:run():says('"code":"child_failed"'):says('"outcome":"failed"'):says("Directly.")
  w:equal(0, w:count("kind='open'"), "Steps")
  w:equal("failed failed", (w:sql("select outcome from run order by no"):gsub("\n", " ")),
    "The outcomes")
end

function cases.a_child_that_gives_nothing_gives_nil_also_after_a_replay(w)
  child(w, "return nil")
  w:body [[ local nothing = run_runbook("child") approve("Go on?") return nothing == nil ]]
  w:run():exits(3)
  w:tell("approve"):exits(0)
  w:resume():exits(0):says('"value":true')
  w:equal("begin end", kinds_of(w, 2), "The child")
end

function cases.what_a_child_logged_is_not_logged_again_by_the_next_host(w)
  child(w, [[log("Given " .. params.value) return params.value]])
  w:body [[ local given = run_runbook("child", { value = "one" }) sleep("1500ms") return given ]]
  killed_at(w, "kind='timer'")
  gone_on_with(w):says('"value":"one"')
  w:equal("Given one", w:sql("select json_extract(body,'$.text') from record "
    .. "where kind='log'"), "The lines")
end

function cases.waits_within_and_after_a_child_are_each_gone_on_with_by_another_host(w)
  child(w, "step('Act', function() return " .. acts .. " end) sleep('1500ms') "
    .. "return params.value")
  w:body [[
    local given = run_runbook("child", { value = "through" })
    given = step("After", function() return given end)
    sleep("2s")
    return given
  ]]
  killed_at(w, "kind='timer' and f('$.args.why')='sleep'")
  killed_at(w, "kind='timer' and f('$.args.seconds')=2", "resume case --json --no-input")
  w:resume():exits(0):says('"value":"through"')
  w:equal(1, times_done(w), "Acts")
  w:equal(2, w:count("kind='open'"), "Steps that began")
  w:equal(2, w:count("kind='timer' and f('$.args.why')='sleep'"), "Waits")
end

return cases
