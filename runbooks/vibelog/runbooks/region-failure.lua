-- The region fails: the backup region is scaled and proved, then the names lead there, watched.
--
-- Started every minute (mode=automatic) it decides by itself; a person's decision is mode=manual.
-- Undoing the run is the way back: the names first, then the backup region's size.
local dns_move = require "patterns.dns_move"
local incident = require "patterns.incident"
local vibelog = require "vibelog"
local watch = require "patterns.watch"

local limits = {
  { name = "p95", above = 30, over = "5m", empty = "passes" },
  { name = "error-rate", above = 10, over = "5m", empty = "passes" },
}

-- What speaks for a failed region: a list of texts. OpenAI is no part of it (provider-failure).
local function signs(page, numbers)
  local problems = vibelog.failed_checks(page, { "openai" })
  -- What does not answer is not asked for its numbers as well: that would only take time.
  if #problems > 0 then return { "three checks failed: " .. table.concat(problems, ", ") } end
  local read, passed = pcall(watch.problems, numbers, limits)
  if not read then
    log("The metrics do not answer, so only the checks count: " .. passed.message)
    return {}
  end
  return passed
end

-- The backup region may not have what served last: whoever decides should know.
local function versions(backup)
  local function version_of(app)
    local asked, found = pcall(function() return app:status() end)
    return asked and found.version or "nobody knows what"
  end
  local serves, waits = version_of(deploy("web")), version_of(backup)
  return serves == waits and ("Both regions have %s."):format(serves)
    or ("The backup region has %s, and what serves is %s."):format(waits, serves)
end

-- Who is silent for five minutes is paged again, and leadership is told; then it is waited for.
local function decide(report, detail)
  local decided, failure = try(approve, "Fail over?", { role = "failover", within = "5m",
    otherwise = "fail", detail = detail })
  if decided then return end
  if failure.code ~= "not_answered" then error(failure, 0) end
  local text = "Nobody has decided within 5 min whether VibeLog changes its region. " .. detail
  incident.tell(report, { state = "investigating", audience = "team", text = text })
  local undecided = { key = report.key .. "-undecided", severity = "critical", summary = text }
  notify("oncall"):open(undecided)
  notify("leadership"):open(undecided)
  decided, failure = try(approve, "Fail over now?", { role = "failover", detail = detail })
  for _, channel in ipairs { notify("oncall"), notify("leadership") } do
    channel:resolve { key = undecided.key, text = "Somebody has decided." }
  end
  if not decided then error(failure, 0) end
end

local function leads_to(zone, host)
  local set = zone:get { name = "www", type = "CNAME" }
  return set ~= nil and set.values[1]:gsub("%.$", "") == host
end

return runbook {
  summary = "Lead users to the backup region",
  objectives = { rto = "30m", rpo = "15m" },
  targets = {
    ["deploy/web"] = {},
    ["deploy/web-backup"] = { "scale" },
    ["dns/site"] = { "batch" },
    ["http/site"] = {},
    ["http/backup"] = {},
    ["metrics/app"] = {},
    ["notify/oncall"] = { "open", "update", "resolve" },
    ["notify/team"] = { "open", "update", "resolve" },
    ["notify/leadership"] = { "open", "resolve" },
    ["notify/status"] = { "open", "update", "resolve", "set_component" },
  },
  parameters = {
    mode = { type = "string", enum = { "automatic", "manual" }, default = "manual",
      help = "decided by what is seen, or by the tech lead or the one on call" },
    instances = { type = "integer", default = 10, min = 1, help = "size of the backup region" },
    least = { type = "integer", default = 5, min = 1,
      help = "the names move as soon as so many are healthy" },
    addresses = { type = "list", required = true,
      help = "fixed addresses in front of the backup region: the root cannot be a CNAME" },
    ttl = { type = "duration", default = "1m", help = "of the names while they lead there" },
    watch_for = { type = "duration", default = "5m", help = "how long it must stay healthy" },
  },
  locks = { "dns/site", "deploy/web-backup" },
  refuse = function(params)
    if params.least > params.instances then return "least is more than instances." end
  end,

  run = function(params)
    local backup, zone, direct = deploy("web-backup"), dns("site"), http("backup")
    local host = backup:endpoint()
    if leads_to(zone, host) then
      log("The names lead to the backup region already.")
      return { moved = false, signs = {} }
    end
    local seen = signs(http("site"), metrics("app"))
    if params.mode == "automatic" and #seen == 0 then return { moved = false, signs = seen } end

    local report = incident.begin { key = "region-failure", severity = "critical",
      summary = "VibeLog's region has failed",
      channels = { { at = notify("oncall") }, { at = notify("team") },
        { at = notify("status"), audience = "customers", components = { "website" } } } }
    local why = #seen > 0 and table.concat(seen, "; ") or "nothing is seen to be wrong"
    why = ("%s. %s"):format(why, versions(backup))
    incident.note(report, why)
    if params.mode == "manual" then decide(report, why) end

    -- A place without instances would only be another failure to lead users to.
    step("Scale the backup region", { timeout = "10m" }, function()
      backup:scale { instances = params.instances }
      backup:wait_healthy { instances = params.least, within = "8m" }
    end)
    step("Prove the backup region", { retries = 2, backoff = "10s" }, function()
      vibelog.smoke(direct, { "openai" })
    end)
    incident.tell(report, { state = "identified",
      text = "VibeLog moves to another region; nothing that you saved is lost." })

    step("Serve from the backup region", { on_failure = "undo", timeout = "30m" }, function()
      dns_move.move(zone, vibelog.records { addresses = params.addresses, host = host },
        { ttl = params.ttl, atomic = "required", name = "Move both names" })
      dns_move.watch(zone, { ["@"] = params.addresses[1], www = host }, { within = "10m" })
      vibelog.stay_healthy(direct, params.watch_for, { "openai" })
    end)
    step("Wait for the whole backup region", function()
      backup:wait_healthy { instances = params.instances, within = "10m" }
    end)
    incident.finish(report, { text = "VibeLog serves from another region." })
    return { moved = true, signs = seen, timeline = report.timeline }
  end,
}
