-- Rules about tests and scripts: every test checks something, every Lua file gives something.
local functions = require("functions")
local source = require("source")

local function checks(body)
  return body:find("%f[%w_]CHECK[%u_]*%s*%(") or body:find("%f[%w_]REQUIRE[%u_]*%s*%(")
    or body:find("%f[%w_]FAIL[%u_]*%s*%(")
end

local function is_test_case(one)
  return one.name:find("^TEST_CASE") ~= nil or one.name == "SCENARIO"
end

-- The helpers of all tests that check something, by their last name, found until no more are.
local function checking_helpers(tree)
  local bodies, helpers, grown = {}, {}, true
  for _, file in ipairs(tree.files) do
    if file.is_cpp and file.path:find("^tests/") then
      for _, one in ipairs(functions.of_cpp(file.code)) do
        if not is_test_case(one) and one.name:find("[%w_]+$") then
          bodies[#bodies + 1] = {
            name = one.name:match("[%w_]+$"), text = file.code:sub(one.body_from, one.to),
          }
        end
      end
    end
  end
  while grown do
    grown = false
    for _, body in ipairs(bodies) do
      local found = checks(body.text) ~= nil
      for called in body.text:gmatch("([%a_][%w_]*)%s*%(") do
        found = found or helpers[called]
      end
      if found and not helpers[body.name] then
        helpers[body.name], grown = true, true
      end
    end
  end
  return helpers
end

local function check_cases(tree, report)
  local helpers = checking_helpers(tree)
  for _, file in ipairs(tree.files) do
    local is_test = file.path:find("^tests/.*_test%.cpp$")
    local cases = 0
    for _, one in ipairs(is_test and functions.of_cpp(file.code) or {}) do
      if is_test_case(one) then
        local body = file.code:sub(one.body_from, one.to)
        local found = checks(body) ~= nil
        for called in body:gmatch("([%a_][%w_]*)%s*[%(<]") do
          found = found or helpers[called]
        end
        if not found then
          report(file.path, source.line_at(file, one.from), "the test case checks nothing")
        end
        cases = cases + 1
      end
    end
    if is_test and cases == 0 then
      report(file.path, 1, "the file of tests has no TEST_CASE")
    end
  end
end

local function check_vain(file, report)
  for from, name in file.code:gmatch("()%f[%w_]([CR][HE][EQ][CU][KI]R?E?)%s*%(%s*true%s*%)") do
    report(source.line_at(file, from), name .. "(true) cannot fail")
  end
  for from in file.code:gmatch("()||%s*true%s*%)") do
    report(source.line_at(file, from), "|| true cannot fail")
  end
end

local function check_returns(file, report)
  local _, returns = functions.of_lua(file.code)
  if not returns then
    report(#file.lines, "the file returns nothing: a runbook or a module is what its file returns")
  end
end

local function needs_no_return(file)
  return not (file.path:find("^stdlib/") or file.path:find("^runbooks/"))
    or file.path:find("_test%.lua$") or file.path:find("/tests/")
    or file.text:find("^%-%-%-@meta") ~= nil or file.text:find("\n%-%-%-@meta") ~= nil
end

local function is_no_test(file)
  return not file.path:find("^tests/")
end

return {
  { name = "test-checks", check_tree = check_cases },
  { name = "test-vain", kinds = { cpp = true, h = true }, skip = is_no_test, check = check_vain },
  { name = "lua-returns", kinds = { lua = true }, skip = needs_no_return, check = check_returns },
}
