-- Runs as plain files: exported, read by others, checked, and put into another state folder.
local rig = require("rig")
local cases = {}

local function executed(w)
  w:book([[return runbook {
    summary = "The child",
    targets = { ["storage/box"] = { "put" } },
    run = function() storage("box"):put { key = "child", body = "1" } end,
  }]], "child")
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    run_runbook("child")
  ]]
  w:run():exits(0)
end

local function imported(w, words)
  return w:perilune("import @W@/out --state @W@/other " .. (words or ""))
end

function cases.exported_runs_are_imported_whole_and_verified(w)
  executed(w)
  w:perilune("export case --output @W@/out"):exits(0):says("2 runs are in")
  imported(w):exits(0):says("2 runs imported, 0 were there already, 0 refused")
  w:perilune("verify --all --state @W@/other"):exits(0):says("case: intact"):says_not("BROKEN")
  w:perilune("runs --state @W@/other --json"):exits(0):says('"outcome":"done"')
  w:perilune("report case --state @W@/other --format text"):exits(0):says("storage/box:put")
  imported(w):exits(0):says("0 runs imported, 2 were there already")
end

function cases.an_export_is_read_and_checked_without_the_program(w)
  executed(w)
  w:perilune("export --output @W@/out"):exits(0)
  -- The rule of README.txt, by another program.
  w:file("check.py", [[
import hashlib, json, os, sys
folder = sys.argv[1]
for line in open(folder + "/checkpoint"):
    words = line.split()
    if words[0] != "run":
        continue
    lines = open(f"{folder}/runs/{words[1]}/journal.jsonl", "rb").read().splitlines()
    head = b""
    for one in lines:
        json.loads(one)
        head = hashlib.sha256(head + one).digest()
    assert len(lines) == int(words[2]) and head.hex() == words[3], words[1]
    assert os.path.getsize(f"{folder}/runs/{words[1]}/report.html") > 1000
    print("checked", words[1])
]])
  local told, code = rig.shell(("python3 %s %s 2>&1"):format(rig.quoted(w.folder .. "/check.py"),
    rig.quoted(w.folder .. "/out")))
  w:equal(0, code, "The exit code of checking: " .. told)
  assert(told:find("checked case"), told)
end

function cases.an_altered_export_is_refused(w)
  executed(w)
  w:perilune("export case --output @W@/out"):exits(0)
  local journal = w:read("out/runs/case/journal.jsonl")
  w:file("out/runs/case/journal.jsonl", (journal:gsub('"done"', '"gone"', 1)))
  imported(w):exits(1):says("case: "):says("record")
  w:file("out/runs/case/journal.jsonl", journal)
  local lines = journal:gsub("[^\n]+\n$", "")
  w:file("out/runs/case/journal.jsonl", lines)
  imported(w):exits(1):says("counts")
  w:file("out/runs/case/journal.jsonl", journal)
  local code = rig.shell("ls " .. rig.quoted(w.folder .. "/out/code")):match("%x+")
  local book = "out/code/" .. code .. "/runbooks/book.lua"
  w:file(book, w:read(book) .. "-- more")
  imported(w):exits(1):says("is not the code that its name says")
  w:file("out/checkpoint", "nonsense")
  imported(w):exits(2):says("a checkpoint begins with")
end

function cases.a_signed_export_is_only_taken_from_its_signer(w)
  executed(w)
  w:perilune("checkpoint --new-key @W@/key"):exits(0)
  w:perilune("checkpoint --new-key @W@/stranger"):exits(0)
  w:perilune("export case --output @W@/out --key @W@/key"):exits(0)
  imported(w, "--public-key @W@/stranger.pub"):exits(2):says("another key")
  imported(w, "--public-key @W@/key.pub"):exits(0):says("2 runs imported")
end

function cases.runs_that_may_go_on_are_exported_but_not_imported(w)
  w:body [[ approve("Go on?") ]]
  w:run():exits(3)
  w:perilune("export case --output @W@/out"):exits(0):says("had not ended")
  imported(w):exits(1):says("had not ended when it was exported")
end

function cases.exports_of_nothing_or_into_something_are_refused(w)
  executed(w)
  w:file("out/there", "x")
  w:perilune("export case --output @W@/out"):exits(2):says("is not empty")
  w:perilune("export case"):exits(2):says("--output")
  w:perilune("export --since 2999-01-01T00:00:00Z --output @W@/new"):exits(2):says("no run")
  w:perilune("import @W@/nowhere"):exits(2):says("is no export")
end

return cases
