-- The design page's own runbook against the drivers that the program has: what is lacking is named
-- before anything starts. tests/crash executes it with drivers that have everything.
local rig = require("rig")

local cases = {}

local environment = [[
kind: development
targets:
  database/primary: { driver: sqlite, path: ../primary.db }
  database/standby: { driver: sqlite, path: ../standby.db }
  deploy/web-dr:
    { driver: local, folder: ../web, artifacts: ../artifacts, command: [sleep, "60"], port: 18080 }
  dns/site: { driver: zone_file, path: ../zone, zone: example.com }
  notify/oncall: { driver: file, path: ../notices.jsonl }
]]

local function set_up(w)
  local here = arg[0]:match("^(.*)/[^/]*$") or "."
  w.name = "region-outage"
  w:book(assert(rig.read(here .. "/../crash/region_outage.lua")))
  w:environment(environment)
end

function cases.the_design_pages_runbook_is_refused_where_a_driver_lacks_an_operation(w)
  set_up(w)
  w:run("outage_began=2026-01-01T00:00:00Z"):exits(2)
    :says("database/standby is served by the driver sqlite here, which has no operation promote")
  w:equal("0", w:sql("select count(*) from run"), "Runs")
  w:equal(nil, w:read("notices.jsonl"), "What was told")
end

function cases.check_names_each_operation_that_is_lacking_with_its_place(w)
  set_up(w)
  local ended = w:perilune("check region-outage --environment here")
  ended:exits(2):says("runbooks/region-outage.lua:8:"):says("which has no operation promote")
    :says("which has no operation lag")
end

return cases
