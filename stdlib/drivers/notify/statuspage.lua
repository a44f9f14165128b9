-- Atlassian Statuspage: incidents, components and scheduled maintenance of one status page.

local impacts = { critical = "critical", error = "major", warning = "minor", info = "none" }
local hurt = { critical = "major_outage", major = "partial_outage", minor = "degraded_performance" }
local states = { operational = "operational", degraded = "degraded_performance",
  partial_outage = "partial_outage", major_outage = "major_outage",
  maintenance = "under_maintenance" }
local names_of_states = {}
for name, status in pairs(states) do names_of_states[status] = name end
local name_max, body_max = 255, 25000
local per_page, pages_max = 100, 10

local function ask(call, method, path, more)
  local request = { url = call.settings.url,
    path = "/v1/pages/" .. call.settings.page .. path,
    headers = { Authorization = "OAuth " .. call.settings.token } }
  for name, value in pairs(more or {}) do request[name] = value end
  return http[method](request).json
end

-- The first of a list, newest first, of which `wanted` is true; or all of it.
local function search(call, path, wanted, query)
  local all = {}
  for page = 1, pages_max do
    query.page = page
    local found = ask(call, "get", path, { query = query })
    for _, one in ipairs(found) do
      if wanted and wanted(one) then return one end
      all[#all + 1] = one
    end
    if #found < (query.per_page or query.limit) then break end
  end
  return not wanted and all or nil
end

local function key_of(incident)
  local ours = (incident.metadata or {}).perilune
  return ours and ours.key, ours and ours.kind
end

local function is_of(key, kind)
  return function(incident)
    local its_key, its_kind = key_of(incident)
    return its_key == key and its_kind == kind
  end
end

local function find_open(call, key)
  return search(call, "/incidents/unresolved", is_of(key, "incident"), { per_page = per_page })
end

local function find_maintenance(call, key)
  local ours = is_of(key, "maintenance")
  return search(call, "/incidents/scheduled", ours, { per_page = per_page })
    or search(call, "/incidents/unresolved", ours, { per_page = per_page })
end

local function component_ids(call, names)
  local by_name, ids = {}, {}
  if not names or #names == 0 then return ids end
  for _, one in ipairs(search(call, "/components", nil, { per_page = per_page })) do
    by_name[one.name], by_name[one.id] = one.id, one.id
  end
  for _, name in ipairs(names) do
    if not by_name[name] then
      fail { code = "not_found", message = ("%s: the status page has no component \"%s\".")
        :format(call.target, name) }
    end
    ids[#ids + 1] = by_name[name]
  end
  return ids
end

-- Gives an incident's body its components, all with one status.
local function add_components(body, ids, status)
  if #ids == 0 then return end
  body.component_ids, body.components = ids, {}
  for _, id in ipairs(ids) do body.components[id] = status end
end

local function ids_of(incident)
  local ids = {}
  for _, component in ipairs(incident.components or {}) do ids[#ids + 1] = component.id end
  return ids
end

local function patch(call, incident, body)
  ask(call, "patch", "/incidents/" .. incident.id, { json = { incident = body } })
  return { id = incident.id }
end

local function open(arguments, _, call)
  local there = find_open(call, arguments.key)
  if there then return { id = there.id, changed = false } end
  local text = arguments.detail or arguments.summary
  for _, link in ipairs(arguments.links or {}) do text = text .. "\n" .. link end
  local impact = impacts[arguments.severity]
  local body = { name = notify.cut(arguments.summary, name_max), status = "investigating",
    body = notify.cut(text, body_max), impact_override = impact,
    metadata = { perilune = { key = arguments.key, kind = "incident" } } }
  add_components(body, component_ids(call, arguments.components), hurt[impact] or "operational")
  return { id = ask(call, "post", "/incidents", { json = { incident = body } }).id }
end

local function update(arguments, _, call)
  local incident = find_open(call, arguments.key)
  if not incident then
    fail { code = "not_found", message = ("%s: no incident \"%s\" is open on the status page.")
      :format(call.target, arguments.key) }
  end
  local impact = impacts[arguments.severity]
  local body = { status = arguments.state or incident.status, impact_override = impact,
    body = notify.cut(arguments.text, body_max) }
  if arguments.state == "resolved" then
    add_components(body, ids_of(incident), "operational")
  else
    add_components(body, component_ids(call, arguments.components),
      hurt[impact or incident.impact] or "degraded_performance")
  end
  return patch(call, incident, body)
end

-- A resolved incident leaves its components as they are, unless it says otherwise.
local function resolve(arguments, _, call)
  local incident = find_open(call, arguments.key)
  if not incident then return { changed = false } end
  local body = { status = "resolved", body = notify.cut(arguments.text, body_max) }
  add_components(body, ids_of(incident), "operational")
  return patch(call, incident, body)
end

-- A message of no incident is one that is over already.
local function send(arguments, _, call)
  local text = arguments.text
  if arguments.fields then text = text .. "\n" .. notify.fields_text(arguments.fields) end
  for _, link in ipairs(arguments.links or {}) do text = text .. "\n" .. link end
  return { id = ask(call, "post", "/incidents", { json = { incident = {
    name = notify.cut(arguments.title or arguments.text:match("[^\n]*"), name_max),
    status = "resolved", impact_override = "none", body = notify.cut(text, body_max) } } }).id }
end

local function incident_of(found)
  local key = key_of(found)
  return { key = key, state = found.status == "resolved" and "resolved" or "open",
    opened_at = time(found.created_at) }
end

local function status(arguments, call)
  local found = find_open(call, arguments.key)
    or search(call, "/incidents", is_of(arguments.key, "incident"), { limit = per_page })
  return found and incident_of(found)
end

local function list_open(arguments, call)
  local found = {}
  for _, one in ipairs(search(call, "/incidents/unresolved", nil, { per_page = per_page })) do
    local key, kind = key_of(one)
    local prefix = arguments.prefix or ""
    if kind == "incident" and key:sub(1, #prefix) == prefix then
      found[#found + 1] = incident_of(one)
    end
  end
  table.sort(found, function(one, other) return one.key < other.key end)
  return found
end

local function component_of(call, name)
  local id = component_ids(call, { name })[1]
  return id, names_of_states[ask(call, "get", "/components/" .. id).status] or "operational"
end

-- A page that cannot be read is told by `act`, as the family wants it.
local function before_component(arguments, call)
  local read, _, state = pcall(component_of, call, arguments.component)
  if not read then return { sign = "~", plan = notify.line("set_component", arguments) } end
  return { state = { component = arguments.component, state = state },
    already_so = state == arguments.state, sign = "~",
    result = { before = state, after = state, delivered = true, changed = false },
    plan = ("%s: %s → %s"):format(arguments.component, state, arguments.state) }
end

local function set_component(arguments, before, call)
  local id, state = component_of(call, arguments.component)
  if state ~= arguments.state then
    ask(call, "patch", "/components/" .. id,
      { json = { component = { status = states[arguments.state] } } })
  end
  return { before = before and before.state or state, after = arguments.state,
    changed = state ~= arguments.state or before ~= nil and before.state ~= arguments.state },
    { component = arguments.component, state = arguments.state }
end

local function restore_component(arguments, before, result)
  if not before or not result.changed then return nil end
  return "set_component", { component = arguments.component, state = before.state }
end

local function schedule(arguments, _, call)
  local body = { name = notify.cut(arguments.text:match("[^\n]*"), name_max), status = "scheduled",
    body = notify.cut(arguments.text, body_max), scheduled_for = date(nil, arguments.starts_at),
    scheduled_until = date(nil, arguments.ends_at), scheduled_auto_in_progress = true,
    scheduled_auto_completed = true, auto_transition_to_maintenance_state = true,
    auto_transition_to_operational_state = true, impact_override = "maintenance",
    metadata = { perilune = { key = arguments.key, kind = "maintenance" } } }
  local ids = component_ids(call, arguments.components)
  if #ids > 0 then body.component_ids = ids end
  local there = find_maintenance(call, arguments.key)
  if there then
    body.status = there.status
    return patch(call, there, body)
  end
  return { id = ask(call, "post", "/incidents", { json = { incident = body } }).id }
end

local function end_maintenance(arguments, _, call)
  local there = find_maintenance(call, arguments.key)
  if not there then return { changed = false } end
  local body = { status = "completed",
    body = notify.cut(arguments.text or "The maintenance is over.", body_max) }
  if there.status ~= "scheduled" then add_components(body, ids_of(there), "operational") end
  return patch(call, there, body)
end

return {
  family = "notify",
  name = "statuspage",
  doc = "A status page of Atlassian's Statuspage. Incidents are found again by their key, which "
    .. "stands in their metadata; resolving one shows its components as operational. `send` makes "
    .. "an incident that is over already.",
  hosts = { "{url}" },
  limits = { at_once = 1 },
  settings = {
    { name = "page", identity = true, doc = "The page's id." },
    { name = "token", secret = true, doc = "An API key of a user who manages the page." },
    { name = "url", default = "https://api.statuspage.io", doc = "Where the API is." },
  },
  doctor = { checks = { "the key and the page, by its open incidents (list_open)" } },
  operations = {
    status = { observe = status }, list_open = { observe = list_open },
    send = { act = send }, open = { act = open }, update = { act = update },
    resolve = { act = resolve },
    set_component = { before = before_component, act = set_component,
      restore = restore_component },
    schedule_maintenance = { act = schedule,
      restore = function(arguments, _, result)
        if not result.delivered then return nil end
        return "end_maintenance", { key = arguments.key, text = "The maintenance was called off." }
      end },
    end_maintenance = { act = end_maintenance },
  },
}
