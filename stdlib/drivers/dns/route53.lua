-- Route 53: record sets of a hosted zone; a whole change in one batch, waited for until all of
-- Route 53's servers answer with it.

local api = "/2013-04-01"
local namespace = "https://route53.amazonaws.com/doc/2013-04-01/"

local function ask(call, action, request)
  request.call, request.service, request.action = call, "route53", action
  request.global = true
  return aws.rest(request)
end

local function zone_of(call) return (call.settings.zone:lower():gsub("%.$", "")) end

local zone_ids = {}

-- The list begins at the name that is asked for, and goes on with those after it.
local function zone_id(call)
  local zone = zone_of(call)
  if call.settings.zone_id then return (call.settings.zone_id:gsub("^/hostedzone/", "")) end
  if zone_ids[zone] then return zone_ids[zone] end
  local root = ask(call, "ListHostedZonesByName", { method = "get",
    path = api .. "/hostedzonesbyname", query = { dnsname = zone .. ".", maxitems = 10 } })
  local found = {}
  for _, one in ipairs(xml.all(root, "HostedZones.HostedZone")) do
    if xml.text(one, "Name") == zone .. "." then
      found[#found + 1] = xml.text(one, "Id"):gsub("^/hostedzone/", "")
    end
  end
  if #found ~= 1 then
    fail { code = "not_found", message = ("%s: the credentials see %d hosted zones named %s. Give "
      .. "the id of the one that is meant as zone_id."):format(call.target, #found, zone) }
  end
  zone_ids[zone] = found[1]
  return found[1]
end

local function zone_path(call) return api .. "/hostedzone/" .. zone_id(call) .. "/rrset" end

-- Replaces every "\DDD", whose digits have one base, by what `write` makes of its byte.
local function recode(text, base, write)
  local parts, at = {}, 1
  while true do
    local mark = text:find("\\", at, true)
    if not mark then break end
    local digits = text:match("^%d%d%d", mark + 1)
    parts[#parts + 1] = text:sub(at, mark - 1)
    parts[#parts + 1] = digits and write(tonumber(digits, base)) or text:sub(mark, mark + 1)
    at = mark + (digits and 4 or 2)
  end
  parts[#parts + 1] = text:sub(at)
  return table.concat(parts)
end

local function decimal(byte) return ("\\%03d"):format(byte) end
local function octal(byte) return ("\\%03o"):format(byte) end

-- Route 53 writes "*" and "/" in names as "\052" and "\057"; a zone file has decimal digits.
local function name_byte(byte)
  local char = string.char(byte)
  return char:find("[%w*/_+:=~-]") and char or decimal(byte)
end

local function absolute(name, zone)
  return recode(name == "@" and zone .. "." or name .. "." .. zone .. ".", 10, octal)
end

local function relative(name, zone)
  name = recode(name:lower(), 8, name_byte)
  return name == zone .. "." and "@" or name:sub(1, -#zone - 3)
end

local function read_set(element, zone)
  local set = { name = relative(xml.text(element, "Name"), zone), values = {}, raw = {},
    type = xml.text(element, "Type"), ttl_s = tonumber(xml.text(element, "TTL") or 0) }
  for _, value in ipairs(xml.all(element, "ResourceRecords.ResourceRecord.Value")) do
    set.raw[#set.raw + 1] = value.text
    set.values[#set.values + 1] = recode(value.text, 8, decimal)
  end
  local alias, id = xml.text(element, "AliasTarget.DNSName"), xml.text(element, "SetIdentifier")
  if id then
    set.foreign = "one of several sets, \"" .. id .. "\""
  elseif alias then
    set.foreign = "an alias of " .. alias
  elseif #set.raw == 0 then
    set.foreign = "made by a traffic policy"
  end
  return set
end

local function read_page(call, query)
  local root = ask(call, "ListResourceRecordSets", { method = "get",
    path = zone_path(call), query = query })
  local following
  if xml.text(root, "IsTruncated") == "true" then
    following = { maxitems = query.maxitems, name = xml.text(root, "NextRecordName"),
      type = xml.text(root, "NextRecordType"), identifier = xml.text(root, "NextRecordIdentifier") }
  end
  return xml.all(root, "ResourceRecordSets.ResourceRecordSet"), following
end

-- All record sets by name and type. Aliases and sets with a routing policy are shown without
-- values, as what they are, and are never changed.
local function read_sets(call)
  local zone, by_key, found = zone_of(call), {}, {}
  local elements = http.pages(function(query) return read_page(call, query) end,
    { maxitems = 300 })
  for _, element in ipairs(elements) do
    local set = read_set(element, zone)
    local key = set.name .. " " .. set.type
    if by_key[key] then
      by_key[key].foreign = by_key[key].foreign .. ", " .. set.foreign
    else
      by_key[key] = set
      found[#found + 1] = set
    end
  end
  return found, by_key
end

local function sets(_, call)
  local shown = {}
  for index, set in ipairs((read_sets(call))) do
    shown[index] = { name = set.name, type = set.type, ttl_s = set.ttl_s,
      values = set.foreign and {} or set.values,
      comment = set.foreign and "not Perilune's to change: " .. set.foreign }
  end
  return shown
end

local function change_element(action, set, values, zone)
  local records = {}
  for index, value in ipairs(values) do
    records[index] = "<ResourceRecord><Value>" .. xml.escape(value) .. "</Value></ResourceRecord>"
  end
  return ("<Change><Action>%s</Action><ResourceRecordSet><Name>%s</Name><Type>%s</Type>"
    .. "<TTL>%d</TTL><ResourceRecords>%s</ResourceRecords></ResourceRecordSet></Change>"):format(
    action, xml.escape(absolute(set.name, zone)), xml.escape(set.type), set.ttl_s,
    table.concat(records))
end

-- Refuses what would destroy a set that cannot be put back.
local function check(set, there, call)
  local why
  if there and there.foreign then
    why = "what is there is " .. there.foreign .. ", which is left alone"
  elseif (set.comment or "") ~= "" then
    why = "Route 53 keeps no comments"
  end
  if not why then return end
  fail { code = "unsupported", message = ("%s: %s %s was not changed, nor anything else: %s.")
    :format(call.target, set.name, set.type, why) }
end

local function batch_of(asked, call)
  local zone, changes = zone_of(call), {}
  local _, by_key = read_sets(call)
  for _, set in ipairs(asked.deletes) do
    local there = by_key[set.name .. " " .. set.type]
    check(set, there, call)
    -- A deletion has to name the TTL and the values exactly as they are.
    if there then changes[#changes + 1] = change_element("DELETE", there, there.raw, zone) end
  end
  for _, set in ipairs(asked.upserts) do
    check(set, by_key[set.name .. " " .. set.type], call)
    local values = {}
    for index, content in ipairs(set.contents) do values[index] = recode(content, 10, octal) end
    changes[#changes + 1] = change_element("UPSERT", set, values, zone)
  end
  return changes
end

-- Waits until every server of Route 53 has the change (GetChange, "INSYNC").
local function wait_in_sync(id, call)
  poll({ every = 0.5, growth = 1.5, every_max = 10,
    tell = "Route 53 has taken the change and spreads it",
    taken = ("%s: Route 53 has taken the change %s, but not all of its servers have it in the time "
      .. "allowed."):format(call.target, id) }, function()
    local root = ask(call, "GetChange", { method = "get", path = api .. id })
    return xml.text(root, "ChangeInfo.Status") == "INSYNC"
  end)
end

-- A batch is executed whole or not at all (ChangeResourceRecordSets, "Change batches").
local function change(asked, call)
  local changes = batch_of(asked, call)
  if #changes == 0 then return end
  local root = ask(call, "ChangeResourceRecordSets", { method = "post",
    path = zone_path(call) .. "/", body = ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      .. "<ChangeResourceRecordSetsRequest xmlns=\"%s\"><ChangeBatch><Changes>%s</Changes>"
      .. "</ChangeBatch></ChangeResourceRecordSetsRequest>"):format(namespace,
      table.concat(changes)) })
  wait_in_sync(xml.text(root, "ChangeInfo.Id"), call)
end

return {
  family = "dns",
  name = "route53",
  doc = "A hosted zone of Amazon Route 53. A change of several record sets is one batch, done when "
    .. "all of its servers have it. Aliases, and weighted, failover and other sets with a routing "
    .. "policy, are listed without values and left alone.",
  hosts = { "{url}", "route53.amazonaws.com", "sts.amazonaws.com", "iam.amazonaws.com" },
  settings = {
    { name = "zone", identity = true, doc = "The zone: example.com." },
    { name = "zone_id", optional = true, identity = true,
      doc = "The hosted zone's id; otherwise looked up by its name." },
    { name = "credentials", type = "map", secret = true,
      doc = "Whose requests they are: access_key_id, secret_access_key and, of temporary ones, "
        .. "session_token; or role: container, instance or web_identity." },
    { name = "url", optional = true,
      doc = "Where the API is; https://route53.amazonaws.com unless given." },
    { name = "name_servers", type = "list", optional = true,
      doc = "The servers that are asked as authoritative; otherwise the zone's NS." },
    { name = "resolvers", type = "list", optional = true,
      doc = "What \"resolvers\" asks; otherwise the system's (/etc/resolv.conf)." },
  },
  functions = { sets = sets, change = change },
  doctor = aws_doctor.of(function(arn, call)
    return { { resource = arn("route53", "hostedzone/" .. zone_id(call), ""), actions = {
        "route53:ListResourceRecordSets" } },
      { resource = arn("route53", "hostedzone/" .. zone_id(call), ""), actions = {
        "route53:ChangeResourceRecordSets" }, operations = { "upsert", "delete", "batch",
        "set_ttl" } },
      { resource = arn("route53", "change/*", ""), actions = { "route53:GetChange" } } }
  end),
}
