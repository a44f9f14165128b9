-- VibeLog's secrets: who makes a new one, and which variables of the application hold it.
local M = {}

---Made by us.
M.made = {
  { name = "nextauth", variable = "NEXTAUTH_SECRET", length = 48 },
}

---Made by their providers: a person makes a new one there, and revokes the old one there.
M.issued = {
  { name = "openai", variable = "OPENAI_API_KEY", at = "platform.openai.com" },
  { name = "anthropic", variable = "ANTHROPIC_API_KEY", at = "console.anthropic.com" },
  { name = "supabase-anon", variable = "SUPABASE_ANON_KEY", at = "supabase.com" },
  { name = "supabase-service-role", variable = "SUPABASE_SERVICE_ROLE_KEY", at = "supabase.com" },
  { name = "resend", variable = "RESEND_API_KEY", at = "resend.com" },
  { name = "stripe", variable = "STRIPE_SECRET_KEY", at = "dashboard.stripe.com" },
  { name = "posthog", variable = "POSTHOG_KEY", at = "eu.posthog.com" },
}

---Two database users, used in turn: the newer password is the one in use. Both are replaced.
M.users = {
  { secret = "database/app-a", user = "vibelog_a" },
  { secret = "database/app-b", user = "vibelog_b" },
}

---The addresses with the password that is in use, which the backup region reads from the vault.
M.addresses = { DATABASE_URL = "database-url", DIRECT_URL = "direct-url" }

---What else whoever got in may have. No program can replace what it is using itself.
M.ours = table.concat({ "tokens of Vercel, Supabase, GitHub, Sentry, PagerDuty, Statuspage, X",
  "Slack's addresses", "AWS's keys, and those of Supabase's storage",
  "the password in PRODUCTION_DATABASE_URL",
  "REDIS_PASSWORD (in the application REDIS_URL)",
  "METRICS_AUTHORIZATION, here and in the application", "GITHUB_WEBHOOK_KEY" }, "; ")

return M
