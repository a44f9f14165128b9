-- Escalates, asks two people and works through a checklist; for the tests of the patterns.
local approvals = require "patterns.approvals"
local checklist = require "patterns.checklist"
local escalation = require "patterns.escalation"

return runbook {
  summary = "Find somebody, ask two people, work through a list",
  targets = { ["notify/first"] = { "open", "update" }, ["notify/second"] = { "open", "update" },
    ["http/app"] = {} },
  parameters = {
    what = { type = "string", enum = { "escalate", "approve", "list" }, required = true },
    rounds = { type = "integer", default = 1 },
    within = { type = "duration" },
  },
  run = function(params)
    if params.what == "approve" then
      approvals.two_people("Take the migration back?", { detail = "It drops a column." })
      return "approved"
    end
    if params.what == "escalate" then
      return escalation.until_acknowledged({
        { name = "on call", at = notify("first"), wait = "5m" },
        { name = "lead", at = notify("second"), wait = "10m" },
      }, { key = "shop-down", summary = "The shop is down", severity = "critical",
        rounds = params.rounds })
    end
    local page = http("app")
    local result = checklist.go {
      { name = "The page answers", check = function()
        return page:check { path = "/health" }.status
      end },
      { name = "Nobody is on holiday", ask = "Look into the calendar.", evidence = "text",
        within = params.within, judge = checklist.unless_no },
      { name = "The disk has room", ask = "How many percent are in use?", evidence = "number",
        judge = function(used) return ensure(used <= 80, "Over 80 %.") end },
    }
    log(checklist.show(result))
    if not params.within then checklist.ensure(result) end
    return result
  end,
}
