-- provision-storage and provision-dns: put right once, nothing to do the second time.
local clinic_world = require "clinic_world"

describe("provision-storage", function()
  local w
  before_each(function() w = clinic_world.open(world "production") end)

  it("sets CORS for one origin each", function()
    assert.equal("done", w:run("provision-storage").outcome)
    for name, origin in pairs { audio = "https://app.eclipselink.ai",
      ["audio-staging"] = "https://staging.eclipselink.ai" } do
      local cors = w.storage[name].cors
      assert.equal(1, #cors)
      assert.same({ origin }, cors[1].origins)
      assert.same({ "DELETE", "GET", "POST", "PUT" }, cors[1].methods)
      assert.equal(3600, cors[1].max_age)
    end
    assert.same({}, w.storage["audio-copies"].cors)
  end)

  it("lets staging's pages use staging's buckets, never production's", function()
    w = clinic_world.open(world "staging")
    w:run("provision-storage")
    assert.same({ "https://staging.eclipselink.ai" }, w.storage.audio.cors[1].origins)
  end)

  it("keeps versions for 30 days where the service can", function()
    local run = w:run("provision-storage")
    assert.equal("done", run.outcome)
    assert.equal(30 * 86400, w.storage["audio-copies"]:settings {}.keep_old_for_s)
    assert.equal("on", run.value.versions.audio)
  end)

  it("waits for a person where CORS cannot be set", function()
    w:fails("storage/audio:set_cors", { how = "failed", code = "denied" })
    local run = w:run("provision-storage")
    assert.equal("waits", run.outcome)
    assert.equal("Let one origin use audio", run.asks[1].name)
  end)

  it("goes on where the service keeps no versions, and says so", function()
    w:fails("storage/audio:set_versioning", { how = "failed", code = "not_supported" })
    local run = w:run("provision-storage")
    assert.equal("done", run.outcome)
    assert.equal("not offered", run.value.versions.audio)
    assert.equal("on", run.value.versions["audio-copies"])
  end)

  it("does not take any other failure for that", function()
    w:fails("storage/audio:set_versioning", { how = "failed", code = "denied", times = 3 })
    local run = w:run("provision-storage")
    assert.equal("Keep versions of audio", run.asks[1].name)
  end)

  it("wants versions of the copies in any case", function()
    w:fails("storage/audio-copies:set_versioning", { how = "failed", code = "not_supported" })
    local run = w:run("provision-storage")
    assert.equal("Provide the bucket of copies", run.asks[1].name)
  end)
end)

describe("provision-dns", function()
  local w
  before_each(function() w = clinic_world.open(world "production") end)

  it("makes the six records, and finds nothing to do afterwards", function()
    local run = w:run("provision-dns")
    assert.equal("done", run.outcome)
    assert.equal(6, run.value.missing)
    assert.same({ w.deploy.app:endpoint() },
      w.dns.clinic:get { name = "app", type = "CNAME" }.values)
    run = w:run("provision-dns")
    assert.same({ missing = 0, different = 0, extra = 0, changed = 0 }, run.value)
  end)

  local yes = { answers = { ["Move the names?"] = "approve" } }

  it("asks before it moves a name, and shows from where to where", function()
    w:run("provision-dns")
    w.dns.clinic:put { name = "api", type = "CNAME", value = "elsewhere.example." }
    local run = w:run("provision-dns")
    assert.equal("waits", run.outcome)
    assert.equal(("api from elsewhere.example (proxied) to %s (proxied)"):format(
      w.deploy.app:endpoint()), run.asks[1].detail)
    assert.same({ "elsewhere.example" },
      w.dns.clinic:get { name = "api", type = "CNAME" }.values)
  end)

  it("moves nothing where a person refuses", function()
    w:run("provision-dns")
    w.dns.clinic:put { name = "api", type = "CNAME", value = "elsewhere.example." }
    w:prepared()
    w:run("provision-dns", nil, { answers = { ["Move the names?"] = { decision = "reject",
      reason = "we moved on purpose" } } })
    assert.equal(0, w:times "dns/clinic:batch")
  end)

  it("leads no name to an application that is closed, as after a move to the backup project",
    function()
      w:run("provision-dns")
      w.dns.clinic:put { name = "app", type = "CNAME", value = "backup.example." }
      w.deploy.app:scale { instances = 0 }
      w:prepared()
      local run = w:run("provision-dns", nil, yes)
      assert.contains("no healthy instance", run.reason)
      assert.equal(0, w:times "dns/clinic:batch")
    end)

  it("puts back what has drifted, and leaves what is nobody's", function()
    w:run("provision-dns")
    w.dns.clinic:put { name = "api", type = "CNAME", value = "elsewhere.example." }
    w.dns.clinic:put { name = "old", type = "A", value = "192.0.2.7" }
    local run = w:run("provision-dns", nil, yes)
    assert.equal(1, run.value.different)
    assert.equal(1, run.value.extra)
    assert.same({ w.deploy.app:endpoint() },
      w.dns.clinic:get { name = "api", type = "CNAME" }.values)
    assert.is_table(w.dns.clinic:get { name = "old", type = "A" })
  end)

  it("only reports where it is told to", function()
    local run = w:run("provision-dns", { apply = false })
    assert.equal(6, run.value.missing)
    assert.is_nil(w.dns.clinic:get { name = "app", type = "CNAME" })
    assert.contains("Missing: app CNAME", w:told())
  end)

  it("looks again after the change", function()
    w:run("provision-dns")
    w.dns.clinic:put { name = "api", type = "CNAME", value = "elsewhere.example." }
    w:fails("dns/clinic:drift", { how = "failed", skip = 1, code = "lookup_failed" })
    local run = w:run("provision-dns", nil, yes)
    assert.equal("waits", run.outcome)
    assert.equal("Put the records right", run.asks[1].name)
  end)

  it("waits for a person where the provider refuses", function()
    w:fails("dns/clinic:batch", { how = "failed" })
    assert.equal("waits", w:run("provision-dns").outcome)
  end)
end)
