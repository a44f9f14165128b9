-- Cloudflare: record sets of a zone by its API, a whole change in one transaction.

-- Cloudflare's "automatic" (1) is 300 seconds, and proxied records have no other
-- (Cloudflare, "Time to Live (TTL)").
local automatic, automatic_s = 1, 300
local may_be_proxied = { A = true, AAAA = true, CNAME = true }

-- The fields of `data`, in the order in which a zone file has them, for types that take no content:
-- "number", "host" and "text" as they are written, "quoted" in quotes.
local tlsa = { { "usage", "number" }, { "selector", "number" }, { "matching_type", "number" },
  { "certificate", "text" } }
local service = { { "priority", "number" }, { "target", "host" }, { "value", "rest" } }
local data_fields = {
  SRV = { { "priority", "number" }, { "weight", "number" }, { "port", "number" },
    { "target", "host" } },
  CAA = { { "flags", "number" }, { "tag", "text" }, { "value", "quoted" } },
  TLSA = tlsa, SMIMEA = tlsa, HTTPS = service, SVCB = service,
  SSHFP = { { "algorithm", "number" }, { "type", "number" }, { "fingerprint", "text" } },
  DS = { { "key_tag", "number" }, { "algorithm", "number" }, { "digest_type", "number" },
    { "digest", "rest" } },
}
local plain = { A = true, AAAA = true, CNAME = true, NS = true, PTR = true, TXT = true, MX = true }

-- Cloudflare refuses with 400, 403 and 404, and says in `errors` why; `success` counts, not the
-- status alone.
local function ask(call, method, path, more)
  local request = { url = call.settings.url, path = "/client/v4" .. path,
    bearer = call.settings.token, accept = { 400, 403, 404, 409 } }
  for name, value in pairs(more or {}) do request[name] = value end
  local answer = http[method](request)
  local told = answer.json
  if type(told) ~= "table" then
    fail { code = "bad_answer", retry = method == "get" and "safe" or "unknown",
      message = call.target .. ": what answered with " .. answer.status
        .. " is not Cloudflare's API. Check its url." }
  end
  if told.success and answer.status < 300 then return told end
  local lines, refused = {}, answer.status == 403
  for _, one in ipairs(told.errors or {}) do
    lines[#lines + 1] = ("%s (%d)"):format(one.message, one.code)
    -- 6003 and 9106 to 9109: headers or tokens that are none; 10000: not for this token.
    refused = refused or one.code == 6003 or one.code == 10000
      or one.code >= 9106 and one.code <= 9109
  end
  fail { code = refused and "credentials_refused" or "refused", retry = "never",
    message = ("%s: Cloudflare refused %s %s (%d): %s"):format(call.target, method:upper(), path,
      answer.status, table.concat(lines, "; ")) }
end

-- All pages of a list.
local function list(call, path, query)
  return http.pages(function(page)
    query.page = page
    local told = ask(call, "get", path, { query = query })
    local info = told.result_info or { total_count = 0 }
    return told.result, page * (info.per_page or 1) < info.total_count and page + 1 or nil
  end, 1)
end

local function zone_of(call) return (call.settings.zone:lower():gsub("%.$", "")) end

local zone_ids = {}

local function zone_id(call)
  local zone = zone_of(call)
  if call.settings.zone_id then return call.settings.zone_id end
  if zone_ids[zone] then return zone_ids[zone] end
  local found = {}
  for _, one in ipairs(list(call, "/zones", { name = zone, per_page = 50 })) do
    if one.name:lower() == zone then found[#found + 1] = one.id end
  end
  if #found ~= 1 then
    fail { code = "not_found", message = ("%s: the token sees %d zones named %s. Give the one that "
      .. "is meant as zone_id."):format(call.target, #found, zone) }
  end
  zone_ids[zone] = found[1]
  return found[1]
end

local function records_path(call) return "/zones/" .. zone_id(call) .. "/dns_records" end

local function list_records(call)
  return list(call, records_path(call), { per_page = 1000, order = "name", direction = "asc" })
end

local function absolute(name, zone) return name == "@" and zone or name .. "." .. zone end

local function relative(name, zone)
  name = name:lower()
  return name == zone and "@" or name:sub(1, -#zone - 2)
end

-- A record's value as a zone file writes it.
local function value_of(record)
  local fields, data = data_fields[record.type], record.data
  if not fields or not data then
    return record.type == "MX" and record.priority .. " " .. record.content or record.content
  end
  local words = {}
  for index, field in ipairs(fields) do
    local text = tostring(data[field[1]] or "")
    if field[2] == "number" then text = ("%d"):format(data[field[1]] or 0) end
    if field[2] == "quoted" then text = '"' .. text:gsub('[\\"]', "\\%0") .. '"' end
    words[index] = text
  end
  return (table.concat(words, " "):gsub("%s+$", ""))
end

local function ttl_s_of(record)
  return record.ttl == automatic and automatic_s or record.ttl
end

local function sets(_, call)
  local zone, by_key, found = zone_of(call), {}, {}
  for _, record in ipairs(list_records(call)) do
    local key = record.name:lower() .. " " .. record.type
    local set = by_key[key]
    if not set then
      set = { name = relative(record.name, zone), type = record.type, ttl_s = ttl_s_of(record),
        values = {} }
      by_key[key] = set
      found[#found + 1] = set
    end
    set.values[#set.values + 1] = value_of(record)
    set.ttl_s = math.min(set.ttl_s, ttl_s_of(record))
    set.proxied = set.proxied or record.proxied or nil
    if (record.comment or "") ~= "" then set.comment = set.comment or record.comment end
  end
  return found
end

-- The text of a quoted word at the beginning, and what follows it.
local function take_quoted(text)
  local at = 2
  while at <= #text and text:sub(at, at) ~= '"' do
    at = at + (text:sub(at, at) == "\\" and 2 or 1)
  end
  local word = text:sub(2, at - 1):gsub("\\(.)", "%1")
  return word, text:sub(at + 1):match("^%s*(.*)$")
end

-- Cloudflare's fields for one value: `content`, or `data` for types that are put together.
local function fields_of(call, kind, content)
  local fields = data_fields[kind]
  if not fields then
    if not plain[kind] then
      fail { code = "unsupported", message = call.target .. ": records of the type " .. kind
        .. " cannot be written to Cloudflare here; change them in its dashboard." }
    end
    if kind == "TXT" then return { content = content } end
    local priority, rest = content:match("^(%d+)%s+(.*)$")
    if kind == "MX" then
      return { priority = tonumber(priority), content = (rest:gsub("(.)%.$", "%1")) }
    end
    return { content = (content:gsub("(.)%.$", "%1")) }
  end
  local data, rest = {}, content
  for _, field in ipairs(fields) do
    local word
    if field[2] == "rest" then
      word, rest = rest, ""
    elseif rest:sub(1, 1) == '"' then
      word, rest = take_quoted(rest)
    else
      word, rest = rest:match("^(%S*)%s*(.*)$")
    end
    if field[2] == "host" then word = word:gsub("(.)%.$", "%1") end
    data[field[1]] = field[2] == "number" and tonumber(word) or word
  end
  return { data = data }
end

local function same_fields(wanted, record)
  if wanted.content then
    local is = record.type == "TXT" and record.content or record.content:lower()
    return wanted.content == is and wanted.priority == (record.type == "MX" and record.priority
      or nil)
  end
  for name, value in pairs(wanted.data) do
    local is = (record.data or {})[name]
    if (type(is) == "string" and is:lower() or is) ~= (type(value) == "string" and value:lower()
      or value) then return false end
  end
  return true
end

-- The record that is wanted for one value. Comments differ from record to record: they are sent
-- only where the set's own changed, or for a new record.
local function wanted_record(call, set, zone, content, shown)
  local record = fields_of(call, set.type, content)
  record.type, record.name = set.type, absolute(set.name, zone)
  record.ttl = set.ttl_s
  if may_be_proxied[set.type] then record.proxied = set.proxied or false end
  if set.proxied and set.ttl_s ~= automatic_s or set.ttl_s == automatic then
    fail { code = "unsupported", message = ("%s: the TTL of a proxied record is Cloudflare's own, "
      .. "which it calls automatic: 300 s. Give %s %s the TTL 5m."):format(call.target, set.name,
      set.type) }
  end
  if set.proxied then record.ttl = automatic end
  if (set.comment or "") ~= (shown and shown.comment or "") then
    record.comment = set.comment or ""
  end
  return record
end

local function differs(wanted, record)
  local ttl_s = wanted.ttl == automatic and automatic_s or wanted.ttl
  return not same_fields(wanted, record) or ttl_s ~= ttl_s_of(record)
    or wanted.proxied ~= nil and wanted.proxied ~= (record.proxied or false)
    or wanted.comment ~= nil and wanted.comment ~= (record.comment or "")
end

-- Turns the records of one set into those that are wanted: what is there already stays, others take
-- its places under the same ids, and only then records are made or go.
local function plan_set(call, batch, set, zone, records)
  local shown = { comment = nil }
  for _, record in ipairs(records) do
    if (record.comment or "") ~= "" then shown.comment = shown.comment or record.comment end
  end
  local missing, taken = {}, {}
  for _, content in ipairs(set.contents) do
    local wanted, found = wanted_record(call, set, zone, content, shown), nil
    for _, record in ipairs(records) do
      if not taken[record.id] and same_fields(wanted, record) then found = found or record end
    end
    if not found then
      missing[#missing + 1] = wanted
    else
      taken[found.id] = true
      wanted.id = found.id
      if differs(wanted, found) then batch.patches[#batch.patches + 1] = wanted end
    end
  end
  for _, record in ipairs(records) do
    local wanted = not taken[record.id] and table.remove(missing, 1)
    if wanted then
      wanted.id = record.id
      batch.patches[#batch.patches + 1] = wanted
    elseif not taken[record.id] then
      batch.deletes[#batch.deletes + 1] = { id = record.id }
    end
  end
  for _, wanted in ipairs(missing) do
    if wanted.comment == nil then wanted.comment = set.comment end
    batch.posts[#batch.posts + 1] = wanted
  end
end

-- One batch is one transaction, executed in the order deletes, patches, puts, posts (Cloudflare,
-- "Batch DNS Records").
local function change(asked, call)
  local zone, by_key = zone_of(call), {}
  for _, record in ipairs(list_records(call)) do
    local key = relative(record.name, zone) .. " " .. record.type
    by_key[key] = by_key[key] or {}
    table.insert(by_key[key], record)
  end
  local batch = { deletes = {}, patches = {}, posts = {} }
  for _, set in ipairs(asked.deletes) do
    for _, record in ipairs(by_key[set.name .. " " .. set.type] or {}) do
      batch.deletes[#batch.deletes + 1] = { id = record.id }
    end
  end
  for _, set in ipairs(asked.upserts) do
    plan_set(call, batch, set, zone, by_key[set.name .. " " .. set.type] or {})
  end
  for name, entries in pairs(batch) do
    if #entries == 0 then batch[name] = nil end
  end
  if next(batch) then ask(call, "post", records_path(call) .. "/batch", { json = batch }) end
end

return {
  family = "dns",
  name = "cloudflare",
  doc = "A zone of Cloudflare's. A change of several record sets is one transaction. An automatic "
    .. "TTL is shown as what it means, 300 s; a proxied record has no other.",
  hosts = { "{url}" },
  limits = { at_once = 4 },
  features = { "proxied", "apex_cname" },
  settings = {
    { name = "zone", identity = true, doc = "The zone: example.com." },
    { name = "token", secret = true, doc = "An API token that may edit the zone's DNS." },
    { name = "zone_id", optional = true, identity = true,
      doc = "The zone's id; otherwise looked up by its name, which the token must be allowed." },
    { name = "url", default = "https://api.cloudflare.com", doc = "Where the API is." },
    { name = "name_servers", type = "list", optional = true,
      doc = "The servers that are asked as authoritative; otherwise the zone's NS." },
    { name = "resolvers", type = "list", optional = true,
      doc = "What \"resolvers\" asks; otherwise the system's (/etc/resolv.conf)." },
  },
  functions = { sets = sets, change = change },
  doctor = cloudflare_doctor.of { ask = ask, list = list, zone_of = zone_of, zone_id = zone_id },
}
