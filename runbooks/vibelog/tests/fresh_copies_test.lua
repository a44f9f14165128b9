-- fresh-copies: uploads elsewhere within the hour, and a history that reaches to minutes ago.
local vibelog_world = require "vibelog_world"

describe("fresh-copies", function()
  local w
  before_each(function()
    w = vibelog_world.open(world "production")
    w.storage.uploads:put { key = "u1/one.webm", body = "one" }
    w:prepared()
  end)
  local function copies() return w.storage["uploads-copies"].objects end
  -- Supabase's history as it is said to be, from so long ago to so long ago.
  local function history(value)
    w = vibelog_world.open(world("production", { recorded = {
      ["database/platform:restore_window"] = { { arguments = {}, at = 0, times = 9,
        value = value } } } }))
    w.storage.uploads:put { key = "u1/one.webm", body = "one" }
    w:prepared()
  end
  local function incident() return w.notify.oncall.incidents["fresh-copies"] end

  it("copies what is new, and only that", function()
    assert.same({ uploads = 1 }, w:run("fresh-copies").value)
    w.storage.uploads:put { key = "u1/two.webm", body = "two" }
    assert.same({ uploads = 1 }, w:run("fresh-copies").value)
    assert.is_table(copies()["u1/two.webm"])
    assert.is_nil(incident())
  end)

  it("keeps an upload that somebody deleted", function()
    w:run("fresh-copies")
    w.storage.uploads:delete { key = "u1/one.webm" }
    w:run("fresh-copies")
    assert.is_table(copies()["u1/one.webm"])
  end)

  it("copies also while a restore test holds the backups", function()
    local backup = w:run("backup", nil, { dies_at_commit = 12 })
    assert.equal("died", backup.outcome)
    assert.equal("done", w:run("fresh-copies").outcome)
  end)

  it("calls somebody where uploads cannot be copied, and says when they can", function()
    w.storage["uploads-copies"]:fail()
    local run = w:run("fresh-copies")
    assert.contains("uploads:", run.reason)
    assert.equal("open", incident().state)
    w.storage["uploads-copies"]:recover()
    w:run("fresh-copies")
    assert.equal("resolved", incident().state)
  end)

  it("calls somebody where Supabase's history is too old, and copies all the same", function()
    local ends_at = w:now() - 20 * 60
    history { from_at = ends_at - 86400, to_at = ends_at }
    assert.contains("Supabase's history ends at 2026-01-01 09:40 UTC", w:run("fresh-copies").reason)
    assert.equal("open", incident().state)
    assert.is_table(copies()["u1/one.webm"])
    history { from_at = ends_at - 86400, to_at = ends_at + 10 * 60 }
    assert.equal("done", w:run("fresh-copies").outcome)
  end)

  it("calls somebody where Supabase keeps no history", function()
    history(nil)
    assert.contains("keeps no history", w:run("fresh-copies").reason)
  end)
end)
