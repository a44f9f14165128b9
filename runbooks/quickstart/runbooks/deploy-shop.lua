-- Release a version of the shop. Taking it back is one command: perilune undo last
return runbook {
  summary = "Release a version of the shop",
  targets = {
    ["deploy/shop"] = { "release" },
    ["http/shop"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    version = { type = "string", required = true, pattern = "^[%d.]+$",
      help = "which version, such as 1.1" },
    ask_first = { type = "boolean", default = true, help = "ask a person before releasing" },
  },
  locks = { "deploy/shop" },

  run = function(params)
    local shop, page, team = deploy("shop"), http("shop"), notify("team")

    local artifact = step("Look at what would be released", function()
      return ensure(shop:artifact { version = params.version },
        "There is no version %s of the shop.", params.version)
    end)
    local today = shop:status().version or "nothing"
    approve("Release it?", {
      when = function() return params.ask_first end,
      detail = ("The shop goes from %s to %s (%s)."):format(today, params.version,
        artifact.digest:sub(1, 12)),
    })

    step("Release it", { timeout = "2m" }, function()
      local release = shop:release { version = params.version }
      shop:wait_serving { release_id = release.release_id, within = "1m" }
    end)
    step("Ask the shop itself", function()
      page:wait_ok { path = "/health", json = { version = params.version }, every = "250ms",
        within = "30s" }
    end)
    team:send { text = ("The shop is now %s; it was %s."):format(params.version, today) }
    return { version = params.version, before = today }
  end,
}
