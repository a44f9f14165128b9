-- A DNS move: the TTL lowered first, the records moved in one piece, and resolvers watched.
local options = require "patterns.options"

local M = {}

local record_shape = { name = { "text", required = true }, type = { "text", required = true },
  value = { "text" }, values = { "list" }, proxied = { "boolean" } }

local lower_shape = { ttl = { "duration", default = "60s" }, wait = { "boolean", default = true } }

---Lowers the TTL of the records, and waits until every copy with the old one has expired, so that a
---later move is seen at once. In an outage there is no time for that: wait = false.
---
---`records` is a list of { name, type }; those that are not there yet are left out.
---Options: ttl = 60 s, wait = true.
---@return number waited_s
function M.lower_ttl(zone, records, given)
  options.target(zone, "dns", "dns_move.lower_ttl")
  local wanted = options.read_each(records, record_shape, "dns_move.lower_ttl")
  local read = options.read(given, lower_shape, "dns_move.lower_ttl")
  local there, longest = {}, 0
  for _, record in ipairs(wanted) do
    local found = zone:get { name = record.name, type = record.type }
    if found and found.ttl_s > read.ttl then
      there[#there + 1] = { name = record.name, type = record.type }
      longest = math.max(longest, found.ttl_s)
    end
  end
  if #there == 0 then return 0 end
  step("Lower the TTL", function() zone:set_ttl { records = there, ttl = read.ttl } end)
  if not read.wait then return 0 end
  sleep(longest)
  return longest
end

local move_shape = { ttl = { "duration", default = "60s" },
  atomic = { one_of = { "required", "preferred" }, default = "preferred" },
  name = { "text", default = "Move the records" } }

---Replaces all records in one change. `records` is a list of { name, type, value or values,
---proxied? }; a record of another type at the same name goes in the same change where it is a CNAME
---or the new one is. Options: ttl = 60 s, atomic = "preferred", name (of the step).
---@return table[] changes As of dns:batch.
function M.move(zone, records, given)
  options.target(zone, "dns", "dns_move.move")
  local wanted = options.read_each(records, record_shape, "dns_move.move")
  local read = options.read(given, move_shape, "dns_move.move")
  return step(read.name, function()
    local upserts, deletes = {}, {}
    for place, record in ipairs(wanted) do
      upserts[place] = { name = record.name, type = record.type, value = record.value,
        values = record.values, proxied = record.proxied, ttl = read.ttl }
      for _, found in ipairs(zone:list { name = record.name }) do
        local clashes = found.type == "CNAME" or record.type == "CNAME"
        if clashes and found.type ~= record.type and found.type ~= "SOA" and found.type ~= "NS" then
          deletes[#deletes + 1] = { name = found.name, type = found.type }
        end
      end
    end
    return zone:batch { upserts = upserts, deletes = #deletes > 0 and deletes or nil,
      atomic = read.atomic }.changes
  end)
end

local watch_shape = { within = { "duration", required = true },
  every = { "duration", default = "5s" }, servers = { "any", default = "resolvers" },
  name = { "text", default = "everybody is led to the new place" } }

---Waits until every server asked answers each name with what it leads to now. `expected` maps names
---to addresses, host names or values. Of a proxied record only the provider knows what stands
---behind it: leave it out, and ask the service itself.
---Options: within (required), every = 5 s, servers = "resolvers", name.
function M.watch(zone, expected, given)
  options.target(zone, "dns", "dns_move.watch")
  local read = options.read(given, watch_shape, "dns_move.watch")
  return wait_until(read.name, { within = read.within, every = read.every }, function()
    for name, to in pairs(expected) do
      if not zone:resolves { name = name, to = to, servers = read.servers } then return false end
    end
    return true
  end)
end

---Gives the records their usual TTL again. `records` is a list of { name, type }.
function M.raise_ttl(zone, records, given)
  options.target(zone, "dns", "dns_move.raise_ttl")
  local wanted = options.read_each(records, record_shape, "dns_move.raise_ttl")
  local read = options.read(given, { ttl = { "duration", required = true } },
    "dns_move.raise_ttl")
  local sets = {}
  for place, record in ipairs(wanted) do
    sets[place] = { name = record.name, type = record.type }
  end
  step("Raise the TTL again", function() zone:set_ttl { records = sets, ttl = read.ttl } end)
end

return M
