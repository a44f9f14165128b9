-- Drills: a real service, killed for real, recovered by a runbook, and what is measured of it.
local rig = require("rig")
local drilling = require("drilling")
local library = require("testing_library")
local told = library.told
local drilled, drill_it = drilling.drilled, drilling.drill_it
local never_ends, none_lives = drilling.never_ends, drilling.none_lives
local cases = {}

function cases.a_drill_measures_the_outage_and_leaves_nothing_behind(w)
  drilled(w)
  local evidence = drill_it(w, 0)
  w:equal("passed", evidence.result, "The result")
  w:equal("probe", evidence.rto.by, "What measured the RTO")
  w:equal(true, evidence.rto.measured_s > 0.3 and evidence.rto.measured_s < 20,
    "The RTO is that of an outage")
  w:equal(true, evidence.rto.bad >= 2, "Questions went unanswered")
  none_lives(w)
  local page = io.open(evidence.folder .. "/report.html"):read("*a")
  w:equal(true, page:find("the service, as a user sees it", 1, true) ~= nil, "The page draws it")
  w:file("library/runbooks/deploy.lua", "return runbook { summary = \"Deploys\", targets = {}, "
    .. "run = function() end }")
  w:perilune("drills"):exits(1):says("deploy  "):says("no drill"):says("the code has changed")
  os.remove(w.folder .. "/library/runbooks/deploy.lua")
  w:perilune("drills"):exits(0):says("site-down"):says("ready"):says(evidence.id)
    :says_not("no drill")
  w:file("library/runbooks/recover.lua", drilling.recover:gsub("ASK", "log('changed')"))
  w:perilune("drills"):exits(1):says("the code has changed")
  w:perilune("drills --valid-for 1ms"):exits(1):says("too long ago")
end

function cases.a_killed_host_changes_nothing_of_the_result(w)
  drilled(w, { more = [[simulated = { ["storage/box"] = "a folder", "a site of ours" },]] })
  local evidence = drill_it(w, 0, "--kill-host")
  w:equal("a site of ours; storage/box: a folder", table.concat(evidence.simulated, "; "),
    "What is not real")
  w:equal("passed", evidence.result, "The result")
  w:equal("done", evidence.run.outcome, "The run's outcome")
  w:equal(true, evidence.run.killed_at ~= nil, "The host was killed")
end

function cases.marks_that_are_lost_are_counted_and_missed_objectives_fail_the_drill(w)
  drilled(w, { disaster = [[
    local box = on.storage("box")
    wait_until("ten marks", { within = "20s", every = "50ms" }, function()
      return box:head { key = "perilune-mark/00000010" }
    end)
    box:copy { key = "perilune-mark/00000003", to_key = "kept", to = box }
    on.storage("box"):delete { key = "perilune-mark/00000003" }
    on.storage("box"):delete { key = "perilune-mark/00000004" }]],
    more = [[mark = { target = "storage/box", name = "box", every = "50ms" },]] })
  local evidence = drill_it(w, 0)
  local rpo = evidence.rpo[1]
  w:equal(2, rpo.lost, "Marks lost")
  w:equal(true, rpo.holes, "A newer mark survived an older one")
  w:equal(true, rpo.measured_s > 0.3 and rpo.measured_s < 10, "The loss reaches to the first hole")
  w:file("library/runbooks/recover.lua",
    (drilling.recover:gsub("ASK", ""):gsub('rpo = "10s"', 'rpo = "100ms"')))
  w:equal("failed", drill_it(w, 1).result, "The result where the loss is too large")
end

-- For a second the marks' folder is none, and all marks before are refused.
function cases.nothing_is_broken_before_a_mark_is_written(w)
  drilled(w, { more = [[mark = { target = "storage/late", name = "late", every = "50ms" },]],
    environment = drilling.environment:gsub("  notify/log", "  storage/late: { driver: folder, "
      .. "path: \"{services.site.folder}/late/box\" }\n%0") })
  w:file("library/services/site", (drilling.site:gsub('"run":\n', [["run":
    late = os.path.join(os.environ["SERVICE_FOLDER"], "late")
    if not os.path.exists(late):
        import threading, time
        open(late, "w").close()
        threading.Timer(4, lambda: (os.unlink(late), os.mkdir(late))).start()
]])))
  local seen = drill_it(w, 0)
  w:equal("passed", seen.result, "The result")
  w:equal(true, seen.rpo[1].written > 0, "Marks were written before the disaster")
end

function cases.what_comes_before_the_disaster_happens_while_marks_are_written(w)
  drilled(w, { more = [[mark = { target = "storage/box", name = "box", every = "50ms" },
    before = function(on)
      ensure(on.storage("box"):head { key = "perilune-mark/00000001" } ~= nil, "No mark is there.")
      on.storage("box"):put { key = "dump", body = "of before" }
    end,
    check = function(on)
      ensure(on.storage("box"):get { key = "dump" }.body == "of before", "The dump is gone.")
    end,]] })
  local seen = drill_it(w, 0)
  w:equal(true, seen.parts.before.done, "The part before")
  w:equal("passed", seen.result, "The result")
end

function cases.a_service_that_is_destroyed_is_cleaned_of_what_it_kept(w)
  drilled(w, { more = [[check = function(on)
    ensure(on.storage("box"):head { key = "cleaned" } ~= nil, "Nothing was cleaned.") end,]] })
  w:file("library/services/site", drilling.site .. [[
elif sys.argv[1] == "clean":
    folder = os.path.join(os.environ["SERVICE_FOLDER"], "box")
    os.makedirs(folder, exist_ok=True)
    open(os.path.join(folder, "cleaned"), "w").close()
]])
  w:file("library/drills/site_down.lua", (w:read("library/drills/site_down.lua")
    :gsub(":kill%(%)", ":destroy()")))
  w:equal("passed", drill_it(w, 0).result, "The result")
end

function cases.the_table_has_the_newest_drill_of_each_library(w)
  w:perilune("drills --table"):exits(1)
  drilled(w)
  drill_it(w, 0)
  w:perilune("drills --table"):exits(0):says("site-down"):says("passed")
  w:perilune("drills --table --valid-for 1ms"):exits(1)
  drilled(w, { ask = [[approve("Who answers?")]] })
  drill_it(w, 1)
  w:perilune("drills --table"):exits(1):says("failed")
end

function cases.a_question_that_the_drill_does_not_answer_ends_it(w)
  drilled(w, { ask = [[approve("Let the users in?")]] })
  local seen = drill_it(w, 1)
  w:equal(true, table.concat(seen.deviations, "\n"):find('It asks "Let the users in?"', 1, true)
    ~= nil, "The deviation names the question")
  none_lives(w)
  drilled(w, { ask = [[approve("Let the users in?")]],
    more = [[answers = {
      ["Let the users in?"] = { answer = "approve", after = "1s", by = "lead" } },]] })
  seen = drill_it(w, 0)
  w:equal("lead", seen.answers[1].by, "Who answered")
  w:equal(true, seen.answers[1].at - seen.answers[1].asked_at >= 1, "People take their time")
end

function cases.a_guard_ends_a_drill_that_goes_wrong(w)
  drilled(w, { more = [[guard = { outage = "1s" }, put_back = function(on)
    on.storage("box"):put { key = "back", body = "yes" } end,]] })
  never_ends(w)
  local seen = drill_it(w, 1)
  w:equal(true, table.concat(seen.deviations):find("the outage is longer than", 1, true) ~= nil,
    "The guard is named")
  w:equal(true, seen.parts.put_back.done, "Everything is put back all the same")
  none_lives(w)
end

function cases.a_drill_whose_service_never_serves_measures_nothing(w)
  drilled(w)
  w:file("library/drills/site_down.lua", (drilling.drill:gsub("DISASTER", ""):gsub("MORE", "")
    :gsub('/", every', '/", status = 204, every')))
  local seen = told(w:perilune("drill site-down --json", 120):exits(1))
  w:equal("unmeasured", seen.result, "The result")
  w:equal(true, seen.deviations[1]:find("does not serve before the disaster", 1, true) ~= nil,
    "The reason")
end

function cases.a_drill_is_scheduled_by_a_line_of_a_crontab(w)
  drilled(w)
  local line = w:perilune("drill site-down --kill-host --schedule '0 4 1 */3 *'"):exits(0).out
  w:equal(true, line:find("^0 4 1 %*/3 %* /") ~= nil, "The line begins with when, and the program")
  local command = line:gsub("^%S+ %S+ %S+ %S+ %S+ ", "")
  local _, code = rig.shell("timeout 60 sh -c " .. rig.quoted(command))
  w:equal(0, code, "What the line executes")
  w:perilune("drills"):exits(0):says("ready")
  w:perilune("drill site-down --schedule '0 4 99 * *'"):exits(2)
  w:perilune("drill other --schedule '0 4 1 * *'"):exits(2):says("There is no drill")
end

function cases.only_environments_of_the_kind_drill_are_drilled_in(w)
  drilled(w, { environment = drilling.environment:gsub("kind: drill", "kind: development", 1) })
  w:perilune("drill site-down"):exits(5):says("only environments that say kind: drill")
  w:equal(nil, w:read("state/drills"), "What was made")
end

function cases.a_drill_that_is_told_wrongly_is_refused_before_anything_starts(w)
  drilled(w, { more = [[simulated = { ["storage/box"] = true },]] })
  w:perilune("drill site-down"):exits(2):says("drills/site_down.lua"):says("simulated of drill")
  none_lives(w)
end

function cases.a_drills_file_is_never_executed_elsewhere(w)
  drilled(w, { disaster = [[on.storage("box"):put { key = "gone", body = "x" }]] })
  for _, words in ipairs { "run", "plan" } do
    w:perilune(words .. " drills/site-down part=disaster --environment here"):exits(5)
      :says("is a drill, which breaks things for real")
  end
  w:body("run_runbook(\"drills/site-down\", { part = \"disaster\" })")
  w:run():says("is a drill and no runbook")
  w:perilune("plan book --environment here"):says("is a drill and no runbook")
  w:equal("", w:objects("box"), "What was put into the box")
end

function cases.a_run_without_a_drill_does_not_start_on_its_services(w)
  drilled(w)
  w:perilune("run recover --environment drill --no-input"):exits(2)
    :says("no target process/services"):says("perilune drill NAME")
end

function cases.secrets_of_services_are_in_no_journal_and_on_no_page(w)
  drilled(w)
  drill_it(w, 0)
  local found = rig.shell("grep -rl canary-7531 " .. rig.quoted(w.folder .. "/state/drills"))
  for path in found:gmatch("[^\n]+") do
    local name = path:match("/services/([%a.]+)$")
    w:equal(true, name == "facts.json" or name == "secrets.json",
      path .. " is one of the two files that services and hosts read")
  end
  w:equal(true, found ~= "", "The canary is where services read it")
end

return cases
