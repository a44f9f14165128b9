-- A run in which policy was passed over is reviewed by somebody else.
local rig = require("rig")
local signing = require("signing")
local cases = {}
local by = signing.by

-- A run that has ended, in which ben has approved past the policy.
local function broken(w, more)
  signing.people(w, { "anna", "ben", "carl" },
    ("  robot: { owner: ben, keys: [\"%s\"] }\n"):format(signing.key(w, "robot")))
  signing.policy(w, "{ from: [lead], count: 2, not_starter: yes }")
  w:body(signing.asking)
  w:run(by("anna")):exits(3)
  w:tell("approve", "--break-glass --reason 'carl sleeps' " .. (more or by("ben"))):exits(0)
  return w:resume():exits(0)
end

function cases.passing_policy_over_opens_a_review_that_status_shows_until_it_is_given(w)
  broken(w):says("perilune review case --reason TEXT")
  w:perilune("status"):exits(0):says("BREAK GLASS: carl sleeps")
    :says("perilune review case --reason TEXT")
  w:perilune("runs"):exits(0):says("and not reviewed in 1")
  w:perilune("runs --json"):exits(0):says('"reviewed":false')
  for _, form in ipairs { "text", "markdown", "html", "json" } do
    w:perilune("report case --format " .. form):exits(0):says("Somebody else has to review that")
  end
  w:perilune("review case --reason 'The site was down' " .. by("carl")):exits(0)
    :says("is reviewed")
  for _, form in ipairs { "text", "markdown", "html", "json" } do
    w:perilune("report case --format " .. form):exits(0):says("Reviewed by carl")
      :says("The site was down"):says_not("has to review")
  end
  w:perilune("status"):exits(0):says("no review is due")
  w:perilune("runs"):exits(0):says("policy was passed over in 1 of 1"):says_not("not reviewed")
  w:perilune("verify case"):exits(0):says("3 signatures hold"):says_not("operating system")
  w:equal("ended", w:sql("select state from run"), "The state")
end

function cases.a_review_is_a_signed_word_of_somebody_else_on_an_ended_run(w)
  broken(w)
  w:perilune("review case"):exits(2):says("needs --reason TEXT")
  w:perilune("review case --reason ' '" .. by("carl")):exits(2)
  w:perilune("review case --reason fine"):exits(5):says("counts only when it is signed")
  w:perilune("review case --reason fine" .. by("ben")):exits(5):says("You have passed policy over")
  w:perilune("review case --reason fine" .. by("robot")):exits(5):says("is a service account")
  w:equal(0, w:count("kind='review'"), "Reviews")
  w:perilune("review case --reason fine" .. by("anna")):exits(0)
  w:perilune("review case --reason fine" .. by("carl")):exits(5):says("was reviewed by anna")
  w:perilune("run book --environment here --no-input --run-id other" .. by("anna")):exits(3)
  w:perilune("review other --reason fine" .. by("ben")):exits(2):says("has not ended")
  w:perilune("cancel other --no-input" .. by("ben")):exits(1)
  w:perilune("review other --reason fine" .. by("ben")):exits(5):says("no review is due")
end

function cases.verify_finds_a_review_that_should_not_have_counted(w)
  broken(w)
  w:perilune("review case --reason fine" .. by("carl")):exits(0)
  signing.forge(w, "review", "del record['signed']; record['who'] = 'carl@there'")
  w:perilune("verify case"):exits(1):says("it should not have counted")
end

function cases.verify_finds_a_review_whose_reason_was_changed(w)
  broken(w)
  w:perilune("review case --reason 'No good' " .. by("carl")):exits(0)
  signing.forge(w, "review", "record['reason'] = 'Good'")
  w:perilune("verify case"):exits(1):says("it is not what carl signed")
end

function cases.a_reviewed_run_can_still_be_undone(w)
  broken(w)
  w:perilune("review case --reason fine" .. by("carl")):exits(0)
  w:tell("undo", by("carl")):exits(7)
  w:equal("", w:objects(), "The box")
  w:perilune("verify case"):exits(0):says("4 signatures hold")
end

function cases.without_keys_the_same_user_reviews_nothing(w)
  w:environment(w:default_environment() .. "policy: { plan: required }\n")
  w:body [[ storage("box"):put { key = "a", body = "1" } ]]
  w:run("--break-glass --reason fire"):exits(0)
  w:perilune("review case --reason fine"):exits(5):says("somebody else must review it")
  w:perilune("export case --output @W@/out"):exits(0)
  assert(w:read("out/runs/case/report.html"):find("Somebody else has to review that", 1, true))
  w:equal("", (rig.shell("grep -L 'Break glass' " .. rig.quoted(w.folder)
    .. "/out/runs/case/report.*")), "Reports without it")
end

return cases
