-- Undo: its order, steps' own functions, what is kept, conflicts, and on_failure.
local cases = {}

local three = [[
  local box = storage("box")
  step("One", function() box:put { key = "one", body = "1" } end)
  step("Two", function() box:put { key = "two", body = "2" } end)
  step("Three", function() box:put { key = "three", body = "3" } end)
]]

local function undone_in_order(w)
  return (w:sql("select json_extract(body,'$.args.key') from record where kind='intent' and "
    .. "json_extract(body,'$.host')=1 order by pos"):gsub("\n", " "))
end

function cases.undo_takes_back_newest_first(w)
  w:body(three)
  w:run():exits(0)
  w:equal("one=1 three=3 two=2", w:objects(), "The box")
  w:tell("undo"):exits(7):says('"outcome":"undone"')
  w:equal("", w:objects(), "The box")
  w:equal("three two one", undone_in_order(w), "The order")
end

function cases.undo_brings_back_what_was_there_before(w)
  w:body [[
    storage("box"):put { key = "a", body = "new" }
    storage("box"):delete { key = "b" }
  ]]
  w:book(([[return runbook { summary = "Before", targets = { ["storage/box"] = { "put" } },
    run = function() storage("box"):put { key = "a", body = "old" }
      storage("box"):put { key = "b", body = "kept" } end }]]), "before")
  w:perilune("run before --environment here --no-input --json"):exits(0)
  w:run():exits(0)
  w:equal("a=new", w:objects(), "The box")
  w:tell("undo"):exits(7)
  w:equal("a=old b=kept", w:objects(), "The box")
end

function cases.undo_looks_first_and_stops_at_a_conflict(w)
  w:body(three)
  w:run():exits(0)
  w:file("box/two", "somebody else's")
  w:tell("undo"):exits(8):says("is no longer as put left it"):says("--force")
  w:equal("one=1 two=somebody else's", w:objects(), "The box")
  w:tell("undo", "--force"):exits(7)
  w:equal("", w:objects(), "The box")
end

function cases.undo_to_a_step_takes_back_only_what_came_after_it_began(w)
  w:body(three)
  w:run():exits(0)
  w:tell("undo", "--to Two"):exits(8)
  w:equal("one=1", w:objects(), "The box")
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "The box")
end

function cases.undo_to_a_step_of_a_waiting_run_does_not_take_back_more(w)
  w:body(three .. "approve('Go on?')")
  w:run():exits(3)
  w:tell("undo", "--to Three"):exits(8)
  w:equal("one=1 two=2", w:objects(), "The box")
end

function cases.undo_to_a_step_that_is_not_there_is_refused(w)
  w:body(three)
  w:run():exits(0)
  w:tell("undo", "--to Four"):says("no step or keep mark")
  w:equal("one=1 three=3 two=2", w:objects(), "The box")
end

function cases.undo_to_a_keep_mark(w)
  w:body [[
    local box = storage("box")
    box:put { key = "a", body = "1" }
    keep("the release serves")
    box:put { key = "b", body = "2" }
  ]]
  w:run():exits(0)
  w:tell("undo", "--to 'the release serves'"):exits(8)
  w:equal("a=1", w:objects(), "The box")
end

function cases.undoing_a_run_without_changes_says_so_and_ends(w)
  w:body [[ return 1 ]]
  w:run():exits(0)
  w:tell("undo", "", 20):says("nothing left of this run to undo")
end

function cases.a_steps_undo_function_replaces_what_its_operations_derive(w)
  w:body [[
    local box = storage("box")
    step("Custom", { undo = function(made)
      box:put { key = "undone", body = made }
    end }, function()
      box:put { key = "a", body = "1" }
      box:put { key = "b", body = "2" }
      return "by hand"
    end)
    step("Plain", function() box:put { key = "c", body = "3" } end)
  ]]
  w:run():exits(0)
  w:tell("undo"):exits(7)
  w:equal("a=1 b=2 undone=by hand", w:objects(), "The box")
  w:equal(1, w:count("kind='open' and f('$.args.what')='undo'"), "Undo functions")
end

function cases.an_undo_function_is_not_executed_for_a_step_without_changes(w)
  w:body [[
    step("Nothing", { undo = function() storage("box"):put { key = "x", body = "1" } end },
      function() end)
    storage("box"):put { key = "a", body = "1" }
  ]]
  w:run():exits(0)
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "The box")
end

function cases.an_undo_function_that_fails_leaves_the_rest_and_is_resumable(w)
  w:body [[
    local box = storage("box")
    box:put { key = "first", body = "1" }
    step("Stubborn", { undo = function()
      ensure(box:head { key = "allowed" } ~= nil, "Not allowed yet.")
      box:delete { key = "second" }
    end }, function() box:put { key = "second", body = "2" } end)
  ]]
  w:run():exits(0)
  w:tell("undo"):exits(8):says("Not allowed yet.")
  w:equal("first=1 second=2", w:objects(), "The box")
  w:file("box/allowed", "1")
  w:tell("undo"):exits(7)
  w:equal("allowed=1", w:objects(), "The box")
end

function cases.undo_false_keeps_what_a_step_did(w)
  w:body [[
    local box = storage("box")
    step("Migrate", { undo = false }, function() box:put { key = "kept", body = "1" } end)
    step("Other", function() box:put { key = "gone", body = "2" } end)
  ]]
  w:run():exits(0)
  w:tell("undo"):exits(7)
  w:equal("kept=1", w:objects(), "The box")
end

local kept_and_impossible = [[
  local box = storage("box")
  step("First", function() box:put { key = "first", body = "1" } end)
  step("Migrate", { undo = false }, function() box:put { key = "kept", body = "1" } end)
  step("Program", function()
    process("local"):run { program = "sh", arguments = { "-c", "true" } }
  end)
  step("Last", function() box:put { key = "last", body = "2" } end)
]]

function cases.what_undo_keeps_is_listed_before_and_after_and_makes_it_no_less_whole(w)
  w:body [[
    local box = storage("box")
    step("Migrate", { undo = false }, function() box:put { key = "kept", body = "1" } end)
    step("Other", function() box:put { key = "gone", body = "2" } end)
  ]]
  w:run():exits(0)
  w:perilune("undo case --no-input"):exits(7):says("Kept on purpose:\n  storage/box:put")
    :says("(Migrate)"):says("meant to stay")
  w:perilune("status case"):exits(0):says("Kept"):says("meant to stay")
  w:perilune("report case --format text"):exits(0):says("kept"):says("kept on purpose")
end

function cases.a_preview_of_an_undo_says_what_it_would_do_and_undoes_nothing(w)
  w:body(kept_and_impossible)
  w:run():exits(0)
  local shown = w:perilune("undo case --preview"):exits(0)
  shown:says("Undo, newest first:\n  storage/box:put"):says("(Last)"):says("(First)")
    :says("Cannot be undone:\n  process/local:run"):says("Kept on purpose:\n  storage/box:put")
    :says("cannot itself be undone")
  w:equal("first=1 kept=1 last=2", w:objects(), "The box")
  w:perilune("undo case --preview --to Last"):exits(0):says("(Last)"):says_not("(First)")
    :says_not("Cannot be undone")
  w:perilune("undo case --preview --to None"):exits(2):says("no step or keep mark")
end

function cases.what_cannot_be_undone_is_said_and_ends_nothing(w)
  w:body(kept_and_impossible)
  w:run():exits(0)
  w:tell("undo"):exits(8):says("process/local:run"):says("cannot be undone")
  w:equal("kept=1", w:objects(), "The box")
  w:equal(2, w:count("kind='undone' and f('$.outcome')='done'"), "Entries taken back")
end

function cases.a_failure_undoes_nothing_before_the_last_keep(w)
  w:body([[
    local box = storage("box")
    box:put { key = "before", body = "1" }
    keep("serves")
    box:put { key = "after", body = "2" }
    step("Fail", function() ensure(false, "Went wrong.") end)
  ]], 'on_failure = "undo"')
  w:run():exits(8):says('"outcome":"undone"')
  w:equal("before=1", w:objects(), "The box")
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "A person's undo covers all")
end

function cases.on_failure_undo_of_the_run_takes_everything_back(w)
  w:body([[
    storage("box"):put { key = "a", body = "1" }
    step("Fail", function() ensure(false, "Went wrong.") end)
  ]], 'on_failure = "undo"')
  w:run():exits(7):says('"reason":"Went wrong."')
  w:equal("", w:objects(), "The box")
end

function cases.on_failure_stop_ends_the_run_and_lists_what_is_left(w)
  w:body([[
    storage("box"):put { key = "a", body = "1" }
    step("Fail", function() ensure(false, "Went wrong.") end)
  ]], 'on_failure = "stop"')
  w:run():exits(8):says('"outcome":"failed"'):says("storage/box:put"):says("perilune undo case")
  w:equal("a=1", w:objects(), "The box")
end

function cases.on_failure_stop_without_changes_exits_one(w)
  w:body([[ step("Fail", function() ensure(false, "no") end) ]], 'on_failure = "stop"')
  w:run():exits(1):says('"outcome":"failed"')
end

function cases.an_undo_killed_in_the_middle_goes_on_as_it_was_asked_for(w)
  w:body [[
    local box = storage("box")
    step("One", function() box:put { key = "one", body = "1" } end)
    step("Two", function() box:put { key = "two", body = "2" } end)
    step("Slow", { undo = function()
      process("local"):inspect { program = "peek", arguments = { "-c", "sleep 1" } }
      box:delete { key = "slow" }
    end }, function() box:put { key = "slow", body = "3" } end)
  ]]
  w:run():exits(0)
  local job = w:start("", "undo case --to Two --no-input --json")
  w:await "kind='open' and f('$.args.what')='undo'"
  job:kill("KILL")
  job:wait()
  w:resume():exits(8)
  w:equal("one=1", w:objects(), "Only what came after Two is undone")
end

return cases
