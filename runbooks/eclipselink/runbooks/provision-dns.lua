-- The six records as they should be. Says what has drifted; with apply=false it changes nothing.
local clinic = require "clinic"

local function show(records)
  local shown = {}
  for place, record in ipairs(records) do
    local set = record.wanted or record
    shown[place] = set.name .. " " .. set.type
  end
  return #shown > 0 and table.concat(shown, ", ") or "none"
end

local function show_set(set)
  return table.concat(set.values, ", ") .. (set.proxied and " (proxied)" or "")
end

-- What would move, each on a line: from where, to where.
local function show_moves(different)
  local lines = {}
  for place, record in ipairs(different) do
    lines[place] = ("%s from %s to %s"):format(record.wanted.name, show_set(record.found),
      show_set(record.wanted))
  end
  return table.concat(lines, "\n")
end

return runbook {
  summary = "Put the zone's six records right, and report what drifted",
  targets = {
    ["dns/clinic"] = { "batch" },
    ["deploy/app"] = {},
    ["deploy/staging"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    apply = { type = "boolean", default = true, help = "put it right, or only report" },
    audio_host = { type = "string", required = true, help = "where the audio files are" },
    root = { type = "string", required = true, help = "what www leads to" },
    proxied = { type = "boolean", default = true,
      help = "Cloudflare's proxy stands in front; other providers have none" },
  },
  locks = { "dns/clinic" },

  run = function(params)
    local zone, team = dns("clinic"), notify("team")
    local wanted = clinic.records(deploy("app"):endpoint(), deploy("staging"):endpoint(), params)
    local drift = zone:drift { records = wanted }
    log(("Missing: %s. Different: %s. Nobody's: %s."):format(show(drift.missing),
      show(drift.different), show(drift.extra)))
    local result = { missing = #drift.missing, different = #drift.different,
      extra = #drift.extra, changed = 0 }
    if #drift.missing + #drift.different == 0 then return result end

    if not params.apply then
      team:send { severity = "warning", title = "DNS has drifted",
        text = ("Missing: %s. Different: %s."):format(show(drift.missing), show(drift.different)) }
      return result
    end
    -- After a recovery the names lead elsewhere on purpose, and the application may be closed.
    if #drift.different > 0 then
      ensure(deploy("app"):status().instances_healthy > 0, "The application has no healthy "
        .. "instance, so no name is made to lead to it. After infrastructure-failure they lead to "
        .. "the backup project, and are to stay there.")
      approve("Move the names?", { role = "release-manager",
        detail = show_moves(drift.different) })
    end
    local upserts = {}
    for _, record in ipairs(drift.missing) do upserts[#upserts + 1] = record end
    for _, record in ipairs(drift.different) do upserts[#upserts + 1] = record.wanted end
    step("Put the records right", function()
      zone:batch { upserts = upserts }
      result.changed = #upserts
      ensure(function()
        local left = zone:drift { records = wanted }
        return ensure(#left.missing + #left.different == 0, "The zone still differs: %s, %s.",
          show(left.missing), show(left.different))
      end, "The zone still differs.")
    end)
    return result
  end,
}
