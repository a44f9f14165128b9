-- Tests that go wrong in themselves: each fails alone, with a reason, and the others are executed.
local library = require("testing_library")

local cases = {}

-- One test of a file goes wrong; what stands before and behind it passes.
local function fails_alone(w, body, ...)
  w:file("library/tests/a_test.lua", ("it(\"before\", function() end)\n"
    .. "it(\"wrong\", function()\n%s\nend)\nit(\"behind\", function() end)\n"):format(body))
  local ended = w:perilune("test --json --limit 1s"):exits(1)
  local told = library.told(ended)
  w:equal("passed failed passed", library.joined(told.tests, "outcome"), "outcomes")
  local failed = told.tests[2]
  for _, text in ipairs { ... } do
    if not (failed.message .. "\n" .. (failed.story or "")):find(text, 1, true) then
      error(("Expected %q, but it says: %s\n%s"):format(text, failed.message,
        failed.story or ""), 0)
    end
  end
  return failed
end

local no_end = "used more than 1 s of processor time"
local no_bound = "needed more memory than it may have"

function cases.a_loop_without_end_fails_its_test_alone(w)
  fails_alone(w, "while true do end", no_end)
end

function cases.a_pattern_without_end_fails_its_test_alone(w)
  fails_alone(w, "(\"a\"):rep(40):find((\".-\"):rep(40) .. \"b\")", no_end)
end

function cases.memory_without_bound_fails_its_test_alone(w)
  fails_alone(w, "local t = {} while true do t[#t + 1] = (\"x\"):rep(1000) .. #t end", no_bound)
end

function cases.calls_without_end_fail_their_test_alone(w)
  fails_alone(w, "local function f() return 1 + f() end f()", "The stack is full")
end

function cases.a_runbook_that_loops_fails_its_test_alone(w)
  w:body("while true do end")
  fails_alone(w, "world(\"here\"):run(\"book\")", no_end)
end

function cases.a_runbook_that_loops_in_virtual_time_fails_its_test_alone(w)
  w:body("while true do sleep(\"1h\") end")
  local failed = fails_alone(w, "world(\"here\"):run(\"book\")",
    "The run run-1 still went on after 30 d of virtual time", "slept (1 h)", "lines are left out")
  w:equal("tests/a_test.lua:3", failed.where, "the place")
  if #failed.story > 10000 then error("The story is endless.", 0) end
end

function cases.a_runbook_that_takes_all_memory_fails_its_test_alone(w)
  w:body("local t = {} while true do t[#t + 1] = (\"x\"):rep(1000) .. #t end")
  fails_alone(w, "assert.equal(\"done\", world(\"here\"):run(\"book\").outcome)")
end

function cases.unknown_words_fail_their_test_with_a_suggestion(w)
  fails_alone(w, "assert.equals_to(1, 1)", "There is no assertion assert.equals_to",
    "Did you mean \"equals\"?")
  fails_alone(w, "assert.equal(1)", "assert.equal needs 2 values, but got 1")
  fails_alone(w, "world(\"hre\")", "There is no environment \"hre\"", "Did you mean \"here\"?")
  fails_alone(w, "world(\"here\"):run(\"bok\")", "There is no runbook \"bok\"")
  fails_alone(w, "return world(\"here\").storage.bix", "storage/bix", "Did you mean \"box\"?")
  fails_alone(w, "world(\"here\").storage.box:corupt { key = \"a\" }", "Did you mean \"corrupt\"?")
  fails_alone(w, "world(\"here\"):rum(\"book\")", "Did you mean \"run\"?")
  fails_alone(w, "world(\"here\"):fails(\"storage/box:putt\")", "Did you mean \"put\"?")
  fails_alone(w, "world(\"here\"):run(\"book\", {}, { anwers = {} })", "Did you mean \"answers\"?")
  fails_alone(w, "undefined_word()", "undefined_word")
  fails_alone(w, "describe(\"x\", function() end)", "describe stands inside of a test")
  fails_alone(w, "it(\"x\", function() end)", "it stands inside of a test")
  fails_alone(w, "before_each(function() end)", "before_each")
end

function cases.a_file_that_cannot_be_loaded_fails_alone(w)
  local function refuses(text, where, ...)
    w:file("library/tests/a_test.lua", text)
    w:file("library/tests/b_test.lua", "it(\"is\", function() end)")
    local told = library.told(w:perilune("test --json"):exits(1))
    w:equal("failed passed", library.joined(told.tests, "outcome"), "outcomes of " .. text)
    local failed = told.tests[1]
    w:equal(where, failed.where, "the place")
    for _, part in ipairs { ... } do
      if not failed.message:find(part, 1, true) then error(failed.message, 0) end
    end
  end
  refuses("it(\"one\", function(", "tests/a_test.lua:1", "Found the end of the file")
  refuses("\nerror(\"No.\")", "tests/a_test.lua:2", "No.")
  refuses("it(\"a\", function() end)\nit(\"a\", function() end)", "tests/a_test.lua:2",
    "two tests named \"a\"", "tests/a_test.lua:1")
  refuses("describe(function() end)", "tests/a_test.lua:1", "describe needs a name")
  refuses("it(\"a\")", "tests/a_test.lua:1", "it needs a function")
  refuses("require \"no_such\"", "tests/a_test.lua:1", "no_such")
end

return cases
