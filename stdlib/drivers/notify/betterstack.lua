-- Better Stack: incidents that call the people on duty. An incident's key is its name.

local ask, list = betterstack.ask, betterstack.list
local channels = {
  critical = { call = true, sms = true, email = true, push = true },
  error = { call = false, sms = true, email = true, push = true },
  warning = { call = false, sms = false, email = true, push = true },
  info = { call = false, sms = false, email = true, push = false },
}

local function newest_of(incidents, key)
  local newest
  for _, one in ipairs(incidents) do
    local later = not newest or one.attributes.started_at > newest.attributes.started_at
    if one.attributes.name == key and later then newest = one end
  end
  return newest
end

local function find_open(call, key)
  return newest_of(list(call, "/api/v3/incidents", { resolved = "false" }), key)
end

local function needed(call, key)
  local found = find_open(call, key)
  if found then return found end
  fail { code = "not_found", message = ("%s: no incident \"%s\" is open."):format(call.target,
    key) }
end

local function incident_of(found)
  local told = found.attributes
  local state = told.resolved_at and "resolved" or told.acknowledged_at and "acknowledged" or "open"
  return { key = told.name, state = state, opened_at = time(told.started_at),
    acknowledged_by = told.acknowledged_by, acknowledged_at = time(told.acknowledged_at) }
end

local function body_of(call, key, summary, description, severity)
  local body = { requester_email = call.settings.requester, name = key, summary = summary,
    description = description }
  if call.settings.policy then
    body.policy_id = call.settings.policy
    return body
  end
  for name, on in pairs(channels[severity]) do body[name] = on end
  return body
end

local function text_with(arguments, text)
  local lines = { text }
  if arguments.components then
    lines[#lines + 1] = "Affected: " .. table.concat(arguments.components, ", ")
  end
  if arguments.fields then lines[#lines + 1] = notify.fields_text(arguments.fields) end
  for _, link in ipairs(arguments.links or {}) do lines[#lines + 1] = link end
  return table.concat(lines, "\n")
end

local function open(arguments, _, call)
  local there = find_open(call, arguments.key)
  if there then return { id = there.id, changed = false } end
  return { id = ask(call, "post", "/api/v3/incidents", { json = body_of(call, arguments.key,
    arguments.summary, text_with(arguments, arguments.detail or arguments.summary),
    arguments.severity) }).data.id }
end

local function comment(call, incident, text)
  ask(call, "post", "/api/v2/incidents/" .. incident.id .. "/comments",
    { json = { content = text } })
end

local function update(arguments, _, call)
  local incident = needed(call, arguments.key)
  local text = text_with(arguments, arguments.text)
  comment(call, incident, arguments.state and arguments.state .. ": " .. text or text)
  return { id = incident.id }
end

-- 409 says that it was so already.
local function settle(call, incident, word, by)
  local _, status = ask(call, "post", "/api/v3/incidents/" .. incident.id .. "/" .. word,
    { json = { [word:gsub("e$", "") .. "ed_by"] = by or call.settings.requester } },
    { [409] = false })
  return { id = incident.id, changed = status ~= 409 }
end

-- Resolved first: that ends the alarm. How it ended is said once, though it be asked again.
local function resolve(arguments, _, call)
  local incident = part("find", function()
    local found = find_open(call, arguments.key)
    return found and { id = found.id } or {}
  end)
  if not incident.id then return { changed = false } end
  local result = part("resolve", function() return settle(call, incident, "resolve") end)
  part("comment", function()
    local path = "/api/v2/incidents/" .. incident.id .. "/comments"
    for _, one in ipairs(list(call, path)) do
      if one.attributes.content == arguments.text then return end
    end
    comment(call, incident, arguments.text)
  end)
  return result
end

-- A message of no incident is one that calls nobody and is over at once.
local function send(arguments, _, call)
  local made = part("tell", function()
    local body = body_of(call, notify.cut(arguments.title or arguments.text:match("[^\n]*"), 120),
      arguments.text, text_with(arguments, arguments.text), "info")
    body.policy_id = nil
    for name, on in pairs(channels.info) do body[name] = on end
    return { id = ask(call, "post", "/api/v3/incidents", { json = body }).data.id }
  end)
  -- It was told, whatever becomes of its end.
  if not pcall(part, "end", function() return settle(call, made, "resolve") end) then
    tell(call.target .. ": the message's own incident " .. made.id .. " could not be closed.")
  end
  return made
end

local function status(arguments, call)
  local found = find_open(call, arguments.key)
    or newest_of(list(call, "/api/v3/incidents", { resolved = "true" }), arguments.key)
  return found and incident_of(found)
end

local function list_open(arguments, call)
  local prefix, found = arguments.prefix or "", {}
  for _, one in ipairs(list(call, "/api/v3/incidents", { resolved = "false" })) do
    if one.attributes.name:sub(1, #prefix) == prefix then found[#found + 1] = incident_of(one) end
  end
  table.sort(found, function(one, other) return one.key < other.key end)
  return found
end

return {
  family = "notify",
  name = "betterstack",
  doc = "Incidents of Better Stack, which call who is on duty: by the escalation policy of the "
    .. "settings, else by the severity. An incident's key is its name; updates are comments. "
    .. "`send` mails, and leaves an incident that is over.",
  hosts = { "{url}" },
  settings = {
    { name = "token", secret = true, doc = "An Uptime API token of the team." },
    { name = "requester", doc = "The e-mail address that incidents are reported by." },
    { name = "policy", optional = true, doc = "The id of the escalation policy." },
    { name = "url", default = "https://uptime.betterstack.com", doc = "Where the API is." },
  },
  doctor = { checks = { "the token, by the open incidents (list_open)" } },
  operations = {
    status = { observe = status }, list_open = { observe = list_open },
    wait_acknowledged = { observe = notify.wait_acknowledged(status) },
    send = { act = send }, open = { act = open }, update = { act = update },
    resolve = { act = resolve },
    acknowledge = { act = function(arguments, _, call)
      return settle(call, needed(call, arguments.key), "acknowledge", arguments.by)
    end },
  },
}
