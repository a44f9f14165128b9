-- Pages: every command that one shows is executed, or is at least one that the program takes.
local json = require("vocabulary.json_reader")
local rig = require("rig")
local pages = require("pages")
local page_commands = require("page_commands")
local page_follower = require("page_follower")

local cases = {}

local function port_that_is_free()
  return (rig.shell("python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); "
    .. "print(s.getsockname()[1])'"))
end

-- A checkout of the case's own with the quickstart: its shop has a port of its own, and `./dev
-- quickstart` is what it executes once it has built. Gives what follow() needs.
local function checkout(w, folder)
  local root, port = w.folder .. "/checkout", port_that_is_free()
  local _, code = rig.shell(("mkdir -p %s/runbooks && cp -r %s/runbooks/quickstart %s/runbooks/")
    :format(rig.quoted(root), rig.quoted(pages.root), rig.quoted(root)))
  w:equal(0, code, "copying the quickstart")
  local shop = root .. "/runbooks/quickstart"
  for _, path in ipairs { "start", "environments/local.yaml" } do
    local text = rig.read(shop .. "/" .. path)
    if not text:find("18480", 1, true) then error(path .. " has another port.", 0) end
    w:file("checkout/runbooks/quickstart/" .. path, (text:gsub("18480", port)))
  end
  w:file("checkout/dev", "#!/bin/sh\n[ \"$1\" = quickstart ] && shift && "
    .. "exec runbooks/quickstart/start \"$@\"\nexit 2\n")
  rig.shell(("chmod +x %s/dev %s/start"):format(rig.quoted(root), rig.quoted(shop)))
  return { folder = root .. (folder or ""), ended = rig.quoted(shop .. "/start") .. " --stop",
    change = function(text) return (text:gsub("18480", port)) end }
end

local function empty(w)
  rig.shell(("rm -rf %s/library && mkdir %s/library"):format(w.folder, w.folder))
  return {}
end

-- The double of a page has a port of its own too.
local function with_a_double(w)
  local port = port_that_is_free()
  empty(w)
  return { change = function(text) return (text:gsub("18481", port)) end }
end

-- Each page that has commands, and the world in which a case follows it from its first command.
local followed = {
  ["README.md"] = checkout,
  ["docs/authoring.md"] = with_a_double,
  ["docs/coverage.md"] = checkout,
  ["docs/drills.md"] = empty,
  ["docs/language.md"] = empty,
  ["docs/operating.md"] = checkout,
  ["docs/start.md"] = empty,
  ["docs/testing.md"] = empty,
  ["runbooks/quickstart/README.md"] = checkout,
}

-- What no case executes, and why. Each stands in its page exactly so.
local not_executed = {
  ["README.md"] = {
    { "./dev test", "It executes these cases." },
  },
}

for page, prepare in pairs(followed) do
  local name = page:gsub("%.md$", ""):gsub("%W", "_"):lower()
  cases["the_page_" .. name .. "_can_be_followed"] = function(w)
    local options = prepare(w)
    options.skip = {}
    for _, one in ipairs(not_executed[page] or {}) do options.skip[one[1]] = true end
    page_follower.follow(w, page, options)
  end
end

function cases.every_page_with_commands_is_followed()
  local found = {}
  for _, page in ipairs(pages.all()) do
    for _, hidden in ipairs(pages.hidden(page)) do
      error(("%s:%d: Put it into a block that begins with ```sh, so that it is executed: %s")
        :format(page, hidden.line, hidden.text), 0)
    end
    for _, block in ipairs((pages.read(page))) do
      if block.kind == "sh" then found[page] = block.line end
    end
  end
  for page, line in pairs(found) do
    if not followed[page] then
      error(("%s:%d: No case follows this page; name it in `followed`."):format(page, line), 0)
    end
  end
  for page in pairs(followed) do
    if not found[page] then error(page .. " shows no command.", 0) end
  end
end

-- Every command of a page, quoted in its text or in its blocks.
local function commands_of(page, known)
  local all = pages.quoted(page, known)
  for _, block in ipairs((pages.read(page))) do
    if block.kind == "sh" then
      for _, command in ipairs(pages.commands(block)) do
        local ours = command.text:find("^perilune ") or command.text:find("^%./dev ")
        if ours and command.code ~= 2 then all[#all + 1] = command end
      end
    end
  end
  return all
end

function cases.every_command_that_a_page_quotes_is_one_the_program_takes(w)
  local known, looked_at, problems = page_commands.known(), 0, {}
  for _, page in ipairs(pages.all()) do
    local its = page_commands.library(page)
    for _, command in ipairs(commands_of(page, known)) do
      local problem = page_commands.problem(known, command.text, its)
      if problem then
        problems[#problems + 1] = ("%s:%d: %s: %s"):format(page, command.line, command.text,
          problem)
      end
      looked_at = looked_at + 1
    end
  end
  w:equal("", table.concat(problems, "\n"), "What is wrong with commands of pages")
  w:equal(true, looked_at > 200, "At least 200 commands were found")
end

function cases.what_teams_pages_quote_and_needs_no_provider_is_executed(w)
  local known, executed, harmless = page_commands.known(), 0, { check = true, list = true }
  for _, page in ipairs(pages.all()) do
    local its = page:find("^runbooks/") and page_commands.library(page)
    for _, command in ipairs(its and pages.quoted(page, known) or {}) do
      local verb, rest = command.text:match("^perilune (%l+)(.*)$")
      if harmless[verb] and not rest:find("%u") then
        local told, code = page_commands.execute(its.folder, verb .. rest)
        w:equal(0, code, command.text .. " in " .. page .. " says " .. told)
        executed = executed + 1
      end
    end
  end
  w:equal(true, executed >= 4, "Four teams' pages quote such commands")
end

function cases.the_commands_of_pages_that_nothing_executes_are_few(w)
  local count = 0
  for page, list in pairs(not_executed) do
    local shown = {}
    for _, block in ipairs((pages.read(page))) do
      for _, command in ipairs(block.kind == "sh" and pages.commands(block) or {}) do
        shown[command.text] = true
      end
    end
    for _, one in ipairs(list) do
      if not shown[one[1]] then error(page .. " does not show: " .. one[1], 0) end
      count = count + 1
    end
  end
  w:equal(1, count, "Commands that no case executes")
end

local function has_word(text, name)
  return text:find("%f[%w-]" .. name:gsub("%-", "%%-") .. "%f[^%w-]") ~= nil
end

-- What a team's production starts by itself, by the environment's file.
local function starts_of(folder)
  return json.read((rig.shell(("python3 -c 'import json, sys, yaml; print(json.dumps(list("
    .. "yaml.safe_load(open(sys.argv[1])).get(\"starts\", {}))))' %s/environments/production.yaml")
    :format(rig.quoted(folder)))))
end

function cases.a_teams_page_names_each_of_its_runbooks_and_drills_and_what_starts_by_itself(w)
  local teams, problems = 0, {}
  for _, page in ipairs(pages.all()) do
    local its = page:find("^runbooks/") and page_commands.library(page)
    if its and rig.read(its.folder .. "/environments/production.yaml") then
      local text, drilled = rig.read(pages.root .. "/" .. page), ""
      for paragraph in (text .. "\n\n"):gmatch("(.-)\n\n") do
        if paragraph:find("perilune drill", 1, true) then drilled = drilled .. paragraph end
      end
      teams = teams + 1
      for _, runbook in ipairs(its.runbooks) do
        if not has_word(text, runbook.name) then
          problems[#problems + 1] = ("%s: the runbook %s"):format(page, runbook.name)
        end
      end
      for path in rig.shell("ls " .. rig.quoted(its.folder) .. "/drills"):gmatch("([%w_]+)%.lua") do
        if not has_word(drilled, (path:gsub("_", "-"))) then
          problems[#problems + 1] = ("%s: the drill %s"):format(page, path)
        end
      end
      local rows = text:match("`starts:`.-\n(|.-)\n\n") or ""
      for _, name in ipairs(starts_of(its.folder)) do
        local found = false
        for cell in ("\n" .. rows):gmatch("\n|([^|]*)|") do
          found = found or has_word(cell, name)
        end
        if not found then problems[#problems + 1] = ("%s: the start of %s"):format(page, name) end
      end
    end
  end
  w:equal("", table.concat(problems, "\n"), "What teams' pages do not tell")
  w:equal(5, teams, "Teams with a page")
end

return cases
