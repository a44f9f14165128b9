-- Slack: messages through an incoming webhook, whose address is itself the secret.

local marks = { critical = ":red_circle:", error = ":large_orange_circle:",
  warning = ":large_yellow_circle:", info = ":large_blue_circle:" }
local ends = { resolve = ":white_check_mark:" }

-- Slack's three control characters (formatting text for app surfaces, "Escaping text").
local function escape(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"))
end

local function message(operation, arguments)
  local mark = ends[operation] or marks[arguments.severity or "info"]
  local title = arguments.title or (arguments.key and arguments.key .. ": "
    .. (arguments.summary or arguments.state or operation)) or nil
  local lines = {}
  if title then lines[#lines + 1] = ("%s *%s*"):format(mark, escape(title)) end
  local body = arguments.text or arguments.detail
  if body then lines[#lines + 1] = (title and "" or mark .. " ") .. escape(body) end
  if arguments.fields then lines[#lines + 1] = escape(notify.fields_text(arguments.fields)) end
  if arguments.components then
    lines[#lines + 1] = "Affected: " .. escape(table.concat(arguments.components, ", "))
  end
  for _, link in ipairs(arguments.links or {}) do lines[#lines + 1] = "<" .. escape(link) .. ">" end
  return table.concat(lines, "\n")
end

-- The webhook answers 200 with the text "ok" (Slack, "Sending messages using incoming webhooks").
local function post(operation)
  return { act = function(arguments, _, call)
    http.post { url = call.settings.url, json = { text = message(operation, arguments) } }
    return {}
  end }
end

return {
  family = "notify",
  name = "slack",
  doc = "A Slack channel by its incoming webhook. Slack keeps no incidents: each message stands "
    .. "for itself, and its key is shown in front.",
  hosts = { "{url}" },
  -- One message a second (Slack, "Rate limits").
  limits = { at_once = 1, a_second = 1 },
  settings = {
    { name = "url", secret = true, doc = "The webhook's address, which lets anybody post." },
    { name = "certificate_authority", optional = true,
      doc = "A PEM file with the authority to trust instead of the system's." },
  },
  doctor = { cannot = { "whether the webhook is one that Slack knows: Slack tells it only by "
    .. "posting. Send a message by a runbook, once, in the daytime" } },
  operations = {
    send = post "send", open = post "open", update = post "update", resolve = post "resolve",
  },
}
