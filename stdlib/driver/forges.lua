-- Requests to GitHub and GitLab, for the drivers of several families that use them.
local api = require "driver.api"

local M = {}

---"a/b" as one piece of a path.
function M.piece(text)
  return (text:gsub("[^%w_.~-]", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

local github = api.of {
  name = "GitHub",
  request = function(call)
    return { bearer = call.settings.token, headers = { Accept = "application/vnd.github+json",
      ["X-GitHub-Api-Version"] = "2022-11-28" } }
  end,
  -- A limit of requests is told by 403, too; nothing was executed then.
  why = function(told, status)
    local message = tostring(told.message)
    for _, one in ipairs(type(told.errors) == "table" and told.errors or {}) do
      message = message .. "; " .. tostring(type(one) == "table" and one.message or one)
    end
    return nil, message, nil, status == 403 and message:lower():find("rate limit") ~= nil
  end,
}

---One request below the setting `repository`.
function M.github(call, method, path, more, codes)
  return github(call, method, "/repos/" .. call.settings.repository .. path, more, codes)
end

-- What a doctor asks of GitHub: the limits of requests tell any token its scopes, and count as no
-- request. Only classic tokens have any ("Scopes for OAuth apps"); `scopes` are those that do.
function M.github_token(say, call, scopes)
  local well, _, status, headers = pcall(github, call, "get", "/rate_limit", nil, { [401] = false })
  if not well or status == 401 then
    return say.refused("GitHub does not know the token (401)", "Make a new one in GitHub.")
  end
  local told = (headers or {})["x-oauth-scopes"]
  if not told then
    return say.unchecked("what the token may: GitHub tells scopes of classic tokens alone")
  end
  for scope in told:gmatch("[%w_:]+") do
    for _, wanted in ipairs(scopes) do
      if scope == wanted then return say.well("the token has the scope " .. scope) end
    end
  end
  say.refused(("the token has the scopes \"%s\", but none of: %s"):format(told,
    table.concat(scopes, ", ")), "Give it one of them.")
end

local gitlab = api.of {
  name = "GitLab",
  request = function(call) return { headers = { ["PRIVATE-TOKEN"] = call.settings.token } } end,
  why = function(told) return nil, api.text_of(told.message or told.error) end,
}

---What a doctor asks of GitLab: the token itself tells its scopes ("Personal access token
---details"); runs need `api`.
function M.gitlab_token(say, call)
  local well, told, status = pcall(gitlab, call, "get", "/api/v4/personal_access_tokens/self", nil,
    { [401] = false, [404] = false })
  if not well or status == 401 then
    return say.refused("GitLab does not know the token (401)", "Make a new one in GitLab.")
  elseif not told then
    return say.unchecked("what the token may: this GitLab does not tell")
  end
  for _, scope in ipairs(told.scopes or {}) do
    if scope == "api" then
      return say.well("the token has the scope api" .. (told.expires_at and " until "
        .. told.expires_at or ""))
    end
  end
  say.refused(("the token has the scopes \"%s\", not api"):format(table.concat(told.scopes or {},
    ", ")), "Give it the scope api.")
end

---One request below the setting `project`, an id or a path.
function M.gitlab(call, method, path, more, codes)
  return gitlab(call, method, "/api/v4/projects/" .. M.piece(call.settings.project) .. path, more,
    codes)
end

return M
