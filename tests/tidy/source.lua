-- One file as the rules see it: its kind, its lines, and its code with comments and texts blanked.
local M = {}

local kinds = {
  cpp = "cpp", h = "h", c = "c", lua = "lua", sh = "sh", py = "py", md = "md", yaml = "yaml",
  yml = "yaml", json = "json", cmake = "cmake", sql = "sql", html = "html", css = "css",
  js = "js", toml = "toml",
}

local function kind_of(path, text)
  if path:find("CMakeLists.txt", 1, true) then
    return "cmake"
  end
  local interpreter = text:match("^#!([^\n]*)")
  if interpreter then
    return interpreter:match("lua") or interpreter:match("python") and "py" or "sh"
  end
  return kinds[path:match("%.(%w+)$")]
end

-- Keeps lengths and line ends, so that a position in the code is the same position in the text.
local function blank(text)
  return (text:gsub("[^\n]", " "))
end

-- The position of the quote that ends a text begun at `from`, or of the line's last character.
local function quote_end(text, from)
  local quote, at = text:sub(from, from), from + 1
  while true do
    local found = text:find("[\\\n" .. quote .. "]", at)
    if not found then
      return #text
    end
    local char = text:sub(found, found)
    if char == quote then
      return found
    elseif char == "\n" then
      return found - 1
    end
    at = found + 2
  end
end

local function raw_text_end(text, from)
  local word = text:sub(math.max(1, from - 3), from - 1):match("[%w_]*$")
  if word ~= "R" and word ~= "u8R" and word ~= "uR" and word ~= "UR" and word ~= "LR" then
    return nil
  end
  local delimiter = text:match('^"([^%(%s]*)%(', from)
  local _, last = text:find(")" .. delimiter .. '"', from, true)
  return last or #text
end

-- In 1'000'000 the quotes separate digits.
local function separates_digits(text, at)
  local word = text:sub(math.max(1, at - 40), at - 1):match("[%w']*$")
  return word:find("^%d") ~= nil and text:find("^%x", at + 1) ~= nil
end

local function cpp_token_end(text, at)
  local char, two = text:sub(at, at), text:sub(at, at + 1)
  if two == "//" then
    return (text:find("\n", at, true) or #text + 1) - 1, "comment"
  elseif two == "/*" then
    local _, last = text:find("*/", at + 2, true)
    return last or #text, "comment"
  elseif char == '"' then
    return raw_text_end(text, at) or quote_end(text, at), "text"
  elseif char == "'" and not separates_digits(text, at) then
    return quote_end(text, at), "text"
  end
end

local function lua_token_end(text, at)
  local char = text:sub(at, at)
  local comment, level = text:match("^(%-?%-?)%[(=*)%[", at)
  if level and (comment == "" or comment == "--") then
    local _, last = text:find("]" .. level .. "]", at, true)
    return last or #text, comment == "" and "text" or "comment"
  elseif text:find("^%-%-", at) then
    return (text:find("\n", at, true) or #text + 1) - 1, "comment"
  elseif char == '"' or char == "'" then
    return quote_end(text, at), "text"
  end
end

-- The text with every comment and the inside of every quoted text made blank.
local function mask(text, starts, token_end)
  local pieces, at, kept = {}, 1, 1
  while true do
    local found = text:find(starts, at)
    if not found then
      break
    end
    local last, what = token_end(text, found)
    if last then
      local inside = text:sub(found, last)
      if what == "text" and #inside > 1 then
        inside = inside:sub(1, 1) .. blank(inside:sub(2, -2)) .. inside:sub(-1)
      else
        inside = blank(inside)
      end
      pieces[#pieces + 1] = text:sub(kept, found - 1) .. inside
      kept = last + 1
    end
    at = (last or found) + 1
  end
  return table.concat(pieces) .. text:sub(kept)
end

-- Directives may hold braces that belong to no function.
local function without_directives(code)
  local lines, continued = {}, false
  for line in (code .. "\n"):gmatch("([^\n]*)\n") do
    local directive = continued or line:find("^%s*#") ~= nil
    continued = directive and line:find("\\$") ~= nil
    lines[#lines + 1] = directive and blank(line) or line
  end
  return table.concat(lines, "\n")
end

local function code_of(file)
  if file.kind == "lua" then
    return mask(file.text, "[%-%[\"']", lua_token_end)
  elseif file.is_cpp then
    return without_directives(mask(file.text, "[/\"']", cpp_token_end))
  end
  return file.text
end

-- Makes a file of a path and its text. `code` is made when it is first asked for.
function M.make(path, text)
  local file = { path = path, text = text }
  file.kind = not text:find("%z") and kind_of(path, text) or nil
  file.is_cpp = file.kind == "cpp" or file.kind == "h" or file.kind == "c"
  file.lines = {}
  for line in (text:gsub("\n$", "") .. "\n"):gmatch("([^\n]*)\n") do
    file.lines[#file.lines + 1] = line
  end
  return setmetatable(file, {
    __index = function(this, name)
      if name == "code" then
        rawset(this, name, code_of(this))
        return rawget(this, name)
      end
    end,
  })
end

-- The number of the line that holds the byte at `position`.
function M.line_at(file, position)
  local _, breaks = file.text:sub(1, position - 1):gsub("\n", "")
  return breaks + 1
end

return M
