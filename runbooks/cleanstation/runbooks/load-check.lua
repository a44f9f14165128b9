-- Whether it holds the load it must: a bounded one, in stages, with single answers timed beside it.
local watch = require "patterns.watch"

-- What stops the load at once: users come first.
local guards = { { name = "connections", over = "1m", above = 80, empty = "passes" } }

-- Single requests beside the load, each on a connection of its own: the slowest, and how many were
-- too slow or failed.
local function time_singles(page, path, during, every, latency_max)
  local slowest_s, bad, count = 0, 0, math.max(1, math.floor(during / every))
  for _ = 1, count do
    local answered, answer = pcall(function()
      return page:check { path = path, latency_max = latency_max }
    end)
    if answered then slowest_s = math.max(slowest_s, answer.took_s) else bad = bad + 1 end
    sleep(every)
  end
  return { count = count, bad = bad, slowest_s = slowest_s }
end

local function judge(stage, params)
  local load, singles, problems = stage.load, stage.singles, {}
  if not load.p99_s or load.p99_s >= params.p99_max then
    problems[#problems + 1] = ("p99 is %s s at %d a second; it must be below %g"):format(
      load.p99_s and ("%.2f"):format(load.p99_s) or "none", stage.rate, params.p99_max)
  end
  if load.error_ratio >= 0.1 then
    problems[#problems + 1] = ("%.1f %% of the requests failed at %d a second"):format(
      load.error_ratio * 100, stage.rate)
  end
  if singles.bad > 0 then
    problems[#problems + 1] = ("%d of %d single answers failed or took longer than %.0f ms"):format(
      singles.bad, singles.count, params.single_max * 1000)
  end
  return problems
end

return runbook {
  summary = "A bounded load: p99 below 1.5 s, fewer than 10 % errors, single answers below 500 ms",
  targets = {
    ["http/site"] = { "load" },
    ["metrics/app"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    path = { type = "string", default = "/api/health", pattern = "^/", help = "what is asked" },
    rates = { type = "list", default = { "100", "200" }, help = "requests a second, by stage" },
    during = { type = "duration", default = "5m", min = "1s", max = "30m",
      help = "how long each stage lasts" },
    every = { type = "duration", default = "5s", help = "how often a single answer is timed" },
    p99_max = { type = "duration", default = "1500ms", help = "the limit of the 99th percentile" },
    single_max = { type = "duration", default = "500ms", help = "the limit of single answers" },
    ask_first = { type = "boolean", default = true, help = "ask before a load is put on users" },
  },
  locks = { "deploy/app" },
  on_failure = "stop",

  run = function(params)
    local page, numbers, stages, problems = http("site"), metrics("app"), {}, {}
    ensure(#params.rates >= 1 and #params.rates <= 5, "Give one to five rates.")
    local most = 0
    for place, text in ipairs(params.rates) do
      local rate = tonumber(text)
      ensure(rate and rate >= 1 and rate <= 500, ("%s is no rate from 1 to 500."):format(text))
      stages[place] = { rate = rate }
      most = math.max(most, rate)
    end
    approve("Put a load on it?", { role = "release-manager",
      when = function() return params.ask_first end,
      detail = ("%s: up to %d requests a second for %d stages of %d s."):format(run.environment,
        most, #stages, params.during) })

    for _, stage in ipairs(stages) do
      watch.ensure(numbers, guards)
      local measured = parallel {
        ["Load"] = function()
          return step(("Load of %d a second"):format(stage.rate), { timeout = params.during
            + duration("5m") }, function()
              return page:load { path = params.path, rate_per_s = stage.rate,
                during = params.during, stop_at_error_ratio = 0.1 }
            end)
        end,
        ["Single answers"] = function()
          return time_singles(page, params.path, params.during, params.every, params.single_max)
        end,
      }
      stage.load, stage.singles = measured["Load"], measured["Single answers"]
      problems = judge(stage, params)
      if #problems > 0 then break end
    end
    local lines = {}
    for _, stage in ipairs(stages) do
      if stage.load then
        lines[#lines + 1] = ("%d/s: p99 %.0f ms, %.1f %% errors, slowest single answer %.0f ms")
          :format(stage.rate, (stage.load.p99_s or 0) * 1000, stage.load.error_ratio * 100,
            stage.singles.slowest_s * 1000)
      end
    end
    ensure(#problems == 0, table.concat(problems, "\n"))
    notify("team"):send { title = "Holds the load", text = table.concat(lines, "\n") }
    return { stages = stages }
  end,

  -- Also where it was not tried, since the database was busy, or was stopped for the users' sake.
  ended = function(_, result)
    if result.outcome == "done" then return end
    notify("team"):send { severity = "warning", title = "Does not hold the load, or was not tried",
      text = tostring(result.reason) }
  end,
}
