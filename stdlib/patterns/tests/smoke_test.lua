-- Smoke tests: counted, all executed, any failure fails the run.
local smoke = require "patterns.smoke"

describe("smoke", function()
  local w
  before_each(function()
    w = world "test"
    w.http.app:answer { path = "/health", status = 200 }
    w.http.app:answer { path = "/login", status = 401 }
    w.http.other:answer { path = "/docs", status = 200 }
  end)

  it("counts what passed", function()
    local run = w:run("smoke")
    assert.equal("done", run.outcome)
    assert.equal(3, run.value.passed)
    assert.contains("Smoke tests: 3 passed, 0 failed.", run.log)
  end)

  it("executes the others too where one fails, and names every failure", function()
    w.http.app:answer { path = "/health", status = 500 }
    w.http.app:answer { path = "/login", status = 200 }
    local run = w:run("smoke")
    assert.equal("waits", run.outcome)
    assert.contains("1 passed, 2 failed", run.reason)
    assert.contains("health: ", run.reason)
    assert.contains("a wrong password: it says no", run.reason)
  end)

  it("fails for each of them", function()
    w.http.other:answer { path = "/docs", status = 404 }
    assert.contains("documentation: ", w:run("smoke").reason)
  end)

  it("shows a result as text", function()
    assert.equal("1 passed, 1 failed\nx: y", smoke.show { passed = 1, failed = 1,
      rows = { { name = "a", passed = true }, { name = "x", passed = false, problem = "y" } } })
  end)
end)
