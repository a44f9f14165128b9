-- DNS moves: the old TTL waited out first, names moved together, resolvers watched.
describe("dns_move", function()
  local w
  before_each(function()
    w = world "test"
    w.dns.site:put { name = "new", type = "A", value = "192.0.2.9", ttl = 300 }
    w.dns.site:put { name = "app", type = "CNAME", value = "old.test.example.", ttl = 3600 }
    w.dns.site:put { name = "www", type = "A", value = "192.0.2.1", ttl = 7200 }
    w:prepared()
  end)

  it("waits until no copy with the old TTL is left, then moves all names", function()
    local run = w:run("dns-move")
    assert.equal("done", run.outcome)
    assert.equal(3600, run.value.waited_s)
    assert.is_true(run.took_s >= 3600)
    assert.same({ "new.test.example" }, w.dns.site:get { name = "app", type = "CNAME" }.values)
    assert.same({ "new.test.example" }, w.dns.site:get { name = "www", type = "CNAME" }.values)
    assert.is_nil(w.dns.site:get { name = "www", type = "A" })
    assert.equal(3600, w.dns.site:get { name = "app", type = "CNAME" }.ttl_s)
  end)

  it("does not wait where it is told not to, and watches until the old copies are gone", function()
    w.dns.site:ask { name = "app", type = "A" }
    local run = w:run("dns-move", { wait = false })
    assert.equal("done", run.outcome)
    assert.equal(0, run.value.waited_s)
  end)

  it("is undone to what was there", function()
    local run = w:run("dns-move")
    run = w:undo(run)
    assert.equal("undone", run.outcome)
    assert.same({ "old.test.example" }, w.dns.site:get { name = "app", type = "CNAME" }.values)
    assert.same({ "192.0.2.1" }, w.dns.site:get { name = "www", type = "A" }.values)
    assert.equal(3600, w.dns.site:get { name = "app", type = "CNAME" }.ttl_s)
  end)
end)
