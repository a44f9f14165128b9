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

-- "message" is a text, or a map of field to texts.
local function text_of(message)
  if type(message) ~= "table" then return message end
  local found = {}
  for field, texts in pairs(message) do
    found[#found + 1] = tostring(field) .. ": "
      .. (type(texts) == "table" and table.concat(texts, ", ") or tostring(texts))
  end
  table.sort(found)
  return table.concat(found, "; ")
end

local gitlab = api.of {
  name = "GitLab",
  request = function(call) return { headers = { ["PRIVATE-TOKEN"] = call.settings.token } } end,
  why = function(told) return nil, text_of(told.message or told.error) end,
}

---One request below the setting `project`, an id or a path.
function M.gitlab(call, method, path, more, codes)
  return gitlab(call, method, "/api/v4/projects/" .. M.piece(call.settings.project) .. path, more,
    codes)
end

return M
