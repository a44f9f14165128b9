-- What a script raises, logs and names: shown escaped everywhere, and never with a secret in it.
local rig = require("rig")

local cases = {}

local canary = "kV7qLm2ZtR9xWp4s"

-- What is printed holds no control byte, and a text's second line is indented below its first: it
-- cannot pass for a line of the program. (In a page it stays within its element.)
local function check_shown(w, words)
  local shown = w:perilune(words, 20)
  local at = shown.all:find("[%z\1-\9\11-\31\127]")
  if at or not words:find("html") and ("\n" .. shown.all):find("\nFAKE") then
    error(words .. " shows control bytes: " .. ("%q"):format(shown.all:sub(at or 1)), 0)
  end
  return shown
end

function cases.control_bytes_of_a_script_are_escaped_wherever_they_are_shown(w)
  w:body [[
    local text = "\27[2J\27]0;owned\7\27]8;;http://evil\27\\click\27]8;;\27\\\r\n"
      .. "FAKE: run succeeded"
    log(text, { [text] = text })
    keep("kept")
    step("Fails", function() error(text) end)
  ]]
  check_shown(w, "run book --environment here --no-input --run-id case"):exits(3)
    :says("FAKE: run succeeded")
  w:equal(1, w:count("kind='log'"), "Log records")
  w:equal("\27[2J", w:field("$.text", "kind='log'"):sub(1, 4), "The journal keeps what was said")
  for _, words in ipairs { "report case", "report case --format html", "report case --format "
    .. "markdown", "report case --json", "show case", "show case --json", "show case --records",
    "status case", "where case", "runs", "runs --json", "resume case --no-input",
    "undo case --no-input" } do
    check_shown(w, words)
  end
  w:body("    return 1 + 1", nil, "harmless")
  w:perilune("run harmless --environment here --no-input --json"):exits(0):says('"value":2')
end

-- The files of the case that hold a text, but for the secret's own.
local function found_in(w, form)
  w:file("form", form)
  local found = rig.shell(w:fill("grep -rlaF -f @W@/form @W@ | grep -v -e /secrets/ -e '/form$'"))
  os.remove(w.folder .. "/form")
  return found
end

function cases.a_secret_has_no_other_form_that_a_script_could_make(w)
  w:file("secrets/DB", canary)
  rig.shell(w:fill("chmod 700 @W@/secrets && chmod 600 @W@/secrets/DB"))
  w:environment("kind: development\nsecrets: { provider: file, folder: @W@/secrets }\n"
    .. w:default_environment():gsub("^kind: development\n", ""))
  w:body [[
    local handle = secret("DB")
    local seen = {}
    local function note(f, ...)
      local ok, given = pcall(f, ...)
      seen[#seen + 1] = ok and tostring(given) or "refused"
    end
    note(function() return handle.reveal end)
    note(function() return handle:reveal() end)
    for _, name in ipairs { "upper", "lower", "reverse", "sub", "byte", "len", "rep", "gmatch" } do
      note(string[name], handle, 1)
      note(function() return handle[name](handle, 1) end)
    end
    note(string.gsub, handle, ".", function(c) return ("%02x"):format(c:byte()) end)
    note(string.find, handle, "k", 1, true)
    note(string.match, handle, ".")
    note(function() return #handle end)
    note(function() return handle < "l" end)
    note(function() return handle + 0 end)
    note(tonumber, handle)
    note(function() for key in pairs { [handle] = 1 } do return key end end)
    note(function() return step("name-" .. handle, function() end) end)
    note(json.encode, { handle })
    note(string.format, "%q", handle)
    note(string.format, "%s", handle)
    log(tostring(handle), { note = handle })
    log(handle)
    note(error, handle)
    note(table.concat, { "a", handle, "b" })
    return seen
  ]]
  w:run():exits(0)
  for _, words in ipairs { "report case", "report case --format html", "show case --records" } do
    local report = w:perilune(words)
    w:file("shown/" .. words:gsub("%W", ""), report.all)
  end
  local hex = canary:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  for _, form in ipairs { canary, canary:upper(), canary:lower(), canary:reverse(), hex,
    hex:upper(), canary:sub(1, 6), canary:sub(-6), "a1Y3cUxtMlp0Ujl4V3A0c" } do
    w:equal("", found_in(w, form), "Files that hold " .. form)
  end
end

return cases
