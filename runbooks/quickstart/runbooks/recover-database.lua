-- The shop's database is damaged: put its newest good backup in place, and prove that it is good.
--
-- Killed at any moment (kill -9, a power cut), it goes on where it stood: perilune resume last
-- Orders cannot be fewer than the shop had when it was opened.
local least_rows = { customers = { min = 200 }, orders = { min = 2000 } }

-- What a check found wrong, in a few words and in full; nil where it found nothing. Errors that say
-- nothing about the data, such as a disk that does not answer, are raised.
local function find_fault(check)
  local passed, err = try(check)
  if passed then return nil end
  local is_fault = err.code == "check_failed" or err.code == "damaged" or err.code == "not_found"
  if not is_fault then error(err, 0) end
  local failed = {}
  for _, one in ipairs(err.detail or {}) do
    if not one.passed then failed[#failed + 1] = one.name end
  end
  return #failed > 0 and table.concat(failed, ", ") or err.code, err.message
end

-- The newest backup that can be restored. Each is read whole, not only looked at.
local function find_good_backup(db)
  for _, backup in ipairs(db:list_backups { kind = "dump" }) do
    local fault = find_fault(function()
      db:verify_backup { backup = backup.id, counts = least_rows }
    end)
    if not fault then return backup end
    log(("%s is no use: %s."):format(backup.key, fault))
  end
  ensure(false, "No backup here is whole. Ask for the copies that are kept elsewhere.")
end

return runbook {
  summary = "Recover the shop's database from its newest good backup",
  objectives = { rto = "10m", rpo = "24h" },
  targets = {
    ["database/shop"] = { "restore" },
    ["deploy/shop"] = { "set_maintenance" },
    ["dns/site"] = { "upsert" },
    ["http/shop"] = {},
    ["notify/team"] = { "open", "update", "resolve" },
    ["storage/backups"] = {},
  },
  parameters = {
    ask_first = { type = "boolean", default = false, help = "ask a person before restoring" },
    watch_for = { type = "duration", default = "2m", help = "how long it must stay healthy" },
    pause = { type = "duration", default = "0s", max = "1m",
      help = "wait between the steps, to watch, or to kill the host" },
  },
  locks = { "database/shop" },
  on_failure = "ask",

  run = function(params)
    local db, backups, shop = database("shop"), storage("backups"), deploy("shop")
    local site, page, team = dns("site"), http("shop"), notify("team")

    local function pause()
      if params.pause > 0 then sleep(params.pause) end
    end

    local fault, damage = step("Ask the database whether it is damaged", function()
      return find_fault(function() db:check_integrity { level = "full" } end)
    end)
    if not fault then
      log("The database is whole. There is nothing to recover.")
      return { recovered = false }
    end
    log(("The database is damaged: %s."):format(fault))

    step("Tell the team", function()
      team:open { key = "shop-database", severity = "critical", detail = damage,
        summary = "The shop's database is damaged; it is being recovered" }
    end)
    pause()

    -- Orders placed from here on would be lost with the damaged file.
    step("Stop the traffic", { timeout = "1m", retries = 2 }, function()
      shop:set_maintenance { state = "on", message = "We are back in a few minutes." }
      site:upsert { name = "www", type = "CNAME", value = "status.shop.example.", ttl = "1m" }
    end)
    pause()

    local backup = step("Find the newest good backup", function()
      return find_good_backup(db)
    end)
    local since = date("%Y-%m-%d %H:%M:%S UTC", backup.at)
    log(("%s is whole. It shows the shop of %s."):format(backup.key, since))
    pause()

    approve("Restore this backup?", {
      when = function() return params.ask_first end,
      detail = ("%s; what was ordered after %s is lost."):format(backup.key, since),
    })

    -- Undoing the run must not bring the damaged file back. It is kept beside the new one.
    local restored = step("Restore the backup", { timeout = "15m", undo = false }, function()
      local restored = db:restore { backup = backup.id, keep_previous = "7d" }
      db:wait_ready { within = "1m" }
      return restored
    end)
    pause()

    step("Compare the data with what was backed up", function()
      db:check_integrity { level = "full" }
      local note = backups:get { key = backup.key .. ".digests.json" }
      db:verify { digests = note and json.decode(note.body), counts = least_rows, queries = {
        ["every order has a customer"] =
          "select count(*) = 0 from orders where customer not in (select id from customers)",
      } }
      team:update { key = "shop-database", state = "monitoring", text = "The data is restored" }
      local rows = db:counts { tables = { "customers", "orders" } }
      log(("%d customers and %d orders are back."):format(rows.customers, rows.orders))
    end)
    pause()

    step("Point the site at the restored shop", { timeout = "5m" }, function()
      local home = shop:endpoint()
      site:upsert { name = "www", type = "CNAME", value = home .. ".", ttl = "1m" }
      wait_until("the name leads to the shop", { within = "4m", every = "1s" }, function()
        return site:resolves { name = "www", to = home }
      end)
    end)
    pause()

    local function is_healthy()
      return page:check { path = "/health", json = { database = "whole" } }
    end
    wait_until("the shop is healthy", { within = "1m", every = "250ms" }, is_healthy)
    hold("the shop stays healthy", { during = params.watch_for, every = "250ms" }, is_healthy)

    step("Let the customers in again", { timeout = "1m" }, function()
      shop:set_maintenance { state = "off" }
      page:wait_ok { path = "/orders", every = "250ms", within = "30s" }
    end)

    step("Tell the team that it is over", function()
      team:resolve { key = "shop-database",
        text = ("Recovered from %s. Look for orders placed after %s."):format(backup.key, since) }
    end)
    return { recovered = true, backup = backup.key, kept = restored.previous }
  end,

  ended = function(_, result)
    log(("recover-database: %s after %.1f s%s"):format(result.outcome, now() - run.started_at,
      result.reason and ": " .. result.reason or ""))
  end,
}
