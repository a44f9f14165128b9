-- Changes that may be repeated, by one branch or many at once: what a durable change costs.
return runbook {
  summary = "Put objects",
  targets = { ["storage/box"] = { "put" } },
  parameters = {
    count = { type = "integer", default = 1000, min = 1, help = "how many objects" },
    branches = { type = "integer", default = 1, min = 1, help = "by how many branches at once" },
    at = { type = "number", default = 0, help = "in Unix seconds: not before" },
  },
  run = function(params)
    local box = storage("box")
    local function put(name)
      box:put { key = run.id .. "/" .. name, body = "The body of one small object." }
    end
    step("Be ready", function() put("ready") end)
    if params.at > 0 then sleep(math.max(0, params.at - now())) end
    local began_at, branches = now(), {}
    for number = 1, params.branches do branches[number] = number end
    each(branches, { at_once = #branches }, function(branch)
      for number = branch, params.count, #branches do put(number) end
    end)
    log(("Put from %.6f to %.6f"):format(began_at, now()))
  end,
}
