-- Releases: proved, or taken back; and the two ways back.
describe("release", function()
  local w
  before_each(function()
    w = world "test"
    w.deploy.web:serve { version = "1" }
    w.deploy.web:put_artifact { version = "2" }
    w.http.app:answer { path = "/health", status = 200 }
  end)

  local function settle()
    w:advance("5m")
    return w.deploy.web.version
  end

  it("releases, waits and checks", function()
    local run = w:run("release", { version = "2" })
    assert.equal("done", run.outcome)
    assert.equal("2", w.deploy.web.version)
  end)

  it("brings the version before back where the new one never serves", function()
    w.deploy.web:break_version { version = "2" }
    local run = w:run("release", { version = "2" })
    assert.equal("failed", run.outcome)
    assert.is_nil(run.left)
    assert.equal("1", settle())
  end)

  it("brings the version before back where the check fails", function()
    w.http.app:answer { path = "/health", status = 503 }
    local run = w:run("release", { version = "2" })
    assert.equal("failed", run.outcome)
    assert.contains("503", run.reason)
    assert.equal("1", settle())
  end)

  it("promotes what was built and does not serve, only where it is asked to", function()
    local how = { how = "failed", code = "wrong_version" }
    w:fails("deploy/web:wait_serving", how)
    assert.equal("failed", w:run("release", { version = "2" }).outcome)
    w:advance("5m")
    w:fails("deploy/web:wait_serving", how)
    local run = w:run("release", { version = "2", promote = true })
    assert.equal("done", run.outcome)
    assert.equal("2", w.deploy.web.version)
    assert.contains("so it is promoted", table.concat(run.log, "\n"))
  end)

  it("goes back to the release before, and an undo leaves it there", function()
    w:run("release", { version = "2" })
    local run = w:run("release")
    assert.equal("done", run.outcome)
    assert.same({ version = "1", how = "rolled back" }, run.value)
    assert.has_error(function() w:undo(run) end, "nothing left of this run to undo")
    assert.equal("1", settle())
  end)

  it("releases a version anew where the rollback fails", function()
    w:run("release", { version = "2" })
    w:fails("deploy/web:rollback", { how = "failed", code = "cannot_roll_back" })
    local run = w:run("release", { fallback = "1" })
    assert.equal("done", run.outcome)
    assert.equal("released anew", run.value.how)
    assert.equal("1", w.deploy.web.version)
  end)

  it("does not need the other version where the rollback works", function()
    w:run("release", { version = "2" })
    assert.same({ version = "1", how = "rolled back" }, w:run("release", { fallback = "2" }).value)
  end)

  it("fails where the rollback fails and nothing else is named", function()
    w:run("release", { version = "2" })
    w:fails("deploy/web:rollback", { how = "failed", code = "cannot_roll_back" })
    assert.equal("failed", w:run("release").outcome)
  end)
end)
