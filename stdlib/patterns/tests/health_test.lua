-- Health: states, latency against targets, and what is said of all that is wrong.
describe("health", function()
  local w
  before_each(function()
    w = world "test"
    w.http.app:answer { path = "/health", status = 200, json = { status = "healthy" } }
    w.http.other:answer { path = "/ok", status = 200 }
  end)

  local function states(run)
    local found = {}
    for _, row in ipairs(run.value.report.rows) do found[row.name] = row.state end
    return found
  end

  it("says of each endpoint that it is healthy", function()
    local run = w:run("health")
    assert.equal("done", run.outcome)
    assert.same({ app = "healthy", other = "healthy" }, states(run))
    assert.is_true(run.value.report.healthy)
    assert.is_nil(run.value.problem)
  end)

  it("asks the others where one fails, and looks into the JSON", function()
    w.http.app:answer { path = "/health", status = 200, json = { status = "degraded" } }
    local run = w:run("health")
    assert.same({ app = "failed", other = "healthy" }, states(run))
    assert.is_false(run.value.report.healthy)
    assert.contains("app: ", run.value.problem)
    assert.contains("no answer", run.value.shown)
  end)

  it("tells slow from far too slow", function()
    w.http.app:latency { seconds = 0.5 }
    local run = w:run("health")
    assert.equal("slow", states(run).app)
    assert.is_true(run.value.report.healthy)
    w.http.app:latency { seconds = 2 }
    run = w:run("health")
    assert.equal("alert", states(run).app)
    assert.is_false(run.value.report.healthy)
    assert.contains("the target is 200 ms", run.value.problem)
  end)

  it("raises everything that is wrong at once", function()
    w.http.app:answer { path = "/health", status = 503 }
    w.http.other:answer { path = "/ok", status = 500 }
    local run = w:run("health", { how = "ensure" })
    assert.equal("waits", run.outcome)
    assert.contains("app: ", run.reason)
    assert.contains("other: ", run.reason)
  end)

  it("waits until all are healthy", function()
    w.http.app:answer { path = "/health", status = 503, times = 3 }
    local run = w:run("health", { how = "wait" })
    assert.equal("done", run.outcome)
    assert.is_true(run.took_s >= 30)
  end)

  it("gives up waiting, with the last problem", function()
    w.http.app:answer { path = "/health", status = 503 }
    local run = w:run("health", { how = "wait" })
    assert.equal("waits", run.outcome)
    assert.contains("everything is healthy", run.asks[1].name)
    assert.contains("503", run.reason)
  end)

  it("watches that all stay healthy", function()
    assert.equal("done", w:run("health", { how = "stay" }).outcome)
    w.http.app:answer { path = "/health", status = 200, json = { status = "healthy" }, times = 2 }
    w.http.app:answer { path = "/health", status = 503 }
    local run = w:run("health", { how = "stay" })
    assert.equal("waits", run.outcome)
    assert.equal("everything stays healthy", run.asks[1].name)
  end)
end)
