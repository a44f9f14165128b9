-- A status page of Better Stack: an incident is a status report, found again by its title.

local ask, list = betterstack.ask, betterstack.list
local shown = { critical = "downtime", error = "downtime", warning = "degraded", info = "degraded" }

local function path_of(call, rest)
  return "/api/v2/status-pages/" .. call.settings.page .. "/status-reports" .. (rest or "")
end

-- Visitors see the title, so the key stands behind the words.
local function mark_of(key) return " (" .. key .. ")" end

local function key_of(report) return report.attributes.title:match("^.* %((.+)%)$") end

local function is_over(report)
  local state = (report.attributes.aggregate_state or ""):lower()
  return report.attributes.ends_at ~= nil or state == "operational" or state == "resolved"
end

local function find(call, key, open_only)
  local mark, newest = mark_of(key), nil
  for _, one in ipairs(list(call, path_of(call))) do
    local ours = one.attributes.title:sub(-#mark) == mark and not (open_only and is_over(one))
    local later = not newest or one.attributes.starts_at > newest.attributes.starts_at
    if ours and later then newest = one end
  end
  return newest
end

local function needed(call, key)
  local report = find(call, key, true)
  if report then return report end
  fail { code = "not_found", message = ("%s: no incident \"%s\" is open on the status page.")
    :format(call.target, key) }
end

local function incident_of(key, report)
  return { key = key, state = is_over(report) and "resolved" or "open",
    opened_at = time(report.attributes.starts_at) }
end

-- These parts of the page, or all that the settings name, in one state.
local function resources_of(call, names, state)
  local known, wanted, affected = call.settings.resources, {}, {}
  for index, name in ipairs(names or {}) do wanted[index] = name end
  if #wanted == 0 then
    for name in pairs(known) do wanted[#wanted + 1] = name end
    table.sort(wanted)
  end
  for index, name in ipairs(wanted) do
    if not known[name] then
      fail { code = "not_found", message = ("%s: the settings name no resource \"%s\" of the "
        .. "status page. Add it to `resources`."):format(call.target, name) }
    end
    affected[index] = { status_page_resource_id = known[name], status = state }
  end
  return affected[1] and affected or json.empty_list
end

-- What the report says of parts of the page, with another state where one is given.
local function affected_now(call, report, state)
  local affected = {}
  for index, one in ipairs(report.attributes.affected_resources or {}) do
    affected[index] = { status_page_resource_id = one.status_page_resource_id,
      status = state or one.status }
  end
  return affected[1] and affected or resources_of(call, nil, state or "degraded")
end

local function say(call, report, text, affected)
  ask(call, "post", path_of(call, ("/%s/status-updates"):format(report.id)),
    { json = { message = text, affected_resources = affected, notify_subscribers = true } })
  return { id = report.id }
end

local function open(arguments, _, call)
  local there = find(call, arguments.key, true)
  if there then return { id = there.id, changed = false } end
  local lines = { arguments.detail or arguments.summary }
  for _, link in ipairs(arguments.links or {}) do lines[#lines + 1] = link end
  local told = ask(call, "post", path_of(call), { json = { report_type = "manual",
    title = arguments.summary .. mark_of(arguments.key), message = table.concat(lines, "\n"),
    affected_resources = resources_of(call, arguments.components, shown[arguments.severity]),
    notify_subscribers = true } })
  return { id = told.data.id }
end

local function update(arguments, _, call)
  local report = needed(call, arguments.key)
  local state = arguments.state == "resolved" and "resolved" or shown[arguments.severity]
  local parts = state ~= "resolved" and arguments.components or {}
  return say(call, report, arguments.text, parts[1]
    and resources_of(call, parts, state or "degraded") or affected_now(call, report, state))
end

-- A report is over when its last update says that all it affects is resolved.
local function resolve(arguments, _, call)
  local report = find(call, arguments.key, true)
  if not report then return { changed = false } end
  return say(call, report, arguments.text, affected_now(call, report, "resolved"))
end

local function status(arguments, call)
  local report = find(call, arguments.key)
  return report and incident_of(arguments.key, report)
end

local function list_open(arguments, call)
  local prefix, found = arguments.prefix or "", {}
  for _, one in ipairs(list(call, path_of(call))) do
    local key = key_of(one)
    if key and key:sub(1, #prefix) == prefix and not is_over(one) then
      found[#found + 1] = incident_of(key, one)
    end
  end
  table.sort(found, function(one, other) return one.key < other.key end)
  return found
end

return {
  family = "notify",
  name = "betterstack_page",
  doc = "A status page of Better Stack. An incident is a report whose title ends with its key, and "
    .. "shows parts of the page as down (critical, error) or degraded; it is over once all of them "
    .. "are resolved. The page's subscribers are told of all. Better Stack has no message that "
    .. "belongs to no report.",
  hosts = { "{url}" },
  lacks = { "send" },
  settings = {
    { name = "page", identity = true, doc = "The status page's id." },
    { name = "token", secret = true, doc = "An Uptime API token of the team." },
    { name = "resources", type = "map", doc = "Ids of the page's resources, by the names that "
      .. "runbooks use as components. A report that names none of them is about all." },
    { name = "url", default = "https://uptime.betterstack.com", doc = "Where the API is." },
  },
  doctor = { checks = { "the token and the page, by its open reports (list_open)" } },
  operations = {
    status = { observe = status }, list_open = { observe = list_open },
    open = { act = open }, update = { act = update }, resolve = { act = resolve },
  },
}
