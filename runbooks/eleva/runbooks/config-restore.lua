-- Variables, settings and schedules compared with Git, and put back where they differ.
local care = require "care"
local care_config = require "care_config"
local care_health = require "care_health"
local care_release = require "care_release"

return runbook {
  summary = "Compare variables, settings and job schedules with Git, and put them back",
  targets = {
    ["http/git"] = {},
    ["http/platform"] = { "patch" },
    ["deploy/app"] = { "set_env", "redeploy", "promote" },
    ["schedule/jobs"] = { "upsert" },
    ["http/site"] = {},
    ["database/care"] = {},
    ["cache/redis"] = {},
    ["notify/team"] = { "send" },
  },
  parameters = {
    -- Each environment says its own: what is production's must reach no other.
    file = { type = "string", required = true, help = "where Git has the configuration" },
    site = { type = "string", required = true, pattern = "^https://[%w.-]+$",
      help = "the application's address, which the jobs call" },
    project = { type = "string", required = true,
      help = "the project's path in Vercel's API, with its team: its settings are compared too" },
    secret_prefix = { type = "string", default = "",
      help = "what stands before a variable's name in the name of its secret" },
    ref = { type = "string", default = "main", help = "the commit, branch or tag that is right" },
    apply = { type = "boolean", default = true, help = "false: only say what differs" },
    all_secrets = { type = "boolean", default = false, help = "set every secret anew" },
    all_jobs = { type = "boolean", default = false,
      help = "set every schedule anew: where one calls cannot be read" },
    ask_first = { type = "boolean", default = true, help = "ask before anything is changed" },
    build_within = { type = "duration", default = "15m", help = "how long building may take" },
  },
  locks = { "deploy/app" },
  on_failure = "stop",

  run = function(params)
    local app, jobs, team = deploy("app"), schedule("jobs"), notify("team")
    local platform = http("platform")
    local parts = { site = http("site"), db = database("care"), redis = cache("redis"),
      jobs = jobs }
    local wanted = care_config.read(http("git"), params.file, params.ref)
    local variables = care_config.compare_variables(app, wanted, params.secret_prefix,
      params.all_secrets)
    local settings = care_config.compare_project(platform, params.project, wanted)
    local schedules = care_config.compare_jobs(jobs, params.all_jobs)
    local lines = {}
    for _, found in ipairs { variables, settings, schedules } do
      for _, line in ipairs(found.lines) do lines[#lines + 1] = line end
    end
    for _, name in ipairs(variables.extra) do
      log(("%s is there, and Git does not know it. It stays: add it to Git, or remove it by hand.")
        :format(name))
    end
    if #lines == 0 then return { drift = lines, extra = variables.extra, changed = false } end
    local drift = table.concat(lines, "\n")
    log(drift)
    if not params.apply then
      care.tell(team, { severity = "warning", title = "Configuration differs from Git",
        text = drift })
      return { drift = lines, extra = variables.extra, changed = false }
    end
    -- No longer than that: who waits here holds the lock that a rollback needs.
    approve("Put the configuration back?", { role = "release-manager", detail = drift,
      within = "30m", otherwise = "fail", when = function() return params.ask_first end })

    -- Variables reach only what is built afterwards: the same version is built again, and proved.
    step("Put it back", { on_failure = "undo", timeout = params.build_within + duration("15m") },
      function()
        care_config.put_jobs_back(jobs, schedules.jobs, params.site)
        care_config.put_project_back(platform, params.project, settings)
        if next(variables.values) == nil then return end
        local before = app:status()
        app:set_env { values = variables.values }
        care_release.see_it_serve(app, app:redeploy {}, before, params.build_within)
        app:wait_healthy { within = "5m" }
        care_health.wait(parts, "5m")
      end)
    care.tell(team, { severity = "warning", title = "Configuration put back", text = drift })
    return { drift = lines, extra = variables.extra, changed = true }
  end,
}
