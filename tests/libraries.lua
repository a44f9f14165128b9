-- Executes what the libraries themselves hold: checks against every environment, tests,
-- explorations. luajit tests/libraries.lua [LIBRARY …]
--
-- PERILUNE_BIN names the folder of the programs. An exploration tries so many schedules here that
-- one at a desk tries in a few seconds; the budget is in runs, so that it is the same everywhere.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
local root = here .. "/.."
package.path = here .. "/lua/?.lua;" .. root .. "/stdlib/?.lua;" .. package.path

local rig = require("rig")
local json = require("vocabulary.json_reader")

local program = rig.quoted((os.getenv("PERILUNE_BIN") or ".build/release/bin") .. "/perilune")
local runs_each = tonumber(os.getenv("PERILUNE_EXPLORE_RUNS") or "") or 120
local limit = os.getenv("PERILUNE_TEST_LIMIT") or "10s"  -- Of processor time, for each test.

local passed, failed = 0, 0
local counts  -- Of the library under way, by kind.

local function tell(kind, ok, what, output)
  counts[kind] = counts[kind] + 1
  if ok then
    passed = passed + 1
  else
    failed, counts.failed = failed + 1, counts.failed + 1
    print("FAILED " .. what .. "\n" .. (output or ""))
  end
end

local function files(folder, pattern)
  local names = {}
  for name in rig.shell("ls " .. rig.quoted(folder) .. " 2>/dev/null"):gmatch("[^\n]+") do
    names[#names + 1] = name:match(pattern)
  end
  return names
end

-- What it wrote to both its streams; where `data` is true, to its standard output alone.
local function perilune(library, words, data)
  return rig.shell(("%s %s --library %s --state %s </dev/null 2>%s"):format(program, words,
    rig.quoted(library), rig.quoted(rig.state), data and "/dev/null" or "&1"))
end

local function check(library, name)
  for _, environment in ipairs(files(library .. "/environments", "^(.*)%.yaml$")) do
    local output, code = perilune(library, "check --environment " .. environment)
    tell("checks", code == 0, ("%s: check --environment %s"):format(name, environment), output)
  end
end

local function test(library, name)
  if #files(library .. "/tests", "_test%.lua$") == 0 then return end
  local output = perilune(library, "test --json --limit " .. limit, true)
  local ok, told = pcall(json.read, output)
  if not ok or type(told) ~= "table" or not told.tests then
    return tell("tests", false, name .. ": test", output)
  end
  for _, one in ipairs(told.tests) do
    if one.outcome ~= "pending" then
      tell("tests", one.outcome == "passed", ("%s: %s"):format(name, one.name), one.message)
    end
  end
end

local function explore(library, name)
  for _, one in ipairs(files(library .. "/explorations", "^(.*)%.lua$")) do
    local output, code = perilune(library, ("explore %s --runs %d --within 60s"):format(one,
      runs_each))
    tell("explorations", code == 0, ("%s: explore %s"):format(name, one), output)
  end
end

local function all_libraries()
  local found = {}
  for path in rig.shell(("ls -d %s/runbooks/*/perilune.yaml %s/stdlib/patterns/perilune.yaml")
    :format(root, root)):gmatch("[^\n]+") do
    found[#found + 1] = path:match("^(.*)/perilune%.yaml$")
  end
  return found
end

rig.state = rig.shell("mktemp -d \"${TMPDIR:-/tmp}/perilune-libraries-XXXXXX\"")
local kinds = { "checks", "tests", "explorations", "failed" }
local row = "%-14s" .. ("%14s"):rep(#kinds)
print(row:format("library", unpack(kinds)))
for _, library in ipairs(#arg > 0 and arg or all_libraries()) do
  local name = library:match("([^/]+)$")
  counts = { checks = 0, tests = 0, explorations = 0, failed = 0 }
  check(library, name)
  test(library, name)
  explore(library, name)
  print(row:format(name, counts.checks, counts.tests, counts.explorations, counts.failed))
end
rig.shell("rm -rf " .. rig.quoted(rig.state))
print(("libraries: %d passed, %d failed"):format(passed, failed))
os.exit(failed == 0 and 0 or 1)
