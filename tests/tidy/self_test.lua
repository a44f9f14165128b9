-- Proves that every rule can fail: feeds each one bad files and good ones and expects its findings.
local rules = require("rules")

local M = {}

local cases = {}
for _, part in ipairs({ "text_cases", "code_cases", "tree_cases" }) do
  for _, case in ipairs(require(part)) do
    cases[#cases + 1] = case
  end
end

local function rule_named(name)
  for _, rule in ipairs(rules.all) do
    if rule.name == name then
      return rule
    end
  end
  error("there is no rule " .. name)
end

-- What a rule finds in a case's files, as "path:line path:line".
local function found_in(case)
  local files = {}
  for path, text in pairs(case.files) do
    files[#files + 1] = { path, text }
  end
  table.sort(files, function(one, other)
    return one[1] < other[1]
  end)
  local places = {}
  for _, finding in ipairs((rules.apply(rule_named(case.rule), rules.tree(files)))) do
    places[#places + 1] = finding.path .. ":" .. finding.line
  end
  return table.concat(places, " ")
end

-- Executes every case, shows those that fail, and returns how many passed and failed. A case has a
-- rule, files, and the places `at` which the rule must find something: "" where all is well.
function M.run(show)
  local passed, failed, finds, accepts = 0, 0, {}, {}
  for number, case in ipairs(cases) do
    local found = found_in(case)
    if found == case.at then
      passed = passed + 1
    else
      failed = failed + 1
      show(("tests/tidy/self_test.lua:1: self-test: case %d of %s found \"%s\", not \"%s\""):format(
        number, case.rule, found, case.at))
    end
    local seen = case.at == "" and accepts or finds
    seen[case.rule] = true
  end
  for _, rule in ipairs(rules.all) do
    if finds[rule.name] and accepts[rule.name] then
      passed = passed + 1
    else
      failed = failed + 1
      show(("tests/tidy/self_test.lua:1: self-test: %s needs a case that it refuses and one that it"
        .. " accepts"):format(rule.name))
    end
  end
  return passed, failed
end

return M
