-- Signed checkpoints: what they show that a chain of hashes alone does not.
local rig = require("rig")
local cases = {}

local function checkpointed(w)
  w:body [[
    storage("box"):put { key = "a", body = "1" }
    storage("box"):put { key = "b", body = "2" }
  ]]
  w:run():exits(0)
  w:perilune("checkpoint --new-key @W@/key"):exits(0):says("Written: @W@/key"):says("key.pub")
  w:perilune("checkpoint --key @W@/key --output @W@/kept"):exits(0):says("1 runs are in")
  return "--checkpoint @W@/kept --public-key @W@/key.pub"
end

-- Statements against the state's file, past the program.
local function rewrite(w, sql)
  local _, code = rig.shell(("python3 -c 'import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); "
    .. "c.executescript(sys.argv[2]); c.commit()' %s %s"):format(
    rig.quoted(w.folder .. "/state/state.db"), rig.quoted(sql)))
  w:equal(0, code, "The exit code of rewriting the journal")
end

-- A journal that is whole in itself, but shorter: its row says that nothing is missing.
local cut = [[
create temp table kept as select pos, seq, hash from record where run = 1 order by pos;
delete from record where run = 1 and seq > 3;
update run set seq = 3, head = (select hash from kept where seq = 3),
  last = (select pos from kept where seq = 3) where no = 1;
]]

function cases.a_checkpoint_of_intact_journals_says_so(w)
  local against = checkpointed(w)
  w:perilune("verify --all " .. against):exits(0):says("case: intact")
  w:perilune("verify case " .. against):exits(0):says("case: intact")
end

function cases.a_tail_that_was_cut_off_shows_only_against_the_checkpoint(w)
  local against = checkpointed(w)
  rewrite(w, cut)
  w:perilune("verify case"):exits(0):says("case: intact, 3 records")
  w:perilune("verify case " .. against):exits(1):says("BROKEN"):says("its tail was cut off")
end

-- minisign's own program makes the key and checks what it signed.
function cases.a_key_of_minisigns_own_signs_by_its_password(w)
  checkpointed(w)
  w:file("password", "a long word\n")
  w:file("another", "a long wort\n")
  local told, code = rig.shell(("cd %s && cat password password | minisign -G -p own.pub -s own "
    .. "2>&1"):format(rig.quoted(w.folder)))
  w:equal(0, code, "The exit code of minisign, which says " .. told)
  w:perilune("checkpoint --key @W@/own --password-file @W@/another --output @W@/more"):exits(2)
  w:perilune("checkpoint --key @W@/own --password-file @W@/password --output @W@/more"):exits(0)
  told, code = rig.shell(("cd %s && minisign -V -p own.pub -m more 2>&1"):format(
    rig.quoted(w.folder)))
  w:equal(0, code, "The exit code of minisign, which says " .. told)
end

-- Writes a journal anew with one text changed: each hash is right, and so is the run's row.
local forger = [[
import hashlib, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
head = b""
for pos, body in db.execute("select pos, body from record where run = 1 order by pos").fetchall():
    body = body.replace('"body":"1"', '"body":"9"')
    head = hashlib.sha256(head + body.encode()).digest()
    db.execute("update record set body = ?, hash = ? where pos = ?", (body, head, pos))
db.execute("update run set head = ? where no = 1", (head,))
db.commit()
]]

function cases.a_journal_that_was_written_anew_shows_only_against_the_checkpoint(w)
  local against = checkpointed(w)
  w:file("forge.py", forger)
  local _, code = rig.shell(("python3 %s %s"):format(rig.quoted(w.folder .. "/forge.py"),
    rig.quoted(w.folder .. "/state/state.db")))
  w:equal(0, code, "The exit code of the forger")
  w:perilune("show case --records"):exits(0):says('"body":"9"')
  w:perilune("verify case"):exits(0):says("case: intact")
  w:perilune("verify case " .. against):exits(1):says("the journal was written anew")
end

function cases.a_run_that_is_gone_shows_where_all_are_asked_for(w)
  local against = checkpointed(w)
  rewrite(w, "delete from record; delete from run;")
  w:perilune("verify --all"):exits(0)
  w:perilune("verify --all " .. against):exits(1):says("the store has no such run any more")
end

function cases.a_checkpoint_that_was_altered_or_signed_by_another_is_refused(w)
  local against = checkpointed(w)
  w:perilune("checkpoint --new-key @W@/other"):exits(0)
  w:perilune("verify --all --checkpoint @W@/kept --public-key @W@/other.pub"):exits(2)
    :says("It is signed by another key")
  w:file("kept", w:read("kept"):gsub("run case %d+", "run case 1"))
  w:perilune("verify --all " .. against):exits(2):says("not as it was signed")
  w:perilune("verify --all --checkpoint @W@/kept"):exits(2):says("--public-key")
  w:perilune("verify --all --checkpoint @W@/none --public-key @W@/key.pub"):exits(2)
end

function cases.a_later_run_is_not_in_the_checkpoint_and_that_is_said(w)
  local against = checkpointed(w)
  w:perilune("run book --environment here --run-id later --no-input"):exits(0)
  w:perilune("verify later " .. against):exits(1):says("the checkpoint does not name it")
  w:perilune("verify --all " .. against):exits(0)
end

function cases.keys_and_files_that_will_not_do_are_refused(w)
  checkpointed(w)
  w:perilune("checkpoint --new-key @W@/key"):exits(2):says("exists already")
  w:perilune("checkpoint --output @W@/more"):exits(2):says("--key")
  w:perilune("checkpoint --key @W@/key"):exits(2):says("--output")
  w:perilune("checkpoint --key @W@/key.pub --output @W@/more"):exits(2):says("no secret key")
  w:equal("600", (rig.shell("stat -c %a " .. rig.quoted(w.folder .. "/key"))), "The key's mode")
end

return cases
