-- A program of somebody writes rubbish over photos and deletes others, while users upload.
local drilling = require "drilling"
local drills = require "drills"

return drill {
  summary = "Photos are damaged: they come back from versions, and none that is new is lost",
  runbook = "bucket-corrupted", environment = "drill",
  prepare = function(on)
    drills.open(on)
    run_runbook("backup", { kind = "full" })
    on.storage("photos"):put { key = "photos/13", body = "picture 13" }
    -- Versions are told apart by whole seconds.
    sleep("3s")
  end,
  disaster = function(on)
    local photos = on.storage("photos")
    for _, place in ipairs { 1, 5, 13 } do
      photos:put { key = "photos/" .. place, body = "rubbish" }
    end
    photos:delete { key = "photos/2" }
    photos:put { key = "photos/14", body = "picture 14" }
  end,
  parameters = function(on) return { bad_at = drilling.disaster_at(on) } end,
  answers = { ["Bring them back?"] = drills.says("approve") },
  probe = { url = "http://api.vera.example:{services.api.port}/shared/photos/1",
    resolve = "dns/site", contains = "picture 1", every = "1s", timeout = "5s" },
  mark = { target = "storage/photos", name = "photos", every = "500ms" },
  simulated = drills.simulated(drills.cdn),
  guard = { outage = "2m" },
  check = function(on)
    drills.ensure_told(on, "bucket-corrupted")
    local kept = drilling.client(on, "rclone", { "lsf", "s3:vera-drill-photos/photos" })
    local _, count = kept:gsub("%d+%s", "")
    ensure(count == 14, "rclone must find 14 photos, and finds: %s", kept)
    for place = 1, 14 do
      local shown = drills.curl(on, "/shared/photos/" .. place).photo
      ensure(shown == "picture " .. place, "Photo %d is shown as: %s", place, tostring(shown))
    end
  end,
}
