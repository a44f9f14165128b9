-- People: escalation until acknowledged, two different approvers, checklists with evidence.
local checklist = require "patterns.checklist"

describe("escalation", function()
  local w
  before_each(function() w = world "test" end)

  it("stops at the first who acknowledges", function()
    w.notify.first:acknowledges_after { after = "2m", by = "sam" }
    local run = w:run("people", { what = "escalate" })
    assert.equal("sam", run.value.by)
    assert.same({ "on call" }, run.value.told)
    assert.equal(0, w:times "notify/second:open")
  end)

  it("tells the next one after the first one's time", function()
    w.notify.second:acknowledges_after { after = "1m", by = "kim" }
    local run = w:run("people", { what = "escalate" })
    assert.equal("lead", run.value.level)
    assert.near(360, run.value.after_s, 15)
  end)

  it("passes over who cannot be told, at once", function()
    w.notify.first:fail { code = "unreachable" }
    w.notify.second:acknowledges_after { after = "1m", by = "kim" }
    local run = w:run("people", { what = "escalate" })
    assert.near(60, run.value.after_s, 15)
    assert.same({ "lead" }, run.value.told)
  end)

  it("gives nothing where nobody does, after every round", function()
    local run = w:run("people", { what = "escalate", rounds = 2 })
    assert.equal("done", run.outcome)
    assert.is_nil(run.value)
    assert.equal(1, w:times "notify/first:update")
    assert.is_true(run.took_s >= 1800)
  end)
end)

describe("two people", function()
  local w
  before_each(function() w = world "test" end)
  local name = "Take the migration back?"

  it("needs two who are not the starter", function()
    local run = w:run("people", { what = "approve" }, { who = "ada", answers = {
      [name] = { decision = "approve", by = "bob" } } })
    assert.equal("waits", run.outcome)
    assert.has_error(function() w:approve(run, { question = name }, { who = "ada" }) end)
    assert.has_error(function() w:approve(run, { question = name }, { who = "bob" }) end)
    run = w:approve(run, { question = name }, { who = "cyd" })
    assert.equal("done", run.outcome)
  end)

  it("ends with the first who refuses", function()
    local run = w:run("people", { what = "approve" }, { answers = {
      [name] = { decision = "reject", by = "bob", reason = "no" } } })
    assert.equal("waits", run.outcome)
    assert.contains("was rejected", run.reason)
  end)
end)

describe("checklist", function()
  local w
  before_each(function()
    w = world "test"
    w.http.app:answer { path = "/health", status = 200 }
  end)
  local answers = { answers = { ["Nobody is on holiday"] = "calendar of 3 May",
    ["The disk has room"] = 80 } }

  it("has evidence of what a program and what a person checked", function()
    local run = w:run("people", { what = "list" }, answers)
    assert.equal("done", run.outcome)
    assert.equal("200", run.value.rows[1].evidence)
    assert.equal("calendar of 3 May", run.value.rows[2].evidence)
    assert.equal(3, run.value.passed)
  end)

  it("lets a person say no, and judges what is answered", function()
    local run = w:run("people", { what = "list" }, { answers = {
      ["Nobody is on holiday"] = "No, Kim is", ["The disk has room"] = 99 } })
    assert.equal("waits", run.outcome)
    assert.contains("Nobody is on holiday: No, Kim is", run.reason)
    assert.contains("The disk has room: 99: Over 80 %.", run.reason)
    for text, good in pairs { no = false, [" NO."] = false, none = true, ["not one"] = true,
      yes = true } do
      assert.equal(good, checklist.unless_no(text), text)
    end
  end)

  it("asks the person too where a program's point fails, and then fails", function()
    w.http.app:answer { path = "/health", status = 500 }
    local run = w:run("people", { what = "list" }, answers)
    assert.equal("waits", run.outcome)
    assert.contains("The page answers: ", run.reason)
  end)

  it("fails a point that nobody answers within its time", function()
    local run = w:run("people", { what = "list", within = "1h" }, { answers = {
      ["Nobody is on holiday"] = { value = "too late", after = 7200 },
      ["The disk has room"] = 80 } })
    assert.equal(1, run.value.failed)
    assert.contains("Nobody answered", run.value.rows[2].evidence)
    assert.near(3600, run.took_s, 60)
  end)

  it("shows points as Markdown", function()
    assert.equal("- [x] A (automated): 1\n- [ ] B (manual)", checklist.show { rows = {
      { name = "A", how = "automated", passed = true, evidence = "1" },
      { name = "B", how = "manual", passed = false } } })
  end)
end)
