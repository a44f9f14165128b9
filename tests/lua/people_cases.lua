-- approve, confirm, ask and manual, and who may answer them.
local cases = {}

local with_roles = [[
kind: development
targets:
  storage/box: { driver: folder, path: ../box }
  storage/other: { driver: folder, path: ../other }
  notify/log: { driver: file, path: ../notices.jsonl }
  process/local: { driver: local, programs: {} }
policy:
  plan: "off"
  approvals:
    commander: { from: [nobody-here], count: 1 }
    other: { from: ["@USER@"], not_starter: true }
]]

function cases.an_approval_parks_the_run_until_somebody_gives_it(w)
  w:body [[
    local given = approve("Promote?", { detail = "At most 3 s are lost." })
    storage("box"):put { key = "a", body = "1" }
    return { decision = given.decision, reason = given.reason }
  ]]
  w:run():exits(3):says("At most 3 s are lost."):says("perilune approve case")
  w:equal("", w:objects(), "The box")
  w:tell("approve", "Promote? --reason 'Looks right'"):exits(0)
  w:resume():exits(0):says('"value":{"decision":"approve","reason":"Looks right"}')
  w:equal("a=1", w:objects(), "The box")
end

function cases.a_rejection_is_raised(w)
  w:body [[
    local ok, err = try(approve, "Promote?")
    return { ok, err.code, err.retry }
  ]]
  w:run():exits(3)
  w:tell("reject", "--reason 'Not now'"):exits(0)
  w:resume():exits(0):says('"value":[false,"rejected","never"]'):says("Not now")
end

function cases.an_unguarded_rejection_waits_for_a_decision(w)
  w:body [[ approve("Promote?") ]]
  w:run():exits(3)
  w:tell("reject"):exits(0)
  w:resume():exits(3):says('"kind":"failure"'):says("was rejected")
  w:tell("retry"):exits(3):says("perilune approve case")
  w:tell("approve"):exits(0)
  w:resume():exits(0)
end

function cases.confirm_gives_true_or_false(w)
  w:body [[ return { confirm("Drain?"), confirm("Wipe?") } ]]
  w:run():exits(3)
  w:tell("answer", "Drain? maybe"):exits(0)
  w:resume():exits(3):says("Answer yes or no"):says("Drain?")
  w:tell("answer", "Drain? yes"):exits(0)
  w:resume():exits(3):says("Wipe?")
  w:tell("answer", "Wipe? no"):exits(0)
  w:resume():exits(0):says('"value":[true,false]')
end

function cases.ask_gives_the_value_and_checks_evidence(w)
  w:body [[
    return { ask("How many?", { evidence = "number" }), ask("Where?", { evidence = "url" }) }
  ]]
  w:run():exits(3)
  w:tell("answer", "'How many?' few"):exits(0)
  w:resume():exits(3):says("Answer a number")
  w:tell("answer", "'How many?' 12"):exits(0)
  w:resume():exits(3):says("Where?")
  w:tell("answer", "Where? ftp://x"):exits(0)
  w:resume():exits(3):says("begins with http")
  w:tell("answer", "Where? https://x.example/"):exits(0)
  w:resume():exits(0):says('"value":[12,"https://x.example/"]')
end

function cases.choices_are_the_only_answers(w)
  w:body [[ return ask("Which?", { choices = { "blue", "green" } }) ]]
  w:run():exits(3)
  w:tell("answer", "Which? red"):exits(0)
  w:resume():exits(3):says("Answer one of: blue, green")
  w:tell("answer", "Which? green"):exits(0)
  w:resume():exits(0):says('"value":"green"')
end

function cases.manual_is_asked_again_while_its_verification_does_not_hold(w)
  w:body [[
    manual("Make it by hand", { detail = "Put an object go.",
      verify = function() return storage("box"):head { key = "go" } ~= nil end })
    return "made"
  ]]
  w:run():exits(3):says("perilune answer case")
  w:tell("answer", "'Make it by hand' done"):exits(0)
  w:resume():exits(3):says("verification does not hold yet")
  w:file("box/go", "1")
  w:tell("answer", "'Make it by hand' done"):exits(0)
  w:resume():exits(0):says('"value":"made"')
end

function cases.a_question_that_is_not_needed_is_not_asked(w)
  w:body [[
    return { asked = approve("Never?", { when = function() return false end }) ~= nil }
  ]]
  w:run():exits(0):says('"value":{"asked":false}')
  w:equal(0, w:count("kind='question'"), "Questions")
end

function cases.an_unanswered_question_fails_in_time_or_takes_its_otherwise(w)
  w:body [[
    local _, err = try(approve, "Now?", { within = "100ms" })
    local value = ask("Colour?", { within = "100ms", otherwise = "blue" })
    local sure = confirm("Sure?", { within = "100ms", otherwise = false })
    return { err.code, value, sure }
  ]]
  w:start():wait():exits(0):says('"value":["not_answered","blue",false]')
end

function cases.a_question_that_waits_is_still_there_after_its_time(w)
  w:body [[ return approve("Now?", { within = "100ms", otherwise = "wait" }).decision ]]
  local job = w:start()
  w:await "kind='fired'"
  w:tell("approve"):exits(0)
  job:wait():exits(0):says('"value":"approve"')
end

function cases.a_role_that_one_does_not_have_is_refused(w)
  w:environment((with_roles:gsub("@USER@", w:user())))
  w:body [[ approve("Promote?", { role = "commander" }) ]]
  local job = w:start()
  w:await "kind='question'"
  w:tell("approve"):exits(2):says("needs the role commander, which here have: nobody-here")
  w:equal(0, w:count("kind='answer'"), "Answers")
  job:kill("TERM")
  job:wait()
end

function cases.who_started_a_run_may_not_approve_it_where_that_is_asked(w)
  w:environment((with_roles:gsub("@USER@", w:user())))
  w:body [[
    approve("By another?", { not_starter = true })
    approve("By policy?", { role = "other" })
  ]]
  local job = w:start()
  w:await "kind='question'"
  w:tell("approve"):exits(2):says("must be approved by somebody else")
  job:kill("TERM")
  job:wait()
end

function cases.several_approvals_come_from_several_people(w)
  w:environment((with_roles:gsub("@USER@", w:user())))
  w:body [[ approve("Twice?", { count = 2 }) ]]
  local job = w:start()
  w:await "kind='question'"
  w:tell("approve"):exits(0)
  w:tell("approve"):exits(2):says("it needs 2 different people")
  w:equal(1, w:count("kind='answer' and f('$.partial')=1"), "Partial approvals")
  job:kill("TERM")
  job:wait()
end

function cases.of_two_questions_the_answer_names_one(w)
  w:body [[
    return parallel { a = function() return ask("One?") end, b = function() return ask("Two?") end }
  ]]
  local job = w:start()
  w:await "kind='question' and f('$.name')='Two?'"
  w:tell("answer", "Tow? 1"):exits(2):says("say which one"):says("Did you mean")
  w:tell("answer", "Two? 2"):exits(0)
  w:tell("answer", "One? 1"):exits(0)
  job:wait():exits(0):says('"value":{"a":"1","b":"2"}')
end

function cases.an_answer_survives_and_is_never_asked_for_again(w)
  w:body [[
    approve("First?")
    approve("Second?")
    return "both"
  ]]
  w:run():exits(3)
  w:tell("approve", "First?"):exits(0)
  w:resume():exits(3):says("Second?")
  w:tell("approve", "Second?"):exits(0)
  w:resume():exits(0):says('"value":"both"')
  w:equal(2, w:count("kind='question'"), "Questions")
end

function cases.a_question_in_a_second_attempt_is_asked_again(w)
  w:body [[
    step("Careful", { retries = 1, backoff = "10ms" }, function()
      approve("Go?")
      ensure(storage("box"):head { key = "go" } ~= nil, "not there")
    end)
  ]]
  w:run():exits(3)
  w:tell("approve"):exits(0)
  w:resume():exits(3):says("perilune approve case")
  w:equal(2, w:count("kind='question'"), "Questions")
end

return cases
