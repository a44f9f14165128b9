-- incident: by its class who is told, who is called when nobody takes it, and what is kept.
local vibelog_world = require "vibelog_world"

local answers = { ["Who takes it?"] = "sam", ["Who takes it now?"] = "kim",
  ["What is the cause?"] = "the disk is full", ["What has mended it?"] = "a bigger disk" }

describe("incident", function()
  local w
  before_each(function() w = vibelog_world.open(world "production") end)

  local function go(class, more)
    local all = {}
    for name, value in pairs(answers) do all[name] = value end
    for name, value in pairs(more or {}) do all[name] = value or nil end
    return w:run("incident", { class = class, service = "Recording" }, { answers = all })
  end
  local late = { ["Who takes it?"] = { value = "too late", after = 5 * 3600 } }
  local function said(target)
    local found = {}
    for _, message in ipairs(w.sent) do
      if message.target == target and message.operation ~= "set_component" then
        found[#found + 1] = message
      end
    end
    return #found
  end
  local function told_at_all()
    local names = {}
    for _, name in ipairs { "customers", "leadership", "oncall", "public", "status", "team",
      "team-mail" } do
      if said("notify/" .. name) > 0 then names[#names + 1] = name end
    end
    return names
  end

  it("tells of a P0 everybody but the team's mail", function()
    w.notify.oncall:acknowledges_after { after = "2m", by = "sam" }
    local run = go "P0"
    assert.equal("done", run.outcome)
    assert.equal("sam", run.value.taker)
    assert.same({ "customers", "leadership", "oncall", "public", "status", "team" },
      told_at_all())
    assert.contains("We are looking for the cause", w:told "notify/customers")
    assert.contains("Recording works again", w:told "notify/public")
  end)

  it("tells of a P1 team, team's mail, status page and banner", function()
    local run = go "P1"
    assert.equal("done", run.outcome)
    assert.same({ "status", "team", "team-mail" }, told_at_all())
    assert.equal(1, w:times "cache/redis:set")
    assert.is_nil(w.cache.redis:get { key = "banner:incident-" .. run.id })
  end)

  it("shows on the status page what is concerned, until it is over", function()
    for class, state in pairs { P0 = "major_outage", P1 = "partial_outage", P2 = "degraded" } do
      w = vibelog_world.open(world "production")
      w.notify.oncall:acknowledges_after { after = "2m", by = "sam" }
      local run = go(class, { ["What has mended it?"] = false })
      assert.equal(state, w.notify.status.components.website, class)
      w:resume(run, { answers = answers })
      assert.equal("operational", w.notify.status.components.website)
    end
  end)

  it("tells of a P2 the team and the status page", function()
    go "P2"
    assert.same({ "status", "team" }, told_at_all())
    assert.equal(0, w:times "cache/redis:set")
  end)

  it("tells customers every 30 minutes that it goes on", function()
    go("P1", { ["What is the cause?"] = { value = "the disk", after = 65 * 60 },
      ["What has mended it?"] = { value = "a disk", after = 35 * 60 } })
    -- Investigating, twice still, identified, once still, resolved.
    assert.equal(6, said "notify/status")
    assert.equal(3, said "notify/team")
  end)

  it("calls again where nobody takes a P0 within 15 minutes", function()
    w.notify.oncall:nobody {}
    local run = go "P0"
    assert.equal("kim", run.value.taker)
    assert.contains("nobody has taken it within 15m", w:told "notify/oncall")
  end)

  it("calls the one on call and leadership where nobody takes a P1 within an hour", function()
    local run = go("P1", late)
    assert.equal("kim", run.value.taker)
    assert.contains("nobody has taken it within 1h", w:told "notify/leadership")
    assert.is_true(run.took_s < duration("2h"))
    assert.equal("resolved", w.notify.oncall.incidents["incident-" .. run.id].state)
  end)

  it("tells customers every 30 minutes also while nobody has taken it", function()
    go("P1", { ["Who takes it?"] = { value = "late", after = 5 * 3600 },
      ["Who takes it now?"] = { value = "kim", after = 35 * 60 } })
    -- Investigating, three times still (95 minutes), identified, resolved.
    assert.equal(6, said "notify/status")
  end)

  it("escalates a P2 on the next business day only; till then anybody may take it", function()
    -- 2026-01-01 is a Thursday, ten o'clock: the next business day begins 23 hours later.
    local nobody = { ["Who takes it?"] = { value = "late", after = 96 * 3600 } }
    local run = go("P2", nobody)
    assert.equal("kim", run.value.taker)
    assert.equal(1, said "notify/leadership")
    assert.near(duration("23h"), run.took_s, 60)
    -- From Friday it is Monday.
    w = vibelog_world.open(world "production")
    w:advance("1d")
    run = go("P2", nobody)
    assert.near(duration("71h"), run.took_s, 60)
    w = vibelog_world.open(world "production")
    run = go("P2", { ["Who takes it?"] = { value = "late", after = 96 * 3600 },
      ["Who takes it by the next business day?"] = { value = "ada", after = 2 * 3600 } })
    assert.equal("ada", run.value.taker)
    assert.near(duration("6h"), run.took_s, 60)
    assert.equal(0, said "notify/leadership")
  end)

  it("reminds the team of a P2 that nobody takes within 4 hours, and of no other", function()
    go("P2", { ["Who takes it?"] = { value = "ada", after = 3 * 3600 } })
    assert.is_nil(w:told("notify/team"):find("nobody has taken it", 1, true))
    go("P2", { ["Who takes it?"] = { value = "late", after = 5 * 3600 },
      ["Who takes it by the next business day?"] = "ada" })
    assert.contains("nobody has taken it within 4h", w:told "notify/team")
    assert.equal("", w:told "notify/leadership")
  end)

  it("stops telling customers after half a day, and still waits for an answer", function()
    local run = go("P1", { ["What has mended it?"] = { value = "a disk", after = 40 * 3600 } })
    assert.equal("done", run.outcome)
    -- Investigating, identified, 24 times still, resolved.
    assert.equal(2 + 24 + 1, said "notify/status")
    assert.equal("waits", go("P1", { ["What has mended it?"] = false }).outcome)
  end)

  it("notes what is known at the start", function()
    local run = w:run("incident", { class = "P2", service = "Search", detail = "since the deploy" },
      { answers = answers })
    assert.contains("since the deploy", w.storage.backups.objects[run.value.post_mortem].body)
  end)

  it("keeps a post-mortem with cause and timeline", function()
    local run = go "P1"
    local body = w.storage.backups.objects[run.value.post_mortem].body
    for _, wanted in ipairs { "the disk is full", "Taken by sam", "## Timeline" } do
      assert.contains(wanted, body)
    end
  end)

  it("goes on where a channel is silent", function()
    w.notify.status:fail { code = "unreachable" }
    w.notify.oncall:acknowledges_after { after = "2m", by = "sam" }
    local run = go "P0"
    assert.contains("End the incident at notify/status", run.asks[1] and run.asks[1].name or "")
    assert.equal("sam", w.notify.oncall.incidents["incident-" .. run.id].acknowledged_by)
  end)
end)
