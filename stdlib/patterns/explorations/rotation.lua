-- A rotation under every fault: what the store calls current, the application was given.
return explore {
  runbook = "rotation",
  world = function()
    local w = world "test"
    w.deploy.web:serve { version = "1" }
    w.secrets.vault:put { name = "KEY", value = "old old old" }
    w.http.app:answer { path = "/health", status = 200 }
    w:prepared()
    return w
  end,
  always = {
    ["a new current value is one that the application has"] = function(w)
      return w.secrets.vault.secrets.KEY.version == "1" or #w.deploy.web.env == 2
    end,
  },
  finally = {
    ["a failed run leaves the application as it was, or with both values"] = function(w, run)
      return run.outcome ~= "failed" or #w.deploy.web.env ~= 1
    end,
  },
}
