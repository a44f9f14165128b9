-- GitHub Actions: programs are workflows, dispatched and found again by their runs' names.

local ask = forges.github
local runs_per_page = 100

local function path_of(program, word) return "/actions/workflows/" .. program.workflow .. word end

-- The dispatched runs of a workflow that may be of the change.
local function runs_since(call, program)
  return http.pages(function(page)
    local found = ask(call, "get", path_of(program, "/runs"), { query = { page = page,
      event = "workflow_dispatch", per_page = runs_per_page, created = ">="
        .. date(nil, process.since(call)) } }).workflow_runs
    return found, #found == runs_per_page and page + 1 or nil
  end, 1)
end

local function id_of(number) return ("%.0f"):format(number) end

local place = {
  advice = "Let the workflow's run-name hold the input that `key_input` names.",
  start = function(call, program, values, key, reads)
    if key then values[program.key_input or "perilune"] = key end
    local told = ask(call, "post", path_of(program, "/dispatches"), { reads = reads, json = {
      ref = program.ref or "main", inputs = next(values) and values or nil,
      return_run_details = true } })
    return told.workflow_run_id and id_of(told.workflow_run_id)
  end,
  find = function(call, program)
    for _, one in ipairs(runs_since(call, program)) do
      if (one.display_title or ""):find(call.key, 1, true) then return id_of(one.id) end
    end
  end,
  get = function(call, id)
    local run = ask(call, "get", "/actions/runs/" .. id)
    return { ended = run.status == "completed", well = run.conclusion == "success",
      state = run.conclusion or run.status, url = run.html_url, started_at = run.run_started_at,
      ended_at = run.updated_at }
  end,
  -- A run whose name holds no key at all could be any change's.
  unseen = function(call, program)
    for _, one in ipairs(runs_since(call, program)) do
      if not (one.display_title or ""):find(("%x"):rep(40)) then
        return "cannot_tell", ("run %s began since then, and its name holds no key. Let the "
          .. "workflow's run-name hold the input that `key_input` names."):format(id_of(one.id))
      end
    end
    return "did_not", "no run of " .. program.workflow .. " has the key in its name"
  end,
}

return {
  family = "process",
  name = "github",
  doc = "Workflows of GitHub Actions. Each must have the input `perilune` and show it in its "
    .. "run-name, as in `run-name: restore ${{ inputs.perilune }}`: by it a run is found again. "
    .. "The exit code is 0 where the run's conclusion is success, else 1; `output` is the run's "
    .. "address.",
  hosts = { "{url}" },
  settings = {
    { name = "repository", identity = true, doc = "OWNER/NAME." },
    { name = "programs", type = "map", doc = "The workflows by name, each a map: `workflow` (its "
      .. "file's name or id); `ref` (a branch or tag; main); `key_input` (the input that gets the "
      .. "key; perilune); " .. process.programs_doc },
    { name = "token", secret = true, doc = "A token that may write actions." },
    { name = "seen_within", type = "duration", default = "30s",
      doc = "How long after a dispatch its run may not be shown yet." },
    { name = "url", default = "https://api.github.com", doc = "Where the API is." },
  },
  doctor = { checks = { "the token and its scopes, where it is a classic one",
      "every workflow that the environment names" },
    cannot = { "the permissions of a fine-grained token: GitHub tells them only by a refusal",
      "whether a workflow shows its key in its run-name" },
    ask = function(say, call)
      forges.github_token(say, call, { "repo", "public_repo" })
      for name, program in pairs(call.settings.programs) do
        local found = say.try("the workflow " .. program.workflow, function()
          return ask(call, "get", path_of(program, "/runs"), { query = { per_page = 1 } })
        end)
        if found then say.well(("%s is the workflow %s"):format(name, program.workflow)) end
      end
    end },
  operations = process.runs(place),
}
