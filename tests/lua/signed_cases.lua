-- Approvals that people sign with their SSH keys, and what is refused of them.
local rig = require("rig")
local planning = require("planning")
local signing = require("signing")
local cases = {}
local by, asked, refused = signing.by, signing.asked, signing.refused

function cases.a_signed_approval_counts_and_its_signature_is_kept(w)
  asked(w)
  w:tell("approve", by("ben") .. "--reason 'Looks right'"):exits(0)
  w:resume():exits(0)
  w:equal("1", w:read("box/a"), "What was put")
  w:equal("anna", w:field("$.who", "kind='begin'"), "Who started it")
  w:equal("ben", w:field("$.who", "kind='answer'"), "Who approved it")
  local text = w:field("$.signed.text", "kind='answer'")
  for _, line in ipairs { 'run: "case"', 'name: "Go on?"', 'role: "lead"', 'decision: "approve"',
    'reason: "Looks right"', 'person: "ben"', 'started by: "anna"',
    'code sha256: "' .. w:field("$.bundle", "kind='begin'") .. '"' } do
    local found = ("\n" .. text .. "\n"):find("\n" .. line .. "\n", 1, true)
    assert(found, line .. " is not in\n" .. text)
  end
  w:perilune("report case --format text"):exits(0):says("ben by the key SHA256:")
    :says_not("weaker than a key")
end

function cases.an_unsigned_approval_does_not_count_where_policy_names_who_may(w)
  asked(w)
  w:tell("approve"):exits(0):says("the operating system's word, which is weaker than a key")
  refused(w, "counts only when it is signed by the SSH key of a person in people.yaml")
  w:equal(1, w:count("kind='refused'"), "Refusals that are kept")
  w:perilune("report case --format text"):exits(0):says("refused: tried by")
end

function cases.who_started_a_run_with_a_key_may_not_approve_it(w)
  asked(w, nil, nil, ("  robot: { owner: anna, roles: [lead], keys: [\"%s\"] }\n"):format(
    signing.key(w, "robot")))
  w:tell("approve", by("anna")):exits(0)
  refused(w, "must be approved by somebody else")
  w:tell("approve", by("robot")):exits(0)
  refused(w, "is a service account")
  w:equal("anna", w:field("$.who", "kind='refused'"), "Who tried")
end

function cases.who_has_not_the_role_may_not_approve(w)
  asked(w)
  w:tell("approve", by("dora")):exits(0)
  refused(w, '"dora" has none of the roles "lead"')
end

function cases.a_key_that_nobody_knows_is_refused_before_anything_is_sent(w)
  asked(w)
  signing.key(w, "eve")
  w:tell("approve", by("eve")):exits(2):says("is nobody's in people.yaml")
  w:tell("approve", "--key @W@/keys/none"):exits(2)
end

-- What was sent is changed where it is kept, as somebody may who can write the state folder.

local function forged(w, sql, words)
  asked(w)
  w:tell("approve", by("ben")):exits(0)
  signing.rewrite(w, "update inbox set body = " .. sql)
  refused(w, words)
end

function cases.a_signature_that_names_another_person_is_refused(w)
  forged(w, [[json_set(body, '$.signed.person', 'carl')]], "says that it is carl's")
end

function cases.a_text_that_was_changed_after_it_was_signed_is_refused(w)
  forged(w, [[json_set(body, '$.signed.text',
    replace(json_extract(body, '$.signed.text'), 'Nothing is lost', 'All is lost'))]],
    "Its text or its signature was changed")
end

function cases.a_decision_other_than_the_signed_one_is_refused(w)
  forged(w, [[json_set(body, '$.reason', 'because')]],
    'The signature of ben is for something else')
end

function cases.a_signature_of_a_key_that_people_yaml_has_not_is_refused(w)
  asked(w)
  w:tell("approve", by("ben")):exits(0)
  signing.key(w, "eve")
  w:file("text", w:sql("select json_extract(body, '$.signed.text') from inbox") .. "\n")
  signing.must(("ssh-keygen -q -Y sign -n perilune -f %s %s"):format(
    rig.quoted(w.folder .. "/keys/eve"), rig.quoted(w.folder .. "/text")))
  signing.rewrite(w, "update inbox set body = json_set(body, '$.signed.signature', '"
    .. w:read("text.sig") .. "')")
  refused(w, "which is nobody's in people.yaml of this run's code")
end

function cases.a_signature_made_for_something_else_than_perilune_is_refused(w)
  asked(w)
  w:tell("approve", by("ben")):exits(0)
  w:file("text", w:sql("select json_extract(body, '$.signed.text') from inbox") .. "\n")
  signing.must(("ssh-keygen -q -Y sign -n git -f %s %s"):format(
    rig.quoted(w.folder .. "/keys/ben"), rig.quoted(w.folder .. "/text")))
  signing.rewrite(w, "update inbox set body = json_set(body, '$.signed.signature', '"
    .. w:read("text.sig") .. "')")
  refused(w, "Its text or its signature was changed")
end

function cases.a_signature_for_another_run_or_another_question_is_refused(w)
  asked(w)
  w:perilune("run book --environment here --no-input --run-id other" .. by("anna")):exits(3)
  w:perilune("approve other" .. by("ben")):exits(0)
  signing.rewrite(w, "update inbox set run = (select no from run where id = 'case')")
  refused(w, 'what was signed says run: "other", but here it is run: "case"')
end

function cases.a_signature_is_not_taken_twice(w)
  asked(w, "{ from: [lead], count: 2, not_starter: yes }")
  w:tell("approve", by("ben")):exits(0)
  local signed = w:sql("select body from inbox")
  w:resume():exits(3)
  w:equal(1, w:count("kind='answer' and f('$.partial')=1"), "Approvals so far")
  w:tell("approve", by("carl")):exits(0)
  signing.rewrite(w, ("update inbox set body = '%s', at = (select json_extract(body, "
    .. "'$.signed_at') from record where kind = 'answer') where taken is null"):format(
    (signed:gsub("'", "''"))))
  w:resume():exits(3):says("The signature of ben is for something else"):says("command: \"c-")
  w:tell("approve", by("ben")):exits(0)
  w:resume():exits(3):says("You have approved \"Go on?\" already")
  w:tell("approve", by("carl")):exits(0)
  w:resume():exits(0)
end

function cases.an_approval_that_comes_after_its_time_is_refused(w)
  signing.people(w, { "anna", "ben" })
  signing.policy(w, "{ from: [lead] }")
  w:body [[
    try(approve, "Now?", { role = "lead", within = "100ms" })
    ask("More?")
  ]]
  local job = w:start(w:fill(by("anna")))
  w:await "kind='question' and f('$.name')='Now?'"
  w:await "kind='question' and f('$.name')='More?'"
  w:tell("approve", "'Now?'" .. by("ben")):exits(2):says("say which one")
  job:kill("TERM")
  job:wait()
end

function cases.rejections_and_answers_are_signed_too(w)
  signing.people(w, { "anna", "ben" })
  signing.policy(w, "{ from: [lead], not_starter: yes }")
  w:body [[
    local many = ask("How many?", { evidence = "number", role = "lead" })
    local sure = confirm("Sure?", { role = "lead" })
    local ok, err = try(approve, "Go on?", { role = "lead" })
    return { many, sure, ok, err.message }
  ]]
  w:run(by("anna")):exits(3)
  w:tell("answer", "'How many?' 12" .. by("ben")):exits(0)
  w:resume():exits(3)
  w:tell("answer", "Sure? yes" .. by("ben")):exits(0)
  w:resume():exits(3)
  w:tell("reject", "--reason 'Not now'" .. by("ben")):exits(0)
  w:resume():exits(0):says('[12,true,false,"\\"Go on?\\" was rejected by ben: Not now."]')
  w:perilune("verify case"):exits(0):says("4 signatures hold")
end

function cases.a_key_in_an_agent_signs_without_being_named(w)
  asked(w)
  local words = w:fill(w:command_line("approve case --no-input"))
  local agent = ("eval $(ssh-agent) >/dev/null; ssh-add -q %s; env -u PERILUNE_KEY %s; "
    .. "code=$?; ssh-agent -k >/dev/null; exit $code"):format(
    rig.quoted(w.folder .. "/keys/ben"), words)
  signing.must("sh -c " .. rig.quoted(agent))
  w:resume():exits(0)
  w:equal("ben", w:field("$.who", "kind='answer'"), "Who approved it")
end

function cases.an_answer_typed_at_the_runs_terminal_is_signed(w)
  signing.people(w, { "anna", "ben" })
  signing.policy(w, "{ from: [lead] }")
  w:body(signing.asking)
  local terminal = w:terminal("run book --environment here --run-id case"
    .. w:fill(by("anna")))
  terminal:shows("Type: yes | no")
  terminal:line("yes")
  w:await "kind='answer'"
  w:equal("anna", w:field("$.who", "kind='answer'"), "Who approved it")
  w:equal("typed at the terminal of the run", w:field("$.how", "kind='answer'"), "How")
  w:await "kind='end'"
  w:perilune("verify case"):exits(0):says("2 signatures hold")
end

function cases.the_plan_of_the_rest_is_approved_with_a_signature(w)
  signing.people(w, { "anna", "ben" })
  w:body(planning.beyond_a_branch)
  planning.follow(w, by("anna")):exits(3)
  local rest = w:perilune("plan --continue case"):exits(0)
  w:perilune("approve case --plan " .. planning.digest_of(rest) .. by("ben")):exits(0)
  w:resume():exits(0)
  w:equal("ben", w:field("$.who", "kind='plan'"), "Who approved the plan")
  w:perilune("verify case"):exits(0):says("2 signatures hold")
end

function cases.a_child_run_is_its_parents_starters(w)
  signing.people(w, { "anna", "ben" })
  signing.policy(w, "{ from: [lead], not_starter: yes }")
  w:body([[ approve("Go on?", { role = "lead" }) ]], nil, "child")
  w:body [[ run_runbook("child") ]]
  w:run(by("anna")):exits(3)
  local child = w:sql("select id from run where parent is not null")
  w:perilune("approve " .. child .. by("anna")):exits(0)
  w:resume():exits(3):says("must be approved by somebody else")
  w:perilune("approve " .. child .. by("ben")):exits(0)
  w:resume():exits(0)
  w:perilune("verify case"):exits(0):says(child .. ": intact"):says_not("BROKEN")
end

function cases.a_live_run_tells_at_once_that_a_signature_does_not_count(w)
  asked(w)
  w:perilune("cancel case"):exits(1)
  local job = w:start(w:fill(by("anna")), "run book --environment here --json --run-id live"
    .. w:fill(by("anna")))
  w:await "kind='question' and pos > (select max(pos) from record where kind='end')"
  w:perilune("approve live" .. by("anna")):exits(2):says("must be approved by somebody else")
  w:perilune("approve live"):exits(2):says("counts only when it is signed")
  w:perilune("approve live" .. by("ben")):exits(0)
  job:wait():exits(0)
end

return cases
