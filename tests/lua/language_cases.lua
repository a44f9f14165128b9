-- Values, units, time, JSON, logs, modules, parameters, child runs, and what ends a run.
local cases = {}

function cases.durations_and_sizes_are_numbers(w)
  w:body [[
    return { duration("15m"), duration("1h30m"), duration("250ms"), duration(7), size("64MiB"),
      size("1kB"), size(5) }
  ]]
  w:run():exits(0):says('"value":[900,5400,0.25,7,67108864,1000,5]')
end

function cases.a_wrong_unit_says_what_was_expected(w)
  w:body [[
    local _, a = try(duration, "15 parsecs")
    local _, b = try(size, "big")
    return { a.message, b.message }
  ]]
  w:run():exits(0):says("duration needs a duration"):says("size needs a size")
end

function cases.time_comes_from_the_record_and_replays(w)
  w:body [[
    local began = now()
    sleep("30ms")
    local later = now()
    approve("Go?")
    return { later > began, began, date("%Y-%m-%d", 0), date("%H:%M:%S", 3661), #date() }
  ]]
  w:run():exits(3)
  w:tell("approve"):exits(0)
  local ended = w:resume():exits(0)
  ended:says('"1970-01-01","01:01:01",20]')
  ended:says(w:field("$.time", "kind='begin'"):sub(1, 12))
end

function cases.random_numbers_replay(w)
  w:body [[
    local first = math.random(1, 1000000)
    storage("box"):put { key = "a", body = tostring(first) }
    approve("Go?")
    return tostring(first) == storage("box"):get { key = "a" }.body and math.random(1, 9) < 10
  ]]
  w:run():exits(3)
  w:tell("approve"):exits(0)
  w:resume():exits(0):says('"value":true')
end

function cases.random_numbers_differ_between_runs(w)
  w:body [[ return math.random(1, 1000000000) ]]
  w:perilune("run book --environment here --no-input --json --run-id one"):exits(0)
  w:perilune("run book --environment here --no-input --json --run-id two"):exits(0)
  w:equal("2", w:sql("select count(distinct json_extract(body,'$.value')) from record "
    .. "where kind='end'"), "Different numbers")
end

function cases.json_reads_and_writes(w)
  w:body [[
    local read = json.decode('{"b":[1,2.5,true,null],"a":"x\\u00e9"}')
    return { json.encode(read), read.a, json.encode({ z = 1, a = { 1, 2 } }) }
  ]]
  w:run():exits(0):says([["value":["{\"a\":\"x]]):says([["{\"a\":[1,2],\"z\":1}"]])
end

function cases.a_log_line_is_kept_once(w)
  w:body [[
    log("before", { n = 1 })
    approve("Go?")
    log("after")
  ]]
  w:run():exits(3):says('"text":"before"')
  w:tell("approve"):exits(0)
  w:resume():exits(0)
  w:equal("before\nafter", w:sql("select json_extract(body,'$.text') from record where "
    .. "kind='log' order by pos"), "The lines")
end

function cases.log_lines_stand_between_the_steps_they_were_written_in(w)
  w:body [[
    step("One", function() log("in one") end)
    step("Two", function() log("in two") end)
  ]]
  w:run():exits(0)
  w:equal("begin open log close open log close end",
    (w:sql("select kind from record order by pos"):gsub("\n", " ")), "The journal")
end

function cases.refuse_knows_what_time_it_is(w)
  w:body("log(\"begun\")", [[
  parameters = { since = { type = "time", required = true, help = "when" } },
  refuse = function(given)
    if given.since > now() then return "it has not been yet in " .. run.environment end
  end]])
  w:run("since=2020-01-01T00:00:00Z"):exits(0)
  w:perilune("run book --environment here --no-input since=2099-01-01T00:00:00Z"):exits(5)
    :says("it has not been yet in here")
end

function cases.modules_of_dependencies_are_found_by_their_names(w)
  w:file("library/perilune.yaml", "name: cases\nversion: 1.0.0\ndependencies:\n"
    .. "  - { name: one, path: ../one, version: \"1.0\" }\n"
    .. "  - { name: two, path: ../two, version: \"1.0\" }\n")
  for _, name in ipairs { "one", "two" } do
    w:file(name .. "/perilune.yaml", "name: " .. name .. "\nversion: 1.0.0\n")
    w:file(name .. "/lib/shared/both.lua", "return \"" .. name .. "\"")
  end
  w:file("one/lib/shared/inner.lua", "return 7")
  w:file("one/lib/shared/outer.lua", "return { seven = require \"shared.inner\" }")
  w:body [[
    local _, err = try(require, "shared.both")
    return { require("shared.outer").seven, err.code }
  ]]
  w:perilune("check book"):exits(0)
  w:run():exits(0):says('"value":[7,"two_modules"]')
end

function cases.modules_are_loaded_once_and_from_the_library_only(w)
  w:file("library/lib/traffic.lua", "local M = { n = 0 }\nfunction M.next() M.n = M.n + 1 "
    .. "return M.n end\nreturn M\n")
  w:body [[
    local a, b = require("traffic"), require("lib.traffic")
    local _, err = try(require, "trafic")
    local _, os_ = try(require, "os")
    return { a.next(), b.next(), err.message, os_.code }
  ]]
  w:run():exits(0):says('"value":[1,2,"There is no module \\"trafic\\"')
    :says('Did you mean \\"traffic\\"?'):says('"no_such_module"]')
end

function cases.nothing_waits_while_a_file_is_loaded(w)
  w:file("library/lib/hasty.lua", "sleep('1s')\nreturn {}\n")
  w:body [[ require("hasty") ]]
  w:run():exits(3):says("may only be called while the runbook executes")
    :says("lib/hasty.lua:1")
end

function cases.parameters_are_read_checked_and_given_defaults(w)
  w:body([[
    return { params.name, params.count, params.wait, params.size, params.list, params.at }
  ]], [[parameters = {
    name = { type = "string", required = true, help = "who" },
    count = { type = "integer", default = 3, min = 1, max = 5, help = "how many" },
    wait = { type = "duration", default = "2m", help = "how long" },
    size = { type = "size", default = "1KiB", help = "how large" },
    list = { type = "list", default = { "a" }, help = "which" },
    at = { type = "time", default = "1970-01-01T00:01:00Z", help = "when" },
  }]])
  w:run("name=x count=4"):exits(0):says('"value":["x",4,120,1024,["a"],60]')
end

function cases.wrong_parameters_are_refused_before_the_start(w)
  w:body("return 1", [[parameters = {
    name = { type = "string", required = true, help = "who" },
    count = { type = "integer", default = 3, min = 1, max = 5, help = "how many" },
  }]])
  w:run(""):exits(2):says("name")
  w:run("name=x count=9"):exits(2):says("count")
  w:run("name=x count=two"):exits(2):says("count")
  w:run("name=x cuont=2"):exits(2):says("Did you mean")
  w:run("name=x count=1e400"):exits(2)
  w:run("name=x name=y"):exits(2)
  w:equal("0", w:sql("select count(*) from run"), "Runs")
end

function cases.refuse_gives_a_reason_before_anything_starts(w)
  w:body("storage('box'):put { key = 'a', body = '1' }",
    'refuse = function(params) return "it is Friday" end')
  w:run():exits(5):says("refuses to start: it is Friday")
  w:equal("0", w:sql("select count(*) from run"), "Runs")
  w:equal("", w:objects(), "The box")
end

function cases.run_tells_who_where_and_since_when(w)
  w:body [[
    local ok = pcall(function() run.id = "other" end)
    return { run.id, run.environment, run.started_by:match("^[^@]+"), run.started_at > 0, ok }
  ]]
  w:run():exits(0):says('"value":["case","here","' .. w:user() .. '",true,false]')
end

function cases.a_child_run_is_executed_and_its_value_given(w)
  w:book([[return runbook { summary = "Child", targets = { ["storage/box"] = { "put" } },
    parameters = { key = { type = "string", required = true, help = "which" } },
    run = function(params)
      storage("box"):put { key = params.key, body = "1" }
      return "made " .. params.key
    end }]], "child")
  w:body [[ return run_runbook("child", { key = "x" }) ]]
  w:run():exits(0):says('"value":"made x"')
  w:equal("2", w:sql("select count(*) from run"), "Runs")
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "The child's change is undone with its parent's")
end

function cases.a_childs_failure_is_raised_in_its_parent(w)
  w:book([[return runbook { summary = "Child", on_failure = "stop",
    run = function() step("Bad", function() ensure(false, "Child went wrong.") end) end }]],
    "child")
  w:body [[
    local ok, err = try(run_runbook, "child")
    return { ok, err.code }
  ]]
  w:run():exits(0):says('"value":[false,"child_failed"]'):says("Child went wrong.")
end

function cases.a_child_may_not_do_what_its_parent_may_not(w)
  w:book([[return runbook { summary = "Child", targets = { ["storage/box"] = { "prune" } },
    run = function() end }]], "child")
  w:body [[ return select(2, try(run_runbook, "child")).message ]]
  w:run():exits(0):says("prune is not allowed to the parent run")
end

function cases.a_child_that_is_not_there_is_named(w)
  w:book("return runbook { summary = \"Restore\", run = function() end }", "restore")
  w:body [[ return select(2, try(run_runbook, "restor")).message ]]
  w:run():exits(0):says("Did you mean"):says("restore")
end

function cases.ended_is_executed_after_every_end_and_changes_nothing(w)
  w:body("ensure(not params.bad, 'bad'); return 1", [[parameters = {
      bad = { type = "boolean", default = false, help = "whether it fails" } },
    on_failure = "stop",
    ended = function(params, result)
      notify("log"):open { key = "end-" .. result.outcome, severity = "info",
        summary = "Ended " .. result.outcome }
      error("what fails here is shown only")
    end]])
  w:run():exits(0):says("what fails here is shown only")
  w:perilune("run book --environment here --no-input --json bad=true"):exits(1)
  local told = w:read("notices.jsonl")
  if not (told:find("Ended done") and told:find("Ended failed")) then error(told) end
end

function cases.ended_may_not_change_ask_or_start_anything(w)
  w:body("return 1", [[ended = function()
      local seen = {}
      for _, body in ipairs {
        function() storage("box"):put { key = "a", body = "1" } end,
        function() approve("Really?") end,
        function() run_runbook("book") end,
      } do seen[#seen + 1] = select(2, try(body)).code end
      log(table.concat(seen, " "))
      parallel { a = function() log("branches work here") end }
    end]])
  w:run("", 30):exits(0):says("refused refused refused"):says("branches work here")
  w:equal("", w:objects(), "The box")
end

function cases.an_operation_that_fails_in_ended_stops_nothing(w)
  w:body("return 1", [[on_failure = "undo", ended = function()
      storage("box"):put { key = "a", body = "1" }
    end]])
  w:run("", 30):exits(0):says("may observe and notify")
  w:equal(1, w:count("kind='end'"), "Ends")
  w:equal(0, w:count("kind='stop'"), "Stops")
end

function cases.an_ended_that_kills_its_worker_is_given_up(w)
  w:body("return 1", "ended = function() local t = {} "
    .. "for i = 1, 1e9 do t[i] = ('x'):rep(1e5) .. i end end")
  w:run("", 55):exits(0)
  w:equal(3, w:count("kind='fault'"), "Deaths")
end

return cases
