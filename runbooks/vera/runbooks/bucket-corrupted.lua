-- Photos are damaged or gone: brought back from their versions, else from the copies, and compared.
--
-- Only what is damaged is touched, so what users upload meanwhile stays. Copies are never written
-- over (see backup), so they say what is right.
local incident = require "patterns.incident"
local photos_of = require "photos"
local vera = require "vera"

-- From the bucket's own versions: no byte crosses a region.
local function from_versions(photos, keys, prefix, bad_at)
  if not bad_at or #keys == 0 then return 0 end
  return step("Bring them back from versions", { timeout = "1h" }, function()
    local went, done = try(function()
      return photos:restore_prefix { prefix = prefix, at = bad_at - 1, keys = keys }
    end)
    if not went then
      log("Versions are no help: " .. done.message)
      return 0
    end
    return done.restored
  end)
end

-- From the other region, whatever is still not what its copy is.
local function from_copies(photos, copies, prefix)
  local left = photos_of.look(photos, copies, prefix)
  local keys = photos_of.joined(left.gone, left.changed)
  if #keys == 0 then return 0 end
  step("Bring the rest back from the copies", { timeout = "1h" }, function()
    local _, failed = each(keys, { at_once = 8, on_error = "collect" }, function(key)
      copies:copy { key = key, to_key = key, to = photos }
    end)
    ensure(#failed == 0, "%d of %d photos could not be copied: %s", #failed, #keys,
      failed[1] and failed[1].error.message or "")
  end)
  return #keys
end

return runbook {
  summary = "Bring damaged photos back from versions or copies, and compare all of them",
  objectives = { rto = "1h", rpo = { photos = "1d" } },
  targets = {
    ["storage/photos"] = { "restore_prefix" },
    ["storage/copies"] = { "copy" },
    ["process/cdn"] = { "run" },
    ["notify/team"] = { "open", "update", "resolve" },
  },
  parameters = {
    bad_at = { type = "time", help = "when the damage began; without it only copies are used" },
    prefix = { type = "string", default = photos_of.prefix, help = "only photos below this" },
  },
  locks = { "storage/photos" },

  run = function(params)
    local photos, copies, prefix = storage("photos"), storage("copies"), params.prefix
    local report = vera.begin_incident(notify("team"), "bucket-corrupted",
      "Photos are damaged; they are being brought back")

    local found = step("Compare with the copies", function()
      return photos_of.look(photos, copies, prefix)
    end)
    local young = params.bad_at and photos_of.overwritten(photos, found.young, params.bad_at) or {}
    local deleted = params.bad_at and photos_of.deleted(photos, prefix, params.bad_at,
      found.same + #found.gone + #found.changed + #found.young)
    local gone = photos_of.joined(found.gone, deleted or {})
    local damaged = photos_of.joined(gone, found.changed, young)
    local not_counted = deleted and ""
      or " Photos that were deleted before they had a copy are not counted."
    ensure(found.same + #damaged > 0, "There is neither photo nor copy below %s.", prefix)
    approve("Bring them back?", { role = "incident-commander",
      detail = ("%d photos are gone, %d are not what they were, %d of those have no copy; %d are "
        .. "well and %d are new.%s"):format(#gone, #found.changed + #young,
        #young + #gone - #found.gone, found.same, #found.young - #young, not_counted) })
    incident.tell(report, { state = "identified",
      text = ("%d photos are being brought back."):format(#damaged) })

    local by_version = from_versions(photos, damaged, prefix, params.bad_at)
    local by_copy = from_copies(photos, copies, prefix)
    local after = step("Compare again", function()
      local now_found = photos_of.look(photos, copies, prefix)
      ensure(#now_found.gone == 0 and #now_found.changed == 0,
        "%d photos are still gone and %d still not what they were.", #now_found.gone,
        #now_found.changed)
      photos_of.ensure_there(photos, deleted or {})
      ensure(now_found.same == found.same + #found.gone + #found.changed,
        "%d photos are as their copies; there should be %d.", now_found.same,
        found.same + #found.gone + #found.changed)
      return now_found
    end)
    -- The edges keep what they have shown for a day.
    step("Let CloudFront forget what it shows", function()
      process("cdn"):run { program = "invalidate", arguments = { "/" .. prefix .. "*" } }
    end)
    local usage = photos:usage { prefix = prefix }
    incident.finish(report, { text = ("%d photos were brought back from versions and %d from "
      .. "copies; all %d are what they should be.%s"):format(by_version, by_copy, usage.objects,
        not_counted) })
    return { damaged = #damaged, by_version = by_version, by_copy = by_copy, same = after.same,
      objects = usage.objects, timeline = report.timeline }
  end,
}
