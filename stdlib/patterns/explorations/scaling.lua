-- Scaling under every fault.
return explore {
  runbook = "scaling",
  world = function()
    local w = world "test"
    w.deploy.web:serve { version = "1", instances = 2 }
    w.metrics.main:set { name = "cpu", value = 90 }
    w.metrics.main:set { name = "memory", value = 50 }
    w:advance("10m")
    w:prepared()
    return w
  end,
  finally = {
    ["by one, or not at all"] = function(w, run)
      if run.outcome == "done" then return w.deploy.web.instances == run.value.instances end
      return w.deploy.web.instances >= 2 and w.deploy.web.instances <= 3
    end,
  },
}
