-- perilune test: which tests it executes, in which order, and how it tells what came of them.
local rig = require("rig")
local library = require("testing_library")

local cases = {}

local mixed = [[
describe("sums", function()
  it("adds", function() assert.equal(2, 1 + 1) end)
  it("is wrong", function() assert.equal("<3 & \"4\">", 1 + 1, "the sum") end)
  pending("subtracts", "nobody needs it # yet")
end)
]]

local function many(count)
  local text = {}
  for index = 1, count do text[index] = ("it(\"t%02d\", function() end)"):format(index) end
  return table.concat(text, "\n")
end

local function names(ended) return library.joined(library.told(ended).tests, "name") end

function cases.tests_that_pass_and_fail_have_their_exit_codes(w)
  w:file("library/tests/good_test.lua", "it(\"is\", function() end)")
  w:perilune("test"):exits(0):says("✓ is"):says("1 passed, 0 failed")
  w:file("library/tests/sums_test.lua", mixed)
  local ended = w:perilune("test sums"):exits(1)
  ended:says("✗ sums is wrong"):says("tests/sums_test.lua:3: the sum: assert.equal")
    :says("→    3    it(\"is wrong\""):says("expected: \"<3 & \\\"4\\\">\""):says("found: 2")
    :says("1 passed, 1 failed, 1 pending")
  w:equal("", ended.out, "what was written as data")
end

function cases.a_filter_and_files_choose_tests(w)
  w:file("library/tests/a_test.lua", "it(\"one\", function() end) it(\"two\", function() end)")
  w:file("library/tests/b_test.lua", "it(\"two\", function() end)")
  w:equal("two two", names(w:perilune("test --filter tw --json"):exits(0)), "tests")
  for _, name in ipairs { "a", "a_test", "tests/a_test.lua" } do
    w:equal("one two", names(w:perilune("test --json " .. name):exits(0)), "tests of " .. name)
  end
  w:perilune("test --filter three"):exits(2):says("No test has this in its name: \"three\"")
end

function cases.the_first_failure_may_end_it(w)
  w:file("library/tests/a_test.lua", [[
it("one", function() end)
it("two", function() error("no") end)
it("three", function() end)]])
  w:equal("one two", names(w:perilune("test --fail-fast --json"):exits(1)), "tests")
  w:equal("one two three", names(w:perilune("test --json"):exits(1)), "tests")
end

function cases.a_seed_is_an_order(w)
  w:file("library/tests/a_test.lua", many(20))
  local function order(words) return names(w:perilune("test --json " .. words):exits(0)) end
  local first = order("--shuffle 5")
  w:equal(first, order("--shuffle 5"), "the order of the same seed")
  if first == order("--shuffle 6") or first == order("") then error("It is no order.", 0) end
  w:perilune("test --shuffle 5"):says("shuffled with seed 5")
end

function cases.those_that_failed_are_executed_again(w)
  w:perilune("test --rerun"):exits(2)
  w:file("library/tests/a_test.lua", [[
it("one", function() end)
it("two", function() error("no") end)
it("three", function() error("no") end)]])
  w:file("library/tests/b_test.lua", "it(\"four\", function(")
  w:perilune("test"):exits(1)
  w:equal("two three tests/b_test.lua", names(w:perilune("test --rerun --json"):exits(1)), "tests")
  -- One that is left out by a filter has still failed.
  w:perilune("test --rerun --filter two"):exits(1)
  w:file("library/tests/a_test.lua", [[
it("one", function() end)
it("two", function() end)
it("three", function() error("no") end)]])
  w:file("library/tests/b_test.lua", "it(\"four\", function() end)")
  w:equal("two three four", names(w:perilune("test --rerun --json"):exits(1)), "tests")
  w:equal("three", names(w:perilune("test --rerun --json"):exits(1)), "tests")
  w:file("library/tests/a_test.lua", "it(\"three\", function() end)")
  w:perilune("test --rerun"):exits(0)
  w:perilune("test --rerun"):exits(0):says("Nothing failed last time.")
end

function cases.junit_is_xml_that_a_server_reads(w)
  w:file("library/tests/sums_test.lua", mixed)
  w:perilune("test --format junit --output @W@/junit.xml"):exits(1)
  local text, code = rig.shell(("python3 -c %s %s"):format(rig.quoted([[
import sys, xml.etree.ElementTree as tree
suites = tree.parse(sys.argv[1]).getroot()
print(suites.tag, suites.get("tests"), suites.get("failures"))
for suite in suites:
    print(suite.tag, *[suite.get(one) for one in ("name", "tests", "failures", "skipped")])
    for case in suite:
        print(case.get("classname"), case.get("name"), [one.tag for one in case])
print([one.text for one in suites.iter("failure")][0].splitlines()[2])
]]), rig.quoted(w.folder .. "/junit.xml")))
  w:equal(0, code, "reading it")
  w:equal([[
testsuites 3 1
testsuite tests/sums_test.lua 3 1 1
tests/sums_test.lua sums adds []
tests/sums_test.lua sums is wrong ['failure']
tests/sums_test.lua sums subtracts ['skipped']
expected: "<3 & \"4\">"]], text, "what is read")
end

function cases.tap_is_numbered_and_planned(w)
  w:file("library/tests/sums_test.lua", mixed)
  local ended = w:perilune("test --format tap"):exits(1)
  local lines = {}
  for line in (ended.out .. "\n"):gmatch("([^\n]*)\n") do
    if not line:find("^#") then lines[#lines + 1] = line end
  end
  w:equal("TAP version 13|1..3|ok 1 - sums adds|not ok 2 - sums is wrong|"
    .. "ok 3 - sums subtracts # SKIP nobody needs it # yet", table.concat(lines, "|"), "the lines")
end

function cases.json_tells_everything(w)
  w:file("library/tests/sums_test.lua", mixed)
  for _, words in ipairs { "--json", "--format json", "--format json --output @W@/out.json" } do
    local ended = w:perilune("test " .. words):exits(1)
    if words:find("output") then ended.out = w:read("out.json") end
    local told = library.told(ended)
    w:equal("1 1 1", ("%d %d %d"):format(told.passed, told.failed, told.pending), "counts")
    w:equal("passed failed pending", library.joined(told.tests, "outcome"), "outcomes")
    local failed = told.tests[2]
    w:equal("tests/sums_test.lua", failed.file, "the file")
    w:equal("tests/sums_test.lua:3", failed.where, "the place")
    w:equal("2", failed.found, "what was found")
  end
end

function cases.what_cannot_be_is_refused_with_a_suggestion(w)
  w:perilune("test"):exits(2):says("has no tests: files tests/NAME_test.lua")
  w:file("library/tests/sums_test.lua", mixed)
  for words, text in pairs {
    ["summs"] = "Did you mean \"sums_test\"?", ["--format junt"] = "Did you mean \"junit\"?",
    ["--shuffle x"] = "--shuffle needs a whole number", ["--shuffle 0"] = "at least 1",
    ["--at-once 0"] = "--at-once needs a whole number", ["--limit soon"] = "soon",
    ["--fail-fats"] = "--fail-fast" } do
    w:perilune("test " .. words):exits(2):says(text)
  end
  w:perilune("test --format junit --output @W@/no/such/place.xml"):says("place.xml")
end

function cases.watching_executes_again_after_a_change(w)
  w:file("library/tests/a_test.lua", "it(\"one\", function() end)")
  local job = w:start(nil, "test --watch")
  local function told(text)
    rig.wait(function() return (w:read("job1.err") or ""):find(text, 1, true) end, text)
  end
  told("1 passed, 0 failed")
  told("Ctrl-C ends this")
  w:file("library/tests/a_test.lua", "it(\"one\", function() error(\"It broke.\") end)")
  told("0 passed, 1 failed")
  -- A library that cannot be read for a moment ends nothing.
  w:file("library/perilune.yaml", "name: [")
  told("perilune.yaml")
  w:file("library/perilune.yaml", "name: cases\nversion: 1.0.0\n")
  w:file("library/tests/a_test.lua", "it(\"two\", function() end)")
  told("✓ two")
  job:kill("INT")
  w:equal(130, job.wait().code, "the exit code")
end

return cases
