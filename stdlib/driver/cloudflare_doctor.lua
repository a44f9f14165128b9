-- What a doctor asks Cloudflare about a token and its zone; by the driver's own requests.
local M = {}

local changes = { "upsert", "delete", "batch", "set_ttl" }

-- A token of an account, other than a user's, is not known to "Verify Token" of users.
local function say_token(say, call, api)
  local well, told = pcall(api.ask, call, "get", "/user/tokens/verify")
  if not well then
    say.unchecked("until when the token lives: Cloudflare tells it of tokens of users alone")
  elseif told.result.status == "active" then
    local ends = told.result.expires_on
    say.well("the token is active" .. (ends and " until " .. ends or ""))
  else
    say.refused("the token is " .. tostring(told.result.status), "Make a new one in Cloudflare.")
  end
end

-- What the zone says of who asks: "#dns_records:edit".
local function say_permissions(say, call, api)
  local zone
  for _, one in ipairs(api.list(call, "/zones", { name = api.zone_of(call), per_page = 50 })) do
    if not call.settings.zone_id or one.id == call.settings.zone_id then zone = one end
  end
  if not zone then
    return say.unchecked("whether the token may edit records: it may not see the zone itself")
  end
  local may = zone.permissions and {}
  for _, name in ipairs(zone.permissions or {}) do may[name] = true end
  if not may then
    say.unchecked("whether the token may edit records: the zone does not tell it")
  elseif may["#dns_records:edit"] then
    say.well("the token may edit the records of " .. zone.name)
  else
    say.lacks(changes, "the token may not edit the records of " .. zone.name,
      "Give it the permission DNS: Edit of this zone.")
  end
end

---The driver's `doctor`; `api` has its functions ask, list, zone_of and zone_id.
function M.of(api)
  return {
    checks = { "the token (Verify Token)", "the zone and its records",
      "whether the zone lets the token edit records (its permissions)" },
    ask = function(say, call)
      say_token(say, call, api)
      if not say.try("the zone", function() return api.zone_id(call) end) then return end
      say.try("permissions", function() return say_permissions(say, call, api) or true end)
    end,
  }
end

return M
