-- Recovering the shop's database under every fault: what must hold whatever happens.
local shop_world = require "shop_world"

local function is_served(w)
  return not w.deploy.shop.maintenance
end

return explore {
  runbook = "recover-database",
  parameters = { watch_for = "1s" },
  world = function()
    return shop_world.damage(shop_world.back_up(shop_world.open(world "local")))
  end,
  finally = {
    ["the orders of the newest good backup are back"] = function(w, run)
      return run.outcome ~= "done" or not run.value.recovered
        or w.database.shop.rows.orders == 2050
    end,
    ["served again, or handed over to a person"] = function(w, run)
      return run.outcome ~= "done" or is_served(w)
    end,
  },
}
