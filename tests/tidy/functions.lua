-- Finds the functions of C++ and Lua files in their blanked code, with where each begins and ends.
local M = {}

local after_parameters = {
  const = true, noexcept = true, override = true, final = true, mutable = true, try = true,
}

-- The text before a brace, without templates and access labels, which would look like classes.
local function clean(header)
  header = header:gsub("template%s*%b<>", function(text)
    return (" "):rep(#text)
  end)
  local label
  repeat
    label = header:match("^%s*public%s*:") or header:match("^%s*private%s*:")
      or header:match("^%s*protected%s*:")
    if label then
      header = (" "):rep(#label) .. header:sub(#label + 1)
    end
  until not label
  return header
end

local function ends_in_parameters(header)
  local tail = header:match("%)([%s%w_&]*)$")
  if not tail then
    return header:find("%)[%s%w_]*%->[^;()]*$") ~= nil
  end
  for word in tail:gmatch("[%w_]+") do
    if not after_parameters[word] then
      return false
    end
  end
  return true
end

-- What the brace after `header` opens: "scope", "function" or "values".
function M.kind_of_brace(header)
  header = clean(header)
  if header:find("^%s*TEST_SUITE") or header:find("%f[%w_]namespace%f[^%w_]")
    or header:find('^%s*extern%s+"') then
    return "scope"
  elseif ends_in_parameters(header) or header:find("%]%s*$") then
    return "function"
  elseif header:find("}%s*$") and header:find("%)%s*[%l%s]*:[^:]") then
    return "function"
  elseif not header:find("[=(]") and not header:find("%f[%w_]enum%f[^%w_]")
    and (header:find("%f[%w_]class%f[^%w_]") or header:find("%f[%w_]struct%f[^%w_]")
      or header:find("%f[%w_]union%f[^%w_]")) then
    return "scope"
  end
  return "values"
end

-- The functions of a C++ file, outermost only: { name, from, to, body_from } as positions.
function M.of_cpp(code)
  local functions, at, header_from = {}, 1, 1
  while true do
    local found = code:find("[;{}]", at)
    if not found then
      return functions
    end
    at = found + 1
    if code:sub(found, found) ~= "{" then
      header_from = at
    else
      local header = code:sub(header_from, found - 1)
      local kind = M.kind_of_brace(header)
      local _, last = code:find("^%b{}", found)
      if kind == "scope" then
        header_from = at
      elseif last then
        at = last + 1
        if kind == "function" then
          local cleaned = clean(header)
          functions[#functions + 1] = {
            name = cleaned:match("([%w_~:]+)%s*%(") or "a lambda",
            from = header_from + #cleaned:match("^%s*"), body_from = found, to = last,
          }
          header_from = at
        end
      end
    end
  end
end

local opens = { ["function"] = true, ["if"] = true, ["do"] = true, ["repeat"] = true }

-- The functions of a Lua file, nested ones too, and whether the chunk itself returns something.
-- `describe` only groups tests, so the function given to it is none.
function M.of_lua(code)
  local functions, open, returns = {}, {}, false
  for from, word, after in code:gmatch("()%f[%w_]([%a_][%w_]*)()") do
    if opens[word] then
      local before = code:sub(math.max(1, from - 400), from - 1)
      open[#open + 1] = {
        word = word, from = from, name = code:match("^%s*([%w_][%w_%.:]*)", after),
        groups = before:find('describe%s*%(%s*"%s*"%s*,%s*$') ~= nil,
      }
    elseif word == "end" or word == "until" then
      local closed = table.remove(open)
      if closed and closed.word == "function" and not closed.groups then
        functions[#functions + 1] = {
          name = closed.name or "a function", from = closed.from, to = after - 1,
        }
      end
    elseif word == "return" and #open == 0 then
      returns = true
    end
  end
  return functions, returns
end

return M
