-- Tells people from beginning to end, and writes the post-mortem; for the tests of the pattern.
local incident = require "patterns.incident"

return runbook {
  summary = "Tell people about an incident",
  parameters = {
    components_by = { type = "string", enum = { "component", "incident" }, default = "component" },
    stop_after = { type = "duration" },
  },
  targets = {
    ["notify/first"] = { "open", "update", "resolve" },
    ["notify/second"] = { "send" },
    ["notify/page"] = { "open", "update", "resolve", "set_component" },
  },
  run = function(params)
    local report = incident.begin { key = "shop-down", summary = "The shop is down",
      severity = "error", facts = { where = "Berlin" },
      channels = {
        { at = notify("first"), audience = "team" },
        { at = notify("second"), audience = "boss", form = "message",
          states = { "investigating", "resolved" } },
        { at = notify("page"), audience = "customers", components = { "shop" },
          components_by = params.components_by },
      },
      templates = { ["customers.investigating"] = "{summary} in {where}, since {since}." },
    }
    incident.tell(report, { state = "identified", severity = "critical" })
    incident.during(report, { every = "30m", audience = "customers",
      stop_after = params.stop_after }, function() sleep("70m") end)
    incident.note(report, "The disk was full")
    incident.finish(report)
    return incident.post_mortem(report, { rto = "2h", actions = { "Watch the disk" } })
  end,
}
