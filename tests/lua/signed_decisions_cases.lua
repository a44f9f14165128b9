-- What people decide about a run besides its approvals: signed and checked in the same way.
local rig = require("rig")
local signing = require("signing")
local cases = {}
local by, forge = signing.by, signing.forge

local failing = [[
  storage("box"):put { key = "a", body = "1" }
  local got = step("Check", function()
    ensure(storage("box"):head { key = "go" } ~= nil, "There is no go.")
    return "checked"
  end)
  return { got = got }
]]

-- A run of a library whose people have keys, started by anna.
local function begun(w, body)
  signing.people(w, { "anna", "ben" })
  w:body(body or failing)
  return w:run(by("anna")):exits(3)
end

-- Each of them, up to where ben has decided it, and where the journal has that.
local decided = {
  retry = { "kind='answer'", 'failure: "/#', function(w)
    begun(w)
    w:file("box/go", "1")
    w:tell("retry", "--reason 'It is there' " .. by("ben")):exits(0)
  end },
  skip = { "kind='answer'", 'value: "by hand"', function(w)
    begun(w)
    w:tell("skip", "--reason 'seen' --result '\"by hand\"' " .. by("ben")):exits(0)
  end },
  skip_of_a_running_step = { "kind='stop'", 'step: "/#', function(w)
    signing.people(w, { "anna", "ben" })
    w:body [[ return { got = step("Slow", function() sleep("60s") end) } ]]
    local job = w:start(w:fill(by("anna")))
    w:await "kind='timer'"
    w:tell("skip", "--step Slow --reason 'no time' --result 7" .. by("ben")):exits(0)
    job:wait():exits(0):says('"got":7')
  end },
  undo = { "kind='stop'", 'to: "Check"', function(w)
    begun(w)
    w:tell("undo", "--to Check --reason 'no use' " .. by("ben")):exits(8)
  end },
  undo_after_the_end = { "kind='undo' and f('$.who')='ben'", 'decision: "undo"', function(w)
    begun(w, [[ storage("box"):put { key = "a", body = "1" } ask("Go on?") ]])
    w:tell("answer", "'Go on?' yes" .. by("ben")):exits(0)
    w:resume():exits(0)
    w:tell("undo", by("ben")):exits(7)
  end },
  cancel = { "kind='stop'", 'decision: "cancel"', function(w)
    begun(w)
    w:tell("cancel", "--reason 'not today' " .. by("ben")):exits(8)
  end },
  signal = { "kind='signal'", 'value: {"by":"card"}', function(w)
    begun(w, [[ return wait_for("paid").data.by ]])
    w:tell("signal", "paid --data '{\"by\":\"card\"}' --id once " .. by("ben")):exits(0)
    w:tell("signal", "paid --data '{\"by\":\"card\"}' --id once " .. by("ben")):exits(0)
    w:resume():exits(0):says('"value":"card"')
  end },
  settle = { "kind='settled_by'", 'change in doubt: "/#', function(w)
    signing.people(w, { "anna", "ben" })
    local stop = signing.doubtful_site(w)
    w:run(by("anna"), 30):exits(9)
    stop()
    w:tell("settle", "--happened --result '{\"said\":\"yes\"}' --reason 'I looked' "
      .. by("ben")):exits(0):says('"said":"yes"')
  end },
}

local function proved(w, what)
  local condition, line, decide = unpack(decided[what])
  decide(w)
  w:equal("ben", w:field("$.who", condition), "Who decided it")
  w:equal(w:user(), w:field("$.user", condition):match("^[^@]+"), "The system's user")
  local text = w:field("$.signed.text", condition)
  for _, wanted in ipairs { line, 'run: "case"', 'person: "ben"', 'command: "' } do
    assert(("\n" .. text):find("\n" .. wanted, 1, true), wanted .. " is not in\n" .. text)
  end
  w:perilune("verify case"):exits(0):says("signatures hold"):says_not("operating system")
  w:perilune("report case --format text"):exits(0):says("ben by the key SHA256:")
    :says_not("weaker than a key")
end

function cases.a_signed_retry_is_kept_with_its_proof(w) proved(w, "retry") end
function cases.a_signed_skip_is_kept_with_its_proof(w) proved(w, "skip") end
function cases.a_signed_skip_of_a_running_step_is_kept_with_its_proof(w)
  proved(w, "skip_of_a_running_step")
end
function cases.a_signed_word_on_a_doubt_is_kept_with_its_proof(w) proved(w, "settle") end
function cases.a_signed_undo_is_kept_with_its_proof(w) proved(w, "undo") end
function cases.a_signed_undo_after_the_end_is_kept_with_its_proof(w)
  proved(w, "undo_after_the_end")
end
function cases.a_signed_cancel_is_kept_with_its_proof(w) proved(w, "cancel") end
function cases.a_signed_signal_is_kept_with_its_proof(w) proved(w, "signal") end

function cases.every_decision_is_verified_by_stock_ssh_keygen(w)
  decided.retry[3](w)
  w:perilune("export case --output @W@/out"):exits(0)
  local command = assert(w:read("out/README.txt"):match("\n  (ssh%-keygen [^\n]+)\n"))
  local folder = rig.quoted(w.folder .. "/out/runs/case/signed")
  local name = assert(rig.shell("ls " .. folder):match("(%d+%-retry)%.txt"))
  local words = command:gsub("NAME", (name:gsub("%%", "%%%%"))):gsub("PERSON", "ben")
  local told, code = rig.shell(("cd %s && %s 2>&1"):format(folder, words))
  w:equal(0, code, "The exit code of ssh-keygen: " .. told)
  w:perilune("import @W@/out --state @W@/other"):exits(0)
  w:perilune("verify --all --state @W@/other"):exits(0):says("2 signatures hold")
end

function cases.decisions_without_a_key_count_and_are_said_to_be_weaker(w)
  begun(w)
  w:tell("retry"):exits(3):says("the operating system's word, which is weaker than a key")
  w:tell("skip", "--reason seen"):exits(0):says("To sign it: --key FILE")
  w:perilune("verify case"):exits(0):says("1 signatures hold, 2 decisions by the operating")
  w:perilune("report case --format text"):exits(0):says(w:user() .. "@")
    :says("by the operating system's word")
end

function cases.a_decision_typed_at_the_runs_terminal_is_signed(w)
  signing.people(w, { "anna", "ben" })
  w:body(failing)
  local terminal = w:terminal("run book --environment here --run-id case" .. w:fill(by("anna")))
  terminal:shows("Type: retry | skip REASON")
  terminal:line("skip seen by hand")
  w:await "kind='end'"
  w:equal("anna", w:field("$.who", "kind='answer'"), "Who skipped it")
  w:perilune("verify case"):exits(0):says("2 signatures hold")
end

function cases.a_decision_that_takes_the_code_on_disk_is_signed_for_that(w)
  begun(w)
  w:body((failing:gsub("key = \"go\"", "key = \"a\"")))
  w:tell("retry", "--with-current-code" .. by("ben")):exits(0)
  local text = w:field("$.signed.text", "kind='answer'")
  local code = w:field("$.bundle", "kind='code'")
  assert(text:find('code sha256: "' .. code .. '"', 1, true), text)
  w:perilune("verify case"):exits(0):says("2 signatures hold")
end

local tampered = {
  reason_of_a_retry = { "retry", "answer", "record['reason'] = 'So he said'", "not what ben" },
  result_of_a_skip = { "skip", "answer", "record['value'] = 'nothing'", "not what ben" },
  retry_that_was_a_skip = { "skip", "answer", "del record['skip']; record['again'] = True",
    "not what ben" },
  skip_of_another_step = { "skip_of_a_running_step", "stop", "record['of'] = '/#9'",
    "not what ben" },
  reach_of_an_undo = { "undo", "stop", "record['to'] = ''", "its value is not what ben signed" },
  force_of_an_undo = { "undo_after_the_end", "undo",
    "record.update(force=True) if 'who' in record else 0", "not what ben" },
  cancel_that_was_an_undo = { "cancel", "stop", "record['why'] = 'undo'", "not what ben" },
  person_of_a_cancel = { "cancel", "stop", "record['who'] = 'anna'", "not what anna" },
  proof_of_a_cancel_that_was_taken_away = { "cancel", "stop", "del record['signed']",
    "no signature proves that" },
  cancel_by_a_parent_that_it_has_not = { "cancel", "stop",
    "del record['signed']; record['who'] = 'the parent run'", "no signature proves that" },
  data_of_a_signal = { "signal", "signal", "record['data'] = {'by': 'cash'}", "not what ben" },
  signal_that_nobody_sent = { "signal", "answer", "record['data'] = {'by': 'cash'}",
    "nobody has sent that signal" },
  word_on_a_doubt = { "settle", "settled_by", "record['how'] = 'did_not'", "not what ben" },
  outcome_of_a_doubt = { "settle", "result", "record['value'] = {'said': 'no', 'changed': True}",
    "its result is not what was said of it" },
  word_on_a_doubt_that_nobody_gave = { "settle", "settled_by", "record['kind'] = 'note'",
    "nobody has said that of the change" },
}
for what, forged in pairs(tampered) do
  cases["verify_finds_a_forged_" .. what] = function(w)
    decided[forged[1]][3](w)
    forge(w, forged[2], forged[3])
    w:perilune("verify case"):exits(1):says("BROKEN"):says(forged[4])
  end
end

-- Sends what was signed once more, under another id or the same.
function cases.a_signed_decision_is_taken_once(w)
  begun(w, [[ storage("box"):put { key = "a", body = "1" } ask("Go on?") ]])
  w:tell("cancel", by("ben")):exits(8)
  local body = w:sql("select body from inbox"):gsub("'", "''")
  for id, words in pairs { ["c-other"] = "what was signed says decision: \"cancel\"",
    [w:field("$.inbox", "kind='stop'")] = "was taken already" } do
    signing.rewrite(w, ("delete from inbox where id = '%s'; insert into inbox(id, run, kind, "
      .. "body, who, at) select '%s', 1, 'undo', '%s', 'x@y', json_extract(body, '$.signed_at') "
      .. "from record where kind = 'stop'"):format(id, id, body))
    w:tell("undo", "--force" .. by("anna"))
    assert(w:sql("select group_concat(reply) from inbox"):find(words, 1, true),
      words .. " is not in the replies: " .. w:sql("select group_concat(reply) from inbox"))
  end
end

function cases.a_decision_for_another_run_is_refused_and_kept(w)
  begun(w)
  w:perilune("run book --environment here --no-input --run-id other" .. by("anna")):exits(3)
  w:perilune("signal other go" .. by("ben")):exits(0)
  signing.rewrite(w, "update inbox set run = (select no from run where id = 'case')")
  w:resume():exits(3):says('what was signed says run: "other", but here it is run: "case"')
  w:equal(0, w:count("kind='signal'"), "Signals")
  w:equal("signal", w:field("$.decision", "kind='refused'"), "What was refused")
end

return cases
