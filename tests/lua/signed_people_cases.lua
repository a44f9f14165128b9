-- Who is who: keys that begin and end, people who come and go, files that are wrong.
local signing = require("signing")
local cases = {}
local by, asked, refused = signing.by, signing.asked, signing.refused

function cases.a_service_account_starts_for_its_owner(w)
  local key = signing.key(w, "robot")
  asked(w, nil, nil, ("  robot: { owner: ben, roles: [lead], keys: [\"%s\"] }\n"):format(key))
  w:perilune("run book --environment here --no-input --run-id other" .. by("robot")):exits(3)
  w:perilune("approve other" .. by("ben")):exits(0)
  w:perilune("resume other --no-input"):exits(3):says("started the run, itself or by a service")
  w:perilune("approve other" .. by("carl")):exits(0)
  w:perilune("resume other --no-input"):exits(0)
end

function cases.a_key_counts_while_it_is_valid(w)
  local old, new = signing.key(w, "old"), signing.key(w, "new")
  signing.people(w, { "anna" }, ("  ben:\n    roles: [lead]\n    keys:\n"
    .. "      - { key: \"%s\", valid_before: \"2020-01-01T00:00:00Z\" }\n"
    .. "      - { key: \"%s\", valid_after: \"2020-01-01T00:00:00Z\" }\n"):format(old, new))
  signing.policy(w, "{ from: [lead] }")
  w:body(signing.asking)
  w:run(by("anna")):exits(3)
  w:tell("approve", by("old")):exits(0)
  refused(w, "which was not valid at")
  w:tell("approve", by("new")):exits(0)
  w:resume():exits(0)
end

function cases.who_lost_the_key_since_cannot_approve(w)
  asked(w)
  local people = w:read("library/people.yaml")
  w:file("library/people.yaml", (people:gsub("  ben:[^\n]*\n", "")))
  w:tell("approve", by("ben")):exits(0)
  refused(w, "is not in people.yaml any more")
  w:file("library/people.yaml", (people:gsub("ben: { roles: %[lead%]", "ben: { roles: [clerk]")))
  w:tell("approve", by("ben")):exits(0)
  refused(w, '"ben" has none of the roles "lead"')
  w:file("library/people.yaml", people)
  w:tell("approve", by("ben")):exits(0)
  w:resume():exits(0)
end

function cases.a_run_is_refused_that_nobody_could_approve(w)
  signing.people(w, { "anna", "dora" })
  signing.policy(w, "{ from: [lead], not_starter: yes }")
  w:body(signing.asking)
  w:run(by("anna")):exits(5):says("asks for the approval of")
    :says("nobody in people.yaml could give it")
  w:run():exits(5):says("the operating system alone")
  w:equal(0, w:count("1"), "Records")
  w:perilune("check --environment here"):exits(0):says("environments/here.yaml:")
    :says("only \"anna\" in people.yaml could approve")
  w:run(by("dora")):exits(3)
end

function cases.without_keys_the_operating_systems_user_counts_and_is_said_to_be_weaker(w)
  w:body [[ approve("Go on?") ]]
  w:run():exits(3)
  w:perilune("status case"):exits(0):says("(the operating system's word)")
  w:tell("approve"):exits(0)
  w:resume():exits(0)
  for _, form in ipairs { "text", "markdown", "html" } do
    w:perilune("report case --format " .. form):exits(0):says("weaker than a key")
  end
  w:perilune("verify case"):exits(0):says("1 decisions by the operating system's word alone")
  w:tell("approve", by("anna")):exits(2):says("knows nobody by a key")
end

function cases.wrong_people_files_are_refused_with_line_and_suggestion(w)
  w:body [[ log("x") ]]
  local key = signing.key(w, "anna")
  local function wrong(text, ...)
    w:file("library/people.yaml", "people:\n" .. text)
    local told = w:perilune("check"):exits(2)
    for _, words in ipairs { ... } do told:says(words) end
    w:run():exits(2)
  end
  wrong("  anna: { key: x }\n", "people.yaml:2:11", "Did you mean \"keys\"?")
  wrong("  anna: { keys: [\"ssh-ed2551 AAAA\"] }\n", "people.yaml:2:18",
    "Did you mean \"ssh-ed25519\"?")
  wrong(("  anna: { keys: [\"%s\"] }\n  ben: { keys: [\"%s\"] }\n"):format(key, key),
    "people.yaml:3:17", "people.anna and people.ben both have the key SHA256:")
  wrong("  anna: { keys: [\"" .. key:sub(1, 50) .. "\"] }\n", "is damaged")
  wrong("  anna: { keys: [ { key: \"" .. key .. "\", valid_before: soon } ] }\n",
    "valid_before must be a time")
  w:file("library/people.yaml", "people:\n  anna: { keys: [\"" .. key .. "\"] }\n")
  w:perilune("check"):exits(0)
end

function cases.keys_of_other_kinds_sign_as_well(w)
  local ecdsa = signing.key(w, "ecdsa", "-t ecdsa -N ''")
  local rsa = signing.key(w, "rsa", "-t rsa -b 2048 -N ''")
  signing.people(w, { "anna" }, ("  ben: { roles: [lead], keys: [\"%s\"] }\n"
    .. "  carl: { roles: [lead], keys: [\"%s\"] }\n"):format(ecdsa, rsa))
  signing.policy(w, "{ from: [lead], count: 2, not_starter: yes }")
  w:body(signing.asking)
  w:run(by("anna")):exits(3)
  w:tell("approve", by("ecdsa")):exits(0)
  w:tell("approve", by("rsa")):exits(0)
  w:resume():exits(0)
  w:perilune("verify case"):exits(0):says("3 signatures hold")
end

function cases.a_key_with_a_passphrase_that_nobody_can_type_signs_nothing(w)
  local key = signing.key(w, "locked", "-t ed25519 -N secret")
  asked(w, nil, nil, ("  eve: { roles: [lead], keys: [\"%s\"] }\n"):format(key))
  w:tell("approve", by("locked")):exits(2):says("ssh-keygen did not sign by")
    :says("is given to ssh-agent first")
  w:equal("0", w:sql("select count(*) from inbox"), "Commands")
end

function cases.tests_of_a_library_with_keys_need_none(w)
  asked(w)
  w:tell("approve", by("ben") .. "--reason 'Looks right'"):exits(0)
  w:resume():exits(0)
  local written = w:perilune("test --from-run case"):exits(0)
  w:perilune("test"):exits(0):says("1 passed, 0 failed")
  assert(not written.all:find("SHA256"), written.all)
end

-- Who started it is who started it: by a second key, and in other letters.
function cases.a_second_key_or_other_letters_make_nobody_somebody_else(w)
  local first, second = signing.key(w, "first"), signing.key(w, "second")
  signing.people(w, { "ben" }, ("  anna: { roles: [lead], keys: [\"%s\", \"%s\"] }\n"):format(first,
    second))
  signing.policy(w, "{ from: [lead], not_starter: yes }")
  w:body(signing.asking)
  w:run(by("first")):exits(3)
  w:tell("approve", by("second")):exits(0)
  refused(w, "must be approved by somebody else")
  w:tell("approve", by("second")):exits(0)
  signing.rewrite(w, "update inbox set body = json_set(body, '$.signed.person', 'Anna') "
    .. "where taken is null")
  refused(w, "who is not in people.yaml")
  w:equal(2, w:count("kind='refused'"), "Refusals that are kept")
end

return cases
