-- Better Stack's monitors or heartbeats: as alarms, paused around a change, and beaten.

local states = { up = "ok", down = "firing" }

-- By a heartbeat's address anybody beats: it is a secret from the start. A monitor's is a page's.
local function hidden(call, path)
  return call.settings.watches == "heartbeats" and { ["addresses of heartbeats"] = path } or nil
end

local function watched(call)
  return betterstack.list(call, "/api/v2/" .. call.settings.watches, nil,
    hidden(call, "data.*.attributes.url"))
end

local function name_of(one)
  return one.attributes.pronounceable_name or one.attributes.name or one.attributes.url
end

local function alarms(arguments, call)
  local by_name, names, shown = {}, {}, {}
  for _, one in ipairs(watched(call)) do
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
    for index, one in ipairs(watched(call)) do
      found[index] = { id = one.id, name = name_of(one),
        state = one.attributes.status == "paused" and "paused" or "watching" }
    end
    return found
  end,
  set = function(call, id, state)
    betterstack.ask(call, "patch", ("/api/v2/%s/%s"):format(call.settings.watches, id),
      { json = { paused = state == "paused" },
        handles = hidden(call, "data.attributes.url") })
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
  doc = "Better Stack's monitors, or its heartbeats: each is an alarm of its name. A paused one, "
    .. "or a heartbeat that was never heard, is unknown. A silence pauses them by their names, or "
    .. "\"web-*\"; Better Stack does not end it by itself, so it has no `ends_at`, and lasts until "
    .. "unsilence or undo.",
  hosts = { "{url}" },
  lacks = { "read", "range" },
  settings = {
    { name = "token", secret = true, doc = "An Uptime API token of the team." },
    { name = "watches", default = "monitors", choices = { "monitors", "heartbeats" },
      doc = "What its alarms are, and what a silence pauses." },
    { name = "heartbeats", type = "map", optional = true, secret = true,
      doc = "Tokens of heartbeats by the names that runbooks use: the end of a heartbeat's URL." },
    { name = "url", default = "https://uptime.betterstack.com", doc = "Where the API is." },
  },
  doctor = { checks = { "the token, by the monitors (alarms)" } },
  operations = {
    alarms = { observe = alarms }, silence = silence, unsilence = unsilence, beat = beat,
  },
}
