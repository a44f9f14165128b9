-- The world changes under a runbook: what others do just before one of its calls is executed.
local library = require("testing_library")

local cases = {}

local function explore(w, words, code)
  return library.told(w:perilune("explore " .. words .. " --json"):exits(code))
end

-- Raises a limit that stands in a settings file, while somebody else may do the same.
local function take_raise(w, condition)
  library.take(w, "tests/lua/fixtures/seeded")
  w:file("library/runbooks/raise.lua", ([[
    return runbook { summary = "Raises the limit", targets = { ["storage/config"] = { "put" } },
      run = function()
        local now = storage("config"):get { key = "limit" }
        storage("config"):put { key = "limit", body = now.body .. "0", %s }
      end }
  ]]):format(condition))
  w:file("library/explorations/raise.lua", [[
    local raised = false
    return explore { runbook = "raise",
      world = function()
        local w = world "regions"
        w.storage.config:put { key = "limit", body = "10" }
        return w
      end,
      happens = { ["somebody raises it, too"] = function(w)
        raised = true
        w.storage.config:put { key = "limit", body = "50" }
      end },
      finally = { ["nobody's edit is lost"] = function(w)
        return not raised or w.storage.config.objects.limit.body == "50"
      end } }
  ]])
end

function cases.what_may_happen_is_tried_before_each_change(w)
  take_raise(w, "")
  local told = explore(w, "raise --runs 60", 1)
  local found = told.findings[1]
  w:equal("nobody's edit is lost", library.joined(told.findings, "name"), "what was found")
  w:equal("happens somebody raises it, too, storage/config:put 1", found.faults, "the faults")
  local line = "10:00:00 somebody else, just before storage/config:put: storage/config put "
  if not found.story:find(line, 1, true) then
    error("It does not tell what others did: " .. found.story, 0)
  end
  local again = explore(w, ("raise --replay '%s'"):format(found.faults:gsub("'", "'\\''")), 1)
  w:equal(found.story, again.findings[1].story, "the story of the same schedule")
end

function cases.what_may_happen_harms_nobody_who_says_what_he_has_read(w)
  take_raise(w, "only_if = now.digest")
  local told = explore(w, "raise --runs 60", 0)
  w:equal(0, #told.findings, "what was found")
  w:equal(1, told.tried["storage/config:put"].happens, "how often it happened")
end

function cases.only_what_may_happen_can_be_replayed(w)
  take_raise(w, "")
  w:perilune("explore raise --replay 'happens nothing, storage/config:put 1'"):exits(2)
    :says("has no happens[\"nothing\"]. It has: somebody raises it, too.")
  w:perilune("explore raise --replay 'happens'"):exits(2):says("\"happens\" is no fault")
end

-- What others do to each family's targets, seen in the story of a rule that never holds.
local edits = {
  { call = "storage(\"config\"):put { key = \"share\", body = \"1\" }",
    target = "storage/config", operation = "put", does = "storage/config put" },
  { call = "dns(\"site\"):upsert { name = \"app\", type = \"CNAME\", value = \"west.example.\" }",
    target = "dns/site", operation = "upsert", does = "dns/site put" },
  { call = "dns(\"site\"):batch { upserts = { { name = \"b\", type = \"A\", "
      .. "value = \"192.0.2.1\" } } }",
    target = "dns/site", operation = "batch", does = "dns/site put" },
  { call = "notify(\"oncall\"):open { key = \"k\", summary = \"s\", severity = \"error\" }",
    target = "notify/oncall", operation = "open", does = "notify/oncall resolve" },
  { call = "deploy(\"east\"):release { version = \"2.0\" }",
    target = "deploy/east", operation = "release", does = "deploy/east serve" },
  { call = "cache(\"shop\"):set { key = \"a\", value = \"1\" }",
    target = "cache/shop", operation = "set", does = "cache/shop put" },
}

for _, one in ipairs(edits) do
  local name = one.target:gsub("/", "_") .. "_" .. one.operation
  cases["somebody_edits_what_" .. name .. "_is_about"] = function(w)
    library.take(w, "tests/lua/fixtures/seeded")
    w:file("library/environments/edited.yaml", "extends: regions.yaml\nkind: development\n"
      .. "targets:\n  cache/shop: { driver: redis, url: \"redis://shop\" }\n")
    w:file("library/runbooks/once.lua", ([[
      return runbook { summary = "Once", targets = { [%q] = { %q } },
        run = function() %s end }
    ]]):format(one.target, one.operation, one.call))
    w:file("library/explorations/once.lua", [[
      return explore { runbook = "once",
        world = function()
          local w = world "edited"
          w.deploy.east:put_artifact { version = "2.0" }
          w.deploy.east:put_artifact { version = "1.0" }
          w.deploy.east:serve { version = "2.0" }
          w.deploy.east:serve { version = "1.0" }
          return w
        end,
        without = { ["every incident opened is resolved or handed over"] = true },
        finally = { ["it is alone"] = function() return false end } }
    ]])
    local call = one.target .. ":" .. one.operation
    local told = explore(w, ("once --replay 'edited %s 1'"):format(call), 0)
    w:equal(0, #told.unmet, "faults that met nothing")
    local line = ("somebody else, just before %s: %s "):format(call, one.does)
    if not told.story:find(line, 1, true) then
      error("Nobody edited it: " .. told.story, 0)
    end
    explore(w, "once --replay none", 1)
  end
end

function cases.a_target_that_fails_under_a_run_stays_down(w)
  library.take(w, "tests/lua/fixtures/seeded")
  local told = explore(w, "restore_closed --within 20s --runs 120", 0)
  local tried = told.tried["database/primary:restore"]
  w:equal(1, tried and tried.down, "restores before which the database failed")
  w:equal(nil, told.tried["the host"].down, "the host is no target")
  w:file("library/runbooks/page-once.lua", [[
    return runbook { summary = "Puts", targets = { ["storage/config"] = { "put" } },
      run = function()
        storage("config"):put { key = "one", body = "1" }
        storage("config"):put { key = "two", body = "2" }
      end }
  ]])
  w:file("library/explorations/page_once.lua", [[
    return explore { runbook = "page-once", world = function() return world "regions" end,
      finally = { ["it is alone"] = function() return false end } }
  ]])
  local down = explore(w, "page_once --replay 'down storage/config:put 2'", 0)
  w:equal("waits", next(down.outcomes), "what became of the run")
  w:equal(0, #down.unmet, "faults that met nothing")
  w:perilune("explore page_once --replay 'down storage/config:put 2'"):exits(0)
    :says("The run:"):says("somebody else, just before storage/config:put: storage/config fail")
end

return cases
