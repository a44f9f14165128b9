-- AWS's three wire protocols, signed, and its errors in the words of a run.
--
-- Each takes one table: `call`, `service` (as it is signed), `action`, `absent` (codes that mean
-- "not there": the answer is nil), `handles`, and what its protocol needs. What an action's name
-- begins with says whether it only reads.
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local http = require "driver.http"
local json = require "vocabulary.json"
local xml = require "driver.xml"

local M = {}

local read_tries_max = 6
local pause_first_s, pause_most_s = 0.5, 8

-- Of services whose requests are JSON: the prefix of X-Amz-Target, and the version of the protocol.
local targets = {
  ["application-autoscaling"] = { "AnyScaleFrontendService", "1.1" },
  ecr = { "AmazonEC2ContainerRegistry_V20150921", "1.1" },
  ecs = { "AmazonEC2ContainerServiceV20141113", "1.1" },
  logs = { "Logs_20140328", "1.1" },
  monitoring = { "GraniteServiceVersion20100801", "1.0" },
  secretsmanager = { "secretsmanager", "1.1" },
  ssm = { "AmazonSSM", "1.1" },
}
local versions = { elasticloadbalancing = "2015-12-01", iam = "2010-05-08", rds = "2014-10-31",
  sts = "2011-06-15" }
-- What the items of a list are called in the query protocol, where it is not "member".
local item_names = { rds = { Tags = "Tag", VpcSecurityGroupIds = "VpcSecurityGroupId" } }
local host_names = { ecr = "api.ecr" }

local function set_of(text)
  local made = {}
  for word in text:gmatch("%S+") do made[word] = true end
  return made
end

-- Refused before anything was begun (AWS, "Common errors"; Route 53, "ChangeResourceRecordSets").
local throttles = set_of [[Throttling ThrottlingException ThrottledException RequestThrottled
  RequestThrottledException TooManyRequestsException RequestLimitExceeded SlowDown
  PriorRequestNotComplete TooManyUpdates]]
local refused_credentials = set_of [[ExpiredToken ExpiredTokenException RequestExpired
  InvalidSignature InvalidSignatureException SignatureDoesNotMatch IncompleteSignature
  IncompleteSignatureException UnrecognizedClient UnrecognizedClientException
  InvalidClientTokenId InvalidAccessKeyId MissingAuthenticationToken
  MissingAuthenticationTokenException AuthFailure]]
local denied = set_of [[AccessDenied AccessDeniedException UnauthorizedOperation
  NotAuthorizedException]]

-- The code and the message of an XML error: <ErrorResponse><Error>…, <Error>…, or, of Route 53,
-- <InvalidChangeBatch><Messages><Message>….
local function read_xml_error(body)
  local well, root = pcall(xml.decode, body)
  if not well then return nil end
  local inner = xml.all(root, "Error")[1] or root
  local messages = {}
  for _, message in ipairs(xml.all(inner, "Messages.Message")) do
    messages[#messages + 1] = message.text
  end
  if messages[1] then return inner.name, table.concat(messages, " ") end
  return xml.text(inner, "Code"), xml.text(inner, "Message")
end

-- AWS's code and message of an answer; nil where what answered does not speak like AWS.
local function read_error(detail)
  local told = detail.json
  if type(told) == "table" then
    local kind = told.__type or told.code or told.Code
    if type(kind) ~= "string" then return nil end
    return kind:gsub("^.*#", ""):gsub(":.*$", ""), told.message or told.Message
  end
  if type(detail.body) == "string" then return read_xml_error(detail.body) end
end

-- What to do about a refusal, and the code that a script sees of it.
local function advice(code, target)
  if throttles[code] then
    return "throttled", " It was not executed and may be tried again."
  elseif refused_credentials[code] then
    return "credentials_refused", (" Correct the credentials of %s; temporary ones end, and a "
      .. "clock that is wrong by more than five minutes has them refused too."):format(target)
  elseif denied[code] then
    return "permission_denied", (" Allow the action to the identity whose credentials %s has.")
      :format(target)
  end
  return "refused", ""
end

-- The failure of a request in AWS's words. What the host could not prove stays open.
local function explain(failure, asked)
  local detail = type(failure.detail) == "table" and failure.detail or {}
  if not detail.status then return failure end
  local code, message = read_error(detail)
  if not code then return failure end
  local target = asked.call.target
  local own, hint = advice(code, target)
  local retry = failure.retry
  if retry == "unknown" then
    hint = " It may have been executed."  -- The host has seen a status that leaves this open.
  elseif own ~= "refused" then
    retry = own == "throttled" and "safe" or "never"
  end
  local said = message and message ~= "" and code .. ": " .. message:gsub("%s*$", "") or code
  if not said:find("[.!?]$") then said = said .. "." end
  return errors.make { code = own, retry = retry, at = failure.at,
    message = ("%s: AWS answered %s of %s with %d, %s%s"):format(target, asked.action,
      asked.service, detail.status, said, hint),
    detail = { status = detail.status, aws_code = code, retry_after_s = detail.retry_after_s } }
end

---AWS's code in an error that one of these functions raised: "ParameterNotFound"; else nil.
function M.code(failure)
  return type(failure) == "table" and type(failure.detail) == "table" and failure.detail.aws_code
end

-- Where a service is: what the setting `url` says, or its address in the region.
local function address(asked)
  local settings = asked.call.settings
  if settings.url then return settings.url end
  local region = settings.region
  local suffix = (region or ""):find("^cn%-") and ".amazonaws.com.cn" or ".amazonaws.com"
  local host = host_names[asked.service] or asked.service
  return "https://" .. host .. (asked.global and "" or "." .. region) .. suffix
end

local function reads(action)
  return action:find("^Get") ~= nil or action:find("^List") ~= nil
    or action:find("^Describe") ~= nil or action:find("^Download") ~= nil
    or action:find("^Simulate") ~= nil
end

-- Sends; repeats what only reads while AWS says that there were too many requests.
local function send(asked, request)
  local settings = asked.call.settings
  request.url = address(asked)
  request.reads, request.handles = reads(asked.action), asked.handles
  request.sign = { kind = "aws", service = asked.service, credentials = settings.credentials,
    region = asked.global and "us-east-1" or settings.region }
  local method, pause_s = request.method, pause_first_s
  request.method = nil
  for try = 1, read_tries_max do
    local well, answer = pcall(http[method], request)
    if well then return answer end
    local failure = explain(errors.from(answer), asked)
    for _, code in ipairs(asked.absent or {}) do
      if M.code(failure) == code then return nil end
    end
    local again = request.reads and failure.code == "throttled" and try < read_tries_max
    if not again then error(failure, 0) end
    calls.ask("sleep", { seconds = pause_s })
    pause_s = math.min(pause_s * 2, pause_most_s)
  end
end

-- What answered well, but not as AWS does: a change may have been executed.
local function bad_answer(asked)
  errors.raise("bad_answer", ("%s: what answered %s of %s is not AWS's API. Check its url.")
    :format(asked.call.target, asked.action, asked.service),
    reads(asked.action) and "safe" or "unknown", calls.position())
end

local function read_xml(answer, asked)
  local well, root = pcall(xml.decode, answer.body)
  if not well then bad_answer(asked) end
  return root
end

---A request of the JSON protocol: `body` is a table. Gives what was answered.
function M.json(asked)
  local target = targets[asked.service]
  local answer = send(asked, { method = "post", path = "/",
    body = json.encode(asked.body or {}),
    headers = { ["Content-Type"] = "application/x-amz-json-" .. target[2],
      ["X-Amz-Target"] = target[1] .. "." .. asked.action } })
  if not answer or answer.json then return answer and answer.json end
  if asked.handles or (answer.body or ""):find("%S") then bad_answer(asked) end
  return {}
end

-- Tables in the query protocol's flat form: Actions.member.1.Type.
local function flatten(name, value, into, names)
  if type(value) ~= "table" then
    into[name] = value
    return
  end
  local item = names[name:match("[^.]+$")] or "member"
  for key, inner in pairs(value) do
    local below = type(key) == "number" and "." .. item .. "." .. key or "." .. key
    flatten(name .. below, inner, into, names)
  end
end

---A request of the query protocol: `parameters` is a table. Gives the element of the result.
function M.query(asked)
  local form = { Action = asked.action, Version = versions[asked.service] }
  for name, value in pairs(asked.parameters or {}) do
    flatten(name, value, form, item_names[asked.service] or {})
  end
  local answer = send(asked, { method = "post", path = "/", form = form })
  if not answer then return nil end
  local root = read_xml(answer, asked)
  return xml.all(root, asked.action .. "Result")[1] or root
end

---A request of the REST protocol with XML: `method`, `path`, `query`, `body` (XML text). Gives the
---root element. `global = true` for a service that has one place for all regions.
function M.rest(asked)
  local answer = send(asked, { method = asked.method, path = asked.path, query = asked.query,
    body = asked.body, headers = asked.body and { ["Content-Type"] = "application/xml" } })
  return answer and read_xml(answer, asked)
end

---Asks page after page: `ask(token)` gives an answer; its field `token_name` asks for the next one.
---All the items of its field `items_name`, in one list.
function M.pages(items_name, token_name, ask)
  return http.pages(function(token)
    local answer = ask(token)
    local following = answer[token_name]
    return answer[items_name], following ~= "" and following or nil
  end)
end

---A driver's own settings, and those that every driver of AWS has.
function M.settings(own)
  local all = { { name = "region", identity = true, doc = "The region, such as eu-west-1." } }
  for _, setting in ipairs(own) do all[#all + 1] = setting end
  all[#all + 1] = { name = "credentials", type = "map", secret = true,
    doc = "Whose requests they are: access_key_id, secret_access_key and, of temporary ones, "
      .. "session_token; or role: container, instance or web_identity, for keys that AWS gives "
      .. "this task, machine or token." }
  all[#all + 1] = { name = "url", optional = true,
    doc = "Where the API is, where not at AWS itself." }
  return all
end

---Where a driver of AWS may send to.
M.hosts = { "{url}", "*.amazonaws.com", "*.amazonaws.com.cn" }

return M
