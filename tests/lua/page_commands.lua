-- Whether a command that a page shows is one that the program takes, by what the program says of
-- itself: `perilune docs commands`, `./dev help`, and `perilune list --json` of a page's library.
local rig = require("rig")
local pages = require("pages")
local json = require("vocabulary.json_reader")

local M = {}

local programs = os.getenv("PERILUNE_BIN") or ".build/release/bin"

-- The rows of a section's tables: options by each of their names, arguments in their order.
local function read_section(text)
  local command = { options = {}, usage = text:match("\n    (perilune [^\n]+)") }
  for cell, doc in text:gmatch("\n| `(%-[^`]*)` | ([^\n]*)") do
    local value = cell:match(" (%u+)$")
    for name in cell:gmatch("%-[%w-]+") do command.options[name] = { value = value, doc = doc } end
  end
  local _, arguments = (command.usage or ""):gsub("%f[%u]%u+%f[%W]", "")
  command.arguments = (command.usage or ""):find("…", 1, true) and math.huge or arguments
  return command
end

---The program's commands by their names.
function M.known()
  local text, code = rig.shell(rig.quoted(programs .. "/perilune") .. " docs commands")
  assert(code == 0, text)
  local common = read_section(assert(text:match("\n## Options of every command\n(.*)$"))).options
  local known, found = {}, 0
  for name, body in (text:gsub("\n## ", "\n### ") .. "\n### "):gmatch("### (%l+)\n(.-)%f[#]") do
    known[name], found = read_section(body), found + 1
    for option, what in pairs(common) do known[name].options[option] = what end
  end
  assert(found > 30 and common["--state"] and known.run.options["-e"].value == "NAME", text)
  return known
end

-- The words of a command as a shell would cut it; what follows a pipe or an ampersand is none.
function M.words(text)
  local words, word, quote = {}, nil, nil
  for letter in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    if quote then
      if letter == quote then quote = nil else word = word .. letter end
    elseif letter == "'" or letter == '"' then
      quote, word = letter, word or ""
    elseif letter:find("%s") then
      words[#words + 1], word = word, nil
    elseif letter == "&" or letter == ";" or letter == ">" then
      break
    else
      word = (word or "") .. letter
    end
  end
  words[#words + 1] = word
  return words
end

-- A value that stands for another: RUN, "…", TIME. Those can only be looked at as such.
local function is_placeholder(text)
  return text:find("…", 1, true) or text:find("$", 1, true) or text:find("^[%u_]+$")
end

local function contains(list, wanted)
  for _, one in ipairs(list) do
    if one == wanted then return true end
  end
end

local function problem_of_option(command, name, value)
  local option = command.options[name]
  if not option then return "there is no option " .. name end
  if option.value == "FORMAT" and value and not is_placeholder(value)
    and not option.doc:find("%f[%w]" .. value .. "%f[%W]") then
    return ("%s cannot be %s"):format(name, value)
  end
end

-- Cuts the words behind the command into options and the rest; the first problem where there is.
local function parse(command, words)
  local options, rest, index = {}, {}, 3
  while words[index] do
    local word = words[index]
    if word:sub(1, 1) == "-" then
      local name, value = word:match("^(%-[%w-]+)=(.*)$")
      name = name or word
      local option = command.options[name]
      if option and option.value and not value and words[index + 1] then
        index = index + 1
        value = words[index]
        if value:sub(1, 1) == "-" then return nil, name .. " has no value" end
      end
      local problem = problem_of_option(command, name, value)
      if problem then return nil, problem end
      options[name] = value or true
    elseif word ~= "|" and word ~= "…" then
      rest[#rest + 1] = word
    end
    index = index + 1
  end
  if #rest > command.arguments then return nil, "it takes no argument " .. rest[#rest] end
  return { options = options, rest = rest }
end

-- What values of a type look like on a page.
local forms = { time = "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", integer = "^%-?%d+$",
  duration = "^%d+%l+$" }

local function problem_of_parameter(runbook, word)
  local name, value = word:match("^([%w_]+)=(.*)$")
  if not name then return ("%s is no parameter"):format(word) end
  for _, parameter in ipairs(runbook.parameters) do
    if parameter.name == name then
      local allowed = parameter.type == "boolean" and { "true", "false" } or parameter.enum
      local form = forms[parameter.type]
      if not is_placeholder(value) and (allowed and not contains(allowed, value)
        or form and not value:find(form)) then
        return ("%s cannot be %s"):format(name, value)
      end
      return nil
    end
  end
  return ("%s has no parameter %s"):format(runbook.name, name)
end

-- What is given to a runbook: its parameters, all of those that it needs and that the environment
-- does not set.
local function problem_of_parameters(runbook, words, set)
  if not runbook.parameters_known then return nil end
  local given = {}
  for name in pairs(set or {}) do given[name] = true end
  for index = 2, #words do
    if words[index] ~= "…" then
      local problem = problem_of_parameter(runbook, words[index])
      if problem then return problem end
      given[words[index]:match("^[%w_]+")] = true
    end
  end
  for _, parameter in ipairs(runbook.parameters) do
    if parameter.required and not given[parameter.name] then
      return ("%s needs the parameter %s"):format(runbook.name, parameter.name)
    end
  end
end

local function names_in(list)
  local names = {}
  for index, one in ipairs(list) do names[index] = one.name end
  return names
end

-- What an environment sets, by runbook.
local function parameters_of(library, name)
  for _, environment in ipairs(library.environments) do
    if environment.name == name then return environment.parameters or {} end
  end
  return {}
end

-- Names of runbooks, environments, drills and explorations that the page's library has.
local function problem_in_library(library, verb, parsed)
  local name = parsed.rest[1]
  local environment = parsed.options["--environment"] or parsed.options["-e"]
  if type(environment) == "string" and not is_placeholder(environment)
    and not contains(names_in(library.environments), environment) then
    return "there is no environment " .. environment
  end
  if not name or is_placeholder(name) then return nil end
  if verb == "run" or verb == "plan" then
    for _, runbook in ipairs(library.runbooks) do
      if runbook.name == name then
        return environment and problem_of_parameters(runbook, parsed.rest,
          parameters_of(library, environment)[name])
      end
    end
    return "there is no runbook " .. name
  end
  local folder = ({ drill = "drills", explore = "explorations" })[verb]
  local path = folder and ("%s/%s/%s.lua"):format(library.folder, folder, (name:gsub("-", "_")))
  if path and not rig.read(path) then return "there is no " .. path end
end

local function dev_help() return (rig.shell(rig.quoted(pages.root .. "/dev") .. " help")) end

local function problem_of_dev(words)
  local doc = dev_help():match("\n  (" .. words[2]:gsub("%p", "%%%0") .. "%f[%W].-)\n%s-\n")
  if not doc then return "./dev has no verb " .. words[2] end
  for index = 3, #words do
    local name = words[index]
    if name:sub(1, 2) == "--" and not doc:find(name, 1, true)
      and not (words[2] == "quickstart" and name == "--keep") then
      return ("./dev %s has no option %s"):format(words[2], name)
    end
  end
end

-- An option by itself is one of any command.
local function problem_of_bare_option(known, words)
  for _, command in pairs(known) do
    local option = command.options[words[1]]
    if option and (option.value or not words[2] or words[2]:sub(1, 1) == "-") then return nil end
  end
  if dev_help():find("%[" .. words[1]:gsub("%p", "%%%0") .. "%f[%W]") then return nil end
  return "no command has this option"
end

---What is wrong with a command; nil where nothing is. `library` may be nil.
function M.problem(known, text, library)
  local words = M.words(text)
  if words[1] == "./dev" then return problem_of_dev(words) end
  if words[1]:sub(1, 2) == "--" then return problem_of_bare_option(known, words) end
  if words[1] ~= "perilune" then table.insert(words, 1, "perilune") end
  local command = known[words[2]]
  if not command then return "there is no command " .. tostring(words[2]) end
  local parsed, problem = parse(command, words)
  return problem or library and problem_in_library(library, words[2], parsed) or nil
end

---Executes `perilune WORDS` for a library: what it told, and its exit code.
function M.execute(folder, words)
  return rig.shell(("%s %s --library %s </dev/null 2>&1"):format(
    rig.quoted(programs .. "/perilune"), words, rig.quoted(folder)))
end

---What `perilune list` says of the library that a page is about; nil where it is about none.
function M.library(page)
  local folder = page:match("^(runbooks/.*)/README%.md$")
    or page == "README.md" and "runbooks/quickstart"
  folder = folder and pages.root .. "/" .. folder
  if not folder or not rig.read(folder .. "/perilune.yaml") then return nil end
  local told, code = M.execute(folder, "list --json")
  assert(code == 0, told)
  return json.read(told)
end

return M
