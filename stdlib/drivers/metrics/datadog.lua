-- Datadog: readings of its queries, states of its monitors, downtimes, and deployments as events.

local states = { OK = "ok", Alert = "firing", Warn = "firing" }
local page_size = 100
local kinds = { started = "info", succeeded = "success", failed = "error",
  rolled_back = "warning" }

local ask = api.of {
  name = "Datadog",
  request = function(call)
    return { headers = { ["DD-API-KEY"] = call.settings.api_key,
      ["DD-APPLICATION-KEY"] = call.settings.application_key } }
  end,
  -- A wrong key is told by 403, and so is one that may not do this.
  why = function(told, status)
    local errors = {}
    for index, one in ipairs(told.errors or {}) do
      errors[index] = type(one) == "table" and (one.detail or one.title) or one
    end
    return nil, errors[1] and table.concat(errors, "; ") or told.message, status == 403
  end,
}

-- A query's text with the time it looks back over, in seconds, for "{over}".
local function text_of(query, over)
  return (query.query:gsub("{over}", ("%d"):format(math.max(1, math.floor(over)))))
end

-- The series { labels, points } of a span, points { at, value } oldest first. A query that failed
-- is told inside a 200.
local function fetch(text, since, to, call)
  local told = ask(call, "get", "/api/v1/query", { query = { from = math.floor(since),
    to = math.ceil(to), query = text } })
  if told.error or told.status == "error" then
    fail { code = "bad_query", message = ("%s: Datadog refused the query \"%s\": %s"):format(
      call.target, text, tostring(told.error or told.message)) }
  end
  local found = {}
  for index, one in ipairs(told.series or {}) do
    local labels, points = { expression = one.expression, scope = one.scope }, {}
    for _, tag in ipairs(one.tag_set or {}) do
      local name, value = tag:match("^([^:]+):(.*)$")
      if name then labels[name] = value end
    end
    for _, point in ipairs(one.pointlist or {}) do
      if point[2] then points[#points + 1] = { at = point[1] / 1000, value = point[2] } end
    end
    found[index] = { labels = labels, points = points }
  end
  return found
end

-- The points of the only series.
local function fetch_one(name, over, since, to, call)
  local query = metrics.query_of(call, name)
  local found = fetch(text_of(query, over), since, to, call)
  if #found <= 1 then return found[1] and found[1].points or {}, query end
  fail { code = "bad_query", message = ("%s: the query \"%s\" gives %d series, but a reading is "
    .. "one number. Aggregate it in the environment."):format(call.target, name, #found) }
end

local function read(arguments, call)
  local to = arguments.at or now()
  local points, query = fetch_one(arguments.name, arguments.over, to - arguments.over, to, call)
  local last = points[#points]
  return { value = last and last.value, unit = query.unit or "", empty = last == nil,
    samples = last and 1 or 0, at = last and last.at or to }
end

-- The newest point of each step: Datadog chooses the distance of its points by itself.
local function range(arguments, call)
  local step, to = arguments.step, arguments.to or now()
  local points = fetch_one(arguments.name, step, arguments.since - step, to, call)
  local samples, place = {}, 1
  for index = 0, math.floor((to - arguments.since) / step) do
    local at, value = arguments.since + index * step, nil
    while points[place] and points[place].at <= at do
      if points[place].at > at - step then value = points[place].value end
      place = place + 1
    end
    if value then samples[#samples + 1] = { at = at, value = value } end
  end
  return samples
end

local function query(arguments, call)
  local to, found = arguments.at or now(), {}
  for _, series in ipairs(fetch(arguments.expression, to - 300, to, call)) do
    local last = series.points[#series.points]
    if last then
      found[#found + 1] = { labels = series.labels, at = last.at, value = last.value }
    end
  end
  return found
end

local function monitors_of(call, name)
  return http.pages(function(page)
    local found = ask(call, "get", "/api/v1/monitor", { query = { page = page,
      page_size = page_size, name = name } })
    return found, #found == page_size and page + 1 or nil
  end, 0)
end

local function alarms(arguments, call)
  local by_name, names, shown = {}, {}, {}
  for _, one in ipairs(monitors_of(call)) do
    if not by_name[one.name] then names[#names + 1] = one.name end
    local state = states[one.overall_state] or "unknown"
    -- Of several monitors of one name, one that is not well is told.
    if (by_name[one.name] or "ok") == "ok" or state == "firing" then by_name[one.name] = state end
  end
  table.sort(names)
  for index, name in ipairs(arguments.names or names) do
    shown[index] = { name = name, state = by_name[name] or "unknown" }
  end
  return shown
end

-- A monitor by its name, or all with these tags.
local function meant(call, monitor)
  local ids = {}
  for _, one in ipairs(monitors_of(call, monitor)) do
    if one.name == monitor then ids[#ids + 1] = one.id end
  end
  if #ids == 1 then return { monitor_id = ids[1] } end
  if #ids == 0 and monitor:match("^[%w_./-]+:[^%s,][^%s]*$") then
    local tags = {}
    for tag in monitor:gmatch("[^,]+") do tags[#tags + 1] = tag end
    return { monitor_tags = tags }
  end
  fail { code = #ids == 0 and "not_found" or "bad_argument", message = ("%s: %s called \"%s\", and "
    .. "it is no list of tags such as service:web,team:shop."):format(call.target, #ids == 0
    and "there is no monitor" or "there are several monitors", monitor) }
end

local silence, unsilence = metrics.kept_silences {
  meant = meant,
  list = function(call)
    return http.pages(function(offset)
      local told, found = ask(call, "get", "/api/v2/downtime", { query = { current_only = "true",
        ["page[offset]"] = offset, ["page[limit]"] = page_size } }).data, {}
      for index, one in ipairs(told) do
        local schedule = one.attributes.schedule or {}
        found[index] = { id = one.id, comment = one.attributes.message or "",
          ends_at = time((schedule.current_downtime or schedule)["end"]) or math.huge }
      end
      return found, #told == page_size and offset + page_size or nil
    end, 0)
  end,
  -- Without a beginning it begins at once, by Datadog's own clock.
  create = function(call, identifier, told)
    return ask(call, "post", "/api/v2/downtime", { json = { data = { type = "downtime",
      attributes = { scope = call.settings.scope, monitor_identifier = identifier,
        message = told.comment, schedule = { ["end"] = date(nil, told.ends_at) } } } } }).data.id
  end,
  state = function(call, id)
    local told = ask(call, "get", "/api/v2/downtime/" .. id, nil, { [404] = false })
    local status = told and told.data.attributes.status
    return (status == "active" or status == "scheduled") and "on" or "over"
  end,
  finish = function(call, id)
    ask(call, "delete", "/api/v2/downtime/" .. id, nil, { [404] = false })
  end,
}

local function id_of(event) return event.id_str or event.id and ("%.0f"):format(event.id) end

-- The key as Datadog writes tags: lower case, without what it would replace.
local function tag_of(call)
  return "perilune:" .. call.key:lower():gsub("[^%w_./-]", "_"):sub(1, 180)
end

local function tags_of(call, more)
  local tags = { tag_of(call), "service:" .. call.settings.service }
  if call.settings.environment then tags[#tags + 1] = "env:" .. call.settings.environment end
  for _, tag in ipairs(more or {}) do tags[#tags + 1] = tag end
  return tags
end

local annotate = { act = function(arguments, _, call)
  local told = ask(call, "post", "/api/v1/events", { json = { title = arguments.title,
    text = arguments.text or arguments.title, tags = tags_of(call, arguments.tags),
    date_happened = arguments.at and math.floor(arguments.at) } })
  return { id = id_of(told.event or {}), changed = true }
end }

local record_deployment = {
  act = function(arguments, _, call)
    local title = ("%s %s: deployment %s"):format(call.settings.service, arguments.version,
      (arguments.state:gsub("_", " ")))
    local told = ask(call, "post", "/api/v1/events", { json = { title = title,
      text = title .. (arguments.url and "\n" .. arguments.url or ""),
      alert_type = kinds[arguments.state], tags = tags_of(call, { "version:" .. arguments.version,
        "deployment:" .. arguments.state }) } })
    return { id = id_of(told.event or {}), changed = true }
  end,
  -- An event is found some seconds after it was taken. One that is missed even so stands on the
  -- graphs twice, which does no harm.
  look = function(_, _, call)
    local found = poll({ within = 3, every = 1 }, function()
      return ask(call, "get", "/api/v1/events", { query = { tags = tag_of(call),
        start = math.floor((call.intent_at or now()) - 3600), ["end"] = math.ceil(now() + 3600) }
        }).events[1]
    end)
    if found then return "happened", { id = id_of(found), changed = true } end
    return "did_not", "Datadog has no event with the tag " .. tag_of(call)
  end,
}

return {
  family = "metrics",
  name = "datadog",
  doc = "Datadog. A query is its text, or { query, unit }; \"{over}\" in it is the time that a "
    .. "reading looks back over, in seconds, as in avg:shop.errors{*}.rollup(sum, {over}); the "
    .. "newest point is read. A silence is a downtime of a monitor by its name, or of all with "
    .. "tags such as service:web. Deployments are events.",
  hosts = { "{url}" },
  settings = {
    { name = "api_key", secret = true, doc = "An API key of the organisation." },
    { name = "application_key", secret = true, doc = "An application key, which reads and "
      .. "makes downtimes." },
    { name = "service", default = "perilune", doc = "The service that events are of." },
    { name = "environment", optional = true, doc = "The env that events are of." },
    { name = "scope", default = "*", doc = "The scope that downtimes have, such as env:prod." },
    { name = "queries", type = "map", optional = true,
      doc = "Queries by the names that runbooks use." },
    { name = "url", identity = true, default = "https://api.datadoghq.com",
      doc = "The API of the site." },
  },
  doctor = { checks = { "both keys, by the monitors (alarms)" },
    cannot = { "which scopes the application key has" } },
  operations = {
    read = { observe = read }, range = { observe = range }, query = { observe = query },
    alarms = { observe = alarms }, silence = silence, unsilence = unsilence, annotate = annotate,
    record_deployment = record_deployment,
  },
}
