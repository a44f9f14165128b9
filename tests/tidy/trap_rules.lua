-- Rules about what g++ 12.2 miscompiles in coroutines, about loops over what is gone, and about
-- catching what must not be caught.
local source = require("source")

local closers = { ["("] = ")", ["["] = "]", ["{"] = "}" }

-- The place of the bracket that encloses `at`, and whether a `?` stands between them, in the same
-- statement.
local function enclosing(code, at)
  local depth, asked = 0, false
  for position = at - 1, 1, -1 do
    local char = code:sub(position, position)
    if char == ")" or char == "]" or char == "}" then
      depth = depth + 1
    elseif closers[char] then
      if depth == 0 then
        return position, asked
      end
      depth = depth - 1
    elseif depth == 0 and char == ";" then
      return nil, asked
    elseif depth == 0 and char == "?" then
      asked = true
    end
  end
  return nil, asked
end

local block_words = {
  ["else"] = true, ["do"] = true, ["try"] = true, const = true, noexcept = true, mutable = true,
  override = true, final = true,
}
local scope_words = { "namespace", "struct", "class", "union", "enum" }

-- Whether the brace at `at` begins a list of values and no block.
local function opens_values(code, at)
  local before = code:sub(math.max(1, at - 400), at - 1)
  local statement = before:match("[^;{}]*$")
  local last = statement:match("(%S)%s*$")
  if not last then
    -- Straight after another brace it is what that one is: a list in a list, a block in a block.
    local outer = code:sub(1, at - 1):match("(){%s*$")
    return outer ~= nil and opens_values(code, outer)
  elseif last == ")" or last == "]" or last == ":"
    or block_words[statement:match("([%w_]+)%s*$")] then
    return false
  end
  for _, word in ipairs(scope_words) do
    if statement:find("^%s*" .. word .. "%f[^%w_]") then
      return false
    end
  end
  return not statement:find("[%)%]][%s%l]*%->[%s%w_:<>,&*]+$")
end

-- Walks outwards from a co_await: is it a branch of `?:`, or within the braces of a list of values?
local function check_surroundings(code, at)
  while true do
    local opener, asked = enclosing(code, at)
    if asked then
      return "co_await in a branch of ?: is miscompiled by g++ 12.2; use if, or name the result"
    elseif not opener then
      return nil
    elseif code:sub(opener, opener) == "{" then
      return opens_values(code, opener)
        and "co_await within T{...} is miscompiled by g++ 12.2; name the result first" or nil
    end
    at = opener
  end
end

-- The awaited expression after a co_await: up to the end of the statement or of what encloses it.
local function awaited(code, at)
  local depth = 0
  for position = at, #code do
    local char = code:sub(position, position)
    if closers[char] then
      depth = depth + 1
    elseif char == ")" or char == "]" or char == "}" then
      depth = depth - 1
      if depth < 0 then
        return code:sub(at, position - 1)
      end
    elseif depth == 0 and (char == ";" or char == ",") then
      return code:sub(at, position - 1)
    end
  end
  return code:sub(at)
end

-- Lambdas among the arguments have statements of their own.
local function without_lambdas(expression)
  local before
  repeat
    before = expression
    expression = expression:gsub("(%][%s%w_]*)%b{}", "%1")
      :gsub("(%]%s*%b()[^{}(),]*)%b{}", "%1")
  until expression == before
  return expression
end

local function check_coroutines(file, report)
  for from, after in file.code:gmatch("()%f[%w_]co_await%f[^%w_]()") do
    local line = source.line_at(file, from)
    local expression = without_lambdas(awaited(file.code, after))
    if expression:find("[%(,]%s*{%s*[^%s}]") then
      report(line, "co_await f({...}) is miscompiled by g++ 12.2; name the argument first")
    end
    if (expression:match("%b()") or ""):find("?", 1, true) then
      report(line, "co_await f(a ? b : c) is miscompiled by g++ 12.2; name the argument first")
    end
    local trap = check_surroundings(file.code, from)
    if trap then
      report(line, trap)
    end
  end
end

-- Whether a loop goes through `a.b(c).list()` or `a.b(c)[d].map()`. A bracket that follows no name,
-- as in `(*a)[b].list()`, is no call; and what `list` and `map` return is a part of what has them.
local function goes_through_part(range)
  local whole = range:match("^(.*%S)%s*%.list%(%)$") or range:match("^(.*%S)%s*%.map%(%)$")
  local is_member = whole and whole:find("%]$") ~= nil
  while whole and whole:find("%b[]$") do
    whole = whole:gsub("%s*%b[]$", "")
  end
  if not whole or not whole:find("%)$") then
    return false
  elseif not is_member then
    return true
  end
  local called = whole:match("([%w_>]*)%s*%b()$")
  return called ~= "" and called ~= "list" and called ~= "map"
end

-- C++20 keeps what a call returns only to the end of the loop's head.
local function check_loops(file, report)
  for from, head in file.code:gmatch("()%f[%w_]for%s*(%b())") do
    local range = not head:find(";", 1, true) and head:match(":%s*([^:].*)%)$")
    if range and goes_through_part(range) then
      report(source.line_at(file, from),
        "the loop may go through a part of what is gone: name what the call returns first")
    end
  end
end

local function check_catch(file, report)
  for from in file.code:gmatch("()%f[%w_]catch%s*%(%s*%.%.%.%s*%)") do
    report(source.line_at(file, from),
      "catch (...) swallows Lua's own errors; catch const std::exception&")
  end
end

local cpp = { cpp = true, h = true }

return {
  { name = "coroutine", kinds = cpp, check = check_coroutines },
  { name = "loop", kinds = cpp, check = check_loops },
  { name = "catch", kinds = cpp, check = check_catch },
}
