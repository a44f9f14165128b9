-- What is refused before anything starts, with file, line and a suggestion.
local rig = require("rig")

local cases = {}

function cases.unknown_keys_are_refused_with_a_suggestion(w)
  w:book [[
return runbook {
  summary = "x",
  on_failur = "ask",
  run = function() end,
}
]]
  w:run():exits(2):says("runbooks/book.lua:1: runbook has no key on_failur")
    :says("Did you mean \\\"on_failure\\\"?")
end

function cases.options_are_refused_with_a_suggestion_and_a_place(w)
  w:body [[ step("x", { retrys = 3 }, function() end) ]]
  w:run():exits(3):says('step \\"x\\" has no option \\"retrys\\"')
    :says('Did you mean \\"retries\\"?'):says('"at":"runbooks/book.lua:10"')
end

function cases.wrong_types_and_ranges_name_the_option(w)
  w:body [[
    local messages = {}
    for _, given in ipairs { { retries = -1 }, { retries = 1.5 }, { retries = 0/0 },
      { timeout = "soon" }, { undo = true }, { on_failure = "panic" }, { when = 1 } } do
      messages[#messages + 1] = select(2, try(step, "x", given, function() end)).message
    end
    return messages
  ]]
  w:run():exits(0):says("the option retries of step"):says("a whole number from 0 to 1000")
    :says("the option timeout of step"):says("the option undo of step")
    :says('one of \\"ask\\", \\"undo\\", \\"stop\\"'):says("the option when of step")
end

function cases.numbers_that_no_call_must_trust_are_refused_by_name(w)
  w:body [[
    local messages = {}
    local function note(...) messages[#messages + 1] = select(2, try(...)).message end
    for _, given in ipairs { 0/0, 1/0, -1/0, -1, 2^53 + 2, 1e308, 1e10, "10", "0x10", true, {} } do
      note(sleep, given)
      note(step, "r", { timeout = given }, function() end)
      note(step, "r", { retries = given }, function() end)
    end
    for _, given in ipairs { -1, 0/0, 1/0, 2.5, "5000d" } do
      note(function() storage("box"):list { limit = given } end)
    end
    note(function() storage("box"):list { timeout = "5000d" } end)
    return messages
  ]]
  w:run():exits(0):says("sleep needs a duration of at most 10 years")
    :says("the option timeout of step"):says("the option retries of step")
    :says("limit of storage:list must be a number of at least 0")
    :says("limit of storage:list must be a whole number")
    :says("timeout of storage:list must be a duration of at most 10 years")
end

function cases.options_with_a_metatable_are_refused(w)
  w:body [[
    local asked = 0
    local options = setmetatable({}, { __index = function() asked = asked + 1 return 1 end })
    local _, failure = try(step, "x", options, function() end)
    return { asked, failure.message }
  ]]
  w:run():exits(0):says("a plain table, without a metatable")
end

function cases.a_syntax_error_has_file_and_line(w)
  w:book "return runbook {\n  summary = \"x\",\n  run = function() if end,\n}\n"
  w:run():exits(2):says("runbooks/book.lua:3")
end

function cases.a_file_that_returns_no_runbook_is_refused(w)
  w:book "return { summary = \"x\" }\n"
  w:run():exits(2):says("must return runbook { … }")
end

function cases.globals_are_refused_with_a_suggestion(w)
  w:body [[ setp("x", function() end) ]]
  w:run():exits(3):says("setp is not defined"):says('Did you mean \\"step\\"?')
  w:body [[ counter = 1 ]]
  w:perilune("run book --environment here --no-input --json"):exits(3)
    :says("Assignment to the global counter")
end

function cases.what_is_not_part_of_the_language_says_what_stands_for_it(w)
  w:body [[
    local seen = {}
    for _, body in ipairs { function() return io end, function() return os end,
      function() return load end, function() return debug end, function() return print end } do
      seen[#seen + 1] = select(2, pcall(body))
    end
    return seen
  ]]
  w:run():exits(0):says("io is not part of the language. Files are reached by operations")
    :says("now() and date()"):says("by require"):says("is written with log")
end

function cases.a_target_that_was_not_declared_is_refused_by_name(w)
  w:body [[
    local _, undeclared = try(function() storage("boxx"):get { key = "a" } end)
    local _, change = try(function() storage("other"):copy { key = "a", to_key = "b" } end)
    return { undeclared.message, undeclared.code, change.message }
  ]]
  w:run():exits(0):says("storage/boxx is not among the runbook's targets")
    :says("Did you mean"):says('"refused"'):says("do not allow copy on storage/other")
end

function cases.an_operation_that_is_not_there_is_refused_with_a_suggestion(w)
  w:body [[ storage("box"):putt { key = "a", body = "1" } ]]
  w:run():exits(3):says('The family storage has no operation putt.')
    :says('Did you mean \\"put\\"?')
end

function cases.arguments_are_checked_before_anything_is_sent(w)
  w:body [[
    local messages = {}
    local function refused(body) messages[#messages + 1] = select(2, try(body)).message end
    local box = storage("box")
    refused(function() box:put { kye = "a", body = "1" } end)
    refused(function() box:put { body = "1" } end)
    refused(function() box:put { key = {}, body = "1" } end)
    refused(function() box:put("a", "1") end)
    refused(function() box.put { key = "a" } end)
    refused(function() box:put { key = "a", body = setmetatable({}, {}) } end)
    refused(function() box:put { key = "a", body = function() end } end)
    refused(function() box:put { key = "a", body = 0/0 } end)
    local loop = {}; loop.loop = loop
    refused(function() box:put { key = "a", body = loop } end)
    return messages
  ]]
  w:run():exits(0):says("kye"):says("Did you mean"):says("needs"):says("one table of named")
    :says("with a colon"):says("is a table with a metatable"):says("is a function")
    :says("is not a number"):says("or holds itself")
  w:equal(0, w:count("kind='intent'"), "Intents")
end

function cases.an_environment_without_the_target_is_refused_before_the_start(w)
  w:environment "kind: development\ntargets:\n  storage/box: { driver: folder, path: ../box }\n"
  w:body "return 1"
  w:run():exits(2):says("has no target storage/other"):says("has no target notify/log")
  w:equal("0", w:sql("select count(*) from run"), "Runs")
end

function cases.unknown_and_duplicate_keys_of_an_environment_have_a_place(w)
  w:environment "kind: development\ntargets:\n  storage/box: { driver: folder, paht: ../box }\n"
  w:body "return 1"
  w:run():exits(2):says("environments/here.yaml:3"):says("Did you mean")
  w:environment "kind: development\nkind: staging\ntargets: {}\n"
  w:run():exits(2):says("environments/here.yaml:2")
end

function cases.a_runbook_that_is_not_there_is_suggested(w)
  w:body "return 1"
  w:perilune("run bok --environment here --json"):exits(2):says("Did you mean \\\"book\\\"?")
  w:perilune("run book --environment her --json"):exits(2):says("Did you mean \\\"here\\\"?")
  w:perilune("run book --json"):exits(2):says("The library has: here")
end

function cases.unknown_commands_and_options_are_suggested(w)
  w:body "return 1"
  w:perilune("resum case"):exits(2):says('Did you mean "resume"?')
  w:perilune("run book --enviroment here"):exits(2):says('Did you mean "--environment"?')
end

function cases.odd_files_are_refused_in_one_line_with_their_place(w)
  for name, text in pairs { empty = "", escape = "\27LJ\2\0", nul = "return 1\0 or 2",
    bytes = "return '\255\254'", } do
    w:book(text, name)
    w:perilune("run " .. name .. " --environment here --no-input"):exits(2)
      :says("runbooks/" .. name .. ".lua")
  end
  w:equal("0", w:sql("select count(*) from run"), "Runs")
end

function cases.what_is_no_plain_file_is_refused_by_name(w)
  local runbooks = w.folder .. "/library/runbooks/"
  local quoted = rig.quoted
  w:body "return 1"
  rig.shell("mkfifo " .. quoted(runbooks .. "pipe.lua") .. "; mkdir " .. quoted(runbooks
    .. "folder.lua") .. "; ln -s loop.lua " .. quoted(runbooks .. "loop.lua")
    .. "; head -c 104857600 /dev/zero >" .. quoted(runbooks .. "huge.lua"))
  for _, name in ipairs { "pipe", "folder", "loop", "huge" } do
    w:perilune("run " .. name .. " --environment here --no-input", 20):exits(2):says(name)
  end
  w:equal("0", w:sql("select count(*) from run"), "Runs")
end

function cases.words_that_are_no_parameters_are_refused_before_the_start(w)
  w:body("return params.name", [[parameters = {
    name = { type = "string", default = "none", help = "who" } }]])
  w:run("stray"):exits(2):says("stray")
  w:run("=value"):exits(2)
  w:run("name=" .. ("x"):rep(100000) .. " other=1"):exits(2):says("other")
  w:run("-- name=-dash"):exits(2):says("begins with a dash")
  w:equal("0", w:sql("select count(*) from run"), "Runs")
end

function cases.a_state_folder_that_cannot_be_written_is_named(w)
  w:body "return 1"
  w:file("state-file", "not a folder")
  w:perilune("run book --environment here --no-input --state @W@/state-file/below"):exits(2)
    :says("state-file")
end

function cases.a_state_folder_with_blanks_and_other_letters_works(w)
  w:body "return 1"
  w:perilune("run book --environment here --no-input --state '@W@/späte Ablage'"):exits(0)
end

function cases.a_byte_order_mark_and_crlf_are_read(w)
  w:book("\239\187\191return runbook {\r\n  summary = \"x\",\r\n  run = function()\r\n"
    .. "    return 1\r\n  end,\r\n}\r\n")
  local ended = w:run()
  if ended.code ~= 0 and ended.code ~= 2 then ended:exits(0) end
  if ended.code == 2 then ended:says("runbooks/book.lua") end
end

function cases.odd_run_ids_are_refused_or_distinct(w)
  w:body "return run.id"
  for _, id in ipairs { "../x", "a/b", "a\nb", ("x"):rep(1025) } do
    local ended = w:perilune("run book --environment here --no-input --json --run-id "
      .. rig.quoted(id))
    ended:exits(2)
  end
  w:equal("0", w:sql("select count(*) from run"), "Runs")
  w:perilune("run book --environment here --no-input --run-id Case"):exits(0)
  w:perilune("run book --environment here --no-input --run-id case"):exits(0)
  w:equal("2", w:sql("select count(*) from run"), "Runs")
end

function cases.a_target_that_the_environment_lacks_is_told_once(w)
  w:environment((w:default_environment():gsub("  storage/other:[^\n]*\n", "")))
  w:body [[ storage("box"):list {} ]]
  local ended = w:run():exits(2)
  local _, times = ended.all:gsub("storage/other", "")
  w:equal(1, times, "how often the missing target is named")
end

-- Line 10 of the file is the first of the body.
function cases.what_a_returned_call_raises_names_its_line(w)
  for _, call in ipairs { "step(\"A\", { retires = 2 }, function() end)",
    "step(\"A\", function() error(\"x\") end)", "storage(\"box\"):put { kee = \"a\" }",
    "storage(\"box\"):get { key = 1 }", "approve(\"A\", { role = 1 })", "duration(\"soon\")",
    "ensure(false)", "each({}, 1)", "wait_until(\"A\", {}, function() end)",
    "json.decode(\"{\")", "error(\"x\")", "run_runbook(\"none\")" } do
    w:body("    return " .. call)
    w:run():exits(3):says("\"at\":\"runbooks/book.lua:10\"")
    w:tell("cancel")
    os.execute("rm -rf '" .. w.folder .. "/state'")
  end
end

function cases.what_a_returned_call_in_a_module_raises_names_the_modules_line(w)
  w:file("library/lib/put.lua", "return function(key)\n"
    .. "  return storage(\"box\"):put { kee = key }\n"
    .. "end\n")
  w:body [[ return require("put")("a") ]]
  w:run():exits(3):says("\"at\":\"lib/put.lua:2\"")
end

function cases.a_declaration_that_is_refused_names_its_line(w)
  w:book("-- A comment.\nreturn runbook {\n  summary = \"A case\",\n  runn = 1,\n}\n")
  w:run():exits(2):says("runbooks/book.lua:2: runbook has no key runn")
end

function cases.a_returned_call_gives_all_its_values(w)
  w:body [[
    local function both() return try(function() return 1, nil, 3 end) end
    local a, b, c, d = both()
    ensure(a == true and b == 1 and c == nil and d == 3, "all values")
    local function deep(n) if n == 0 then return "end" end return deep(n - 1) end
    ensure(deep(200000) == "end", "own tail calls need no stack")
  ]]
  w:run():exits(0)
end

return cases
