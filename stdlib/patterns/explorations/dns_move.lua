-- A DNS move under every fault: both names move together.
return explore {
  runbook = "dns-move",
  world = function()
    local w = world "test"
    w.dns.site:put { name = "new", type = "A", value = "192.0.2.9", ttl = 300 }
    w.dns.site:put { name = "app", type = "CNAME", value = "old.test.example.", ttl = 3600 }
    w.dns.site:put { name = "www", type = "A", value = "192.0.2.1", ttl = 7200 }
    w:prepared()
    return w
  end,
  always = {
    ["both names lead to the same place"] = function(w)
      local app = w.dns.site:get { name = "app", type = "CNAME" }
      local www = w.dns.site:get { name = "www", type = "CNAME" }
      return (app.values[1] == "new.test.example") == (www ~= nil)
    end,
  },
  finally = {
    ["a done run has moved them, with their usual TTL"] = function(w, run)
      local www = w.dns.site:get { name = "www", type = "CNAME" }
      return run.outcome ~= "done" or www ~= nil and www.ttl_s == 3600
    end,
  },
}
