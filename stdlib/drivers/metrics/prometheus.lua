-- Prometheus: readings by its HTTP API, and the alarms of its own alerting rules.

-- Sends an expression and returns the result's kind and values. An empty vector is success, and
-- no number (Prometheus, "HTTP API", "Instant queries").
local function ask(call, path, query)
  local answer = http.get { url = call.settings.url, path = path, query = query,
    headers = call.settings.headers, bearer = call.settings.token }
  local told = answer.json
  if not told or told.status ~= "success" then
    fail { code = "bad_answer", retry = "safe",
      message = call.target .. ": what answered is not Prometheus's API. Check its url." }
  end
  return told.data.resultType, told.data.result, told.data
end

-- A query's expression with the time it looks back over, in seconds, for "{over}".
local function expression(query, over)
  return (query.query:gsub("{over}", ("%ds"):format(math.max(1, math.floor(over or 300)))))
end

-- Samples as { labels, at, value }, without those that are no number.
local function samples_of(kind, result)
  if kind == "scalar" or kind == "string" then result = { { metric = {}, value = result } } end
  local samples = {}
  for _, one in ipairs(result) do
    local value = tonumber(one.value[2])
    if value and value == value then
      samples[#samples + 1] = { labels = one.metric, at = one.value[1], value = value }
    end
  end
  return samples
end

local function read(arguments, call)
  local query = metrics.query_of(call, arguments.name)
  local kind, result = ask(call, "/api/v1/query",
    { query = expression(query, arguments.over), time = arguments.at })
  local samples = samples_of(kind, result)
  if #samples > 1 then
    fail { code = "bad_query", message = ("%s: the query \"%s\" gives %d series, but a reading is "
      .. "one number. Aggregate it in the environment, as with sum(…)."):format(call.target,
      arguments.name, #samples) }
  end
  local first = samples[1]
  return { value = first and first.value, unit = query.unit or "", empty = first == nil,
    samples = first and 1 or 0, at = first and first.at or arguments.at or now() }
end

local function range(arguments, call)
  local query = metrics.query_of(call, arguments.name)
  local _, result = ask(call, "/api/v1/query_range", {
    query = expression(query, arguments.step), start = arguments.since,
    ["end"] = arguments.to or now(), step = arguments.step })
  if #result > 1 then
    fail { code = "bad_query", message = ("%s: the query \"%s\" gives %d series, but a range is of "
      .. "one. Aggregate it in the environment."):format(call.target, arguments.name, #result) }
  end
  local samples = {}
  for _, pair in ipairs(result[1] and result[1].values or {}) do
    local value = tonumber(pair[2])
    if value and value == value then samples[#samples + 1] = { at = pair[1], value = value } end
  end
  return samples
end

local function query(arguments, call)
  return samples_of(ask(call, "/api/v1/query",
    { query = arguments.expression, time = arguments.at }))
end

-- The state of alerting rules by their names: a rule without an active alert is "ok".
local function alarms(arguments, call)
  local _, _, data = ask(call, "/api/v1/rules", { type = "alert" })
  local by_name, names = {}, {}
  for _, group in ipairs(data.groups) do
    for _, rule in ipairs(group.rules) do
      local alarm = { name = rule.name, state = rule.state == "firing" and "firing" or "ok" }
      for _, alert in ipairs(rule.alerts or {}) do
        if alert.state == "firing" then alarm.since_at = time(alert.activeAt) end
      end
      if not by_name[rule.name] then names[#names + 1] = rule.name end
      if not by_name[rule.name] or alarm.state == "firing" then by_name[rule.name] = alarm end
    end
  end
  table.sort(names)
  local selected = {}
  for _, name in ipairs(arguments.names or names) do
    selected[#selected + 1] = by_name[name] or { name = name, state = "unknown" }
  end
  return selected
end

return {
  family = "metrics",
  name = "prometheus",
  doc = "Prometheus's HTTP API. A query is an expression, or { query, unit }; \"{over}\" in it is "
    .. "the time that a reading looks back over. Alarms are the alerting rules.",
  hosts = { "{url}" },
  settings = {
    { name = "url", identity = true, doc = "The server's address." },
    { name = "queries", type = "map", optional = true,
      doc = "Queries by the names that runbooks use." },
    { name = "token", optional = true, secret = true, doc = "A bearer token." },
    { name = "headers", type = "map", optional = true, secret = true,
      doc = "Further headers: text or secrets." },
    { name = "certificate_authority", optional = true,
      doc = "A PEM file with the authority to trust instead of the system's." },
  },
  doctor = { checks = { "the server and its credentials (alarms)" } },
  operations = {
    read = { observe = read }, range = { observe = range }, query = { observe = query },
    alarms = { observe = alarms },
  },
}
