-- A canary whose errors rise, under every fault: blue has all the traffic again where it failed.
return explore {
  runbook = "traffic",
  parameters = { how = "canary" },
  world = function()
    local w = world "test"
    w.deploy.app:serve { version = "1", slot = "blue" }
    w.deploy.app:serve { version = "1", slot = "green" }
    w.deploy.app:put_artifact { version = "2" }
    w.deploy.app:shift_traffic { weights = { blue = 100 } }
    w.metrics.main:ramp { name = "errors", value = 50, over_s = 900 }
    w.http.app:answer { path = "/health", status = 200 }
    w:prepared()
    return w
  end,
  finally = {
    ["it is never done, and a failed one has brought the traffic back"] = function(w, run)
      -- Where bringing it back is refused too, the run lists it as left.
      return run.outcome ~= "done"
        and (run.outcome ~= "failed" or w.deploy.app.traffic.blue == 100 or run.left ~= nil)
    end,
  },
}
