-- What a team has in AWS besides what its runbooks make: images, and services of ECS.
local M = {}

local manifest = "application/vnd.docker.distribution.manifest.v2+json"

---An image of each tag, in a new repository.
function M.images(stage, region, repository, tags)
  stage:boto("ecr", "create_repository", { repositoryName = repository }, region)
  for _, tag in ipairs(tags) do
    stage:boto("ecr", "put_image", { repositoryName = repository, imageTag = tag,
      imageManifest = ([[{"schemaVersion":2,"mediaType":"%s","config":{"digest":"sha256:%s",]]
        .. [["size":7},"layers":[]}]]):format(manifest, tag) }, region)
  end
end

---A service that executes an image: given { cluster, name, container, image, count, environment? }.
function M.service(stage, region, given)
  local container = { name = given.container, memory = 128, essential = true, image = given.image }
  if given.environment then
    container.environment = {}
    for name, value in pairs(given.environment) do
      table.insert(container.environment, { name = name, value = value })
    end
  end
  stage:boto("ecs", "register_task_definition", { family = given.name, cpu = "256",
    memory = "512", containerDefinitions = { container } }, region)
  stage:boto("ecs", "create_service", { cluster = given.cluster, serviceName = given.name,
    taskDefinition = given.name, desiredCount = given.count }, region)
end

return M
