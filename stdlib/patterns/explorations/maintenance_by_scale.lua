-- A restore while no instance runs, under every fault: users meet no data that is not proved.
return explore {
  runbook = "maintenance",
  parameters = { how = "scale" },
  world = function()
    local w = world "test"
    w.deploy.web:serve { version = "1", instances = 2 }
    w.database.main:execute { sql = "create table orders (id integer primary key)" }
    w.database.main:execute { sql = "insert into orders values (1), (2), (3)" }
    w:run("backup", { key = "one.db" })
    w.database.main:execute { sql = "delete from orders" }
    w:prepared()
    return w
  end,
  finally = {
    ["a done run has the rows back, and users in"] = function(w, run)
      return run.outcome ~= "done"
        or w.database.main.rows.orders == 3 and w.deploy.web.instances_healthy == 2
    end,
    ["users are away while the rows are not back"] = function(w, run)
      return run.outcome == "undone" or run.outcome == "waits" or w.deploy.web.instances == 0
        or w.database.main.rows.orders == 3
    end,
  },
}
