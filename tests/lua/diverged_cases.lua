-- Runs whose script cannot be executed any more: they are cancelled and undone all the same.
local rig = require("rig")

local cases = {}

local waiting = [[
  storage("box"):put { key = "one", body = "1" }
  step("Two", function() storage("box"):put { key = "two", body = "2" } end)
  approve("Go on?")
]]

-- Alters the code that the run carries, as no command does, so that a plain resume diverges.
local function alter(w, old, new)
  rig.shell(("sqlite3 %s \"update file set text = cast(replace(cast(text as text), '%s', '%s') "
    .. "as blob)\""):format(rig.quoted(w.folder .. "/state/state.db"), old, new))
end

local function diverged(w, body, head)
  w:body(body or waiting, head)
  w:run():exits(3)
  alter(w, "Two", "Zwei")
  w:resume():exits(3):says('step \\"Two\\"'):says('step \\"Zwei\\"')
  w:equal("diverged", w:sql("select state from run"), "The state")
end

function cases.a_diverged_run_is_undone_newest_first(w)
  diverged(w)
  w:tell("undo"):exits(7):says('"outcome":"undone"')
  w:equal("", w:objects(), "The box")
  w:equal("/#3\n/#1", w:sql("select json_extract(body,'$.of') from record where kind='undo' "
    .. "and json_extract(body,'$.of') <> '' order by pos"), "The order")
end

function cases.a_diverged_run_is_cancelled_and_gives_its_locks_back(w)
  diverged(w, nil, 'locks = { "traffic/site" }')
  w:perilune("run book --environment here --no-input --json --run-id other"):exits(6)
  w:tell("cancel", "--reason 'not today'"):exits(8):says("storage/box:put")
  w:equal("0", w:sql("select count(*) from lock"), "Locks")
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "The box")
end

function cases.undo_gives_back_the_locks_of_a_diverged_run(w)
  diverged(w, nil, 'locks = { "traffic/site" }')
  w:tell("undo"):exits(7)
  w:equal("0", w:sql("select count(*) from lock"), "Locks")
end

function cases.other_commands_are_kept_for_a_diverged_run_and_not_taken(w)
  diverged(w)
  w:tell("approve", "'Go on?'")
  w:resume():exits(3)
  w:equal("diverged", w:sql("select state from run"), "The state")
  w:tell("undo", "--to nowhere"):exits(3):says("no step or keep mark")
  w:equal("one=1 two=2", w:objects(), "The box")
  alter(w, "Zwei", "Two")
  w:resume():exits(0)
end

function cases.undo_functions_that_cannot_be_replayed_are_listed_for_a_person(w)
  diverged(w, [[
    storage("box"):put { key = "one", body = "1" }
    step("Two", { undo = function() storage("box"):delete { key = "two" } end }, function()
      storage("box"):put { key = "two", body = "2" }
      storage("box"):put { key = "too", body = "2" }
    end)
    storage("box"):put { key = "three", body = "3" }
    approve("Go on?")
  ]], "ended = function() log('never') end")
  w:tell("undo"):exits(8):says('The undo function of \\"Two\\" cannot be executed')
    :says('storage/box:put {\\"body\\":\\"2\\",\\"key\\":\\"too\\"')
  w:equal("too=2 two=2", w:objects(), "What is left for a person")
  w:equal("partly undone", w:sql("select outcome from run"), "The outcome")
  w:equal(0, w:count("kind='ended'"), "`ended`")
  w:equal(1, w:count("kind='log' and body like '%is not executed any more%'"), "Told")
end

function cases.an_ended_run_whose_replay_diverges_is_undone(w)
  w:body(waiting)
  w:run():exits(3)
  w:tell("approve")
  w:resume():exits(0)
  alter(w, "Two", "Zwei")
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "The box")
end

function cases.undo_to_a_step_of_a_diverged_run(w)
  diverged(w)
  w:tell("undo", "--to Two"):exits(8)
  w:equal("one=1", w:objects(), "The box")
end

function cases.a_run_whose_worker_always_dies_is_undone(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    local t = {}
    for i = 1, 1e9 do t[i] = ("x"):rep(1e5) .. i end
  ]]
  w:run("", 58):exits(3)
  w:tell("undo", "", 58):exits(7)
  w:equal("", w:objects(), "The box")
end

function cases.an_undo_function_whose_worker_always_dies_is_left_to_a_person(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    step("Own", { undo = function()
      local t = {}
      for i = 1, 1e9 do t[i] = ("x"):rep(1e5) .. i end
    end }, function() storage("box"):put { key = "own", body = "1" } end)
    approve("Go on?")
  ]]
  w:run():exits(3)
  w:tell("undo", "", 58):exits(8):says('The undo function of \\"Own\\" cannot be executed')
  w:equal("own=1", w:objects(), "The box")
end

function cases.an_undo_function_that_a_diverged_script_had_begun_is_left_to_a_person(w)
  w:body [[
    storage("box"):put { key = "one", body = "1" }
    step("Two", { undo = function() sleep("60s") end }, function()
      storage("box"):put { key = "two", body = "2" }
    end)
    approve("Go on?")
  ]]
  w:run():exits(3)
  local job = w:start("", "undo case --json")
  w:await "kind='timer'"
  job:kill("KILL")
  job:wait()
  alter(w, "Two", "Zwei")
  w:resume():exits(8):says('The undo function of \\"Two\\" cannot be executed')
  w:equal("two=2", w:objects(), "The box")
end

function cases.a_step_within_a_failed_attempt_keeps_its_changes_for_a_person(w)
  local before = [[
    storage("box"):put { key = "one", body = "1" }
    step("Outer", function()
      step("Inner", { undo = function() log("taken back") end }, function()
        storage("box"):put { key = "inner", body = "1" }
      end)
      storage("box"):put { key = "outer", body = "1" }
      error("no")
    end)
  ]]
  w:body(before)
  w:run():exits(3)
  w:body((before:gsub('error%("no"%)', "")))
  w:resume("--with-current-code"):exits(3)
  w:tell("undo"):exits(8):says('The undo function of \\"Inner\\" cannot be executed')
  w:equal("inner=1", w:objects(), "The box")
end

return cases
