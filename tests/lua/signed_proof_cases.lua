-- What a signed journal proves afterwards: to verify, to an import, and to stock ssh-keygen.
local rig = require("rig")
local signing = require("signing")
local cases = {}
local by, forge = signing.by, signing.forge

local function approved(w)
  signing.people(w, { "anna", "ben", "carl" })
  signing.policy(w, "{ from: [lead], not_starter: yes }")
  w:body [[
    approve("Go on?", { role = "lead", detail = "Nothing is lost." })
    storage("box"):put { key = "a", body = "1" }
  ]]
  w:run(by("anna")):exits(3)
  w:tell("approve", by("ben") .. "--reason 'Looks right'"):exits(0)
  w:resume():exits(0)
end

function cases.the_signatures_of_a_run_are_verified_without_its_library(w)
  approved(w)
  signing.must("rm -r " .. rig.quoted(w.folder .. "/library/people.yaml"))
  w:perilune("verify case"):exits(0):says("2 signatures hold"):says_not("operating system")
  w:perilune("verify case --json"):exits(0):says('"signatures":2')
end

local tampered = {
  person_of_the_answer = { "answer", "record['who'] = 'carl'", "person: \"carl\"" },
  signature = { "answer", "s = record['signed']; i = s['signature'].rindex('\\n-----END') - 9; "
    .. "c = 'B' if s['signature'][i] == 'A' else 'A'; "
    .. "s['signature'] = s['signature'][:i] + c + s['signature'][i + 1:]",
    "Its text or its signature was changed" },
  text = { "answer", "s = record['signed']; s['text'] = s['text'].replace('lost', 'kept')",
    "it is not what ben signed" },
  reason = { "answer", "record['reason'] = 'He said so'", "it is not what ben signed" },
  decision = { "answer", "record['decision'] = 'reject'", "it is not what ben signed" },
  time = { "answer", "record['signed_at'] -= 86400", "it is not what ben signed" },
  question = { "question", "record['args']['detail'] = 'All is lost.'",
    "it is not what ben signed" },
  arguments = { "begin", "record['params'] = {'to': 'b'}", "it is not what anna signed" },
  starter = { "begin", "record['who'] = 'ben'", "it is not what ben signed" },
  proof_that_was_taken_away = { "answer", "del record['signed']", "no signature proves that" },
  proof_of_the_start_that_was_taken_away = { "begin", "del record['signed']",
    "no signature proves that" },
  approval_without_a_key = { "answer", "del record['signed']; record['who'] = 'ben@there'",
    "it should not have counted" },
}
for what, forged in pairs(tampered) do
  cases["verify_finds_a_forged_" .. what] = function(w)
    approved(w)
    forge(w, forged[1], forged[2])
    w:perilune("verify case"):exits(1):says("BROKEN"):says(forged[3])
    w:perilune("export case --output @W@/out"):exits(2):says("does not hold")
  end
end

function cases.an_export_is_verified_by_stock_ssh_keygen_and_by_import(w)
  approved(w)
  w:perilune("export case --output @W@/out"):exits(0)
  local files = rig.shell("cd " .. rig.quoted(w.folder) .. "/out/runs/case/signed && ls *.txt")
  local start, approval = files:match("^(%d+%-start)%.txt\n(%d+%-approve)%.txt$")
  assert(approval, files)
  local command = assert(w:read("out/README.txt"):match("\n  (ssh%-keygen [^\n]+)\n"))
  local function checked(name, person)
    local words = command:gsub("NAME", (name:gsub("%%", "%%%%"))):gsub("PERSON", person)
    return rig.shell(("cd %s/out/runs/case/signed && %s 2>&1"):format(rig.quoted(w.folder), words))
  end
  local told, code = checked(approval, "ben")
  w:equal(0, code, "The exit code of ssh-keygen: " .. told)
  assert(told:find('Good "perilune" signature for ben', 1, true), told)
  w:equal(0, select(2, checked(start, "anna")), "The exit code for the start")
  assert(select(2, checked(approval, "anna")) ~= 0, "It is not anna's.")
  w:file("out/runs/case/signed/" .. approval .. ".txt",
    (w:read("out/runs/case/signed/" .. approval .. ".txt"):gsub("right", "wrong")))
  assert(select(2, checked(approval, "ben")) ~= 0, "The text was changed.")
  w:perilune("import @W@/out --state @W@/other"):exits(0):says("1 runs imported")
  w:perilune("verify --all --state @W@/other"):exits(0):says("2 signatures hold")
end

-- An export whose journal was written anew, with a checkpoint and a row that fit it.
function cases.an_import_refuses_what_nobody_signed(w)
  approved(w)
  w:perilune("export case --output @W@/out"):exits(0)
  w:file("forge.py", [[
import hashlib, json, sys
out = sys.argv[1]
run = out + "/runs/case"
lines = []
head = b""
for line in open(run + "/journal.jsonl"):
    line = line.rstrip("\n").replace("Looks right", "Looks fine")
    head = hashlib.sha256(head + line.encode()).digest()
    lines.append(line)
open(run + "/journal.jsonl", "w").write("\n".join(lines) + "\n")
row = json.load(open(run + "/run.json"))
old = row["head"]
row["head"] = head.hex()
json.dump(row, open(run + "/run.json", "w"))
text = open(out + "/checkpoint").read().replace(old, head.hex())
open(out + "/checkpoint", "w").write(text)
]])
  signing.must(("python3 %s %s"):format(rig.quoted(w.folder .. "/forge.py"),
    rig.quoted(w.folder .. "/out")))
  w:perilune("import @W@/out --state @W@/other"):exits(1):says("0 runs imported")
    :says("Its text or its signature was changed")
end

function cases.glass_that_is_broken_by_a_person_is_signed_and_counted(w)
  signing.people(w, { "anna", "ben" })
  signing.policy(w, "{ from: [lead], count: 2, not_starter: yes }")
  w:body [[
    approve("First?", { role = "lead" })
    approve("Second?", { role = "lead" })
  ]]
  w:run(by("anna")):exits(5)
  w:run(by("anna") .. "--break-glass --reason 'the site is down'"):exits(3)
  for _, name in ipairs { "First?", "Second?" } do
    w:tell("approve", "'" .. name .. "' --break-glass" .. by("ben")):exits(2):says("--reason TEXT")
    w:tell("approve", "'" .. name .. "' --break-glass --reason 'both sleep'" .. by("ben")):exits(0)
    w:resume()
  end
  w:perilune("verify case"):exits(0):says("3 signatures hold")
  for _, form in ipairs { "text", "markdown", "html" } do
    w:perilune("report case --format " .. form):exits(0):says("policy was passed over 3 times")
      :says("the site is down"):says("both sleep (Second?)")
  end
  w:perilune("runs"):exits(0):says("! break glass: policy was passed over in 1 of 1")
  w:perilune("runs --json"):exits(0):says('"broke_glass":3')
  local text = w:field("$.signed.text", "kind='answer'")
  assert(text:find('break-glass: "both sleep"', 1, true), text)
end

function cases.glass_that_nobody_with_a_key_has_broken_is_told_as_such(w)
  signing.people(w, { "anna", "ben" })
  signing.policy(w, "{ from: [lead], not_starter: yes }")
  w:body [[ approve("Go on?", { role = "lead" }) ]]
  w:run(by("anna")):exits(3)
  w:tell("approve", "--break-glass --reason 'ben sleeps'"):exits(0)
  w:resume():exits(0)
  w:perilune("report case --format text"):exits(0):says("BREAK GLASS"):says("ben sleeps (Go on?)")
    :says("by the operating system's word alone")
  w:perilune("verify case"):exits(0):says("1 signatures hold, 1 decisions by the operating")
end

return cases
