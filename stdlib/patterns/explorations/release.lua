-- A release under every fault: what is done serves, what failed was taken back.
return explore {
  runbook = "release",
  parameters = { version = "2" },
  world = function()
    local w = world "test"
    w.deploy.web:serve { version = "1" }
    w.deploy.web:put_artifact { version = "2" }
    w.http.app:answer { path = "/health", status = 200 }
    w:prepared()
    return w
  end,
  finally = {
    ["a done run serves the new version"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.web.version == "2"
    end,
  },
}
