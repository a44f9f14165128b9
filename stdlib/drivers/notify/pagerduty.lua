-- PagerDuty: incidents by the Events API v2, where one dedup_key is one incident; what became of
-- them by the REST API, where the settings have a key for it.

local severities = { critical = "critical", error = "error", warning = "warning", info = "info" }

-- Posts one event; 202 says that it was taken, 400 why not (Events API v2, "Send an event").
local function post(call, path, event)
  event.routing_key = call.settings.routing_key
  local answer = http.post { url = call.settings.url, path = path, json = event,
    accept = { 400 } }
  local told = answer.json or {}
  if answer.status ~= 400 then return told end
  local errors = table.concat(told.errors or {}, "; ")
  fail { code = errors:find("routing[_ ]key") and "credentials_refused" or "unexpected_status",
    message = ("%s: PagerDuty refused the event (400): %s: %s"):format(call.target,
      told.message or "without a reason", errors) }
end

local function enqueue(call, event)
  return { id = post(call, "/v2/enqueue", event).dedup_key }
end

local function rest(call, path, query)
  if not call.settings.api_token then
    fail { code = "not_supported", message = call.target .. ": PagerDuty tells what became of "
      .. "incidents by its REST API only. Give a key for it as api_token." }
  end
  return http.get { url = call.settings.api_url, path = path, query = query, headers = {
    Authorization = "Token token=" .. call.settings.api_token,
    Accept = "application/vnd.pagerduty+json;version=2", ["Content-Type"] = "application/json",
  } }.json
end

local function newest(call, key)
  return rest(call, "/incidents", { incident_key = key, date_range = "all", limit = 1,
    sort_by = "created_at:desc" }).incidents[1]
end

-- The newest incident, or false where there is none; nil where nobody can tell. An event is taken
-- before it is worked on, so this decides what is told, and never whether an event is sent.
local function known(call, key)
  if not call.settings.api_token then return nil end
  local read, found = pcall(newest, call, key)
  if read then return found or false end
end

local function incident_of(found, key)
  local taken = (found.acknowledgements or {})[1]
  return { key = found.incident_key or key, opened_at = time(found.created_at),
    state = found.status == "triggered" and "open" or found.status,
    acknowledged_by = taken and taken.acknowledger.summary,
    acknowledged_at = taken and time(taken.at) }
end

local function status(arguments, call)
  local found = newest(call, arguments.key)
  return found and incident_of(found, arguments.key)
end

local function list_open(arguments, call)
  local prefix, found = arguments.prefix or "", {}
  local all = http.pages(function(offset)
    local told = rest(call, "/incidents", { ["statuses[]"] = { "triggered", "acknowledged" },
      date_range = "all", limit = 100, offset = offset })
    return told.incidents, told.more and offset + 100 or nil
  end, 0)
  for _, one in ipairs(all) do
    local key = one.incident_key
    if key and key:sub(1, #prefix) == prefix then found[#found + 1] = incident_of(one) end
  end
  table.sort(found, function(one, other) return one.key < other.key end)
  return found
end

local function links_of(arguments)
  local links = {}
  for _, address in ipairs(arguments.links or {}) do
    links[#links + 1] = { href = address, text = address }
  end
  return #links > 0 and links or nil
end

local function trigger(arguments, call, summary, details)
  local custom = details or {}
  if arguments.components then custom.components = arguments.components end
  return enqueue(call, {
    event_action = "trigger",
    dedup_key = arguments.key or call.key,
    links = links_of(arguments),
    payload = {
      summary = notify.cut(summary, 1024),
      source = call.settings.source,
      severity = severities[arguments.severity or "info"],
      component = arguments.components and arguments.components[1],
      custom_details = next(custom) and custom or nil,
    },
  })
end

-- A message of no incident is a change event: it pages nobody.
local function announce(arguments, call)
  return { id = post(call, "/v2/change/enqueue", {
    links = links_of(arguments),
    payload = {
      summary = notify.cut((arguments.title and arguments.title .. ": " or "") .. arguments.text,
        1024),
      source = call.settings.source,
      timestamp = date(),
      custom_details = arguments.fields,
    },
  }).message }
end

return {
  family = "notify",
  name = "pagerduty",
  doc = "PagerDuty's Events API v2. An incident's key is the event's dedup_key, so opening, "
    .. "acknowledging and resolving say the same thing however often they are sent. `send` makes "
    .. "a change event, which pages nobody.",
  hosts = { "{url}", "{api_url}" },
  settings = {
    { name = "routing_key", secret = true,
      doc = "The integration key of the service's Events API v2 integration." },
    { name = "source", default = "perilune", doc = "What the incident is said to come from." },
    { name = "url", default = "https://events.pagerduty.com",
      doc = "The address of the Events API; the EU service region has its own." },
    { name = "api_token", optional = true, secret = true,
      doc = "A key of the REST API, for what became of incidents." },
    { name = "api_url", default = "https://api.pagerduty.com",
      doc = "The address of the REST API." },
    { name = "certificate_authority", optional = true,
      doc = "A PEM file with the authority to trust instead of the system's." },
  },
  doctor = { checks = { "the key of the REST API, where there is one (list_open)" },
    cannot = { "whether the routing key is one of a service: PagerDuty tells it only by an event. "
      .. "Send a change event by a runbook, once" } },
  operations = {
    status = { observe = status },
    list_open = { observe = list_open },
    wait_acknowledged = { observe = notify.wait_acknowledged(status) },
    send = { act = function(arguments, _, call) return announce(arguments, call) end },
    open = {
      act = function(arguments, _, call)
        local before = known(call, arguments.key)
        local result = trigger(arguments, call, arguments.summary,
          arguments.detail and { detail = arguments.detail })
        result.changed = not before or before.status == "resolved"
        return result
      end,
    },
    update = {
      act = function(arguments, _, call)
        return trigger(arguments, call, arguments.text,
          arguments.state and { state = arguments.state })
      end,
    },
    acknowledge = {
      act = function(arguments, _, call)
        local before = known(call, arguments.key)
        if before == false or before and before.status == "resolved" then
          fail { code = "not_found", message = ("%s: no incident \"%s\" is open."):format(
            call.target, arguments.key) }
        end
        return enqueue(call, { event_action = "acknowledge", dedup_key = arguments.key })
      end,
    },
    resolve = {
      act = function(arguments, _, call)
        local before = known(call, arguments.key)
        local result = enqueue(call, { event_action = "resolve", dedup_key = arguments.key })
        result.changed = not before or before.status ~= "resolved"
        return result
      end,
    },
  },
}
