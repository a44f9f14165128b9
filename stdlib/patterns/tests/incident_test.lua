-- Incident communication: who is told what and when, and the post-mortem's timeline.
describe("incident", function()
  local w
  before_each(function() w = world "test" end)

  local function said(target)
    local found = {}
    for _, message in ipairs(w.sent) do
      local is_text = message.operation ~= "set_component"
      if message.target == target and is_text then found[#found + 1] = message end
    end
    return found
  end

  it("tells each audience from its template, again at its cadence, and at the end", function()
    local run = w:run("incident")
    assert.equal("done", run.outcome)
    assert.equal("resolved", w.notify.page.incidents["shop-down"].state)
    assert.equal("resolved", w.notify.first.incidents["shop-down"].state)
    -- Investigating, identified, twice at the cadence, resolved.
    assert.equal(5, #said "notify/page")
    assert.equal(3, #said "notify/first")
    assert.equal(2, #said "notify/second")
    assert.contains("The shop is down in Berlin, since 2026", json.encode(said "notify/page"))
  end)

  it("tells nobody any more at its cadence after a while, and lets the work go on", function()
    local run = w:run("incident", { stop_after = "40m" })
    assert.equal(4, #said "notify/page")
    assert.is_true(run.took_s > duration("70m"))
  end)

  it("shows the part of the service as broken, and as whole in the end", function()
    w:fails("notify/page:set_component", { how = "failed" })
    local run = w:run("incident")
    assert.equal("done", run.outcome)
    assert.equal("operational", w.notify.page.components.shop)
  end)

  it("sets no part of a page whose incidents say themselves what they affect", function()
    local run = w:run("incident", { components_by = "incident" })
    assert.equal("done", run.outcome)
    assert.same({}, w.notify.page.components)
  end)

  it("goes on where an incident was closed by somebody meanwhile", function()
    w:fails("notify/page:update", { how = "failed", code = "not_found", times = 9 })
    assert.equal("done", w:run("incident").outcome)
  end)

  it("waits for a person where an incident cannot be ended", function()
    w:fails("notify/page:resolve", { how = "failed", times = 3 })
    local run = w:run("incident")
    assert.equal("waits", run.outcome)
    assert.equal("End the incident at notify/page", run.asks[1].name)
  end)

  it("writes a post-mortem with the timeline filled in", function()
    local text = w:run("incident").value
    for _, wanted in ipairs { "# The shop is down", "severity critical", "(objective: 120 min)",
      "The disk was full", "## Timeline", "- [ ] Watch the disk" } do
      assert.contains(wanted, text)
    end
    assert.matches("%- %d%d:%d%d:%d%d resolved", text)
  end)

  it("goes on where nobody can be told, and says so in the timeline", function()
    w.notify.second:fail { code = "unreachable" }
    local run = w:run("incident")
    assert.equal("done", run.outcome)
    assert.contains("investigating (not delivered: notify/second)", run.value)
  end)
end)
