-- An intruder under every fault: nobody is let in before every credential is another one.
local evidence = require "evidence"
local station_world = require "station_world"

local replaced = { "jwt/private_key", "encryption/key", "database/url", "database/readonly_url" }

-- Whether both regions have new ones of all that the run makes itself.
local function all_new(w)
  for _, store in ipairs { "parameters", "parameters-west" } do
    for _, name in ipairs(replaced) do
      if w.secrets[store].secrets[name].version == "1" then return false end
    end
  end
  return true
end

return explore {
  runbook = "security-incident",
  parameters = function(w) return { found_at = w:now() - 1800 } end,
  answers = {
    ["Keep the database's log by hand"] = "two files",
    ["Isolate CleanStation?"] = "approve", ["Close the database by hand"] = "done",
    ["Give this program the database's new password"] = "done",
    ["Open the database by hand"] = "done", ["Put the new public key in place"] = "stored",
    ["Replace smtp/credentials"] = "done", ["Replace s3/credentials"] = "done",
    ["Replace redis/url"] = "done", ["Start security-watch"] = "run-2",
    ["Replace the access keys of people and programs"] = "four keys",
    ["Replace the keys of PagerDuty, Slack and Prometheus"] = "three keys",
    ["Replace the certificate"] = "issued",
  },
  world = function()
    local w = station_world.replace_issued(station_world.fill_stores(
      station_world.follow_snapshots(station_world.open(world "production"))))
    w.deploy["app-west"]:fail {}
    -- Somebody has started security-watch by then.
    w.storage.evidence:put { key = evidence.watch_key(w:now() - 1800), body = "{}" }
    w:prepared()
    return w
  end,
  always = {
    ["the database is open only while no task runs, or when all is replaced"] = function(w)
      local began = w:times "database/primary:fence" > 0
      local closed = w.deploy.app.slots.blue.instances == 0
      return not began or closed or all_new(w)
    end,
  },
  finally = {
    ["a done run has replaced everything, and serves"] = function(w, run)
      if run.outcome ~= "done" then return true end
      return all_new(w) and w.deploy.app.slots.blue.instances_healthy == 3
    end,
    ["a done run has its evidence"] = function(w, run)
      return run.outcome ~= "done"
        or w.storage.evidence.objects[run.value.evidence.listed] ~= nil
    end,
  },
}
