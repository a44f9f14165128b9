-- What holds the pages would be worth nothing if it let wrong commands pass.
local pages = require("pages")
local page_commands = require("page_commands")
local page_follower = require("page_follower")

local cases = {}

local wrong = {
  ["perilune rnu recover-database"] = "there is no command rnu",
  ["perilune status --jsno"] = "there is no option --jsno",
  ["perilune run recover-database -e local --plan --json"] = "--plan has no value",
  ["perilune report last --format pdf"] = "--format cannot be pdf",
  ["perilune approve last Restore this backup?"] = "it takes no argument backup?",
  ["run --pland FILE"] = "there is no option --pland",
  ["--withn 8s"] = "no command has this option",
  ["--fail-fast 8s"] = "no command has this option",
  ["perilune run recover -e local"] = "there is no runbook recover",
  ["perilune run recover-database -e lokal"] = "there is no environment lokal",
  ["perilune run recover-database -e local ask=true"] =
    "recover-database has no parameter ask",
  ["perilune run recover-database -e local ask_first=maybe"] = "ask_first cannot be maybe",
  ["perilune run recover-database -e local pause=two"] = "pause cannot be two",
  ["perilune run deploy-shop -e local"] = "deploy-shop needs the parameter version",
  ["perilune drill shop-dies"] = "there is no ",
  ["./dev quikstart"] = "./dev has no verb quikstart",
  ["./dev torture --hours 1"] = "./dev torture has no option --hours",
}

function cases.a_wrong_command_of_a_page_is_found(w)
  local known, its = page_commands.known(), page_commands.library("README.md")
  for text, expected in pairs(wrong) do
    local problem = page_commands.problem(known, text, its) or "nothing"
    w:equal(expected, problem:sub(1, #expected), "What is wrong with " .. text)
  end
  for _, text in ipairs { "perilune settle RUN --happened | --did-not --reason TEXT",
    "perilune run … --plan plan.json", "perilune check --environment",
    "perilune run deploy-shop -e local version=VERSION & sleep 4", "./dev test --quick" } do
    w:equal("nothing", page_commands.problem(known, text, its) or "nothing", text)
  end
end

-- What following a page of this text raises; nil where it was followed.
local function raised(w, text)
  w:file("page.md", text)
  local ok, problem = pcall(page_follower.follow, w, w.folder .. "/page.md")
  w:file("followed/codes", "")
  return not ok and problem or nil
end

local function block(kind, body) return ("```%s\n%s\n```\n\n"):format(kind, body) end

function cases.a_page_is_not_followed_where_it_does_not_say_what_happens(w)
  local function fails(text, expected)
    local problem = raised(w, text) or "It was followed."
    if not problem:find(expected, 1, true) then
      error(problem .. "\ninstead of: " .. expected, 0)
    end
  end
  fails(block("sh", "true\nfalse"), "page.md:3: false\nended with 1 instead of 0")
  fails(block("sh", "true   # exit code 3"), "ended with 0 instead of 3")
  fails(block("sh", "perilune verison"), "ended with 2 instead of 0")
  fails(block("sh", "echo one two") .. block("text", "one … three"), "It is not shown")
  fails(block("sh", "printf 'b\\na\\n'") .. block("text", "a\nb"), "in another order: b")
  fails(block("text", "one"), "No command is before it")
  fails(block("lua", "return 1"), "names no file for it")
  fails(block("sh", "perilune run x --environment production"), "It would act on production")
  fails(block("sh", "sleep 0.1 &   # wait until it shows: nothing of that"), "instead of 0")
end

function cases.a_page_is_followed_in_one_shell_with_its_files(w)
  w:equal(nil, raised(w, block("sh", "mkdir -p a/b; cd a\nX=7") .. "Into `b/c.txt`:\n\n"
    .. block("yaml", "x: 1") .. block("sh", "cat b/c.txt; echo X is $X, and \\\n  no more\n"
    .. "(sleep 0.2; echo ready; sleep 9) &   # wait until it shows: ready\nkill $!")
    .. block("text", "x: 1\nX is …, and no more\nready")), "What is wrong with a right page")
end

function cases.what_hides_commands_in_a_page_is_found(w)
  w:file("page.md", "    perilune status\n\n" .. block("", "./dev test")
    .. block("console", "$ perilune runs") .. block("bash", "make"))
  local found = pages.hidden(w.folder .. "/page.md")
  w:equal(4, #found, "Commands that are hidden")
  w:file("page.md",
    "Say `perilune\nstatus`, `--plan FILE` or\n`plan --continue RUN`; no `step` word.\n")
  local quoted = pages.quoted(w.folder .. "/page.md", page_commands.known())
  w:equal("perilune status 1 --plan FILE 2 plan --continue RUN 3", ("%s %d %s %d %s %d"):format(
    quoted[1].text, quoted[1].line, quoted[2].text, quoted[2].line, quoted[3].text,
    quoted[3].line), "Commands in the text")
end

return cases
