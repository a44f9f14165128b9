-- Novu: messages to subscribers through one workflow, which is triggered once for each change.

-- Only "processed" says that somebody is told (Novu, "Trigger event"): other states come with the
-- same 201.
local reasons = { trigger_not_active = "the workflow is not active",
  no_workflow_active_steps_defined = "the workflow has no active step",
  no_workflow_steps_defined = "the workflow has no step",
  no_tenant_found = "there is no such tenant", invalid_recipients = "its receivers are invalid",
  error = "it failed" }

local function receivers(arguments, call)
  local settings = call.settings
  if arguments.to then return { arguments.to } end
  if settings.topic then return { { type = "Topic", topicKey = settings.topic } } end
  if settings.to and #settings.to > 0 then return settings.to end
  fail { code = "bad_setting", message = call.target .. ": the settings name nobody who is told. "
    .. "Give to (subscribers) or topic." }
end

-- One transactionId is one trigger, however often it is sent.
local function trigger(operation)
  return { repeatable = true, act = function(arguments, _, call)
    local payload = { operation = operation, text = notify.line(operation, arguments) }
    for name, value in pairs(arguments) do
      if name ~= "to" and name ~= "on_undelivered" and name ~= "timeout" then
        payload[name] = value
      end
    end
    payload.text = arguments.text or arguments.summary or payload.text
    local answer = http.post { url = call.settings.url, path = "/v1/events/trigger",
      headers = { Authorization = "ApiKey " .. call.settings.token,
        ["Idempotency-Key"] = call.key },
      json = { name = call.settings.workflow, to = receivers(arguments, call),
        payload = payload, transactionId = call.key } }
    local told = answer.json and answer.json.data or {}
    if told.status == "processed" then return { id = told.transactionId } end
    local reason = reasons[told.status] or told.status or "the answer says nothing"
    if told.error then reason = reason .. " (" .. table.concat(told.error, "; ") .. ")" end
    fail { code = "not_delivered", message = ("%s: Novu took the message and delivers it to "
      .. "nobody: %s."):format(call.target, reason) }
  end }
end

return {
  family = "notify",
  name = "novu",
  doc = "Novu: one workflow is triggered for each message, with its fields as the payload: "
    .. "operation, key, severity, state, title, text and the others. Novu keeps no incidents.",
  hosts = { "{url}" },
  settings = {
    { name = "workflow", doc = "The identifier of the workflow." },
    { name = "to", type = "list", optional = true, doc = "Who is told: the ids of subscribers, at "
      .. "most 100." },
    { name = "topic", optional = true, doc = "Or the key of a topic, whose subscribers are told." },
    { name = "token", secret = true, doc = "The secret key of the environment." },
    { name = "url", default = "https://api.novu.co",
      doc = "Where the API is; the EU region has its own." },
  },
  doctor = {
    checks = { "the secret key (GET /v1/environments/me)" },
    cannot = { "whether the workflow has steps that reach somebody" },
    ask = function(say, call)
      local told = say.try("the secret key", function()
        return http.get { url = call.settings.url, path = "/v1/environments/me",
          headers = { Authorization = "ApiKey " .. call.settings.token } }.json
      end)
      if told then
        say.well("the key is one of the environment " .. tostring((told.data or told).name))
      end
    end,
  },
  operations = {
    send = trigger "send", open = trigger "open", update = trigger "update",
    resolve = trigger "resolve",
  },
}
