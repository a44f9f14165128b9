-- GitLab CI: programs are pipelines of a ref, found again by a variable that holds the key.

local ask = forges.gitlab
local per_page = 100
local ended = { success = true, failed = true, canceled = true, skipped = true }
local key_variable = "PERILUNE_KEY"

local function ref_of(program) return program.ref or "main" end

local function id_of(number) return ("%.0f"):format(number) end

local place = {
  advice = "See whether the token may read the pipelines' variables.",
  start = function(call, program, values, key, reads)
    local variables = {}
    values[key_variable] = key
    for name, value in pairs(values) do
      variables[#variables + 1] = { key = name, value = value }
    end
    table.sort(variables, function(one, other) return one.key < other.key end)
    return id_of(ask(call, "post", "/pipeline", { reads = reads, json = { ref = ref_of(program),
      variables = variables[1] and variables or nil } }).id)
  end,
  find = function(call, program)
    local pipelines = http.pages(function(page)
      local found = ask(call, "get", "/pipelines", { query = { ref = ref_of(program),
        updated_after = date(nil, process.since(call)), source = "api", per_page = per_page,
        page = page } })
      return found, #found == per_page and page + 1 or nil
    end, 1)
    for _, one in ipairs(pipelines) do
      for _, variable in ipairs(ask(call, "get", "/pipelines/" .. id_of(one.id) .. "/variables")) do
        if variable.key == key_variable and variable.value == call.key then return id_of(one.id) end
      end
    end
  end,
  get = function(call, id)
    local run = ask(call, "get", "/pipelines/" .. id)
    return { ended = ended[run.status] or false, well = run.status == "success",
      state = run.status, url = run.web_url, started_at = run.started_at or run.created_at,
      ended_at = run.finished_at or run.updated_at }
  end,
  unseen = function(_, program)
    return "did_not", "no pipeline of " .. ref_of(program) .. " has the key among its variables"
  end,
}

return {
  family = "process",
  name = "gitlab",
  doc = "Pipelines of GitLab CI. Each gets the variable PERILUNE_KEY, by which it is found again; "
    .. "rules in the project's own file choose the jobs by the other variables. The exit code is 0 "
    .. "where the pipeline's status is success, else 1; `output` is the pipeline's address.",
  hosts = { "{url}" },
  settings = {
    { name = "project", identity = true, doc = "The project's id or path." },
    { name = "programs", type = "map", doc = "The pipelines by name, each a map: `ref` (a branch "
      .. "or tag; main); " .. process.programs_doc },
    { name = "token", secret = true, doc = "A token with the scope api." },
    { name = "seen_within", type = "duration", default = "5s",
      doc = "How long after its start a pipeline may not be shown yet." },
    { name = "url", default = "https://gitlab.com", doc = "Where GitLab is." },
  },
  doctor = { checks = { "the token and its scopes", "the project" },
    cannot = { "whether the token's owner may start pipelines of a protected ref" },
    ask = function(say, call)
      forges.gitlab_token(say, call)
      if say.try("the project", function()
        return ask(call, "get", "/pipelines", { query = { per_page = 1 } })
      end) then say.well("GitLab lists the pipelines of " .. call.settings.project) end
    end },
  operations = process.runs(place),
}
