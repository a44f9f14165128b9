-- docs/testing.md: what it shows is executed, and what it lists is what there is.
local rig = require("rig")
local library = require("testing_library")

local cases = {}

local here = arg[0]:match("^(.*)/[^/]*$") or "."

local function page() return assert(rig.read(here .. "/../../docs/testing.md")) end

function cases.a_library_is_begun_in_a_new_folder_only(w)
  w:file("there/mine.txt", "mine")
  w:perilune("new @W@/there"):exits(2):says("is there already, and not empty")
  w:perilune("new @W@/Shop"):exits(2):says("cannot be a library's name")
end

local every_family = [[
kind: development
targets:
  cache/x: { driver: redis, url: "redis://x" }
  database/x: { driver: sqlite, path: x.db, backups: storage/x }
  deploy/x: { driver: local, folder: x, artifacts: a, command: [x], port: 18001 }
  dns/x: { driver: zone_file, path: zone, zone: x.example }
  http/x: { driver: http, url: "http://x.example" }
  metrics/x: { driver: datadog, api_key: a, application_key: b }
  notify/x: { driver: console }
  process/x: { driver: local, programs: { ls: { path: /bin/ls } } }
  schedule/x: { driver: crontab, path: tab }
  secrets/x: { driver: file_store, folder: s }
  storage/x: { driver: folder, path: b }
]]

-- Executes the body of a test, which raises what it has to tell.
local function told_by(w, body)
  w:file("library/tests/a_test.lua", "it(\"tells\", function()\n" .. body .. "\nend)")
  return library.told(w:perilune("test --json"):exits(1)).tests[1].message
end

-- The words in backticks of a cell, each without its arguments; sorted.
local function words_of(cell)
  local words, seen = {}, {}
  for word in cell:gmatch("`([%w_]+)") do
    if not seen[word] then words[#words + 1] = word end
    seen[word] = true
  end
  table.sort(words)
  return words, seen
end

function cases.the_testing_page_names_every_control_and_field(w)
  w:environment(every_family)
  local told = told_by(w, [[
    local w, lines = world "here", {}
    for _, target in ipairs(w.targets) do
      local fields = {}
      for name in pairs(w:look(target)) do fields[#fields + 1] = name end
      lines[#lines + 1] = target:match("^%a+") .. ":" .. table.concat(w:controls(target), " ")
        .. ":" .. table.concat(fields, " ")
    end
    error(table.concat(lines, "\n"), 0)]])
  local families = 0
  for family, controls, fields in told:gmatch("(%a+):([^:\n]*):([^:\n]*)") do
    local shown_controls, shown_fields = library.section("testing.md", "Worlds"):match(
      "\n| " .. family .. " | (.-) | (.-) |\n")
    if not shown_controls then error("The page has no family " .. family .. ".", 0) end
    w:equal(controls, table.concat(words_of(shown_controls), " "), "the controls of " .. family)
    local _, shown = words_of(shown_fields)
    for field in fields:gmatch("%S+") do
      if not shown[field] then error(family .. " lacks the field " .. field .. ".", 0) end
    end
    families = families + 1
  end
  w:equal(11, families, "families")
end

function cases.the_testing_page_names_only_words_that_there_are(w)
  local tests = library.section("testing.md", "Test files")
  local groups, asserts = tests:match("^(.-)\n`assert` has(.-)\n`assert%(")
  local lines = {}
  for row in asserts:gmatch("\n| (`.-) |") do
    for _, word in ipairs(words_of(row)) do
      lines[#lines + 1] = ("local _ = assert[%q]"):format(word)
    end
  end
  if #lines < 26 then error("The page's assertions were not found.", 0) end
  for row in groups:gmatch("\n| (`.-) |") do
    for _, word in ipairs(words_of(row)) do lines[#lines + 1] = "local _ = " .. word .. ".x" end
  end
  -- A function has no fields, a global that is not there is refused by its name.
  local body = {}
  for _, line in ipairs(lines) do
    body[#body + 1] = ("do local ok, err = pcall(function() %s end) if not ok and not "
      .. "tostring(err):find(\"attempt to index\", 1, true) then error(err, 0) end end")
      :format(line)
  end
  w:equal("That was all.", told_by(w, table.concat(body, "\n") .. "\nerror(\"That was all.\", 0)"),
    "what the words raise")
end

-- The words of worlds: those that the page names by `w:word` and `w.word`, and those that follow.
function cases.the_testing_page_names_the_words_that_a_world_has(w)
  w:environment(every_family)
  local source = rig.read(here .. "/../../stdlib/testing/world.lua")
  local table_of = library.section("testing.md", "Worlds"):match("\n(| | |\n.-)\n\n")
  local shown, found = {}, 0
  for cell in table_of:gmatch("\n| (`[^|]+`) |") do
    for span in cell:gmatch("`([^`]+)`") do
      shown[span:match("^w[:.]([%w_]+)") or span:match("^([%w_]+)$") or ""] = true
    end
  end
  local lines = {}
  local function need(word)
    found = found + 1
    if not shown[word] then error("The page lacks the word " .. word .. " of worlds.", 0) end
    lines[#lines + 1] = ("local _ = w[%q]"):format(word)
  end
  for word in source:gmatch("\nfunction methods%.([%w_]+)") do need(word) end
  for word in source:match("for _, command in ipairs {(.-)}"):gmatch("%a+") do need(word) end
  for word in source:match("\nlocal properties = {(.-)\n}"):gmatch("\n  ([%w_]+) = ") do
    need(word)
  end
  if found < 30 then error("Only " .. found .. " words were found.", 0) end
  for word in table_of:gmatch("`w[:.]([%w_]+)") do
    lines[#lines + 1] = ("local _ = w[%q]"):format(word)
  end
  w:equal("That was all.", told_by(w, "local w = world \"here\"\n" .. table.concat(lines, "\n")
    .. "\nerror(\"That was all.\", 0)"), "what the words raise")
end

function cases.the_testing_page_names_every_fault_and_rule(w)
  library.take(w, "tests/lua/fixtures/seeded")
  local told = library.told(w:perilune("explore page_once --json --runs 40"):exits(0))
  local text = library.section("testing.md", "Explorations")
  for _, faults in pairs(told.tried) do
    for fault in pairs(faults) do
      if not text:find("`" .. fault, 1, true) then
        error("It lacks the fault " .. fault .. ".", 0)
      end
    end
  end
  for _, path in ipairs { "invariants", "pointing", "undoing" } do
    local source = rig.read(here .. "/../../stdlib/testing/" .. path .. ".lua")
    local found = 0
    for _, pattern in ipairs { "add%(found, \"(.-)\"", "\n    add%(found,%s+\"(.-)\"",
      "local rule = \"(.-)\"" } do
      for rule in source:gmatch(pattern) do
        found = found + 1
        if not text:find(rule, 1, true) then error("It lacks the rule: " .. rule, 0) end
      end
    end
    if found == 0 then error("No rule was found in " .. path .. ".", 0) end
  end
end

return cases
