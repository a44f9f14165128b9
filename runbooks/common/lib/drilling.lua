-- What drills of several libraries do: release, look as clients that know of no runbook, tidy up.
--
-- Of doubles it is asked whether what was changed is there, and whether every request was as their
-- providers describe it. Without steps: a drill's parts are none of a runbook, whose steps are what
-- tests are asked to execute.
local M = {}

---Releases a version with these variables, if any, and sees it healthy.
function M.release(app, version, values)
  if values then app:set_env { values = values } end
  local made = app:release { version = version }
  app:wait_serving { release_id = made.release_id, within = "30s" }
  app:wait_healthy { within = "30s", healthy_for = "1s" }
end

---What a program of process/clients prints. Raises where it ends with another code than 0, also
---where the environment says to expect that one.
function M.client(on, program, arguments)
  local ended = on.process("clients"):inspect { program = program, arguments = arguments }
  ensure(ended.exit_code == 0, "%s ended with %d: %s", program, ended.exit_code,
    ended.errors or "")
  return ended.output
end

---People were told of this incident and of its end: mails about its key lie in the inbox of the
---service mail, which the program mail (a grep) of process/clients searches.
function M.ensure_told(on, key)
  for _, what in ipairs { "critical", "resolved" } do
    local found, failure = try(M.client, on, "mail", { "-lir", "--include=*.eml",
      ("^Subject: \\[%s\\] %s"):format(key, what), on.service("mail").inbox })
    ensure(found, "No mail \"[%s] %s\" was found in the inbox: %s", key, what,
      failure and failure.message)
  end
end

-- What a double has been asked, as curl reads it.
local function account_of(on, name)
  return json.decode(M.client(on, "curl", { "-sS", "--max-time", "5", on.service(name).account }))
end

---What the double `name` keeps, as curl reads it.
function M.state_of(on, name)
  return json.decode(M.client(on, "curl", { "-sS", "--max-time", "5",
    (on.service(name).account:gsub("requests$", "state")) }))
end

---Every request to these doubles was as the provider's published description has it.
function M.ensure_described(on, ...)
  for _, name in ipairs { ... } do
    local account = account_of(on, name)
    ensure(#account.violations == 0, "%s was asked %d times what its provider does not describe: "
      .. "%s", name, #account.violations, tostring(account.violations[1]):sub(1, 500))
  end
end

---People were told of this incident and of its end in the chat, a double of Slack.
function M.ensure_told_in_chat(on, name, key)
  local began, ended = false, false
  for _, message in ipairs(M.state_of(on, name).messages) do
    if message.text:find(key, 1, true) then
      began = began or message.text:find("^:red_circle:") ~= nil
      ended = ended or message.text:find("^:white_check_mark:") ~= nil
    end
  end
  ensure(began, "The chat must have been told that %s began.", key)
  ensure(ended, "The chat must have been told that %s is over.", key)
end

---What is simulated in a library's drills, and what is in one of them besides.
function M.joined(of_all, more)
  local all = {}
  for _, map in ipairs { of_all, more } do
    for name, what in pairs(map) do all[name] = what end
  end
  return all
end

---The moment of the disaster, as a parameter of type time.
function M.disaster_at(on) return date("%Y-%m-%dT%H:%M:%SZ", on.disaster_at) end

---What boto3, Amazon's own library, is told by moto.
function M.ask_boto(on, name, region, service, operation, parameters)
  local told = json.decode(M.client(on, "curl", { "-sS", "--max-time", "10", "-d",
    json.encode { service = service, region = region, operation = operation,
      parameters = parameters or {} }, (on.service(name).account:gsub("requests$", "boto")) }))
  ensure(not told.failure, "boto3 %s of %s: %s", operation, service, tostring(told.failure))
  return told
end

---The one on call was paged about this once, and PagerDuty has it as resolved.
function M.ensure_paged(on, name, key)
  local pages = {}
  for _, one in ipairs(M.state_of(on, name).incidents) do
    if one.incident_key == key then pages[#pages + 1] = one end
  end
  ensure(#pages == 1 and pages[1].status == "resolved", "PagerDuty has %d incidents %s, %s.",
    #pages, key, pages[1] and pages[1].status or "none at all")
end

---Stops what was released, whether or not it still executes: it would outlive the drill.
function M.stop(on, ...)
  for _, name in ipairs { ... } do
    try(function() on.deploy(name):stop {} end)
  end
end

return M
