-- Rotates one secret of the web and later forgets the old one; for the tests of the pattern.
local rotation = require "patterns.rotation"

return runbook {
  summary = "Rotate the web's key",
  targets = {
    ["secrets/vault"] = { "generate", "put", "set_current", "retire" },
    ["secrets/maker"] = { "generate" },
    ["deploy/web"] = { "set_env" },
    ["http/app"] = {},
  },
  parameters = { maker = { type = "boolean", default = false } },
  on_failure = "stop",
  run = function(params)
    local vault, web, page = secrets("vault"), deploy("web"), http("app")
    local function check() page:check { path = "/health" } end
    if rotation.overlap_is_over(web, vault, { name = "KEY", previous = "KEY_PREVIOUS",
      grace = "1h" }) then
      rotation.retire(web, vault, { name = "KEY", previous = "KEY_PREVIOUS", check = check })
      return "retired"
    end
    local made = rotation.make(vault, { name = "KEY",
      maker = params.maker and secrets("maker") or nil })
    rotation.adopt(web, made, { variable = "KEY", previous = "KEY_PREVIOUS", check = check })
    rotation.settle(vault, made)
    return "rotated"
  end,
}
