-- Blue-green under every fault: the traffic is all at blue, or all at a proved green.
local function open()
  local w = world "test"
  w.deploy.app:serve { version = "1", slot = "blue" }
  w.deploy.app:serve { version = "1", slot = "green" }
  w.deploy.app:put_artifact { version = "2" }
  w.deploy.app:shift_traffic { weights = { blue = 100 } }
  w.metrics.main:set { name = "errors", value = 1 }
  w.http.app:answer { path = "/health", status = 200 }
  w:prepared()
  return w
end

return explore {
  runbook = "traffic",
  parameters = { how = "blue-green" },
  world = open,
  always = {
    ["one slot has all the traffic"] = function(w)
      local traffic = w.deploy.app.traffic
      return traffic.blue == 100 or traffic.green == 100
    end,
  },
  finally = {
    ["a done run has moved it, a failed one has brought it back"] = function(w, run)
      local traffic = w.deploy.app.traffic
      if run.outcome == "done" then return traffic.green == 100 end
      return run.outcome ~= "failed" or traffic.blue == 100 or run.left ~= nil
    end,
  },
}
