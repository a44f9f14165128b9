-- The environment's policy: plans that are required, who may approve, and breaking the glass.
local rig = require("rig")
local cases = {}

local function policy(w, text)
  w:environment(w:default_environment() .. text)
end

local approving = [[
policy:
  approvals: { lead: { from: [ada, grace], count: 2, not_starter: yes } }
]]

function cases.a_required_plan_is_asked_for_before_anything_is_done(w)
  policy(w, "policy: { plan: required }\n")
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  w:run():exits(5):says("wants a plan first"):says("perilune plan book --environment here")
  w:equal("", (rig.shell("ls " .. rig.quoted(w.folder .. "/box") .. " 2>/dev/null")), "The box")
  local plan = w:perilune("plan book --environment here --out @W@/plan.json"):exits(0)
  w:perilune("run book --environment here --run-id planned --no-input --plan @W@/plan.json")
    :exits(0)
  assert(plan, "a plan was made")
end

function cases.breaking_the_glass_needs_a_reason_and_is_seen_in_every_report(w)
  policy(w, "policy: { plan: required }\n")
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  w:perilune("run book --environment here --no-input --break-glass"):exits(2):says("--reason TEXT")
  w:perilune("run book --environment here --no-input --break-glass --reason ' '"):exits(2)
  w:perilune("run book --environment here --run-id broken --no-input --break-glass "
    .. "--reason 'the planner is down'"):exits(0)
  w:perilune("report broken --format text"):exits(0):says("BREAK GLASS"):says("the planner is down")
  w:perilune("report broken --format markdown"):exits(0):says("the planner is down")
  w:perilune("report broken --format html"):exits(0):says("the planner is down")
  w:perilune("status broken"):exits(0):says("BREAK GLASS")
  w:perilune("show broken --records"):exits(0)
    :says('"break_glass":{"reason":"the planner is down"}')
end

function cases.a_policy_may_forbid_to_be_passed_over(w)
  policy(w, "policy: { plan: required, break_glass: no }\n")
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  w:perilune("run book --environment here --no-input --break-glass --reason x"):exits(5)
    :says("--break-glass is refused")
end

function cases.a_policy_may_forbid_approvals_that_pass_it_over(w)
  policy(w, approving .. "  break_glass: no\n")
  w:body [[ approve("Go on?", { role = "lead" }) ]]
  w:run():exits(3)
  w:perilune("approve case 'Go on?' --break-glass --reason x"):exits(0)
  w:perilune("resume case --no-input"):exits(3):says("was not taken")
    :says("does not let book pass its policy over")
end

function cases.an_approval_of_nobody_in_the_role_is_only_given_by_breaking_the_glass(w)
  policy(w, approving)
  w:body [[
    approve("Go on?", { role = "lead" })
    storage("box"):put { key = "a", body = "1" }
  ]]
  w:run():exits(3)
  w:perilune("approve case 'Go on?'"):exits(0)
  w:perilune("resume case --no-input"):exits(3):says("was not taken"):says("must be approved by")
  w:perilune("approve case 'Go on?' --break-glass"):exits(2):says("--reason TEXT")
  w:perilune("approve case 'Go on?' --break-glass --reason 'both leads are asleep'"):exits(0)
  w:perilune("resume case --no-input"):exits(0)
  w:equal("1", w:read("box/a"), "What was put")
  w:perilune("report case --format text"):exits(0):says("BREAK GLASS")
    :says("both leads are asleep (Go on?)")
end

function cases.a_run_begun_by_breaking_the_glass_is_approved_by_whoever_is_there(w)
  policy(w, approving)
  w:body [[
    approve("Go on?", { role = "lead" })
    storage("box"):put { key = "a", body = "1" }
  ]]
  w:perilune("run book --environment here --run-id case --no-input --break-glass --reason fire")
    :exits(3)
  w:perilune("approve case 'Go on?'"):exits(0)
  w:perilune("resume case --no-input"):exits(0)
end

return cases
