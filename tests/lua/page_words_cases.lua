-- What the pages of docs/ name in their sentences is executed too: each verb and each option of it.
local pages = require("pages")
local page_commands = require("page_commands")
local rig = require("rig")

local cases = {}

-- Who executes what no page does: a file of cases that has this text, or why nothing can.
local elsewhere = {
  ["settle --happened"] = { "tests/lua/from_run_cases.lua", "w:tell(\"settle\", \"--happened " },
  ["--happened"] = { "tests/lua/from_run_cases.lua", "w:tell(\"settle\", \"--happened " },
  ["--password-file"] = { "tests/lua/checkpoint_cases.lua", "--password-file " },
  ["--watch"] = { "tests/lua/test_command_cases.lua", "\"test --watch\"" },
  build = "It made the program that executes the cases.",
  fuzz = "./dev test executes its runner with a time of its own.",
  ["fuzz --minutes"] = "It goes on for minutes.",
  torture = "It goes on until it is stopped, or for minutes.",
  ["torture --minutes"] = "It goes on for minutes.",
  lint = "It reads all of the code for minutes.",
  ["lint --clang-tidy"] = "It reads all of the C++ for half an hour.",
  ["lint --threads"] = "It builds everything once more.",
  ["lint --memory"] = "It executes the crash tests, slowly.",
  ["test --suspended"] = "It takes as long as the tests themselves.",
  bench = "It measures the whole machine for minutes.",
  ["--rounds"] = "It measures the whole machine for minutes.",
  ["--only"] = "It measures the whole machine for minutes.",
}

local long = { ["-e"] = "--environment", ["-l"] = "--library", ["-o"] = "--output" }

-- A command's verb, and each option with the verb and alone.
local function words_of(text)
  local verb = text:match("^perilune (%l+)") or text:match("^%./dev (%l+)")
    or text:match("^(%l+)")
  local found = { verb }
  for _, word in ipairs(page_commands.words(text)) do
    local option = word:match("^%-%-?[%w-]+")
    if option then
      option = long[option] or option
      found[#found + 1] = verb and verb .. " " .. option or option
    end
  end
  return found, verb
end

-- What the blocks of all pages execute.
local function executed_words()
  local executed = {}
  for _, page in ipairs(pages.all()) do
    for _, block in ipairs((pages.read(page))) do
      for _, command in ipairs(block.kind == "sh" and pages.commands(block) or {}) do
        local text = command.text:match("perilune %l.*") or command.text:match("%./dev %l.*")
        for _, word in ipairs(text and words_of(text) or {}) do
          executed[word] = true
          executed[word:match("%-%-?[%w-]+$") or word] = true
        end
      end
    end
  end
  return executed
end

function cases.what_docs_name_in_sentences_is_executed_by_a_page_or_by_cases(w)
  local known, executed, used, problems = page_commands.known(), executed_words(), {}, {}
  for _, page in ipairs(pages.all()) do
    local ours = page:find("^docs/") or page == "README.md"
    for _, command in ipairs(ours and pages.quoted(page, known) or {}) do
      for _, word in ipairs((words_of(command.text))) do
        used[word] = not executed[word] or nil
        if not executed[word] and not elsewhere[word] then
          problems[#problems + 1] = ("%s:%d: %s: nothing executes %s"):format(page, command.line,
            command.text, word)
        end
      end
    end
  end
  for word, where in pairs(elsewhere) do
    if not used[word] then problems[#problems + 1] = "no page names " .. word end
    if type(where) == "table"
      and not rig.read(pages.root .. "/" .. where[1]):find(where[2], 1, true) then
      problems[#problems + 1] = ("%s does not execute %s"):format(where[1], word)
    end
  end
  w:equal("", table.concat(problems, "\n"), "What nothing executes")
end

return cases
