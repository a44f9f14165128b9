-- bucket-corrupted: what was damaged is what it was, what was not is not touched.
local photos_of = require "photos"
local vera_world = require "vera_world"

local yes = { answers = { ["Bring them back?"] = "approve" } }

describe("bucket-corrupted", function()
  local w, bad_at
  before_each(function()
    w = vera_world.copy_photos(vera_world.open(world "production"))
    w.storage.photos:put { key = "photos/13", body = "picture 13" }
    w:advance("10m")
    bad_at = w:now()
    w:advance("1m")
    w.storage.photos:put { key = "photos/1", body = "rubbish" }
    w.storage.photos:delete { key = "photos/2" }
    w.storage.photos:put { key = "photos/13", body = "rubbish" }
    w:advance("1m")
    w.storage.photos:put { key = "photos/14", body = "picture 14" }
    w:prepared()
  end)

  local function body(key)
    local object = w.storage.photos.objects[key]
    return object and object.body
  end

  it("brings photos back from versions, and leaves the new ones", function()
    local run = w:run("bucket-corrupted", { bad_at = bad_at }, yes)
    assert.equal("done", run.outcome)
    assert.equal(3, run.value.damaged)
    assert.equal(3, run.value.by_version)
    assert.equal(0, run.value.by_copy)
    assert.equal("picture 1", body("photos/1"))
    assert.equal("picture 2", body("photos/2"))
    assert.equal("picture 13", body("photos/13"))
    assert.equal("picture 14", body("photos/14"))
    assert.equal(14, run.value.objects)
    assert.is_true(run.took_s < duration("1h"))
    assert.equal(1, w:times "process/cdn:run")
  end)

  it("brings them back from the copies where nobody knows when it began", function()
    local run = w:run("bucket-corrupted", {}, yes)
    assert.equal("done", run.outcome)
    assert.equal(0, run.value.by_version)
    assert.equal(2, run.value.by_copy)
    assert.equal("picture 1", body("photos/1"))
    assert.equal("picture 2", body("photos/2"))
    assert.equal("picture 14", body("photos/14"))
  end)

  it("takes the copies where the versions are no help", function()
    w:fails("storage/photos:restore_prefix", { how = "failed", code = "not_supported" })
    local run = w:run("bucket-corrupted", { bad_at = bad_at }, yes)
    assert.equal("done", run.outcome)
    assert.equal(2, run.value.by_copy)
    assert.equal("picture 1", body("photos/1"))
  end)

  it("takes the copy where what a version holds is rubbish too", function()
    local run = w:run("bucket-corrupted", { bad_at = bad_at + 90 }, yes)
    assert.equal("done", run.outcome)
    assert.equal("picture 1", body("photos/1"))
    assert.equal("picture 2", body("photos/2"))
  end)

  it("brings back what was deleted before it had a copy", function()
    w.storage.photos:delete { key = "photos/13" }
    local run = w:run("bucket-corrupted", { bad_at = bad_at }, yes)
    assert.equal("done", run.outcome)
    assert.equal("picture 13", body("photos/13"))
    assert.contains("all 14 are what they should be.", w:told())
    assert.is_not.contains("not counted", w:told())
  end)

  it("does not call that well while one without a copy is gone", function()
    w.storage.photos:delete { key = "photos/13" }
    w:fails("storage/photos:restore_prefix", { how = "failed", code = "not_supported" })
    local run = w:run("bucket-corrupted", { bad_at = bad_at }, yes)
    assert.equal("waits", run.outcome)
    assert.contains("1 photos that have no copy are still gone, such as photos/13", run.reason)
  end)

  it("leaves what a user had deleted before the damage", function()
    w.storage.photos:put { key = "photos/15", body = "picture 15" }
    w.storage.photos:delete { key = "photos/15" }
    w:advance("1m")
    assert.equal("done", w:run("bucket-corrupted", { bad_at = w:now() }, yes).outcome)
    assert.is_nil(body("photos/15"))
  end)

  it("looks for those only where they are few enough to be listed", function()
    assert.same({}, photos_of.deleted(w.storage.photos, "photos/", bad_at + 3600, 20000))
    assert.is_nil(photos_of.deleted(w.storage.photos, "photos/", bad_at + 3600, 20001))
  end)

  it("says what it cannot count where nobody knows when it began", function()
    w.storage.photos:delete { key = "photos/13" }
    local run = w:run("bucket-corrupted", {}, yes)
    assert.equal("done", run.outcome)
    assert.contains("deleted before they had a copy are not counted", w:told())
  end)

  it("changes no photo where a person refuses", function()
    local run = w:run("bucket-corrupted", { bad_at = bad_at }, { answers = {
      ["Bring them back?"] = { decision = "reject", reason = "wrong bucket" } } })
    assert.equal("waits", run.outcome)
    assert.equal("rubbish", body("photos/1"))
    assert.equal("open", w.notify.team.incidents["bucket-corrupted"].state)
  end)

  it("does not say that it is over while one is still damaged", function()
    w:fails("storage/copies:copy", { how = "failed", times = 9 })
    local run = w:run("bucket-corrupted", {}, yes)
    assert.equal("waits", run.outcome)
    assert.equal("Bring the rest back from the copies", run.asks[1].name)
    assert.equal("open", w.notify.team.incidents["bucket-corrupted"].state)
  end)

  it("does not call that well which is still not what its copy is, or still gone", function()
    local recorded = {}
    for place, key in ipairs { "photos/1", "photos/2" } do
      recorded[place] = { at = 0, outcome = "done", value = {},
        arguments = { key = key, to_key = key, to = "storage/photos" } }
    end
    w = vera_world.copy_photos(vera_world.open(world("production",
      { recorded = { ["storage/copies:copy"] = recorded } })))
    w.storage.photos:put { key = "photos/1", body = "rubbish" }
    w.storage.photos:delete { key = "photos/2" }
    local run = w:run("bucket-corrupted", {}, yes)
    assert.equal("Compare again", run.asks[1].name)
    assert.contains("1 photos are still gone and 1 still not what they were", run.reason)
    assert.equal("open", w.notify.team.incidents["bucket-corrupted"].state)
  end)

  it("says so where a prefix holds nothing at all", function()
    local run = w:run("bucket-corrupted", { prefix = "phots/" }, yes)
    assert.equal("waits", run.outcome)
    assert.contains("neither photo nor copy below phots/", run.reason)
  end)
end)
