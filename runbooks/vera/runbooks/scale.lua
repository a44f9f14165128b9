-- The API's instances by its load, and what the database's disk and memory will need by hand.
local way_back = require "patterns.way_back"
local load_of = require "load"

-- The highest and the lowest load of the last minutes; nil where nobody measured.
local function measure(datadog)
  local samples = datadog:range { name = "requests", since = now() - duration("10m"),
    step = "1m" }
  local recent = datadog:read { name = "requests", over = "5m" }
  if recent.empty or #samples == 0 then return nil end
  local most = recent.value
  for _, sample in ipairs(samples) do most = math.max(most, sample.value) end
  return { now_per_s = recent.value, most_per_s = most }
end

-- What Railway lets only a person do, said once a day and not every five minutes.
local function say_once(redis, team, key, text)
  if redis:get { key = key } then return end
  redis:set { key = key, value = "said", expires_in = "1d" }
  team:send { severity = "warning", title = "To be done by hand", text = text }
end

return runbook {
  summary = "Scale the API by requests a second; say when database or memory must grow",
  targets = {
    ["deploy/api"] = { "scale" },
    ["database/primary"] = {},
    ["metrics/datadog"] = {},
    ["cache/redis"] = { "set" },
    ["notify/team"] = { "send" },
  },
  parameters = {
    disk = { type = "size", default = "10GiB", help = "how large the database's disk is" },
    most = { type = "integer", default = load_of.most_alone, min = 1, max = 50,
      help = "never more instances than this; above 10 a person must agree" },
    cool_down = { type = "duration", default = "5m",
      help = "how long after a change none follows" },
  },
  locks = { "deploy/api" },
  on_failure = "stop",

  run = function(params)
    local api, team, redis = deploy("api"), notify("team"), cache("redis")
    -- A recovery or an outage has closed it, and only that may open it again.
    if api:status().instances == 0 then
      log("It is closed; nothing is scaled.")
      return { before = 0, instances = 0 }
    end
    local load = ensure(measure(metrics("datadog")), "Datadog has no requests for the last "
      .. "minutes, so nobody knows the load: nothing is scaled.")
    local size = database("primary"):status().size_bytes
    local grown = load_of.disk_to_grow_to(size, params.disk)
    if grown then
      say_once(redis, team, "perilune:vera:disk", ("The database has %.1f of %.0f GiB: give it "
        .. "%.0f GiB at railway.com, then run scale with disk=%.0fGiB."):format(size / 2 ^ 30,
        params.disk / 2 ^ 30, grown / 2 ^ 30, grown / 2 ^ 30))
    end

    local before = api:status().instances
    local wanted = load_of.decide(before, load)
    if load.most_per_s > load_of.big_from then
      say_once(redis, team, "perilune:vera:memory",
        ("Above %d requests a second each instance needs 1 GB; Railway sets that per service.")
          :format(load_of.big_from))
    end
    local result = { before = before, instances = before, load = load, disk_to_grow_to = grown }
    -- Cron asks nobody: a run that waits would hold the lock that a recovery needs.
    if wanted > params.most then
      say_once(redis, team, "perilune:vera:most", ("The load needs %d instances, of about $200 a "
        .. "month each: start scale with most=%d."):format(wanted, wanted))
      wanted = math.max(before, params.most)
    end
    if wanted == before then return result end
    if redis:get { key = "perilune:vera:scaled" } and params.most <= load_of.most_alone then
      log("It is still cooling down.")
      return result
    end
    approve("Run that many?", { role = "incident-commander", within = "10m",
      when = function() return wanted > load_of.most_alone end,
      detail = ("%.0f requests a second need %d instances; each costs about $200 a month."):format(
        load.now_per_s, wanted) })

    way_back.step("Scale", { back_name = "Scale back",
      back = function() api:scale { instances = before } end }, function()
      redis:set { key = "perilune:vera:scaled", value = tostring(wanted),
        expires_in = params.cool_down }
      api:scale { instances = wanted }
      api:wait_healthy { instances = wanted, within = "5m" }
    end)
    team:send { title = "Scaled", text = ("From %d to %d instances at %.0f requests a second."):
      format(before, wanted, load.now_per_s) }
    result.instances = wanted
    return result
  end,
}
