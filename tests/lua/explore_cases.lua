-- Explorations: seeded bugs that they find, and corrected runbooks in which they find nothing.
local rig = require("rig")
local library = require("testing_library")

local cases = {}

-- Each with what finds it: the rule, and the shortest schedule that breaks it.
local seeded = {
  { bug = "restore_in_traffic", mended = "restore_closed",
    rule = "traffic is off during a restore",
    faults = "failed deploy/east:set_maintenance 1" },
  { bug = "point_before_health", mended = "point_after_health",
    rule = "DNS never points at something unhealthy while something healthy exists",
    faults = "none" },
  { bug = "promote_unfenced", mended = "promote_fenced",
    rule = "never two primaries that both take writes",
    faults = "failed database/primary:fence 1" },
  { bug = "undo_forwards", mended = "undo_backwards",
    rule = "undo restores what it says it restores", faults = "undo" },
  { bug = "page_twice", mended = "page_once",
    rule = "no change is repeated without leave", faults = "late notify/oncall:send 1" },
}

local function explore(w, words, code)
  return library.told(w:perilune("explore " .. words .. " --json"):exits(code))
end

for _, one in ipairs(seeded) do
  cases["exploring_finds_" .. one.bug .. "_within_two_seconds"] = function(w)
    library.take(w, "tests/lua/fixtures/seeded")
    local told = explore(w, one.bug .. " --within 2s", 1)
    w:equal(one.rule, library.joined(told.findings, "name"), "what was found")
    w:equal(one.faults, told.findings[1].faults, "the shortest schedule")
    if told.took_s > 3 then error("It took " .. told.took_s .. " s.", 0) end
    if not told.findings[1].story:find("%(run%-1%): ") then
      error("It tells no story: " .. told.findings[1].story, 0)
    end
  end

  cases["exploring_finds_nothing_in_" .. one.mended] = function(w)
    library.take(w, "tests/lua/fixtures/seeded")
    local told = explore(w, one.mended .. " --within 20s --runs 250", 0)
    w:equal(0, #told.findings, "what was found")
    w:equal("done", told.outcome, "the run without faults")
    -- What was found is what was tried: every single fault, then pairs.
    for _, row in pairs(told.tried) do
      if not next(row) then error("Something was not tried.", 0) end
    end
    if told.pairs < 50 then error("Only " .. told.pairs .. " pairs were tried.", 0) end
  end

  cases["replaying_" .. one.bug .. "_shows_the_same"] = function(w)
    library.take(w, "tests/lua/fixtures/seeded")
    local found = explore(w, one.bug .. " --runs 40", 1).findings[1]
    local again = explore(w, ("%s --replay '%s'"):format(one.bug, found.faults), 1)
    local shown = library.find(again.findings, "name", found.name)
    w:equal(found.why, shown and shown.why, "why")
    w:equal(found.story, shown and shown.story, "the story")
    w:equal(0, #again.unmet, "faults that met nothing")
    explore(w, ("%s --replay '%s'"):format(one.mended, found.faults), 0)
  end

  cases["keeping_" .. one.bug .. "_makes_a_test_that_fails_until_it_is_mended"] = function(w)
    library.take(w, "tests/lua/fixtures/seeded")
    w:perilune(("explore %s --replay '%s' --keep %s"):format(one.bug, one.faults, one.bug))
      :exits(1):says("Written: tests/" .. one.bug .. "_test.lua")
    w:perilune("test " .. one.bug):exits(1):says("0 passed, 1 failed"):says(one.rule)
    rig.shell(("cd %s/library/runbooks && cp %s.lua %s.lua"):format(rig.quoted(w.folder),
      one.mended:gsub("_", "-"), one.bug:gsub("_", "-")))
    w:perilune("test " .. one.bug):exits(0):says("1 passed, 0 failed")
  end
end

function cases.the_same_seed_explores_the_same(w)
  library.take(w, "tests/lua/fixtures/seeded")
  local function text(seed)
    local words = "explore promote_unfenced --within 30s --runs 90 --json --seed "
    return (w:perilune(words .. seed):exits(1).out:gsub("\"took_s\":[%d.e-]+", ""))
  end
  local first = text(7)
  w:equal(first, text(7), "a second exploration with the seed")
  if first == text(8) then error("Another seed explored the same.", 0) end
end

function cases.no_schedule_finds_what_another_left(w)
  library.take(w, "tests/lua/fixtures/seeded")
  w:file("library/explorations/counted.lua", [[
    local worlds, schedules = 0, 0
    return explore { runbook = "page_once",
      world = function() worlds = worlds + 1; return world "regions" end,
      finally = { ["it is the first"] = function()
        schedules = schedules + 1
        return worlds == 1 and schedules == 1
      end } }
  ]])
  w:equal(0, #explore(w, "counted --runs 60", 0).findings, "what was found")
end

function cases.a_schedule_that_is_none_is_refused(w)
  library.take(w, "tests/lua/fixtures/seeded")
  local function refuses(words, ...)
    local ended = w:perilune("explore " .. words):exits(2)
    for _, text in ipairs { ... } do ended:says(text) end
    w:equal("", ended.out, "what was written as data")
  end
  refuses("page_once --replay bogus", "\"bogus\" is no fault", "after dns/site:upsert 1")
  refuses("page_once --replay 'after dns/sote:upsert 1'", "but got dns/sote:upsert")
  refuses("page_once --replay 'after dns/site:upzert 1'", "Did you mean \"upsert\"?")
  refuses("page_once --replay ''", "--replay needs faults")
  refuses("page_once --replay 'death 2 + overtaken 3'", "loses its host once",
    "leave out \"overtaken 3\"")
  refuses("--replay none", "Say which runbook")
  refuses("page_once --keep x", "--keep needs --replay")
  refuses("page_once --replay none --keep '../x'", "--keep needs the name of a test file")
  refuses("page_once --replay nonsense --keep x", "is no fault")
  refuses("page_onze", "no exploration of page_onze", "Did you mean \"page_once\"?")
  refuses("page_once --runs 0", "--runs")
  refuses("page_once --within soon", "soon")
  if w:read("library/tests/x_test.lua") then error("A test was kept.", 0) end
end

-- The one that arrived and the one that did not look the same to a runbook, and are not.
function cases.a_message_that_was_lost_on_its_way_may_be_sent_again(w)
  library.take(w, "tests/lua/fixtures/seeded")
  explore(w, "page_twice --replay 'after notify/oncall:send 1'", 1)
  local told = explore(w, "page_twice --replay 'dropped notify/oncall:send 1'", 0)
  w:equal(0, #told.unmet, "faults that met nothing")
end

function cases.another_host_takes_the_run_over_while_the_first_lives(w)
  library.take(w, "tests/lua/fixtures/seeded")
  local told = explore(w, "restore_closed --within 60s --runs 150", 0)
  local host = told.tried["the host"]
  w:equal(host.death, host.overtaken, "commits before which another host took the run over")
  w:equal(0, #explore(w, "restore_closed --replay 'overtaken 4 + undo'", 0).unmet, "faults not met")
end

function cases.a_fault_that_nothing_meets_is_told(w)
  library.take(w, "tests/lua/fixtures/seeded")
  w:perilune("explore page_once --replay 'refuse Now? + after notify/oncall:open 9 + death 99'")
    :exits(0):says("Not met   refuse Now?"):says("Not met   after notify/oncall:open 9")
    :says("Not met   death 99")
end

function cases.a_long_exploration_makes_each_of_its_runs(w)
  library.take(w, "tests/lua/fixtures/seeded")
  w:file("library/runbooks/page-once.lua", [[
return runbook { summary = "Puts", targets = { ["storage/config"] = { "put" } },
  run = function()
    for n = 1, 8 do storage("config"):put { key = "k" .. n, body = "x" } end
  end }
]])
  local told = explore(w, "page_once --within 60s --runs 700", 0)
  local runs = 0
  for _, count in pairs(told.outcomes) do runs = runs + count end
  w:equal(700, runs, "runs")
  w:equal(700, (w:perilune("explore page_once --within 60s --runs 700"):exits(0).out
    :match("found in (%d+) runs") or 0) + 0, "the runs that it tells")
end

function cases.a_runbook_that_stops_at_once_is_told(w)
  library.take(w, "tests/lua/fixtures/seeded")
  w:file("library/runbooks/page-once.lua", [[
return runbook { summary = "Fails", targets = {}, run = function() error("No, not today.") end }
]])
  w:perilune("explore page_once"):exits(0):says("Without any fault the run was: waits")
end

function cases.an_exploration_that_is_wrong_is_refused(w)
  library.take(w, "tests/lua/fixtures/seeded")
  local function refuses(text, ...)
    w:file("library/explorations/page_once.lua", text)
    local ended = w:perilune("explore page_once"):exits(2)
    for _, part in ipairs { ... } do ended:says(part) end
  end
  refuses("return { runbook = 1 }", "An exploration returns explore { … }.")
  refuses("return explore { runbok = \"page-once\" }", "Did you mean \"runbook\"?")
  refuses("return explore { runbook = \"page-once\" }", "explore needs runbook and world")
  refuses("return explore {", "explorations/page_once.lua:1")
  refuses("return explore { runbook = \"page-once\", world = function() return world \"x\" end }",
    "x")
  refuses([[return explore { runbook = "page-onze",
    world = function() return world "regions" end }]], "page-onze", "Did you mean \"page-once\"?")
  refuses([[return explore { runbook = "page-once", world = function() end }]],
    "world of explore must return")
end

return cases
