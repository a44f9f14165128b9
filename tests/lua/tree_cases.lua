-- A run and its child runs as one tree: what waits in a child is seen, answered and stopped above.
local rig = require("rig")

local cases = {}

local function book(w, name, body, head)
  w:book(([[return runbook { summary = "%s", targets = { ["storage/box"] = { "put" } },
    %s run = function(params) %s end }]]):format(name, head and head .. "," or "", body), name)
end

local function child_id(w, number)
  return w:sql("select id from run where parent is not null order by no limit 1 offset "
    .. (number or 1) - 1)
end

local function states(w) return (w:sql("select state from run order by no"):gsub("\n", " ")) end

function cases.a_child_that_asks_brings_its_parent_to_rest(w)
  book(w, "child", [[return approve("Of the child?").decision]])
  w:body [[ return run_runbook("child") ]]
  local rested = w:run():exits(3)
  local id = child_id(w)
  rested:says("perilune approve " .. id):says("approve it")
  w:equal("The child run " .. id .. " waits for a person.", w:sql("select reason from run "
    .. "where id='case'"), "The reason")
  w:equal("waits waits", states(w), "The states")
  w:perilune("approve " .. id .. " --no-input"):exits(0):says("perilune resume case")
  w:resume():exits(0):says('"value":"approve"')
end

function cases.a_child_of_a_child_is_answered_by_its_own_id(w)
  book(w, "leaf", [[step("Check", function()
    ensure(storage("box"):head { key = "go" } ~= nil, "There is no go.") end) return "leaf"]])
  book(w, "child", [[return run_runbook("leaf")]])
  w:body [[ return run_runbook("child") ]]
  local leaf = w:run():exits(3) and child_id(w, 2)
  w:equal("waits paused waits", states(w), "The states")
  w:perilune("retry " .. leaf .. " --no-input --json"):exits(3):says("There is no go.")
  w:file("box/go", "1")
  w:perilune("retry " .. leaf .. " --no-input --json"):exits(0):says('"value":"leaf"')
  w:equal("ended ended ended", states(w), "The states")
end

function cases.a_run_that_is_resumed_asks_again_what_its_child_asks(w)
  book(w, "child", [[return approve("Of the child?").decision]])
  w:body [[ return run_runbook("child") ]]
  local job = w:start("--no-input")
  w:await "kind='question'"
  job:wait():exits(3)
  w:resume():exits(3):says("perilune approve " .. child_id(w))
  -- Naming the child resumes the tree it belongs to.
  w:perilune("resume " .. child_id(w) .. " --no-input --json"):exits(3):says('"run":"case"')
  w:equal(1, w:count("kind='question'"), "Questions")
end

function cases.other_branches_go_on_while_a_child_asks(w)
  book(w, "child", [[return approve("Of the child?").decision]])
  w:body [[
    parallel {
      a = function() run_runbook("child") end,
      b = function() sleep("500ms") storage("box"):put { key = "b", body = "1" } end,
    }
  ]]
  w:run():exits(3)
  w:equal("b=1", w:objects(), "The box")
end

function cases.both_a_run_and_its_child_are_answered_at_the_terminal(w)
  book(w, "child", [[return approve("Of the child?").reason]])
  w:body [[
    return parallel {
      a = function() return run_runbook("child") end,
      b = function() return approve("Of the parent?").reason end,
    }
  ]]
  local typed = w:terminal("run book --environment here --run-id case")
  typed:shows("Of the parent?")
  typed:shows("Of the child?")
  typed:shows("In the child run " .. child_id(w))
  typed:line("yes above")
  w:await "kind='answer' and run=1"
  typed:shows("In the child run " .. child_id(w), 2)
  typed:line("yes below")
  w:await "kind='end' and run=1"
  w:equal('{"a":"below","b":"above"}', w:field("$.value", "kind='end' and run=1"), "The value")
end

function cases.pausing_a_run_pauses_its_children(w)
  book(w, "child", [[sleep("1s") storage("box"):put { key = "a", body = "1" } return "over"]])
  w:body [[ return run_runbook("child") ]]
  local job = w:start()
  w:await "kind='timer'"
  w:tell("pause"):exits(0)
  job:wait():exits(3)
  w:equal("paused paused", states(w), "The states")
  w:equal("", w:objects(), "The box")
  w:resume():exits(0):says('"value":"over"')
end

function cases.a_child_may_be_paused_alone(w)
  book(w, "child", [[sleep("1s") return "over"]])
  w:body [[ return run_runbook("child") ]]
  local job = w:start()
  w:await "kind='timer'"
  w:perilune("pause " .. child_id(w) .. " --no-input"):exits(0)
  job:wait():exits(3):says("is paused")
  w:resume():exits(0):says('"value":"over"')
end

function cases.ctrl_c_covers_the_tree(w)
  book(w, "child", [[
    parallel { a = function() approve("Go on?") end, b = function() sleep("60s") end }
  ]])
  w:body [[ return run_runbook("child") ]]
  local job = w:start()
  w:await "kind='question'"
  job:kill("INT")
  job:wait():exits(130)
  w:equal("paused waits", states(w), "The states")
  w:equal(0, w:count("kind in ('result', 'stop')"), "What was made of the pause")
end

function cases.cancelling_a_run_whose_child_waits_ends_both(w)
  book(w, "child", [[storage("box"):put { key = "a", body = "1" } approve("Of the child?")]])
  w:body([[ return run_runbook("child") ]], 'locks = { "traffic/site" }')
  w:run():exits(3)
  w:tell("cancel"):exits(8)
  w:equal("ended ended", states(w), "The states")
  w:equal("0", w:sql("select count(*) from lock"), "Locks")
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "The box")
end

function cases.undo_of_a_running_tree_stops_and_undoes_all_of_it(w)
  book(w, "leaf", [[storage("box"):put { key = "leaf", body = "1" } sleep("60s")]])
  book(w, "child", [[storage("box"):put { key = "child", body = "1" } run_runbook("leaf")]])
  w:body [[ storage("box"):put { key = "top", body = "1" } run_runbook("child") ]]
  local job = w:start()
  w:await "kind='timer'"
  w:tell("undo"):exits(0)
  job:wait():exits(7)
  w:equal("", w:objects(), "The box")
  w:equal("undone undone undone", (w:sql("select outcome from run order by no"):gsub("\n", " ")),
    "The outcomes")
end

function cases.a_timeout_around_a_child_that_asks_stops_it(w)
  book(w, "child", [[approve("Of the child?")]])
  w:body [[
    local ok, err = try(function()
      step("Slow", { timeout = "500ms" }, function() run_runbook("child") end)
    end)
    return err.code
  ]]
  w:start():wait():exits(0):says('"value":"timeout"')
  w:equal("cancelled", w:sql("select outcome from run where parent is not null"), "The child")
end

function cases.a_child_that_is_cancelled_alone_fails_for_its_parent(w)
  book(w, "child", [[approve("Of the child?")]])
  w:body [[ local ok, err = try(run_runbook, "child") return err.message ]]
  w:run():exits(3)
  w:perilune("cancel " .. child_id(w) .. " --no-input --json"):exits(0):says("ended cancelled")
  w:perilune("undo " .. child_id(w) .. " --no-input --json"):exits(2):says("perilune undo case")
end

function cases.a_child_that_is_parked_parks_its_parent_and_both_are_undone(w)
  book(w, "child", [[
    storage("box"):put { key = "child", body = "1" }
    local t = {}
    for i = 1, 1e9 do t[i] = ("x"):rep(1e5) .. i end
  ]])
  w:body [[ storage("box"):put { key = "top", body = "1" } run_runbook("child") ]]
  w:run("", 58):exits(3):says("The child run case."):says("is parked"):says("died three times")
  w:equal("parked parked", states(w), "The states")
  w:tell("undo", "", 58):exits(7)
  w:equal("", w:objects(), "The box")
end

-- Alters the code that a run carries, as no command does, so that a plain resume diverges.
local function alter(w, old, new)
  rig.shell(("sqlite3 %s \"update file set text = cast(replace(cast(text as text), '%s', '%s') "
    .. "as blob)\""):format(rig.quoted(w.folder .. "/state/state.db"), old, new))
end

local function with_diverged_child(w)
  book(w, "child", [[step("One", function() storage("box"):put { key = "child", body = "1" } end)
    approve("Of the child?")]])
  w:body [[
    storage("box"):put { key = "top", body = "1" }
    step("Own", { undo = function() storage("box"):put { key = "own", body = "undone" } end },
      function() storage("box"):put { key = "own", body = "1" } end)
    run_runbook("child")
  ]]
  w:run():exits(3)
  alter(w, "One", "Eins")
  w:resume():exits(3):says("The child run case."):says("has diverged"):says("Eins")
  w:equal("diverged diverged", states(w), "The states")
end

function cases.a_child_that_diverges_holds_its_tree_which_is_undone(w)
  with_diverged_child(w)
  -- The parent's own script is replayed, so its undo function is executed.
  w:tell("undo"):exits(7)
  w:equal("own=undone", w:objects(), "The box")
end

function cases.a_child_that_diverges_is_cancelled_with_its_tree(w)
  with_diverged_child(w)
  w:tell("cancel"):exits(8)
  w:equal("ended ended", states(w), "The states")
end

function cases.a_child_that_diverges_is_cancelled_alone_and_its_tree_goes_on(w)
  with_diverged_child(w)
  w:perilune("cancel " .. child_id(w) .. " --no-input --json"):exits(3)
    :says("ended cancelled")
  w:equal("waits ended", states(w), "The states")
  w:tell("skip", "--reason 'not needed'"):exits(0)
end

function cases.a_child_whose_undo_meets_a_conflict_is_named(w)
  book(w, "child", [[storage("box"):put { key = "child", body = "1" }]])
  w:body [[
    storage("box"):put { key = "top", body = "1" }
    run_runbook("child")
    step("Fail", function() ensure(false, "no") end)
  ]]
  w:run():exits(3)
  w:file("box/child", "changed by somebody")
  w:tell("undo"):exits(8):says("The child run case."):says("is no longer as put left it")
  w:equal("child=changed by somebody top=1", w:objects(), "The box")
end

function cases.a_failed_child_that_changed_nothing_leaves_nothing_behind(w)
  book(w, "child", [[ensure(false, "There is nothing to do.")]], [[on_failure = "stop"]])
  w:body([[ run_runbook("child") ]], [[on_failure = "stop"]])
  w:run():exits(1):says("There is nothing to do."):says_not("left behind")
end

function cases.a_value_that_cannot_be_kept_is_told_and_fails_nothing(w)
  book(w, "child", [[return { storage = storage }]])
  w:body [[ return { 1, run_runbook("child") == nil and 2 or 3 } ]]
  w:run():exits(0):says('"value":[1,2]')
  w:perilune("report " .. child_id(w)):exits(0)
    :says("What the runbook returned is no plain data, so the run has no value")
end

return cases
