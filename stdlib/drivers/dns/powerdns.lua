-- PowerDNS Authoritative Server: record sets by its HTTP API, a whole change in one PATCH.

local function absolute(name, zone)
  return name == "@" and zone .. "." or name .. "." .. zone .. "."
end

local function relative(name, zone)
  if name == zone .. "." then return "@" end
  return name:sub(1, -#zone - 3)
end

local function zone_of(call) return (call.settings.zone:lower():gsub("%.$", "")) end

local function request(call, path, more)
  local asked = { url = call.settings.url, headers = { ["X-API-Key"] = call.settings.key },
    path = "/api/v1/servers/" .. call.settings.server .. path }
  for name, value in pairs(more or {}) do asked[name] = value end
  return asked
end

local function zone_path(call) return "/zones/" .. zone_of(call) .. "." end

local function sets(_, call)
  local zone = zone_of(call)
  local answer = http.get(request(call, zone_path(call)))
  local found = {}
  for _, set in ipairs(answer.json.rrsets) do
    local values, comment = {}, nil
    for _, record in ipairs(set.records) do
      if not record.disabled then values[#values + 1] = record.content end
    end
    for _, one in ipairs(set.comments or {}) do comment = one.content end
    if #values > 0 then
      found[#found + 1] = { name = relative(set.name, zone), type = set.type, ttl_s = set.ttl,
        values = values, comment = comment }
    end
  end
  return found
end

-- One PATCH is one transaction (PowerDNS, "Zones endpoint"). Answers that the server has cached are
-- dropped, so that it answers with the change when this returns.
local function change(asked, call)
  local zone, rrsets = zone_of(call), {}
  for _, set in ipairs(asked.deletes) do
    rrsets[#rrsets + 1] = { name = absolute(set.name, zone), type = set.type,
      changetype = "DELETE" }
  end
  for _, set in ipairs(asked.upserts) do
    local records = {}
    for _, content in ipairs(set.contents) do
      records[#records + 1] = { content = content, disabled = false }
    end
    rrsets[#rrsets + 1] = { name = absolute(set.name, zone), type = set.type, ttl = set.ttl_s,
      changetype = "REPLACE", records = records,
      comments = set.comment and { { content = set.comment, account = "perilune" } }
        or json.empty_list }
  end
  http.patch(request(call, zone_path(call), { json = { rrsets = rrsets } }))
  for _, set in ipairs(rrsets) do
    http.put(request(call, "/cache/flush", { query = { domain = set.name } }))
  end
end

return {
  family = "dns",
  name = "powerdns",
  doc = "A zone of a PowerDNS Authoritative Server, by its HTTP API. A change of several record "
    .. "sets is one transaction.",
  hosts = { "{url}" },
  settings = {
    { name = "zone", identity = true, doc = "The zone: example.com." },
    { name = "url", identity = true, doc = "Where the API is: http://ns1.example.com:8081." },
    { name = "key", secret = true, doc = "The API key." },
    { name = "server", default = "localhost", doc = "The server's id in the API." },
    { name = "name_servers", type = "list", optional = true,
      doc = "The servers that are asked as authoritative; otherwise the zone's NS." },
    { name = "resolvers", type = "list", optional = true,
      doc = "What \"resolvers\" asks; otherwise the system's (/etc/resolv.conf)." },
    { name = "certificate_authority", optional = true,
      doc = "A PEM file with the authority to trust instead of the system's." },
  },
  doctor = { checks = { "the key and the zone, by its records (list)" } },
  functions = { sets = sets, change = change },
}
