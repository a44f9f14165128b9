-- Child runs: their questions, failures, cancelling and undo, as part of their parent's tree.
local cases = {}

local function child(w, body, head)
  w:book(([[return runbook { summary = "Child", targets = { ["storage/box"] = { "put" } },
    %s run = function(params) %s end }]]):format(head and head .. "," or "", body), "child")
end

function cases.a_question_of_a_running_child_is_answered_by_its_id(w)
  child(w, [[return approve("Of the child?").decision]])
  w:body [[ return run_runbook("child") ]]
  local job = w:start()
  w:await "kind='question'"
  local id = w:sql("select id from run where parent is not null")
  w:perilune("approve " .. id):exits(0)
  job:wait():exits(0):says('"value":"approve"')
end

function cases.cancelling_the_parent_cancels_its_children(w)
  child(w, [[storage("box"):put { key = "a", body = "1" } sleep("60s")]])
  w:body [[ return run_runbook("child") ]]
  local job = w:start()
  w:await "kind='timer'"
  w:tell("cancel"):exits(0)
  job:wait():exits(8)
  w:equal("ended ended", (w:sql("select state from run order by no"):gsub("\n", " ")), "States")
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "The box")
end

function cases.a_failure_in_a_child_waits_for_a_decision_there(w)
  child(w, [[step("Check", function()
    ensure(storage("box"):head { key = "go" } ~= nil, "There is no go.") end) return "checked"]])
  w:body [[ return run_runbook("child") ]]
  local job = w:start()
  w:await "kind='failure'"
  local id = w:sql("select id from run where parent is not null")
  w:file("box/go", "1")
  w:perilune("retry " .. id .. " --json"):exits(0)
  job:wait():exits(0):says('"value":"checked"')
end

function cases.a_child_takes_locks_of_its_own_and_gives_them_back(w)
  child(w, "sleep('100ms') return 1", 'locks = { "mine" }')
  w:body("run_runbook('child')\nreturn run_runbook('child')", 'locks = { "all" }')
  w:run():exits(0)
  w:equal("0", w:sql("select count(*) from lock"), "Locks")
  w:equal("3", w:sql("select count(*) from run"), "Runs")
end

function cases.a_child_uses_the_locks_of_all_runs_above_it(w)
  child(w, "return run_runbook('leaf')", 'locks = { "middle" }')
  w:book([[return runbook { summary = "Leaf", targets = {}, locks = { "middle", "top", "own" },
    run = function() return "leaf" end }]], "leaf")
  w:body("return run_runbook('child')", 'locks = { "top" }')
  w:run():exits(0):says('"value":"leaf"')
  w:equal("0", w:sql("select count(*) from lock"), "Locks")
end

function cases.children_in_branches_run_at_the_same_time(w)
  child(w, "sleep('400ms') return 1")
  w:body [[
    local began = now()
    parallel { a = function() run_runbook("child") end, b = function() run_runbook("child") end }
    return now() - began < 0.79
  ]]
  w:run():exits(0):says('"value":true')
end

function cases.a_childs_changes_are_undone_in_the_order_of_the_whole(w)
  child(w, [[storage("box"):put { key = "child", body = "1" }]])
  w:body [[
    storage("box"):put { key = "before", body = "1" }
    run_runbook("child")
    storage("box"):put { key = "after", body = "1" }
    step("Fail", function() ensure(false, "no") end)
  ]]
  w:run():exits(3)
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "The box")
  w:equal("undone undone", (w:sql("select outcome from run order by no"):gsub("\n", " ")),
    "The outcomes")
end

function cases.a_child_gets_the_defaults_of_what_its_parent_does_not_give(w)
  child(w, [[return params.kept .. " " .. params.within]], [[parameters = {
    kept = { type = "integer", default = 3 }, within = { type = "duration", default = "2m" } }]])
  w:body [[ return run_runbook("child", { kept = 4 }) ]]
  w:run():exits(0):says('"value":"4 120"')
end

function cases.a_plan_shows_a_child_whose_parameters_only_the_run_will_know(w)
  child(w, [[storage("box"):put { key = params.key, body = "of " .. params.size }]],
    [[parameters = { size = { type = "integer", required = true },
      key = { type = "string", default = "by-child" } }]])
  w:body [[
    local made = process("local"):run { program = "sh", arguments = { "-c", "exit 0" } }
    run_runbook("child", { size = made.exit_code })
  ]]
  w:perilune("plan book --environment here"):exits(0):says("run_runbook \"child\"")
    :says("storage/box:put"):says('"key":"by-child"'):says_not("bad_parameters")
end

function cases.what_a_parent_gives_is_checked_by_the_childs_declarations(w)
  child(w, [[return params.kept]], [[parameters = { kept = { type = "integer", max = 5 } }]])
  w:body [[ local done, err = try(run_runbook, "child", { kept = 9, other = 1 })
    return tostring(done) .. " " .. err.message ]]
  local told = w:run():exits(0)
  told:says("false")
  told:says("kept")
  told:says("other")
end

return cases
