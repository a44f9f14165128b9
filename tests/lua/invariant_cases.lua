-- What explorations say of every runbook, and what they must not say.
local library = require("testing_library")

local cases = {}

local move_targets = [[{ ["deploy/east"] = { "stop", "release" },
  ["deploy/west"] = { "stop", "release" }, ["dns/site"] = { "upsert", "delete" } }]]
local page_targets = [[{ ["notify/oncall"] = { "open", "resolve", "send" } }]]

-- The rules that the run without faults breaks, or with `faults`; joined.
local function broken(w, given)
  library.take(w, "tests/lua/fixtures/seeded")
  w:file("library/runbooks/tried.lua", ("return runbook { summary = \"Tried\", targets = %s,\n"
    .. "run = function()\n%s\nend }"):format(given.targets or move_targets, given.run))
  w:file("library/explorations/tried.lua", ([[
local regions = require "regions"
return explore { runbook = "tried", %s world = function()
  local w = regions.open(world "regions")
  %s
  return w
end }]]):format(given.fields or "", given.world or ""))
  local ended = w:perilune(("explore tried --json --within 3s --replay '%s'"):format(
    given.faults or "none"))
  local told = library.told(ended)
  if not told.findings then error("It was refused: " .. ended.out .. ended.err, 0) end
  w:equal(#told.findings > 0 and 1 or 0, ended.code, "the exit code")
  return library.joined(told.findings, "name"), told
end

local pointing = "DNS never points at something unhealthy while something healthy exists"
local point_at_west = [[
  dns("site"):upsert { name = "app", type = "CNAME", value = "west.shop.example.", ttl = "1m" }]]

function cases.turning_off_what_dns_leads_to_is_found(w)
  local both = "w.deploy.west:serve { version = \"1.0\" }"
  local stop = "deploy(\"west\"):status() deploy(\"east\"):stop {}"
  w:equal(pointing, broken(w, { run = stop, world = both }), "stopping the east")
  w:equal("", broken(w, { run = point_at_west .. stop, world = both }), "after the move")
  w:equal("", broken(w, { run = stop }), "where the west does not serve")
end

function cases.pointing_anywhere_is_right_where_nothing_is_healthy(w)
  w:equal("", broken(w, { run = point_at_west, world = "w.deploy.east:fail {}" }), "an outage")
  w:equal(pointing, broken(w, { run = point_at_west }), "no outage")
end

function cases.a_name_may_go_back_to_where_it_was_found(w)
  local outage = "w.deploy.west:serve { version = \"1.0\" } w.deploy.east:fail {}"
  w:equal("", broken(w, { run = point_at_west, world = outage, faults = "undo" }), "its undo")
end

function cases.what_the_runbook_does_not_name_is_no_better_place(w)
  w:equal("", broken(w, { run = point_at_west, targets = "{ [\"dns/site\"] = { \"upsert\" } }" }),
    "the east, of which it knows nothing")
end

local open_page =
  "notify(\"oncall\"):open { key = \"x\", severity = \"critical\", summary = \"x\" }"

function cases.an_incident_is_resolved_or_handed_over(w)
  local rule = "every incident opened is resolved or handed over"
  local function found(given)
    given.targets = page_targets
    return broken(w, given)
  end
  w:equal(rule, found { run = open_page }, "one that is left open")
  w:equal("", found { run = open_page
    .. " notify(\"oncall\"):resolve { key = \"x\", text = \"\" }" }, "one that is resolved")
  w:equal("", found { run = open_page .. " sleep(\"2m\")",
    world = "w.notify.oncall:acknowledges_after { after = \"1m\" }" }, "one that somebody takes")
  w:equal("", found { run = "sleep(\"1m\")",
    world = "w.notify.oncall:control(\"open\", { key = \"old\" })" }, "one of somebody else")
  w:equal("", found { run = open_page,
    fields = ("without = { [%q] = true },"):format(rule) }, "where the author says so")
end

function cases.asking_again_is_right_after_some_time(w)
  local rule = "no change is repeated without leave"
  local function found(pause)
    return (broken(w, { targets = page_targets, faults = "after notify/oncall:send 1", run = ([[
      local page = { text = "Still down." }
      notify("oncall"):send(page)
      %s
      notify("oncall"):send(page)]]):format(pause) }))
  end
  w:equal(rule, found(""), "at once")
  w:equal("", found("sleep(\"30m\")"), "half an hour later")
end

function cases.an_undo_that_leaves_what_it_says_breaks_nothing(w)
  local name, told = broken(w, { faults = "undo", targets = [[
    { ["deploy/west"] = { "release" }, ["storage/config"] = { "put" } }]], run = [[
    deploy("west"):release { version = "1.0" }
    step("Meant to stay", { undo = false }, function()
      storage("config"):put { key = "share", body = "10" }
    end)]] })
  w:equal("", name, "its undo")
  w:equal(1, told.outcomes.undone, "runs that were undone")
end

function cases.a_copy_that_may_be_thrown_away_is_no_second_primary(w)
  local name, told = broken(w, { targets = [[{ ["database/copy"] = { "clone" },
    ["database/primary"] = {} }]],
    world = "w.database.copy:drop {}",
    run = [[database("copy"):clone { from = database("primary"),
      backup = database("primary"):list_backups()[1].id }]] })
  w:equal(1, told.outcomes.done, "The clone is made")
  w:equal("", name, "beside the primary")
end

function cases.nobody_is_made_to_refuse_what_is_no_yes_or_no(w)
  local told = {}
  for _, question in ipairs { [[ask("Which?", { choices = { "east", "west" } })]],
    [[manual("Which?", { evidence = "number" })]], [[confirm("Which?")]] } do
    local name
    name, told[#told + 1] = broken(w, { targets = "{}", run = question, faults = "refuse Which?",
      fields = "answers = { [\"Which?\"] = \"east\" }," })
    w:equal("", name, question)
  end
  w:equal(1, told[1].outcomes.waits, "A choice that nobody makes")
  w:equal(1, told[2].outcomes.waits, "Evidence that nobody gives")
  w:equal(nil, told[3].outcomes.waits, "A no is an answer")
end

local rests = "the run ends or is parked with a next action"

function cases.a_run_that_never_rests_is_found(w)
  local name, told = broken(w, { run = "while true do sleep(\"1h\") end", targets = "{}" })
  w:equal(rests, name, "sleeping for ever")
  if not told.findings[1].why:find("after 30 d of virtual time", 1, true) then
    error(told.findings[1].why, 0)
  end
  name, told = broken(w, { run = "while true do end", targets = "{}" })
  w:equal(rests, name, "looping for ever")
  if not told.findings[1].why:find("The run used more than 3 s of processor time", 1, true) then
    error(told.findings[1].why, 0)
  end
end

function cases.a_run_that_takes_all_memory_is_found(w)
  local grows = "local all = {} while true do all[#all + 1] = (\"x\"):rep(1000) .. #all end"
  local name, told = broken(w, { run = grows, targets = "{}" })
  w:equal(rests, name, "growing for ever")
  if not told.findings[1].why:find("more memory than it may have", 1, true) then
    error(told.findings[1].why, 0)
  end
end

function cases.what_the_author_says_is_checked_after_each_change_and_at_the_end(w)
  local name, told = broken(w, { run = point_at_west, world = "w.deploy.east:fail {}", fields = [[
    always = { ["the site is in the east"] = function(w)
      return w.dns.site.records.app.CNAME.values[1] == "east.shop.example."
    end },
    finally = { ["it failed"] = function(_, run) return run.outcome == "failed" end,
      ["it is no check"] = function() error("No, not so.", 0) end },]] })
  for _, rule in ipairs { "the site is in the east", "it failed", "it is no check" } do
    if not name:find(rule, 1, true) then error("It did not find: " .. rule, 0) end
  end
  w:equal("after dns/site:upsert",
    library.find(told.findings, "name", "the site is in the east").why, "why")
  w:equal("the check itself failed: No, not so.",
    library.find(told.findings, "name", "it is no check").why, "why")
end

return cases
