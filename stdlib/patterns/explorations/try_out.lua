-- Trying a backup under every fault: what serves keeps its data, and the copy's application starts.
return explore {
  runbook = "try-out",
  world = function()
    local w = world "test"
    w.deploy.web:serve { version = "1", instances = 2 }
    w.database.main:execute { sql = "create table orders (id integer primary key)" }
    w.database.main:execute { sql = "insert into orders values (1), (2)" }
    w:run("backup", { key = "one.db" })
    w:prepared()
    return w
  end,
  always = {
    ["what serves keeps its data"] = function(w) return w.database.main.rows.orders == 2 end,
    ["nobody is at the copy while it is made"] = function(w)
      local last = w.effects[#w.effects]
      return not (last and last.operation == "clone") or w.deploy.web.instances_healthy == 0
    end,
  },
  finally = {
    ["a done run leaves the copy's application on, and a failed one has told it to start"] =
      function(w, run)
        if run.outcome == "done" then return w.deploy.web.instances == 2 end
        local last
        for _, effect in ipairs(w.effects) do
          if effect.operation == "scale" then last = effect end
        end
        return run.outcome ~= "failed" or w.deploy.web.instances == 2
          or last.arguments.instances == 2
      end,
    ["a done run has the rows of the backup"] = function(_, run)
      return run.outcome ~= "done" or run.value.rows.orders == 2
    end,
  },
}
