-- Plans of the rest: what a run may do beyond what its first plan could show.
local planning = require("planning")

local cases = {}
local plan = planning.plan
local digest_of = planning.digest_of
local approve_the_rest = planning.approve_the_rest
local follow = planning.follow
local beyond_a_branch = planning.beyond_a_branch

function cases.a_change_the_plan_does_not_show_waits_before_it_is_sent(w)
  w:body(beyond_a_branch)
  follow(w):exits(3):says("does not show storage/box:put")
    :says("perilune plan --continue case")
  w:equal("a=1", w:objects(), "what the plan shows")
  w:perilune("status case"):exits(0):says("a plan that shows storage/box:put")
    :says("approve case --plan DIGEST")
end

function cases.the_rest_of_a_run_is_planned_from_where_it_waits_and_approved_by_its_own_digest(w)
  w:body(beyond_a_branch)
  follow(w):exits(3)
  approve_the_rest(w):says("The rest of the run case"):says("made already: 1 change")
    :says("+ storage/box:put"):says("1 to create"):says_not("Not planned")
  w:equal("a=1", w:objects(), "what is there before the run goes on")
  w:resume():exits(0)
  w:equal("a=1 b=2", w:objects(), "what the approved rest did")
  w:perilune("report case --format text"):says("plan of the rest approved")
end

function cases.a_plan_of_the_rest_covers_no_more_than_it_shows(w)
  w:body [[
    local first = storage("box"):put { key = "a", body = "1" }
    if first.changed then
      local second = storage("box"):put { key = "b", body = "2" }
      if second.changed then storage("box"):put { key = "c", body = "3" } end
    end
  ]]
  follow(w):exits(3)
  approve_the_rest(w):says("Not planned")
  w:resume():exits(3):says("does not show storage/box:put")
  w:equal("a=1 b=2", w:objects(), "what both plans show")
  approve_the_rest(w):says("made already: 2 changes")
  w:resume():exits(0)
  w:equal("a=1 b=2 c=3", w:objects(), "what all plans show")
end

function cases.a_plan_of_the_rest_that_does_not_hold_any_more_is_not_approved(w)
  w:body(beyond_a_branch)
  follow(w):exits(3)
  local digest = digest_of(w:perilune("plan --continue case"))
  w:file("box/b", "other")
  w:perilune("approve case --plan " .. digest):exits(6):says("does not hold any more")
    :says("perilune plan --continue case")
  w:resume():exits(3)
  w:equal("other", w:read("box/b"), "what was there")
end

function cases.a_plan_of_another_run_is_not_approved(w)
  w:body(beyond_a_branch)
  plan(w, "--out @W@/plan.json"):exits(0)
  w:run("--plan " .. w.folder .. "/plan.json"):exits(3)
  w:perilune("approve case --plan @W@/plan.json"):exits(2):says("is not one of the rest")
end

function cases.what_waits_for_a_plan_is_never_told_to_the_script(w)
  w:body [[
    local made = storage("box"):put { key = "a", body = "1" }
    local ok = true
    if made.changed then
      ok = try(function() storage("box"):put { key = "b", body = "2" } end)
    end
    if not ok then storage("box"):put { key = "fallback", body = "3" } end
  ]]
  follow(w):exits(3)
  w:equal("a=1", w:objects(), "what the plan shows")
  w:resume():exits(3)
  w:equal("a=1", w:objects(), "what a resume did without a plan")
  w:tell("undo"):exits(7)
  w:equal("", w:objects(), "what is left")
end

function cases.a_live_run_goes_on_with_the_plan_that_is_approved_meanwhile(w)
  w:body(beyond_a_branch)
  plan(w, "--out @W@/plan.json"):exits(0)
  local job = w:start("--plan " .. w.folder .. "/plan.json")
  w:await("kind = 'beyond'")
  approve_the_rest(w)
  job.wait():exits(0)
  w:equal("a=1 b=2", w:objects(), "what the approved rest did")
end

function cases.a_plan_of_the_rest_replays_polls_answers_and_branches(w)
  w:body [[
    local box = storage("box")
    step("Look", function()
      box:put { key = "a", body = "1" }
      wait_until("a is there", { within = "5s", every = "10ms" }, function()
        return box:head { key = "a" } ~= nil
      end)
      ensure(box:head { key = "a" }, "a must be there")
    end)
    approve("Go on?")
    parallel {
      left = function() step("Left", function() box:put { key = "left", body = "1" } end) end,
      right = function()
        if box:head { key = "a" } then
          step("Right", function() box:put { key = "right", body = "1" } end)
        end
      end,
    }
    step("Last", function() box:put { key = "z", body = "1" } end)
  ]]
  follow(w):exits(3)
  w:perilune("approve case 'Go on?'"):exits(0)
  w:resume():exits(3):says("does not show storage/box:put")
  w:equal("a=1 left=1", w:objects(), "what the plan shows")
  approve_the_rest(w):says("right › Right"):says("Last"):says("2 to create")
  w:resume():exits(0)
  w:equal("a=1 left=1 right=1 z=1", w:objects(), "what both plans show")
end

function cases.a_further_attempt_makes_what_was_planned_before_the_rest_again(w)
  w:body [[
    step("Write", { retries = 1, backoff = "0s" }, function()
      local made = storage("box"):put { key = "a", body = "1" }
      if made.changed then storage("box"):put { key = "b", body = "2" } end
      ensure(storage("box"):list({ prefix = "gate" })[1], "the gate must be there")
    end)
  ]]
  follow(w):exits(3)
  approve_the_rest(w):says("made already: 1 change")
  w:resume():exits(3):says("the gate must be there")
  w:equal(2, w:count("kind = 'open' and f('$.name') = 'Write'"), "attempts")
  w:equal(3, w:count("kind = 'intent'"), "changes of both attempts")
  w:equal(1, w:count("kind = 'beyond'"), "changes that no plan showed")
end

function cases.what_an_ensure_looks_at_is_assumed_and_the_plan_goes_on(w)
  w:body [[
    step("Write", function()
      local made = storage("box"):put { key = "a", body = "1" }
      ensure(function()
        local count = 0
        for _ in ipairs(storage("box"):list {}) do count = count + 1 end
        return made.changed and count == 1
      end, "%d objects are there", 7)
      storage("box"):put { key = "b", body = "2" }
    end)
    ensure(function() return now() > 0 end, "it is %.0f", now())
    storage("box"):put { key = "c", body = "3" }
  ]]
  plan(w):exits(0):says("+ storage/box:put {\"body\":\"2\",\"key\":\"b\"")
    :says("ensure does not fail with \"7 objects are there\""):says("\"it is …\"")
    :says("3 to create"):says_not("Not planned")
  follow(w):exits(0)
  w:equal("a=1 b=2 c=3", w:objects(), "what was written")
end

function cases.a_condition_says_what_a_plan_knows_of_why_it_does_not_hold(w)
  w:body [[ ensure(false, "it is %.0f, and that is wrong", now()) ]]
  plan(w):exits(1):says("Would fail\n  it is …, and that is wrong (")
end

function cases.a_condition_that_does_not_hold_fails_the_plan_as_it_would_the_run(w)
  w:body [[
    step("Write", function()
      ensure(function() return 1 > 2 end, "one must be more than two")
      storage("box"):put { key = "a", body = "1" }
    end)
  ]]
  plan(w):exits(1):says("Would fail"):says("one must be more than two"):says("0 to create")
end

function cases.a_text_for_people_may_be_unknown_in_a_plan(w)
  w:body [[
    local made = storage("box"):put { key = "a", body = "1" }
    approve("Go on?", { role = "lead", detail = ("Written: %s"):format(made.digest) })
    storage("box"):put { key = "b", body = "2" }
  ]]
  plan(w):exits(0):says("Go on? (role lead)"):says("2 to create"):says_not("Not planned")
end

return cases
