-- CleanStation's credentials: where each is kept, who makes a new one, what must follow it.
local M = {}

---Made on the host that executes the run. `previous`: where the old value stays, because data were
---encrypted with it.
M.made = {
  { name = "jwt/private_key", kind = "rsa", length = 256 },
  { name = "encryption/key", kind = "random", length = 32, previous = "encryption/previous_key" },
}

---Follows from another one: the public key of the private key.
M.public_key = { name = "jwt/public_key", of = "jwt/private_key" }

---The database's users, and the parameters that name the address by which each region reaches it.
M.users = {
  { name = "database/url", user = "cleanstation_app", at = "database" },
  { name = "database/readonly_url", user = "cleanstation_reader", at = "reader" },
}
M.west_at = "database_west"

---Made by their providers: a person makes a new one there, revokes the old one, and stores it.
---`own`: this program's secrets that hold it too; `use` fails while they have the old one.
M.issued = {
  { name = "smtp/credentials", at = "the e-mail service", own = "SMTP_PASSWORD" },
  { name = "s3/credentials", at = "IAM, for the user that reaches the files" },
  { name = "redis/url", at = "ElastiCache (ROTATE, then SET of the AUTH token)",
    own = "REDIS_TOKEN and REDIS_WEST_TOKEN",
    use = function()
      return cache("redis"):status().reachable and cache("redis-west"):status().reachable
    end },
}

---What has no place in a store that a program may write.
M.by_hand = {
  { name = "Replace the access keys of people and programs",
    ask = "Deactivate every access key in IAM that is older than the incident, this program's own "
      .. "two as well, and say which were replaced.",
    own = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, EVIDENCE_ACCESS_KEY_ID and "
      .. "EVIDENCE_SECRET_ACCESS_KEY",
    use = function()
      storage("audit-trail"):list { limit = 1 }
      storage("evidence"):list { limit = 1 }
    end },
  -- Their use is the end of the incident, and the watch that follows.
  { name = "Replace the keys of PagerDuty, Slack and Prometheus",
    ask = "Make new integration keys and revoke the old ones.",
    own = "PAGERDUTY_ROUTING_KEY, PAGERDUTY_API_TOKEN, SLACK_WEBHOOK_URL and PROMETHEUS_TOKEN" },
}

---The names that belong to a rotation as a whole. `encryption/previous_key` is no credential.
function M.is_rotated(name) return name ~= "encryption/previous_key" end

return M
