-- Amazon CloudWatch: readings of metrics and expressions, alarms, and their actions switched off.

local minute_s = 60
local alarms_at_once = 100  -- DescribeAlarms and DisableAlarmActions, "AlarmNames".
local states = { OK = "ok", ALARM = "firing", INSUFFICIENT_DATA = "unknown" }

local function sum(one, other) return one + other end

-- Statistics that the minutes of a longer time give by being joined.
local joined = { Sum = sum, SampleCount = sum, Minimum = math.min, Maximum = math.max }

local function ask(call, action, body)
  return aws.json { call = call, service = "monitoring", action = action, body = body }
end

-- One metric of the environment as GetMetricData takes it.
local function metric_query(id, metric, statistic, period, returned)
  local dimensions = {}
  for name, value in pairs(metric.dimensions or {}) do
    dimensions[#dimensions + 1] = { Name = name, Value = tostring(value) }
  end
  return { Id = id, ReturnData = returned, MetricStat = { Period = period,
    Stat = statistic or metric.statistic or "Average",
    Metric = { Namespace = metric.namespace, MetricName = metric.metric,
      Dimensions = dimensions[1] and dimensions or nil } } }
end

-- A query of the environment: a metric, or an expression over metrics that have names.
local function queries_of(query, period)
  if query.metric then return { metric_query("value", query, nil, period, true) } end
  local all = { { Id = "value", Expression = query.query or query.expression, Period = period,
    ReturnData = true } }
  for id, metric in pairs(query.metrics or {}) do
    all[#all + 1] = metric_query(id, metric, nil, period, false)
  end
  return all
end

-- A part of an answer may have failed although the whole one is 200.
local function check_result(result, call)
  local status = result.StatusCode or "Complete"
  if status == "Complete" or status == "PartialData" then return end
  local forbidden = status == "Forbidden"
  fail { code = forbidden and "permission_denied" or "bad_answer",
    retry = forbidden and "never" or "safe", message = ("%s: CloudWatch answered %s for \"%s\".")
      :format(call.target, status, result.Label or result.Id) }
end

-- The series { id, label, samples } of queries; samples { at, value }, oldest first.
local function fetch(queries, since, to, call)
  local found, by_key, token = {}, {}, nil
  repeat
    local answer = ask(call, "GetMetricData", { MetricDataQueries = queries, StartTime = since,
      EndTime = to, ScanBy = "TimestampAscending", NextToken = token })
    for _, result in ipairs(answer.MetricDataResults) do
      check_result(result, call)
      local key = result.Id .. " " .. (result.Label or "")
      local series = by_key[key] or { id = result.Id, label = result.Label, samples = {} }
      if not by_key[key] then found[#found + 1] = series end
      by_key[key] = series
      for index, value in ipairs(result.Values) do
        local at = result.Timestamps[index]
        series.samples[#series.samples + 1] = { at = tonumber(at) or time(at), value = value }
      end
    end
    token = answer.NextToken ~= "" and answer.NextToken or nil
  until not token
  return found
end

-- The samples of the only series.
local function fetch_one(queries, since, to, name, call)
  local found = fetch(queries, since, to, call)
  if #found <= 1 then return found[1] and found[1].samples or {} end
  fail { code = "bad_query", message = ("%s: the query \"%s\" gives %d series, but a reading is "
    .. "one number. Aggregate it in the environment."):format(call.target, name, #found) }
end

-- The exact number over a time, from its minutes; an average from their sums and counts.
local function read_joined(query, name, since, to, call)
  local statistic = query.statistic or "Average"
  local function total(of)
    local samples = fetch_one({ metric_query("value", query, of, minute_s, true) }, since, to, name,
      call)
    local value
    for _, sample in ipairs(samples) do
      value = value and joined[of](value, sample.value) or sample.value
    end
    return value, samples
  end
  if statistic ~= "Average" then return total(statistic) end
  local value, samples = total("Sum")
  local count = value and total("SampleCount")
  return count and count > 0 and value / count or nil, samples
end

-- Percentiles and expressions cannot be joined: the newest whole period of that length.
local function read_period(query, name, period, to, call)
  local newest
  for _, sample in ipairs(fetch_one(queries_of(query, period), to - 2 * period, to, name, call)) do
    if not newest or sample.at + period <= to then newest = sample end
  end
  return newest and newest.value, { newest }
end

local function read(arguments, call)
  local query, name = metrics.query_of(call, arguments.name), arguments.name
  local to, statistic = arguments.at or now(), query.statistic or "Average"
  local over = math.max(1, math.ceil(arguments.over / minute_s)) * minute_s
  local value, samples
  if query.metric and (statistic == "Average" or joined[statistic]) then
    value, samples = read_joined(query, name, to - over, to, call)
  else
    value, samples = read_period(query, name, over, to, call)
  end
  local last = samples[#samples]
  return { value = value, unit = query.unit or "", empty = value == nil,
    samples = value and #samples or 0, at = last and last.at or to }
end

local function range(arguments, call)
  local query, to = metrics.query_of(call, arguments.name), arguments.to or now()
  local kept, samples = {}, fetch_one(queries_of(query, arguments.step), arguments.since,
    to + arguments.step, arguments.name, call)
  for _, sample in ipairs(samples) do
    if sample.at <= to then kept[#kept + 1] = sample end
  end
  return kept
end

local function query(arguments, call)
  local to, found = arguments.at or now(), {}
  for _, series in ipairs(fetch(queries_of({ query = arguments.expression }, minute_s),
    to - 5 * minute_s, to, call)) do
    local last = series.samples[#series.samples]
    if last then
      found[#found + 1] = { labels = { label = series.label }, at = last.at, value = last.value }
    end
  end
  return found
end

-- Alarms of both kinds: by names, by the beginning of their names, or all.
local function describe(call, filter)
  local found = {}
  for kind, list in pairs { MetricAlarm = "MetricAlarms", CompositeAlarm = "CompositeAlarms" } do
    for _, alarm in ipairs(aws.pages(list, "NextToken", function(token)
      return ask(call, "DescribeAlarms", { AlarmNames = filter.names, AlarmTypes = { kind },
        AlarmNamePrefix = filter.prefix, NextToken = token })
    end)) do
      found[#found + 1] = alarm
    end
  end
  table.sort(found, function(one, other) return one.AlarmName < other.AlarmName end)
  return found
end

-- Calls `each(names, place)` for so many names as AWS takes at once.
local function in_parts(names, each)
  for first = 1, #names, alarms_at_once do
    local some = {}
    for index = first, math.min(#names, first + alarms_at_once - 1) do
      some[#some + 1] = names[index]
    end
    each(some, math.ceil(first / alarms_at_once))
  end
end

local function describe_names(names, call)
  local by_name = {}
  in_parts(names, function(some)
    for _, alarm in ipairs(describe(call, { names = some })) do by_name[alarm.AlarmName] = alarm end
  end)
  return by_name
end

local function alarms(arguments, call)
  local found = arguments.names and describe_names(arguments.names, call) or {}
  local names, shown = arguments.names or {}, {}
  for _, alarm in ipairs(arguments.names and {} or describe(call, {})) do
    found[alarm.AlarmName], names[#names + 1] = alarm, alarm.AlarmName
  end
  for index, name in ipairs(names) do
    local alarm = found[name] or {}
    local since = alarm.StateTransitionedTimestamp or alarm.StateUpdatedTimestamp
    shown[index] = { name = name, state = states[alarm.StateValue] or "unknown",
      since_at = tonumber(since) or time(since) }
  end
  return shown
end

-- Whether the actions of these alarms are on, by name; only of those that are there.
local function actions_of(names, call)
  local enabled = {}
  for name, alarm in pairs(describe_names(names, call)) do enabled[name] = alarm.ActionsEnabled end
  return enabled
end

-- The names of a map with this value; nil where there are none.
local function names_with(map, wanted)
  local names = {}
  for name, value in pairs(map) do
    if value == wanted then names[#names + 1] = name end
  end
  return names[1] and names
end

-- The alarms that monitors mean, names or the beginning of names and "*", whose actions are on.
local function meant(monitors, call)
  local enabled = {}
  for _, monitor in ipairs(monitors) do
    local prefix = monitor:match("^(.+)%*$")
    local found = describe(call, prefix and { prefix = prefix } or { names = { monitor } })
    if not found[1] then
      fail { code = "not_found",
        message = ("%s: there is no alarm \"%s\"."):format(call.target, monitor) }
    end
    for _, alarm in ipairs(found) do enabled[alarm.AlarmName] = alarm.ActionsEnabled or nil end
  end
  return enabled
end

local silence = {
  before = function(arguments, call)
    local on = meant(arguments.monitors, call)
    local names = names_with(on, true)
    return { state = on, already_so = not names, plan = "actions off: "
      .. table.concat(names or { "none that are on" }, ", "),
      result = { silence_id = json.encode(json.empty_list), changed = false } }
  end,
  act = function(_, before, call)
    local names = names_with(before, true)
    in_parts(names, function(some, place)
      part("alarms " .. place, function()
        ask(call, "DisableAlarmActions", { AlarmNames = some })
        return true
      end)
    end)
    return { silence_id = json.encode(names), changed = true }, actions_of(names, call)
  end,
  -- Switching off once more does no harm, so one that is still on is reason enough.
  look = function(_, before, call)
    local names = names_with(before, true)
    local is = actions_of(names, call)
    local on = names_with(is, true)
    if on then return "did_not", "the actions of " .. table.concat(on, ", ") .. " are on" end
    return "happened", { silence_id = json.encode(names), changed = true }, is
  end,
  restore = function(_, _, result)
    if result.changed then return "unsilence", { silence_id = result.silence_id } end
  end,
}

local unsilence = {
  before = function(arguments, call)
    local is = actions_of(json.decode(arguments.silence_id), call)
    return { state = is, already_so = not names_with(is, false), result = { changed = false } }
  end,
  act = function(arguments, _, call)
    local names = json.decode(arguments.silence_id)
    in_parts(names, function(some) ask(call, "EnableAlarmActions", { AlarmNames = some }) end)
    return { changed = true }, actions_of(names, call)
  end,
}

return {
  family = "metrics",
  name = "cloudwatch",
  doc = "Amazon CloudWatch. A query is { namespace, metric, statistic, dimensions, unit }, or an "
    .. "expression over `metrics` of that form by their ids. A silence switches the actions of "
    .. "alarms off (names, or \"web-*\"); CloudWatch does not end it by itself, so it has no "
    .. "`ends_at`, and lasts until unsilence or undo.",
  hosts = aws.hosts,
  settings = aws.settings {
    { name = "queries", type = "map", optional = true,
      doc = "Queries by the names that runbooks use." },
  },
  doctor = aws_doctor.of(function(arn)
    return { { resource = arn("cloudwatch", "alarm:*"), actions = {
        "cloudwatch:DescribeAlarms" } },
      { resource = arn("cloudwatch", "alarm:*"), operations = { "silence", "unsilence" },
        actions = { "cloudwatch:DisableAlarmActions", "cloudwatch:EnableAlarmActions" } },
      { resource = "*", actions = { "cloudwatch:GetMetricData" } } }
  end),
  operations = {
    read = { observe = read }, range = { observe = range }, query = { observe = query },
    alarms = { observe = alarms }, silence = silence, unsilence = unsilence,
  },
}
