-- config-restore: what differs from Git, what is put back, and what is left alone.
local care_world = require "care_world"

local yes = { answers = { ["Put the configuration back?"] = "approve" } }

describe("config-restore", function()
  local w
  before_each(function() w = care_world.warm_up(care_world.open(world "production")) end)

  local function value_of(name)
    local variable = w.deploy.app:get_env { names = { name } }[name]
    return variable and variable.value
  end

  it("finds nothing where all is as Git says, and asks nobody", function()
    local run = w:run("config-restore")
    assert.equal("done", run.outcome)
    assert.same({}, run.value.drift)
    assert.same({}, w.questions)
    assert.same({}, w.effects)
  end)

  it("puts changed and missing variables back, builds once more, and proves it", function()
    w.deploy.app:set_env { values = { BOOKING_WINDOW_DAYS = "6" } }
    w.deploy.app:unset_env { names = { "STRIPE_SECRET_KEY", "NEXT_PUBLIC_POSTHOG_KEY" } }
    w:prepared()
    local run = w:run("config-restore", {}, yes)
    assert.equal("done", run.outcome)
    assert.equal(3, #run.value.drift)
    assert.equal("60", value_of "BOOKING_WINDOW_DAYS")
    assert.equal("phc_9qTzW", value_of "NEXT_PUBLIC_POSTHOG_KEY")
    assert.is_not_nil(w.deploy.app:get_env { names = { "STRIPE_SECRET_KEY" } }.STRIPE_SECRET_KEY)
    assert.equal(1, w:times "deploy/app:redeploy")
    assert.equal("bbbbbbb", w.deploy.app.version)
  end)

  it("promotes what it has built where Vercel has given no release the domains since a rollback",
    function()
      w.deploy.app:set_env { values = { BOOKING_WINDOW_DAYS = "6" } }
      w:prepared()
      w:fails("deploy/app:wait_serving", { how = "failed", code = "wrong_version" })
      local run = w:run("config-restore", {}, yes)
      assert.equal("done", run.outcome)
      assert.contains("so it is promoted", table.concat(run.log, "\n"))
      assert.equal("60", value_of "BOOKING_WINDOW_DAYS")
    end)

  it("sets every job's address anew where it is told to", function()
    w.schedule.jobs:put { job = "keep-alive", cron = "*/5 * * * *",
      destination = "https://old.eleva.care/api/cron/keep-alive" }
    local run = w:run("config-restore", { all_jobs = true }, yes)
    assert.equal("done", run.outcome)
    assert.equal(8, #run.value.drift)
    assert.equal(0, w:times "deploy/app:redeploy")
    assert.equal("https://eleva.care/api/cron/keep-alive",
      w.schedule.jobs.jobs["keep-alive"].destination)
  end)

  it("gives back the lock that a rollback needs where nobody answers for half an hour", function()
    w.deploy.app:set_env { values = { BOOKING_WINDOW_DAYS = "6" } }
    local run = w:run("config-restore")
    assert.equal("failed", run.outcome)
    assert.near(1800, run.took_s, 30)
    assert.equal("6", value_of "BOOKING_WINDOW_DAYS")
  end)

  it("gives staging nothing of production's", function()
    local staging = care_world.open(world "staging")
    care_world.put_in_git(staging, { variables = { NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY = "pk_test_c",
      UPSTASH_REDIS_REST_URL = "https://eleva-staging-42424.upstash.io",
      NEXT_PUBLIC_POSTHOG_KEY = "phc_staging" } }, "config/staging.json")
    local run = staging:run("config-restore", { all_secrets = true, all_jobs = true })
    assert.equal("done", run.outcome)
    local text = json.encode(staging.changes)
    for _, name in ipairs(require("care_config").secret_names) do
      assert.contains("[secret STAGING_" .. name, text)
      assert.does_not.contains("[secret " .. name, text)
    end
    assert.contains("https://staging.eleva.care/api/cron/keep-alive", text)
    assert.does_not.contains("https://eleva.care", text)
    assert.contains("pk_test_c", text)
  end)

  it("puts schedules back without building anything", function()
    w.schedule.jobs:put { job = "send-payment-reminders", cron = "0 0 * * 1" }
    w.schedule.jobs:delete { job = "keep-alive" }
    local run = w:run("config-restore", {}, yes)
    assert.equal("done", run.outcome)
    assert.equal("0 */6 * * *", w.schedule.jobs.jobs["send-payment-reminders"].cron)
    assert.equal("*/5 * * * *", w.schedule.jobs.jobs["keep-alive"].cron)
    assert.equal(0, w:times "deploy/app:redeploy")
  end)

  it("puts the project's settings back, which Git names, and no others", function()
    care_world.set_project(w, { nodeVersion = "18.x", autoAssignCustomDomains = true,
      framework = "nextjs" })
    local run = w:run("config-restore", {}, yes)
    assert.equal("done", run.outcome)
    assert.same({ "Vercel's setting autoAssignCustomDomains is true, not false",
      "Vercel's setting nodeVersion is 18.x, not 20.x" }, run.value.drift)
    assert.equal(0, w:times "deploy/app:redeploy")
    assert.equal("undone", w:undo(run).outcome)
    local sent = {}
    for _, change in ipairs(w.changes) do
      if change[1] == "http/platform:patch" then sent[#sent + 1] = change[2].json end
    end
    assert.same({ { nodeVersion = "20.x", autoAssignCustomDomains = false },
      { nodeVersion = "18.x", autoAssignCustomDomains = true } }, sent)
  end)

  it("only says what differs with apply=false", function()
    w.deploy.app:set_env { values = { BOOKING_WINDOW_DAYS = "6" } }
    local run = w:run("config-restore", { apply = false })
    assert.equal("done", run.outcome)
    assert.is_false(run.value.changed)
    assert.equal("6", value_of "BOOKING_WINDOW_DAYS")
    assert.contains("BOOKING_WINDOW_DAYS is not what Git says", w:told())
  end)

  it("leaves alone what Git does not know, and names it", function()
    w.deploy.app:set_env { values = { FEATURE_X = "on" } }
    local run = w:run("config-restore")
    assert.same({ "FEATURE_X" }, run.value.extra)
    assert.equal("on", value_of "FEATURE_X")
  end)

  it("changes nothing where a person refuses", function()
    w.deploy.app:set_env { values = { BOOKING_WINDOW_DAYS = "6" } }
    local run = w:run("config-restore", {}, { answers = { ["Put the configuration back?"] =
      { decision = "reject", reason = "we meant that" } } })
    assert.equal("failed", run.outcome)
    assert.equal("6", value_of "BOOKING_WINDOW_DAYS")
  end)

  it("takes back what does not prove itself", function()
    w.deploy.app:set_env { values = { BOOKING_WINDOW_DAYS = "6" } }
    care_world.break_service(w, "clerk")
    local run = w:run("config-restore", {}, yes)
    assert.equal("failed", run.outcome)
    assert.equal("6", value_of "BOOKING_WINDOW_DAYS")
  end)

  it("trusts no file of Git that is empty, broken or incomplete", function()
    for _, body in ipairs { "", "{", "{}", "{\"variables\":{\"BOOKING_WINDOW_DAYS\":\"60\"}}" } do
      care_world.put_in_git(w, body)
      local run = w:run("config-restore", {}, yes)
      assert.equal("failed", run.outcome)
      assert.contains("config/production.json", run.reason)
    end
    assert.same({}, w.effects)
  end)

  it("sets every secret anew where it is told to", function()
    local run = w:run("config-restore", { all_secrets = true }, yes)
    assert.equal("done", run.outcome)
    assert.equal(6, #run.value.drift)
  end)
end)
