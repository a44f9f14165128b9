-- Prometheus's Alertmanager: silences around a change. It measures nothing itself.

local operators = { ["="] = { false, true }, ["!="] = { false, false }, ["=~"] = { true, true },
  ["!~"] = { true, false } }

local ask = api.of {
  name = "Alertmanager",
  request = function(call)
    return { bearer = call.settings.token, headers = call.settings.headers }
  end,
  -- Some refusals are one text in JSON, others { code, message }.
  why = function(told)
    if type(told) ~= "table" then return nil, told end
    return told.code, told.message
  end,
}

local function bad_monitor(call, monitor)
  fail { code = "bad_argument", message = ("%s: \"%s\" is no alert's name and no matcher. Matchers "
    .. "are NAME=\"VALUE\" with =, !=, =~ or !~, joined by commas."):format(call.target, monitor) }
end

-- 'severity="critical", service=~"web.*"' as Alertmanager takes it; a bare word is an alert's name.
local function matchers_of(call, monitor)
  if monitor:match("^[%w_ ./:-]+$") then
    return { { name = "alertname", value = monitor, isRegex = false, isEqual = true } }
  end
  local found, place = {}, 1
  repeat
    local name, operator, past = monitor:match("^%s*([%a_][%w_]*)%s*([=!]~?=?)%s*()", place)
    local kind = operators[operator]
    if not kind then bad_monitor(call, monitor) end
    local quoted, following = monitor:match('^"([^"]*)"%s*()', past)
    if not quoted then quoted, following = monitor:match('^([^%s",]+)%s*()', past) end
    if not quoted then bad_monitor(call, monitor) end
    found[#found + 1] = { name = name, value = quoted, isRegex = kind[1], isEqual = kind[2] }
    local comma = monitor:sub(following, following)
    if comma ~= "" and comma ~= "," then bad_monitor(call, monitor) end
    place = following + 1
  until place > #monitor
  return found
end

local silence, unsilence = metrics.kept_silences {
  meant = matchers_of,
  list = function(call)
    local found = ask(call, "get", "/api/v2/silences", { query = { expired = "false" } })
    for index, one in ipairs(found) do
      found[index] = { id = one.id, comment = one.comment, ends_at = time(one.endsAt) }
    end
    return found
  end,
  create = function(call, matchers, told)
    return ask(call, "post", "/api/v2/silences", { json = { matchers = matchers,
      createdBy = call.settings.created_by, comment = told.comment,
      startsAt = date(nil, told.starts_at), endsAt = date(nil, told.ends_at) } }).silenceID
  end,
  -- One that is not known any more is over.
  state = function(call, id)
    local one = ask(call, "get", "/api/v2/silence/" .. id, nil, { [404] = false })
    return one and one.status.state ~= "expired" and "on" or "over"
  end,
  finish = function(call, id) ask(call, "delete", "/api/v2/silence/" .. id) end,
}

return {
  family = "metrics",
  name = "alertmanager",
  doc = "Alertmanager's silences. Each of `monitors` is one silence: an alert's name, or matchers "
    .. "joined by commas, as severity=\"page\", service=~\"web.*\".",
  hosts = { "{url}" },
  lacks = { "read", "range" },
  settings = {
    { name = "url", identity = true, doc = "The server's address." },
    { name = "created_by", default = "perilune", doc = "Who silences, as Alertmanager shows it." },
    { name = "token", optional = true, secret = true, doc = "A bearer token." },
    { name = "headers", type = "map", optional = true, secret = true,
      doc = "Further headers: text or secrets." },
    { name = "certificate_authority", optional = true,
      doc = "A PEM file with the authority to trust instead of the system's." },
  },
  doctor = { checks = { "the server and its credentials, by its list of silences" },
    ask = function(say, call)
      if say.try("the silences", function()
        return ask(call, "get", "/api/v2/silences", { query = { expired = "false" } })
      end) then say.well("Alertmanager lists its silences") end
    end },
  operations = { silence = silence, unsilence = unsilence },
}
