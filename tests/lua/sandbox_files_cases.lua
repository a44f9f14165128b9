-- Files that are no Lua text: they are refused whole before anything starts, and the host stays.
local cases = {}

local verbs = { "run book --environment here --no-input --json --run-id case",
  "plan book --environment here --no-input" }

-- The file is refused as a runbook, in a plan, by the check, and as a module that is required.
local function refused_everywhere(w, text, reason, reason_of_check)
  w:book(text)
  for _, words in ipairs(verbs) do
    w:perilune(words):exits(2):says("runbooks/book.lua"):says(reason):says_not("first half")
  end
  w:perilune("check"):exits(2):says("runbooks/book.lua"):says(reason_of_check or reason)
  w:file("library/lib/odd.lua", text)
  w:body("    return require('odd')")
  local loaded = w:run():says("lib/odd.lua"):says(reason):says_not("first half")
  if loaded.code ~= 2 and loaded.code ~= 3 then loaded:exits(2) end
  os.remove(w.folder .. "/library/lib/odd.lua")
  w:body("    return 1 + 1")
  w:perilune("run book --environment here --no-input --json"):exits(0):says('"value":2')
end

function cases.a_runbook_of_bytecode_is_refused(w)
  refused_everywhere(w, "\27LJ\2\12\0\255\255\255\255", "The file holds compiled Lua.",
    "Found bytecode")
end

function cases.bytecode_that_the_vm_itself_wrote_is_refused(w)
  refused_everywhere(w, string.dump(loadstring("return runbook {}")), "compiled Lua",
    "Found bytecode")
end

function cases.a_runbook_that_is_nested_very_deep_is_refused(w)
  refused_everywhere(w, "return " .. ("("):rep(1e5) .. "1" .. (")"):rep(1e5),
    "more than 200 deep in each other")
end

function cases.every_kind_of_nesting_is_bounded(w)
  local function nested(opening, closing, count, between)
    return opening:rep(count) .. (between or "1") .. closing:rep(count)
  end
  for _, text in ipairs {
    "return " .. nested("{", "}", 1e5), "return " .. nested("- ", "", 1e5),
    "return " .. nested("not ", "", 1e5), "return " .. nested("'a'..", "", 1e5),
    "return " .. nested("2^", "", 1e5), nested("do ", "end ", 1e5, ""),
    nested("if a then ", "end ", 5e4, ""), nested("while a do ", "end ", 5e4, ""),
    nested("repeat ", "until a ", 5e4, ""), nested("for i = 1, 2 do ", "end ", 4e4, ""),
    "return " .. nested("function() return ", "end ", 4e4),
    "return a" .. ("()"):rep(1e5), "return a" .. (".b"):rep(1e5), "return a" .. ("[1]"):rep(1e5),
    "return a" .. ("{}"):rep(1e5), "return 1" .. ("+1"):rep(1e5),
    "local a = 1 if a then " .. ("elseif a then "):rep(5e4) .. "end",
  } do
    w:book(text)
    w:run():exits(2):says("runbooks/book.lua"):says("load_failed")
    w:perilune("plan book --environment here --no-input"):exits(2):says("runbooks/book.lua")
  end
  w:body("    return 1 + 1")
  w:run():exits(0):says('"value":2')
end

function cases.a_nul_byte_hides_no_code(w)
  refused_everywhere(w, "print('first half')\n\0os.exit(7)\n", "The file holds a NUL byte",
    "Found a NUL byte")
end

return cases
