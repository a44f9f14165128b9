-- Buckets as they should be: there, CORS for one origin, versions for 30 days.
--
-- R2 keeps no versions. Its bucket's files are copied every night (runbook backup) to a bucket that
-- does, and that one's versions are set here.
local function rules(origin)
  return { { origins = { origin }, methods = { "GET", "PUT", "POST", "DELETE" }, headers = { "*" },
    expose = { "ETag" }, max_age = 3600 } }
end

-- Versions of a bucket: "on", or "not offered" where the service has none.
local function keep_versions(bucket)
  local set, failure = try(function()
    bucket:set_versioning { state = "on", keep_old_for = "30d" }
  end)
  if set then return "on" end
  if failure.code ~= "not_supported" then error(failure, 0) end
  return "not offered"
end

return runbook {
  summary = "Make the audio buckets, their CORS rules and their versions",
  targets = {
    ["storage/audio"] = { "create_bucket", "set_cors", "set_versioning" },
    ["storage/audio-staging"] = { "create_bucket", "set_cors", "set_versioning" },
    ["storage/audio-copies"] = { "create_bucket", "set_versioning" },
  },
  parameters = {
    origin = { type = "string", required = true, help = "of the application's pages" },
    staging_origin = { type = "string", required = true, help = "of staging's pages" },
  },
  locks = { "storage/audio" },

  run = function(params)
    local buckets = { { name = "audio", origin = params.origin },
      { name = "audio-staging", origin = params.staging_origin } }
    local copies = storage("audio-copies")
    local versions = {}
    versions["audio-copies"] = step("Provide the bucket of copies", function()
      copies:create_bucket {}
      copies:set_versioning { state = "on", keep_old_for = "30d" }
      return "on"
    end)
    for _, one in ipairs(buckets) do
      local bucket = storage(one.name)
      step("Provide " .. one.name, function() bucket:create_bucket {} end)
      step("Let one origin use " .. one.name, function()
        bucket:set_cors { rules = rules(one.origin) }
        ensure(function() return #bucket:settings().cors == 1 end,
          "%s does not show its CORS rule.", one.name)
      end)
      versions[one.name] = step("Keep versions of " .. one.name, function()
        return keep_versions(bucket)
      end)
      log(("%s: versions %s."):format(one.name, versions[one.name]))
    end
    return { versions = versions }
  end,
}
