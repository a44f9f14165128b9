-- Rules about any file's text: its length, its columns, its blanks, words and paths.
local length_max, column_max = 300, 100

local sized = { cpp = true, h = true, c = true, lua = true, sh = true, py = true }
local forbidden_words = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X", "HA" .. "CK" }
-- Paths of one person's machine. "/tmp" alone may stand as the fallback of TMPDIR, and a template
-- for mkdtemp makes a new folder.
local foreign_roots = { "home", "root", "Users", "tmp", "var/tmp", "wo" .. "rk" }

local function is_generated(file)
  return file.path:find("^docs/reference/") ~= nil
end

local function check_length(file, report)
  if #file.lines > length_max then
    report(length_max + 1, ("the file has %d lines, of %d: two ideas in one?"):format(
      #file.lines, length_max))
  end
end

local function check_columns(file, report)
  for number, line in ipairs(file.lines) do
    local _, columns = line:gsub("[^\128-\191]", "")
    if columns > column_max then
      report(number, ("the line has %d columns, of %d"):format(columns, column_max))
    end
  end
end

local function check_blanks(file, report)
  for number, line in ipairs(file.lines) do
    if line:find("\t", 1, true) then
      report(number, "a tab; indent with spaces, write \\t in texts")
    end
    if line:find("%s$") then
      report(number, "blanks at the end of the line")
    end
  end
  if #file.text > 0 and file.text:sub(-1) ~= "\n" then
    report(#file.lines, "the last line has no end")
  elseif file.text:find("\n\n$") then
    report(#file.lines, "empty lines at the end of the file")
  end
end

local function check_words(file, report)
  for number, line in ipairs(file.lines) do
    for _, word in ipairs(forbidden_words) do
      -- In braces it is a form such as Lua's escape of a code point.
      if (" " .. line):find("[^%w_{]" .. word .. "%f[^%w_]") then
        report(number, word .. " marks something unfinished: finish it, or make it an issue")
      end
    end
  end
end

local function check_paths(file, report)
  for number, line in ipairs(file.lines) do
    for _, root in ipairs(foreign_roots) do
      local path = (" " .. line):match("[^%w_%.%-%)}/](/" .. root .. "/[%w_%.%-]+)")
      if path and not line:find("XX" .. "XXXX", 1, true) then
        report(number, path .. " is a path of one machine; make it relative or take TMPDIR or HOME")
      end
    end
  end
end

return {
  { name = "length", kinds = sized, skip = is_generated, check = check_length },
  { name = "columns", kinds = sized, skip = is_generated, check = check_columns },
  { name = "blanks", check = check_blanks },
  { name = "words", check = check_words },
  { name = "paths", check = check_paths },
}
