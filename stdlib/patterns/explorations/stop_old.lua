-- Leaving an application under every fault: nothing goes on while it may still write.
return explore {
  runbook = "stop-old",
  parameters = { standby = true },
  answers = { ["Make sure the old application is off"] = "switched it off" },
  world = function()
    local w = world "test"
    w.deploy.web:serve { version = "1", instances = 2 }
    w.database.standby:replicate { from = "database/main", behind = 1 }
    w:prepared()
    return w
  end,
  finally = {
    ["a done run has seen it off, or a person has"] = function(w, run)
      return run.outcome ~= "done" or w.deploy.web.instances == 0 or #w.questions > 0
    end,
  },
}
