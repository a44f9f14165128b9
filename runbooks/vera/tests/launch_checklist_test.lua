-- launch-checklist: thirteen points, none of them taken for granted.
local vera_world = require "vera_world"

local answers = {
  ["The recovery plan was tested"] = "https://vera.app/drills/q1",
  ["Rollback is documented and was tested"] = "https://vera.app/runs/7",
  ["The security audit passed"] = "https://vera.app/audit",
  ["Costs were looked at"] = "2,400 dollars",
}

describe("launch-checklist", function()
  local w
  before_each(function()
    w = vera_world.back_up(vera_world.open(world "production"), 1)
    vera_world.ready_to_launch(w)
  end)

  local function go(said)
    return w:run("launch-checklist", { load_for = "5s" }, { answers = said or answers })
  end

  local function but(name, answer)
    local said = {}
    for one, text in pairs(answers) do said[one] = text end
    said[name] = answer
    return said
  end

  -- Lists that were kept.
  local function kept()
    local keys = {}
    for key in pairs(w.storage.backups.objects) do
      if key:find("^launch/") then keys[#keys + 1] = key end
    end
    return keys
  end

  it("passes all thirteen, and keeps them", function()
    local run = go()
    assert.equal("done", run.outcome)
    assert.equal(13, run.value.passed)
    assert.equal(13, #run.value.rows)
    assert.same({ run.value.key }, kept())
    local list = w.storage.backups.objects[run.value.key].body
    assert.contains("- [x] Backups are made by themselves (automated): storage/backups:db/", list)
    assert.contains("- [x] The security audit passed (manual): https://vera.app/audit", list)
  end)

  it("asks staging as a thousand people do, for what is given", function()
    w.http.staging:answer { path = "/shared/1", status = 200 }
    local run = w:run("launch-checklist", { load_for = "5s", load_path = "/shared/1" }, {
      answers = answers })
    assert.contains("1000 requests of /shared/1, 200 a second", json.encode(run.value.rows))
  end)

  for name in pairs(answers) do
    it("is not passed where a person says no: " .. name, function()
      local run = go(but(name, "No, 3 findings are open"))
      assert.equal("failed", run.outcome)
      assert.contains(name .. ": No, 3 findings are open", run.reason)
      assert.contains("Launch checklist: 12 of 13", w:told())
      assert.contains("- [ ] " .. name, w.storage.backups.objects[kept()[1]].body)
    end)
  end

  -- What breaks one point, and what is then said of it.
  local broken = {
    ["a red pipeline"] = { "ended with failure", function()
      w.http.github:answer { path = "/actions/runs",
        json = { workflow_runs = { { conclusion = "failure" } } } }
    end },
    ["staging that is off"] = { "Staging is deployed", function()
      w.deploy.staging:stop()
      w.http.staging:answer { path = "/health", status = 503 }
    end },
    ["a variable that is missing"] = { "The API has no JWT_SECRET", function()
      w.deploy.api:unset_env { names = { "JWT_SECRET" }, apply = "now" }
    end },
    ["a backup that is too old"] = { "The newest backup is of", function() w:advance("2d") end },
    ["an alert that nobody knows"] = { "p95 over 1 s is unknown", function()
      w.metrics.datadog:alarm { name = "p95 over 1 s", state = "unknown" }
    end },
    ["Sentry without the project"] = { "Sentry takes errors", function()
      w.http.sentry:answer { path = "/keys/", status = 404 }
    end },
    ["no performance numbers"] = { "has no p95", function()
      w.metrics.datadog:empty { name = "p95" }
    end },
    ["a monitor that is down"] = { "stripe-webhook is firing", function()
      w.metrics.uptime:alarm { name = "stripe-webhook", state = "firing" }
    end },
    ["slow answers under load"] = { "over 1 s", function()
      w.http.staging:latency { seconds = 1.5 }
    end },
  }
  for name, case in pairs(broken) do
    it("fails with " .. name .. ", after all other points", function()
      case[2]()
      local run = go()
      assert.equal("failed", run.outcome)
      assert.contains(case[1], run.reason)
      assert.equal(4, #w.questions)
      assert.contains("Launch checklist: 1", w:told())
    end)
  end

  it("waits for who does not answer, and keeps no list", function()
    local run = go(but("The security audit passed", nil))
    assert.equal("waits", run.outcome)
    assert.equal("The security audit passed", run.asks[1].name)
    run = w:cancel(run)
    assert.equal("cancelled", run.outcome)
    assert.same({}, kept())
  end)
end)
