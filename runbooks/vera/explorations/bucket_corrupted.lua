-- Bringing photos back under every fault: none that was well is touched, none that is new is lost.
local vera_world = require "vera_world"

local function body(w, key)
  local object = w.storage.photos.objects[key]
  return object and object.body
end

return explore {
  runbook = "bucket-corrupted",
  parameters = function(w) return { bad_at = w:now() - 120 } end,
  answers = { ["Bring them back?"] = "approve" },
  world = function()
    local w = vera_world.copy_photos(vera_world.open(world "production"))
    w:advance("10m")
    w.storage.photos:put { key = "photos/1", body = "rubbish" }
    w.storage.photos:delete { key = "photos/2" }
    w.storage.photos:put { key = "photos/14", body = "picture 14" }
    w:advance("1m")
    w:prepared()
    return w
  end,
  always = {
    ["photos that were well stay as they are"] = function(w)
      return body(w, "photos/3") == "picture 3" and body(w, "photos/14") == "picture 14"
    end,
    ["copies stay good"] = function(w)
      return w.storage.copies.objects["photos/1"].body == "picture 1"
    end,
  },
  finally = {
    ["a done run has brought both back"] = function(w, run)
      return run.outcome ~= "done"
        or body(w, "photos/1") == "picture 1" and body(w, "photos/2") == "picture 2"
    end,
  },
}
