-- Plans: what would be done, without doing it; and runs that may do only what their plan shows.
local planning = require("planning")

local cases = {}
local plan = planning.plan
local digest_of = planning.digest_of
local approve_the_rest = planning.approve_the_rest
local follow = planning.follow
local beyond_a_branch = planning.beyond_a_branch

function cases.a_plan_changes_nothing_and_shows_signs(w)
  w:file("box/there", "old")
  w:body [[
    step("Write", function()
      storage("box"):put { key = "new", body = "1" }
      storage("box"):put { key = "there", body = "2" }
      storage("box"):put { key = "same", body = "3" }
    end)
    step("Tell", function() notify("log"):send { text = "done" } end)
  ]]
  w:file("box/same", "3")
  plan(w):exits(0):says("+ storage/box:put {\"body\":\"1\",\"key\":\"new\"")
    :says("~ storage/box:put"):says("= storage/box:put"):says("! notify/log:send")
  if w:read("box/new") then error("The plan wrote something.") end
  w:equal("old", w:read("box/there"), "what was there")
  if w:read("notices.jsonl") then error("The plan told somebody.") end
end

function cases.a_plan_ends_at_a_branch_on_what_only_the_run_will_know(w)
  w:body [[
    local made = storage("box"):put { key = "a", body = "1" }
    if made.changed then storage("box"):put { key = "b", body = "2" } end
  ]]
  plan(w):exits(0):says("Not planned"):says("not known before the run")
end

function cases.conditions_on_unknown_values_are_assumed(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    ensure(storage("box"):head { key = "a" }, "a must be there")
    wait_until("it is listed", { within = "5s" }, function()
      return #storage("box"):list {} == 1
    end)
    approve("Go on?", { role = "lead" })
    storage("box"):put { key = "b", body = "2" }
  ]]
  plan(w):exits(0):says("Assumed to hold"):says("a must be there"):says("it is listed")
    :says("Go on?"):says("role lead")
end

function cases.a_run_follows_its_plan(w)
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  plan(w, "--out @W@/plan.json"):exits(0)
  w:run("--plan " .. w.folder .. "/plan.json"):exits(0)
  w:equal("1", w:read("box/a"), "what was written")
end

function cases.a_plan_that_does_not_hold_any_more_is_refused(w)
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  plan(w, "--out @W@/plan.json"):exits(0)
  w:body [[ storage("box"):put { key = "a", body = "2" } ]]
  w:run("--plan " .. w.folder .. "/plan.json"):exits(6):says("does not hold any more")
  if w:read("box/a") then error("Something was written.") end
end


-- What a plan of the rest printed as the way to approve it.
function cases.the_time_of_the_run_and_its_id_are_not_known_before_it(w)
  w:body [[
    storage("box"):put { key = "a", body = "made by " .. run.id .. " at " .. tostring(now()) }
    storage("box"):put { key = "b", body = ("%s %d"):format(date("%H:%M"), math.random(6)) }
    storage("box"):put { key = "c", body = table.concat({ run.started_by, "x" }, " ") }
  ]]
  follow(w):exits(0)
  local text = w:read("box/a") or ""
  if not text:find("^made by case at %d+") then error("Written was: " .. text, 0) end
end

function cases.a_value_that_only_the_run_will_know_chooses_nothing_unseen(w)
  local put = [[local r = storage("box"):put { key = "a", body = "1" }
    ]]
  for _, choosing in ipairs { "table.sort { r.a, r.b }", "for _ in (\"x\"):gmatch(r.p) do end",
    "sleep(r.pause)", "step(r.name, function() end)",
    "step(\"A\", { timeout = r.t }, function() end)",
    "each(r.list, function() end)", "dns(r.zone)", "wait_for(r.signal)", "secret(r.name)",
    "run_runbook(r.name)", "select(r.n, 1, 2)", "assert(r.ok)", "table.sort(r.list)",
    "table.remove(r.list)", "local t = {} t[r.key] = 1",
    "keep(r.name)", "if tostring(r.x) == \"a\" then end" } do
    w:body(put .. choosing .. "\nstorage(\"box\"):put { key = \"after\", body = \"1\" }")
    plan(w):exits(0):says("not known before the run"):says_not("\"key\":\"after\"")
  end
  for _, passing in ipairs { "tostring(r.x)", "(\"%s\"):format(r.x)", "r.x .. \"y\"",
    "json.encode { x = r.x }", "table.concat { \"a\", r.x }", "bit.band(r.x, 1) .. \"\"",
    "math.max(r.x, 1) .. \"\"", "(\"x\"):rep(r.n)", "#r.list .. \"\"",
    "table.concat(r.list, \", \")",
    "(function() local t = {} table.insert(t, r.x) return t[1] end)()" } do
    w:body(put .. "storage(\"box\"):put { key = \"after\", body = " .. passing .. " }")
    plan(w):exits(0):says("unknown until run"):says_not("Not planned")
  end
end

function cases.a_text_that_only_the_run_will_know_shows_what_is_known_of_it(w)
  w:body [[
    local r = storage("box"):put { key = "a", body = "1" }
    local text = ("%d of %s, %3d%% of %s"):format(#r.list, "nine", 7, r.x)
    text = ("%s (%s)"):format(text:gsub("i", "o"), "sure")
    storage("box"):put { key = "b", body = "So: " .. text }
    storage("box"):put { key = "c", body = date("db_%Y", now()) }
  ]]
  plan(w):exits(0):says("\\\"So: \\\" .. \\\"… of nine,   7% of … (sure)\\\"")
    :says("(unknown until run: db_%Y at the time of the run)")
end

function cases.what_is_kept_under_one_name_says_nothing_of_another(w)
  w:file("box/there", "old")
  local function planned(changed, asked)
    w:body(([[
      local box = storage("box")
      local made = box:put { key = "made", body = "1" }
      %s
      if %s then box:put { key = "after", body = "1" } end
    ]]):format(changed, asked))
    return plan(w):exits(0)
  end
  planned("", "box:head { key = \"there\" }"):says("\"key\":\"after\""):says_not("Not planned")
  planned("box:put { key = \"more\", body = made.version }", "box:head { key = \"there\" }")
    :says("\"key\":\"after\"")
  planned("", "not box:head { key = \"absent\" }"):says("\"key\":\"after\"")
  planned("", "box:head { key = \"made\" }"):says("Not planned: "):says_not("\"after\"")
  planned("", "#box:list {} > 0"):says("Not planned: "):says_not("\"after\"")
  -- Under which name this is put, only the run will know.
  planned("box:put { key = \"a\" .. made.version, body = \"1\" }", "box:head { key = \"there\" }")
    :says("Not planned: "):says_not("\"after\"")
end

function cases.the_same_world_gives_the_same_plan_whatever_answers_first(w)
  w:body [[
    local function wait_a_while()
      process("local"):inspect { program = "peek", arguments = { "-c",
        "test $(od -An -N1 -tu1 /dev/urandom) -gt 127 && sleep 0.06; true" } }
    end
    local names = {}
    for index = 1, 4 do
      names["branch " .. index] = function()
        wait_a_while()
        if index % 2 == 0 then
          storage(index == 2 and "box" or "other"):put { key = "object", body = "1" }
        else
          local there = storage(index == 1 and "other" or "box"):head { key = "none" }
          if not there then notify("log"):send { text = "wrote " .. index } end
        end
      end
    end
    parallel(names)
  ]]
  local first = digest_of(plan(w):exits(0))
  for _ = 1, 7 do w:equal(first, digest_of(plan(w)), "the plan's digest") end
end

function cases.new_code_is_covered_by_no_plan_of_the_old(w)
  w:body(beyond_a_branch .. "    storage(\"box\"):put { key = \"z\", body = \"1\" }\n")
  follow(w):exits(3)
  w:body(beyond_a_branch .. "    storage(\"box\"):put { key = \"y\", body = \"1\" }\n")
  approve_the_rest(w):says("2 to create"):says_not("\"key\":\"y\"")
  w:resume("--with-current-code"):exits(3):says("made of other code")
  w:equal("a=1", w:objects(), "what was done before")
  approve_the_rest(w)
  w:resume():exits(0)
  w:equal("a=1 b=2 y=1", w:objects(), "what the new code did")
end

function cases.a_child_run_is_planned_and_may_do_what_its_parents_plan_shows(w)
  w:book([[return runbook { summary = "A child", targets = { ["storage/box"] = { "put" } },
    parameters = { key = { type = "string" } },
    run = function(params)
      step("Inside", function() storage("box"):put { key = params.key, body = "1" } end)
    end }]], "child")
  w:body [[
    step("Child", function() run_runbook("child", { key = "c" }) end)
    storage("box"):put { key = "d", body = "1" }
  ]]
  plan(w):exits(0):says("run_runbook \"child\""):says("Inside"):says("2 to create")
  follow(w):exits(0)
  w:equal("c=1 d=1", w:objects(), "what parent and child wrote")
end

function cases.what_is_told_beside_other_work_may_be_told_again(w)
  w:body [[
    meanwhile("Copy", { every = "100ms" }, function()
      notify("log"):send { text = "still at it" }
    end, function()
      sleep("450ms")
      storage("box"):put { key = "a", body = "1" }
    end)
  ]]
  plan(w):exits(0):says("! notify/log:send"):says("(again and again)"):says("1 that cannot")
  follow(w):exits(0)
  local _, told = w:read("notices.jsonl"):gsub("still at it", "")
  if told < 2 then error("It was told only " .. told .. " times.", 0) end
end

function cases.two_parallels_in_one_step_have_places_of_their_own(w)
  w:body [[
    local box = storage("box")
    local function both(prefix)
      return parallel { A = function() return box:put { key = prefix .. "a", body = "1" } end,
        B = function() return box:put { key = prefix .. "b", body = "1" } end }
    end
    step("Both", function()
      local first = both("1")
      if first.A.changed then both("2") end
    end)
  ]]
  follow(w):exits(3):says("does not show storage/box:put")
  w:equal("1a=1 1b=1", w:objects(), "what the plan shows")
  approve_the_rest(w):says("2 to create")
  w:resume():exits(0)
  w:equal("1a=1 1b=1 2a=1 2b=1", w:objects(), "what both plans show")
end

function cases.tables_are_joined_and_sorted_in_a_plan_as_in_a_run(w)
  w:body [[
    local list = { "b", "a" }
    table.sort(list)
    storage("box"):put { key = table.concat(list, "-"), body = "1" }
  ]]
  plan(w):exits(0):says('"key":"a-b"')
end

function cases.a_plan_whose_worker_dies_says_so_and_ends(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    local t = {}
    for i = 1, 3e7 do t[i] = { i } end
    storage("box"):put { key = "b", body = "1" }
  ]]
  local planned = plan(w)
  planned:says('"key":"a"'):says("The plan breaks off: the script's worker ended: ")
  planned:says_not('"key":"b"')
  w:equal(true, planned.code ~= 0, "Whether it fails")
end

function cases.a_plan_assumes_that_messages_are_delivered_and_goes_on(w)
  w:body [[
    local told = notify("log"):send { text = "begun" }
    if not told.delivered then storage("box"):put { key = "untold", body = "1" } end
    storage("box"):put { key = "after", body = told.id }
  ]]
  plan(w):exits(0):says("notify/log delivers what it is given"):says("storage/box:put")
    :says('"key":"after"'):says_not("untold"):says_not("Not planned")
end

function cases.a_plan_says_how_long_it_took_before(w)
  local body = [[
    step("Write", function() storage("box"):put { key = "new", body = "1" } end)
    step("Wait", function() sleep("200ms") end)
  ]]
  w:body(body, "objectives = { rto = \"1m\" }")
  plan(w):exits(0):says_not("How long it took before")
  w:run():exits(0)
  plan(w):exits(0):says("How long it took before, in runs and drills"):says("  Write  ")
    :says("  in all  "):says("The RTO is 60 s: 60 s to spare by the longest so far")
  w:perilune("plan book --environment here --json"):exits(0)
    :says('"expected":{"run":{"median_s":0.')
end

function cases.what_a_predicted_change_may_have_touched_by_another_name_is_unknown(w)
  w:environment((w:default_environment():gsub("path: %.%./other",
    "path: ../other, uses: [storage/box]")))
  w:body [[
    ensure(#storage("other"):list {} == 0, "It is empty.")
    storage("box"):put { key = "a", body = "1" }
    ensure(function() return #storage("other"):list {} == 1 end, "It would have failed.")
    storage("other"):put { key = "b", body = "1" }
  ]]
  plan(w):exits(0):says("storage/other:put"):says("Assumed to hold")
end

return cases
