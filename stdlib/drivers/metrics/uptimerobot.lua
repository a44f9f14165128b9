-- UptimeRobot's monitors, paused around a change. Its API, version 2, tells errors inside a 200.

local per_page = 50
local codes = { ok = 2, seems_down = 8, down = 9, paused = 0, watching = 1 }
local states = { [codes.ok] = "ok", [codes.seems_down] = "firing", [codes.down] = "firing" }

local send = api.of {
  name = "UptimeRobot",
  request = function() return {} end,
  why = function(told) return nil, type(told.error) == "table" and told.error.message
    or told.message end,
}

-- The error's own fields repeat what was sent, the key too: only its message is shown.
local function ask(call, word, form, reads)
  form.api_key, form.format = call.settings.api_key, "json"
  local told = send(call, "post", "/v2/" .. word, { form = form, reads = reads })
  if told.stat == "ok" then return told end
  local why = told.error or {}
  local denied = why.parameter_name == "api_key"
  fail { code = denied and "credentials_refused" or "refused", retry = "never",
    message = ("%s: UptimeRobot refused %s: %s"):format(call.target, word,
      why.message or "without a reason") }
end

local function monitors_of(call)
  return http.pages(function(offset)
    local told = ask(call, "getMonitors", { limit = per_page, offset = offset }, true)
    local following = offset + per_page
    return told.monitors, following < told.pagination.total and following or nil
  end, 0)
end

local function alarms(arguments, call)
  local by_name, names, shown = {}, {}, {}
  for _, one in ipairs(monitors_of(call)) do
    names[#names + 1] = one.friendly_name
    by_name[one.friendly_name] = states[one.status]
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
      found[index] = { id = ("%.0f"):format(one.id), name = one.friendly_name,
        state = one.status == codes.paused and "paused" or "watching" }
    end
    return found
  end,
  set = function(call, id, state)
    ask(call, "editMonitor", { id = id, status = codes[state] })
  end,
}

return {
  family = "metrics",
  name = "uptimerobot",
  doc = "UptimeRobot's monitors. A silence pauses monitors by their names, or \"web-*\"; "
    .. "UptimeRobot does not end it by itself, so it has no `ends_at`, and lasts until unsilence "
    .. "or undo. An alarm is a monitor; one that is paused or not checked yet is unknown.",
  hosts = { "{url}" },
  lacks = { "read", "range" },
  settings = {
    { name = "api_key", secret = true, doc = "The account's main API key." },
    { name = "url", default = "https://api.uptimerobot.com", doc = "Where the API is." },
  },
  doctor = { checks = { "the key, by the monitors (alarms)" },
    cannot = { "whether the key may change monitors: one that only reads is refused only by "
      .. "a change" } },
  operations = { alarms = { observe = alarms }, silence = silence, unsilence = unsilence },
}
