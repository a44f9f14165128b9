-- Rules about bindings: every family and driver has its test, every operation row its manual text.
local source = require("source")

local function each_file(tree, pattern, visit)
  for _, file in ipairs(tree.files) do
    if file.path:find(pattern) then
      visit(file)
    end
  end
end

local function check_families(tree, report)
  local tested, seen = {}, {}
  each_file(tree, "^tests/bindings/[^/]+/.*_test%.cpp$", function(file)
    tested[file.path:match("^tests/bindings/([^/]+)/")] = true
  end)
  each_file(tree, "^bindings/[^/]+/.*%.cpp$", function(file)
    local family = file.path:match("^bindings/([^/]+)/")
    if not tested[family] and not seen[family] then
      report(file.path, 1, ("bindings/%s has no test in tests/bindings/%s"):format(family, family))
    end
    seen[family] = true
  end)
end

-- The drivers a file defines: { name, line, provider }.
local function drivers_of(file)
  local found = {}
  for from, name, after in file.code:gmatch("()%f[%w_]const%s+DriverKind%s+([%w_]+)%s*()[={]") do
    found[#found + 1] = {
      name = name, line = source.line_at(file, from),
      provider = file.text:match('^[={%s]*"[^"]*"%s*,%s*"([^"]+)"', after)
        or file.text:sub(after, after + 200):match('%.name%s*=%s*"([^"]+)"'),
    }
  end
  return found
end

local function is_named_in_tests(tree, driver)
  for _, file in ipairs(tree.files) do
    if file.path:find("^tests/") and not file.path:find("^tests/tidy/") then
      if file.text:find("%f[%w_]" .. driver.name .. "%f[^%w_]")
        or driver.provider and file.text:find('"' .. driver.provider .. '"', 1, true) then
        return true
      end
    end
  end
  return false
end

local function check_drivers(tree, report)
  each_file(tree, "^bindings/.*%.cpp$", function(file)
    for _, driver in ipairs(drivers_of(file)) do
      if not is_named_in_tests(tree, driver) then
        report(file.path, driver.line, ("no test names the driver %s"):format(driver.name))
      end
    end
  end)
end

-- Calls `visit` with the first and last position of every braced list straight within the one that
-- begins at `from`.
local function each_list(code, from, visit)
  local at, _, last = from + 1, code:find("^%b{}", from)
  while last do
    local open = code:find("[{(]", at)
    if not open or open >= last then
      return
    end
    local _, close = code:find(code:sub(open, open) == "{" and "^%b{}" or "^%b()", open)
    if not close then
      return
    end
    if code:sub(open, open) == "{" then
      visit(open, close)
    end
    at = close + 1
  end
end

-- Whether the row from `from` to `to` has a documentation text with something in it.
local function has_doc(file, from, to)
  local row = file.code:sub(from + 1, to - 1):gsub("%b{}", function(inner)
    return (" "):rep(#inner)
  end)
  local at = row:match("%.doc%s*=%s*()")
  if not at then
    return false
  end
  local doc = file.text:sub(from + at)
  local content = doc:match('^"([^\n]-)"') or doc:match('^R"[^%(]*%((.-)%)[^"]*"')
  return content == nil and doc:find("^[%a_]") ~= nil or (content or ""):find("%S") ~= nil
end

local function check_rows(file, report)
  local function check_row(from, to)
    if file.code:find("^{%s*{", from) then
      each_list(file.code, from, check_row)
    elseif not has_doc(file, from, to) then
      local name = file.text:sub(from, to):match('%.name%s*=%s*"([^"]*)"') or "without a name"
      report(source.line_at(file, from), ("the operation %s has no .doc"):format(name))
    end
  end
  for at in file.code:gmatch("%f[%w_]Operation%s+[%w_]+%s*%[[^%]]*%]%s*=?%s*(){") do
    each_list(file.code, at, check_row)
  end
  for at in file.code:gmatch("array<%s*Operation[%s%w_,]*>%s*[%w_]*[%s=%(]*(){") do
    each_list(file.code, at, check_row)
  end
end

local function is_no_binding(file)
  return not file.path:find("^bindings/")
end

return {
  { name = "family-test", check_tree = check_families },
  { name = "driver-test", check_tree = check_drivers },
  {
    name = "operation-doc", kinds = { cpp = true, h = true }, skip = is_no_binding,
    check = check_rows,
  },
}
