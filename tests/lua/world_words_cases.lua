-- The words with which a test asks a whole world: how often, before what, and who was told what.
local library = require("testing_library")

local cases = {}

local environment = [[
kind: development
targets:
  storage/box: { driver: folder, path: ../box }
  storage/same: { same_as: storage/box }
  notify/log: { driver: file, path: ../notices.jsonl }
  notify/oncall: { same_as: notify/log }
  notify/other: { driver: file, path: ../other.jsonl }
]]

local book = [[
return runbook {
  summary = "A case",
  targets = { ["storage/box"] = { "put", "delete" }, ["storage/same"] = { "put" },
    ["notify/log"] = { "send" }, ["notify/other"] = { "send" } },
  run = function()
    storage("box"):put { key = "a", body = "one" }
    storage("box"):head { key = "a" }
    notify("log"):send { title = "Begun", text = "Two things follow." }
    storage("same"):put { key = "b", body = "two" }
    storage("box"):delete { key = "a" }
    storage("box"):put { key = "a", body = "three" }
    notify("other"):send { text = "Nothing follows." }
  end,
}
]]

-- Executes the body of one test with a world `w` of the environment above, and the runbook `book`.
local function test(w, body)
  w:environment(environment)
  w:book(book)
  w:file("library/tests/words_test.lua",
    "it(\"asks\", function()\n  local w = world \"here\"\n" .. body .. "\nend)\n")
  local ended = w:perilune("test --json")
  return library.told(ended).tests[1]
end

local function passes(w, body)
  local told = test(w, body)
  if told.outcome ~= "passed" then
    error(("%s: expected %s, found %s"):format(told.message, tostring(told.expected),
      tostring(told.found)), 0)
  end
end

function cases.a_world_counts_an_operations_calls(w)
  passes(w, [[
    assert.equal(0, w:times "storage/box:put")
    w:run("book")
    assert.equal(2, w:times "storage/box:put")
    assert.equal(1, w:times "storage/box:head")
    assert.equal(0, w:times "storage/box:copy")
    -- Two ways to one thing: a test may want to know which of them was gone.
    assert.equal(1, w:times "storage/same:put")
    w:prepared()
    assert.equal(0, w:times "storage/box:put")
    w:run("book")
    assert.equal(2, w:times "storage/box:put")]])
end

function cases.a_world_says_what_came_before_what(w)
  passes(w, [[
    assert.is_nil(w:place "storage/box:delete")
    w:run("book")
    local first = w:place "storage/box:put"
    assert.equal(1, first)
    assert.is_true(first < w:place "notify/log:send")
    assert.is_true(w:place "notify/log:send" < w:place "storage/same:put")
    local deleted = w:place "storage/box:delete"
    assert.equal(deleted + 1, w:place("storage/box:put", deleted))
    assert.is_nil(w:place("storage/box:delete", deleted))
    -- What only observes has no effect, so it stands nowhere among them.
    assert.is_nil(w:place "storage/box:head")
    w:prepared()
    assert.is_nil(w:place "storage/box:put")
    local before = #w.effects
    w:run("book")
    assert.equal(before + 1, w:place "storage/box:put")
    assert.equal(1, w:place("storage/box:put", 0))
    assert.equal("storage/box", w.effects[before + 1].target)]])
end

function cases.a_world_says_what_people_were_told(w)
  passes(w, [[
    assert.equal("", w:told())
    w:run("book")
    local all = w:told()
    assert.contains("Two things follow.", all)
    assert.is_true(all:find("Begun", 1, true) < all:find("Nothing follows.", 1, true))
    assert.contains("Nothing follows.", w:told "notify/other")
    assert.is_not.contains("Two things", w:told "notify/other")
    assert.contains("Two things", w:told(w.notify.log))
    assert.equal(w:told "notify/log", w:told "notify/oncall")
    assert.equal(all, w:told "notify/log" .. "\n" .. w:told "notify/other")]])
end

-- A name with a mistake in it was called 0 times, and such a test would always pass.
function cases.a_world_refuses_to_count_what_cannot_be_called(w)
  for asked, text in pairs {
    ["w:times \"storage/bix:put\""] = "Did you mean \"storage/box\"?",
    ["w:times \"storage/box:putt\""] = "Did you mean \"put\"?",
    ["w:times \"storage/box\""] = "times needs an operation of a target of this world",
    ["w:times()"] = "but got nil",
    ["w:place \"storage/box:lag\""] = "storage/box has no operation lag.",
    ["w:place \"put\""] = "place needs an operation of a target of this world",
    ["w:told \"notify/lag\""] = "told needs a target of the family notify",
    ["w:told \"storage/box\""] = "but got storage/box.",
    ["w:fails \"storage/bax:put\""] = "Did you mean \"storage/box\"?",
    ["w:fails \"storage/box:putt\""] = "Did you mean \"put\"?" } do
    local told = test(w, "    local _ = " .. asked)
    w:equal("failed", told.outcome, asked)
    w:equal("tests/words_test.lua:3", told.where, "where " .. asked .. " is refused")
    if not told.message:find(text, 1, true) then
      error(("%s is told by: %s"):format(asked, told.message), 0)
    end
  end
end

-- A host that stays gives it the time it has; nobody is there to answer.
function cases.somebody_else_comes_just_before_a_call(w)
  passes(w, [[
    local met
    w:just_before("storage/box:put", function(same, call)
      met = call
      same.storage.box:put { key = "a", body = "somebody's" }
    end, { skip = 1 })
    local seen
    w:just_before("storage/box:head", function(same)
      seen = same.storage.box.objects.a.body
    end)
    assert.equal("done", w:run("book").outcome)
    assert.equal("one", seen)
    assert.same({ "storage/box", "put", "three" },
      { met.target, met.operation, met.arguments.body })
    assert.equal("three", w.storage.box.objects.a.body)
  ]])
end

function cases.what_somebody_else_does_wrongly_fails_the_test(w)
  local told = test(w, [[
    w:just_before("storage/box:put", function() error("No, not so.") end)
    w:run("book")
  ]])
  w:equal("failed", told.outcome, "the test")
  if not told.message:find("No, not so.", 1, true) then error(told.message, 0) end
  for _, wrong in ipairs { "w:just_before('storage/box:put')",
    "w:just_before('storage/box:putt', print)",
    "w:fails('storage/box:put', { how = 'meanwhile' })" } do
    w:equal("failed", test(w, wrong).outcome, wrong)
  end
end

function cases.a_question_that_nobody_answers_ends_as_it_says(w)
  w:environment(environment)
  w:book([[
return runbook { summary = "A case", targets = {}, run = function()
  local began = now()
  local ok, failure = try(approve, "Go?", { within = "5m", otherwise = "fail" })
  return { ok = ok, code = failure and failure.code, took = now() - began }
end }]])
  w:file("library/tests/words_test.lua", [[
it("is silent", function()
  local w = world "here"
  local run = w:run("book")
  assert.equal("done", run.outcome)
  assert.is_false(run.value.ok)
  assert.equal("not_answered", run.value.code)
  assert.near(300, run.value.took, 1)
end)]])
  local told = library.told(w:perilune("test --json")).tests[1]
  w:equal("passed", told.outcome, tostring(told.message))
end

return cases
