-- Better Stack's monitors, paused around a change, and heartbeats.

local per_page = 50
local states = { up = "ok", down = "firing" }

-- "errors" is one text, or a map of field to texts.
local function text_of(errors)
  if type(errors) ~= "table" then return errors end
  local found = {}
  for field, texts in pairs(errors) do
    found[#found + 1] = tostring(field) .. ": "
      .. (type(texts) == "table" and table.concat(texts, ", ") or tostring(texts))
  end
  table.sort(found)
  return table.concat(found, "; ")
end

local ask = api.of {
  name = "Better Stack",
  request = function(call) return { bearer = call.settings.token } end,
  why = function(told, status)
    return nil, type(told) == "table" and text_of(told.errors or told.message) or told,
      status == 403
  end,
}

local function monitors_of(call)
  return http.pages(function(page)
    local told = ask(call, "get", "/api/v2/monitors", { query = { per_page = per_page,
      page = page } })
    return told.data, (told.pagination or {}).next and page + 1 or nil
  end, 1)
end

local function name_of(monitor)
  return monitor.attributes.pronounceable_name or monitor.attributes.url
end

local function alarms(arguments, call)
  local by_name, names, shown = {}, {}, {}
  for _, one in ipairs(monitors_of(call)) do
    names[#names + 1] = name_of(one)
    by_name[name_of(one)] = states[one.attributes.status]
  end
  table.sort(names)
  for index, name in ipairs(arguments.names or names) do
    shown[index] = { name = name, state = by_name[name] or "unknown" }
  end
  return shown
end

local silence, unsilence = metrics.paused_monitors {
  list = function(call)
    local found = {}
    for index, one in ipairs(monitors_of(call)) do
      found[index] = { id = one.id, name = name_of(one),
        state = one.attributes.status == "paused" and "paused" or "watching" }
    end
    return found
  end,
  set = function(call, id, state)
    ask(call, "patch", "/api/v2/monitors/" .. id, { json = { paused = state == "paused" } })
  end,
}

local function heartbeat_of(arguments, call)
  local heartbeats = call.settings.heartbeats or {}
  if heartbeats[arguments.heartbeat] then return heartbeats[arguments.heartbeat] end
  local names = {}
  for name in pairs(heartbeats) do names[#names + 1] = name end
  table.sort(names)
  fail { code = "unknown_heartbeat", message = ("%s has no heartbeat \"%s\". The environment names "
    .. "%s."):format(call.target, arguments.heartbeat, names[1] and table.concat(names, ", ")
    or "none") }
end

-- The address itself is the secret: no token goes with it.
local beat = {
  before = function(arguments, call)
    heartbeat_of(arguments, call)
    return {}
  end,
  act = function(arguments, _, call)
    local answer = http.post { accept = { 404 }, url = call.settings.url .. "/api/v1/heartbeat/"
      .. heartbeat_of(arguments, call) .. (arguments.state == "failed" and "/fail" or "") }
    if answer.status == 404 then
      fail { code = "not_found", message = ("%s: Better Stack knows no heartbeat by the token of "
        .. "\"%s\". Copy it from the heartbeat's page."):format(call.target, arguments.heartbeat) }
    end
    return { changed = true }
  end,
}

return {
  family = "metrics",
  name = "betterstack",
  doc = "Better Stack's monitors and heartbeats. A silence pauses monitors by their names, or "
    .. "\"web-*\"; Better Stack does not end it by itself, so it has no `ends_at`, and lasts until "
    .. "unsilence or undo. An alarm is a monitor; a paused one is unknown.",
  hosts = { "{url}" },
  lacks = { "read", "range" },
  settings = {
    { name = "token", secret = true, doc = "An Uptime API token of the team." },
    { name = "heartbeats", type = "map", optional = true, secret = true,
      doc = "Tokens of heartbeats by the names that runbooks use: the end of a heartbeat's URL." },
    { name = "url", default = "https://uptime.betterstack.com", doc = "Where the API is." },
  },
  operations = {
    alarms = { observe = alarms }, silence = silence, unsilence = unsilence, beat = beat,
  },
}
