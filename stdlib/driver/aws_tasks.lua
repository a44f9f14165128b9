-- Task definitions of Amazon ECS: revisions with their tags, and new ones made from old ones.
--
-- The settings `image` (a repository) and `container` say which container is released.
local aws = require "driver.aws"
local calls = require "driver.calls"
local errors = require "vocabulary.errors"
local wire = require "wire"

local M = {}

-- What a new revision takes over (RegisterTaskDefinition, "Request Parameters").
local kept_fields = { "family", "taskRoleArn", "executionRoleArn", "networkMode",
  "containerDefinitions", "volumes", "placementConstraints", "requiresCompatibilities", "cpu",
  "memory", "pidMode", "ipcMode", "proxyConfiguration", "ephemeralStorage", "runtimePlatform",
  "enableFaultInjection" }

local function ask(call, action, body, absent)
  return aws.json { call = call, service = "ecs", action = action, body = body, absent = absent }
end

local function raise(call, code, message, ...)
  errors.raise(code, call.target .. ": " .. message:format(...), "never", calls.position())
end

---"family:revision" of an ARN.
function M.name_of(arn) return (arn:gsub("^.*/", "")) end

local known = {}

---A revision, its tags a map; nil where there is none. Nothing of it changes but its status.
function M.definition(name, call)
  if not known[name] then
    local told = ask(call, "DescribeTaskDefinition", { taskDefinition = name,
      include = { "TAGS" } }, { "ClientException" })
    if not told then return nil end
    local tags = {}
    for _, tag in ipairs(told.tags or {}) do tags[tag.key] = tag.value end
    told.taskDefinition.tags = tags
    known[name] = told.taskDefinition
  end
  return known[name]
end

---The names of a family's active revisions, newest first.
function M.revisions(family, call)
  local names = aws.pages("taskDefinitionArns", "nextToken", function(token)
    return ask(call, "ListTaskDefinitions", { familyPrefix = family, status = "ACTIVE",
      sort = "DESC", maxResults = 100, nextToken = token })
  end)
  for index, arn in ipairs(names) do names[index] = M.name_of(arn) end
  table.sort(names, function(one, other)
    return tonumber(one:match("%d+$")) > tonumber(other:match("%d+$"))
  end)
  return names
end

---The container that is released: the one that is named, the one of the image, or the only one.
function M.container(definition, call)
  local wanted, image = call.settings.container, call.settings.image
  for _, one in ipairs(definition.containerDefinitions) do
    local same_image = not wanted and one.image:sub(1, #image) == image
    if one.name == wanted or same_image then return one end
  end
  if #definition.containerDefinitions == 1 and not wanted then
    return definition.containerDefinitions[1]
  end
  raise(call, "not_found", "%s has no container %s.", definition.family,
    wanted or "of the image " .. image)
end

---A version is what stands behind the repository's name: a tag, or "sha256:…".
function M.version(definition, call)
  local image, prefix = M.container(definition, call).image, call.settings.image
  return image:sub(1, #prefix) == prefix and image:sub(#prefix + 2) or image
end

local function image_of(version, call)
  return call.settings.image .. (version:find("^sha256:") and "@" or ":") .. version
end

---The variables of a revision: texts, and of those that ECS takes from a store where they are.
function M.variables(definition, call)
  local container, values = M.container(definition, call), {}
  for _, one in ipairs(container.environment or {}) do values[one.name] = one.value end
  for _, one in ipairs(container.secrets or {}) do values[one.name] = one.valueFrom end
  return values
end

-- ECS shows every variable to whoever may read task definitions; what is secret is named by where
-- it is kept, and ECS takes it from there.
local function set_variables(container, values, call)
  local plain, stored = {}, {}
  for name, value in pairs(values) do
    if wire.is_secret(value) then
      raise(call, "unsupported", "the variable %s would stand in the task definition in clear. Put "
        .. "the secret into SSM or Secrets Manager, and give its ARN as the value.", name)
    elseif value:find("^arn:aws[%w-]*:ssm:") or value:find("^arn:aws[%w-]*:secretsmanager:") then
      stored[#stored + 1] = { name = name, valueFrom = value }
    else
      plain[#plain + 1] = { name = name, value = value }
    end
  end
  local function by_name(one, other) return one.name < other.name end
  table.sort(plain, by_name)
  table.sort(stored, by_name)
  container.environment, container.secrets = plain, stored
end

-- A copy without empty tables, of which JSON could not say whether they are lists.
local function pruned(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, inner in pairs(value) do
    local kept = pruned(inner)
    if type(kept) ~= "table" or next(kept) ~= nil then copy[key] = kept end
  end
  return copy
end

---Registers a revision like `base` with another version or other variables, both optional, and
---with these tags. Returns its name.
function M.register(base, changes, tags, call)
  local body = {}
  for _, field in ipairs(kept_fields) do body[field] = pruned(base[field]) end
  local container = M.container(body, call)
  if changes.version then container.image = image_of(changes.version, call) end
  if changes.variables then set_variables(container, changes.variables, call) end
  body = pruned(body)
  body.tags = {}
  for key, value in pairs(tags) do body.tags[#body.tags + 1] = { key = key, value = value } end
  table.sort(body.tags, function(one, other) return one.key < other.key end)
  return M.name_of(ask(call, "RegisterTaskDefinition", body).taskDefinition.taskDefinitionArn)
end

---What a repository of ECR has as a version; nil where it has none, false where the image is not
---in ECR and cannot be asked for.
function M.artifact(version, call)
  local account, name = call.settings.image:match("^(%d+)%.dkr%.ecr%.[^/]+/(.+)$")
  if not account then return false end
  local id = version:find("^sha256:") and { imageDigest = version } or { imageTag = version }
  local told = aws.json { call = call, service = "ecr", action = "DescribeImages",
    body = { registryId = account, repositoryName = name, imageIds = { id } },
    absent = { "ImageNotFoundException", "RepositoryNotFoundException" } }
  local image = told and told.imageDetails[1]
  return image and { version = version, digest = image.imageDigest:gsub("^sha256:", ""),
    size_bytes = image.imageSizeInBytes, built_at = image.imagePushedAt } or nil
end

return M
