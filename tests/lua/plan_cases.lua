-- Plans: what would be done, without doing it; and runs that may do only what their plan shows.
local cases = {}

local function plan(w, more)
  return w:perilune("plan book --environment here " .. (more or ""))
end

function cases.a_plan_changes_nothing_and_shows_signs(w)
  w:file("box/there", "old")
  w:body [[
    step("Write", function()
      storage("box"):put { key = "new", body = "1" }
      storage("box"):put { key = "there", body = "2" }
      storage("box"):put { key = "same", body = "3" }
    end)
    step("Tell", function() notify("log"):send { text = "done" } end)
  ]]
  w:file("box/same", "3")
  plan(w):exits(0):says("+ storage/box:put"):says("~ storage/box:put"):says("! notify/log:send")
  if w:read("box/new") then error("The plan wrote something.") end
  w:equal("old", w:read("box/there"), "what was there")
  if w:read("notices.jsonl") then error("The plan told somebody.") end
end

function cases.a_plan_ends_at_a_branch_on_what_only_the_run_will_know(w)
  w:body [[
    local made = storage("box"):put { key = "a", body = "1" }
    if made.changed then storage("box"):put { key = "b", body = "2" } end
  ]]
  plan(w):exits(0):says("Not planned"):says("not known before the run")
end

function cases.conditions_on_unknown_values_are_assumed(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    ensure(storage("box"):head { key = "a" }, "a must be there")
    wait_until("it is listed", { within = "5s" }, function()
      return #storage("box"):list {} == 1
    end)
    approve("Go on?", { role = "lead" })
    storage("box"):put { key = "b", body = "2" }
  ]]
  plan(w):exits(0):says("Assumed to hold"):says("a must be there"):says("it is listed")
    :says("Go on?"):says("role lead")
end

function cases.a_run_follows_its_plan(w)
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  plan(w, "--out @W@/plan.json"):exits(0)
  w:run("--plan " .. w.folder .. "/plan.json"):exits(0)
  w:equal("1", w:read("box/a"), "what was written")
end

function cases.a_plan_that_does_not_hold_any_more_is_refused(w)
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  plan(w, "--out @W@/plan.json"):exits(0)
  w:body [[ storage("box"):put { key = "a", body = "2" } ]]
  w:run("--plan " .. w.folder .. "/plan.json"):exits(6):says("does not hold any more")
  if w:read("box/a") then error("Something was written.") end
end

function cases.a_change_the_plan_does_not_show_is_stopped_before_it_is_sent(w)
  w:body [[
    local made = storage("box"):put { key = "a", body = "1" }
    if made.changed then storage("box"):put { key = "b", body = "2" } end
  ]]
  plan(w, "--out @W@/plan.json"):exits(0)
  w:run("--plan " .. w.folder .. "/plan.json"):exits(3):says("does not show")
  w:equal("1", w:read("box/a"), "what the plan shows")
  if w:read("box/b") then error("What the plan did not show was written.") end
end

return cases
