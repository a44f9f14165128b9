-- Rules about the shape of C++ and Lua files: functions short, the purpose said in the first line.
local functions = require("functions")
local source = require("source")

local function_lines_max = 70

-- A runbook's own function is read from top to bottom, as it is executed: it may be longer.
local function check_functions(file, report)
  if file.path:find("^runbooks/[^/]+/runbooks/") then return end
  local found = file.is_cpp and functions.of_cpp(file.code) or functions.of_lua(file.code)
  for _, one in ipairs(found) do
    local first, last = source.line_at(file, one.from), source.line_at(file, one.to)
    if last - first + 1 > function_lines_max then
      report(first, ("%s has %d lines, of %d"):format(one.name, last - first + 1,
        function_lines_max))
    end
  end
end

-- The comment a file opens with, as one line; nil where it opens with none.
local function opening_comment(file)
  local mark = file.is_cpp and "^//+ ?(.*)" or "^%-%-+ ?(.*)"
  local pieces = {}
  for number, line in ipairs(file.lines) do
    local text = line:match(mark)
    if text then
      pieces[#pieces + 1] = text
    elseif number > 1 or not line:find("^#!") then
      break
    end
  end
  return #pieces > 0 and table.concat(pieces, " ") or nil
end

local function opens_with_own_header(file)
  local stem = file.path:match("^(.*)%.cpp$")
  return stem and file.lines[1] == ('#include "%s.h"'):format(stem)
end

local function check_opening(file, report)
  local comment = opening_comment(file)
  if not comment then
    if not opens_with_own_header(file) then
      report(1, "the file must open with a sentence, in a comment, that says what it is for")
    end
  elseif not comment:find("%w+%s+%w+.*[%.:%?!]") then
    report(1, "the comment at the top is no sentence that says what the file is for")
  end
end

local function check_once(file, report)
  if not file.text:find("\n#pragma once\n", 1, true) and not file.text:find("^#pragma once\n") then
    report(1, "the header has no #pragma once")
  end
end

local function is_generated(file)
  return file.path:find("^docs/reference/") ~= nil
end

local code_kinds = { cpp = true, h = true, c = true, lua = true }

return {
  { name = "function", kinds = code_kinds, skip = is_generated, check = check_functions },
  { name = "opening", kinds = code_kinds, skip = is_generated, check = check_opening },
  { name = "once", kinds = { h = true }, check = check_once },
}
